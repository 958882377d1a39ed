//! The interpolating filter.
