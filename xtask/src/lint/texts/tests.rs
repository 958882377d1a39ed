//! Lines that must be found, and lines that must not.

use super::{forbidden, without_header};

#[test]
fn paths_hosts_and_work_left_for_later_are_found_with_their_line() {
    let text = format!("fine\nsee /wo{}\nalso fine\n// TO{}: later\n", "rk/x", "DO");
    let found = forbidden("a.rs", &text);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("a.rs:2:"), "{found:?}");
    assert!(found[1].starts_with("a.rs:4:"), "{found:?}");
}

#[test]
fn words_of_the_trade_are_no_fault() {
    assert_eq!(forbidden("a.md", "a session at work, a method, todos los días"), Vec::<String>::new());
}

#[test]
fn a_source_file_starts_with_what_lives_in_it() {
    assert!(without_header("a.rs", "use std::fmt;\n").is_some());
    assert!(without_header("a.mjs", "import 'x';\n").is_some());
    assert_eq!(without_header("a.rs", "//! Here lives a.\n"), None);
    assert_eq!(without_header("a.rs", "#![allow(clippy::unwrap_used)]\n//! Here lives a.\n"), None);
    assert_eq!(without_header("a.js", "/** Here lives a. */\n"), None);
    assert_eq!(without_header("a.mjs", "#!/usr/bin/env node\n// Here lives a.\n"), None);
    assert_eq!(without_header("a.md", "anything"), None);
}
