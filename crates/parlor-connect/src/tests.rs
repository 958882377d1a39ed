//! Stories about the connection manager: given these inputs at these times, exactly these outputs came out, at these
//! times. What two managers do together is checked in `parlor-sim`.

mod story;

mod arbitrary;
mod candidates;
mod glare;
mod health;
mod instance;
mod leave;
mod media;
mod polite;
mod queue;
mod relay;
mod restart;
mod retry;
mod rooms;
mod signalling;
mod star;
mod state;
