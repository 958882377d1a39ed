//! Frames of PeerJS, read and written.
