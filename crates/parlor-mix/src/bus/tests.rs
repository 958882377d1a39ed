//! The program bus: sums, and sums without oneself.
