//! Stories about settings.
