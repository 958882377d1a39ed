//! The shells around the cores: WebSocket sessions, HTTP, TLS, metrics and configuration.
