//! Frames, words, and the declarations made from them; the page of the protocol is tested in `tests/`.

mod declarations;
mod frames;
mod words;
