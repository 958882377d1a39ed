//! The connection manager: perfect negotiation with many remote peers, as a pure state machine.
