//! The committed modules are the ones that the sources make.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{MODULES, Module, checksum, hex, profile};
use crate::place;

fn note(module: &Module) -> Value {
    serde_json::from_str(&place::read(&module.note_path()).unwrap()).unwrap()
}

#[test]
fn the_committed_modules_were_made_from_these_sources() {
    for module in MODULES {
        assert_eq!(
            note(module)["sources"],
            *module.sources_hash().unwrap(),
            "{} or what it uses has changed since: run cargo xtask wasm",
            module.package
        );
    }
}

#[test]
fn the_notes_are_about_the_committed_modules() {
    for module in MODULES {
        let bytes = std::fs::read(place::root().join(module.path())).unwrap();
        assert_eq!(note(module)["module"], hex(&Sha256::digest(&bytes)), "{}", module.name);
        assert_eq!(note(module)["bytes"], bytes.len(), "{}", module.name);
    }
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
    let tables = ["[profile.wasm]", "[profile.release]"];
    assert_eq!(profile(manifest, &tables), profile(&other, &tables));
    assert_ne!(profile(manifest, &tables), profile(&manifest.replace("\"z\"", "\"s\""), &tables));
}

#[test]
fn what_a_nearer_profile_replaces_does_not_count() {
    let manifest = "[profile.release]\n# Small.\nstrip = \"symbols\"\nlto = 1\n\n\
                    [profile.wasm]\ninherits = \"release\"\nstrip = true\n";
    let tables = ["[profile.wasm]", "[profile.release]"];
    assert_eq!(profile(manifest, &tables), "lto = 1\nstrip = true");
    assert_eq!(profile(&manifest.replace("\"symbols\"", "false"), &tables), "lto = 1\nstrip = true");
}
