//! The leveller: how far, how fast, and when not at all.
