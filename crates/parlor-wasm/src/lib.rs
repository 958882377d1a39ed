//! `parlor-connect` for the page: three exported functions, JSON in, JSON out. No decisions here.
//!
//! The page asks for room with [`input_buffer`], writes a request into the memory it points to, calls [`call`], and
//! reads the answer at [`output_buffer`]. Memory may have grown meanwhile, so it looks at it afresh each time. A
//! request is one JSON object:
//!
//! | request | answer |
//! |---|---|
//! | `{"new": {"id", "instance", "seed", "settings"?}}` | `{"handle"}` |
//! | `{"handle", "now", "input"?}` | `{"outputs": […], "timeout": ms or null}`; without `input`, time passed |
//! | `{"handle", "connections": true}` | `{"connections": […]}` |
//! | `{"handle", "connection": id}` | `{"connection": {…}}` |
//! | `{"handle", "free": true}` | `{}` |
//!
//! What can't be understood gives `{"error": sentence}` and changes nothing.

use std::cell::RefCell;

mod json;
mod page_input;
mod request;

pub use json::Json;
pub use page_input::{read, read_settings};
pub use request::Page;

thread_local! {
    static PAGE: RefCell<Page> = RefCell::new(Page::default());
    static INPUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static OUTPUT: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Where to write a request of `length` bytes.
#[allow(unsafe_code, reason = "an exported name; the function is safe")]
#[unsafe(no_mangle)]
pub extern "C" fn input_buffer(length: usize) -> *mut u8 {
    INPUT.with_borrow_mut(|input| {
        input.clear();
        input.resize(length, 0);
        input.as_mut_ptr()
    })
}

/// Carries out the request in the input buffer. Returns the length of the answer in bytes.
#[allow(unsafe_code, reason = "an exported name; the function is safe")]
#[unsafe(no_mangle)]
pub extern "C" fn call() -> usize {
    let answer = INPUT.with_borrow(|input| PAGE.with_borrow_mut(|page| page.answer(input)));
    let length = answer.len();
    OUTPUT.with_borrow_mut(|output| *output = answer);
    length
}

/// Where the answer of the last [`call`] begins.
#[allow(unsafe_code, reason = "an exported name; the function is safe")]
#[unsafe(no_mangle)]
pub extern "C" fn output_buffer() -> *const u8 {
    OUTPUT.with_borrow(|output| output.as_ptr())
}

#[cfg(test)]
mod tests;
