//! The committed module is the one that the sources make.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{MODULE, NOTE, checksum, hex, profile, sources_hash};
use crate::place;

fn note() -> Value {
    serde_json::from_str(&place::read(NOTE).unwrap()).unwrap()
}

#[test]
fn the_committed_module_was_made_from_these_sources() {
    let sources = sources_hash().unwrap();
    assert_eq!(
        note()["sources"],
        *sources,
        "parlor-proto, parlor-connect, parlor-wasm or what they use has changed since: run cargo xtask wasm"
    );
}

#[test]
fn the_note_is_about_the_committed_module() {
    let bytes = std::fs::read(place::root().join(MODULE)).unwrap();
    assert_eq!(note()["module"], hex(&Sha256::digest(&bytes)));
    assert_eq!(note()["bytes"], bytes.len());
}

#[test]
fn only_the_named_version_gives_its_checksum() {
    let lock = "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nchecksum = \"11\"\n\n\
                [[package]]\nname = \"a\"\nversion = \"2.0.0\"\nchecksum = \"22\"\n\n\
                [[package]]\nname = \"own\"\nversion = \"0.1.0\"\n";
    assert_eq!(checksum(lock, "a", "2.0.0"), Some("\"22\""));
    assert_eq!(checksum(lock, "own", "0.1.0"), None);
}

#[test]
fn other_profiles_do_not_count() {
    let manifest =
        "[profile.dev]\ndebug = 1\n\n[profile.wasm]\nopt-level = \"z\"\n\n[profile.release]\nlto = 1\n";
    let other = manifest.replace("debug = 1", "debug = 2");
    assert_eq!(profile(manifest), profile(&other));
    assert_ne!(profile(manifest), profile(&manifest.replace("\"z\"", "\"s\"")));
}
