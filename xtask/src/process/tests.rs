//! When npm has nothing to do.

use super::is_installed;

const LOCK: &str = r#"{"packages": {"": {"name": "page"}, "node_modules/a": {"version": "1.0.0", "integrity": "x"},
    "node_modules/only-elsewhere": {"version": "1.0.0", "integrity": "y", "optional": true}}}"#;
const INSTALLED: &str = r#"{"packages": {"node_modules/a": {"version": "1.0.0", "integrity": "x"}}}"#;

#[test]
fn what_the_lock_asks_for_is_installed() {
    assert!(is_installed(LOCK, INSTALLED));
}

#[test]
fn another_version_a_missing_one_and_one_too_many_are_not() {
    for installed in [
        INSTALLED.replace("\"x\"", "\"z\""),
        INSTALLED.replace("node_modules/a", "node_modules/b"),
        INSTALLED.replace("}}}", "}, \"node_modules/b\": {}}}"),
        String::new(),
        "{}".to_owned(),
    ] {
        assert!(!is_installed(LOCK, &installed), "{installed}");
    }
}
