//! Stories about the TURN server: what clients and peers send, what comes out, at which times.

mod malformed;
mod relay;
mod requests;
mod vectors;
mod world;
