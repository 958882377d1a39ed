//! Tests of this crate's inside; those of its surface are in `tests/`.

mod declarations;
