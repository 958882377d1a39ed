//! What is linked, and what is told of it, by made-up metadata.

use serde_json::json;

use super::*;

#[test]
fn what_is_linked_is_found_and_what_only_builds_or_tests_is_not() {
    let package = |name: &str, source: Option<&str>| {
        json!({"id": name, "name": name, "version": "1.0.0", "source": source, "license": "MIT",
               "repository": null, "manifest_path": format!("/{name}/Cargo.toml")})
    };
    let needs = |id: &str, kind: Option<&str>| json!({"pkg": id, "dep_kinds": [{"kind": kind}]});
    let metadata = json!({
        "packages": [package("app", None), package("core", None), package("near", Some("r")), package("far", Some("r")),
                     package("builds", Some("r")), package("tests", Some("r")), package("other", Some("r"))],
        "resolve": {"nodes": [
            {"id": "app", "deps": [needs("core", None), needs("tests", Some("dev"))]},
            {"id": "core", "deps": [needs("near", None), needs("builds", Some("build"))]},
            {"id": "near", "deps": [needs("far", None)]},
            {"id": "far", "deps": [needs("near", None)]},
        ]},
    });
    let names: Vec<String> =
        linked(&metadata, "app").unwrap().into_iter().map(|package| package.name).collect();
    assert_eq!(names, ["far", "near"]);
    assert_eq!(linked(&metadata, "near"), None, "no member");
}

#[test]
fn each_text_is_told_once_with_all_whose_it_is() {
    let package = |name: &str| Package {
        name: name.to_owned(),
        version: "1.0.0".to_owned(),
        license: "MIT".to_owned(),
        repository: format!("https://example.org/{name}"),
        manifest: String::new(),
    };
    let packages = BTreeSet::from([package("a"), package("b")]);
    let of = BTreeSet::from(["a 1.0.0".to_owned(), "b 1.0.0".to_owned()]);
    let text = told(&packages, &BTreeMap::from([("Permission is granted".to_owned(), of)]));
    assert!(text.contains("a 1.0.0  MIT  https://example.org/a\nb 1.0.0  MIT"), "{text}");
    assert!(text.ends_with("\na 1.0.0, b 1.0.0:\n\nPermission is granted\n"), "{text}");
}

#[test]
fn a_licence_beside_a_manifest_is_read_under_any_of_its_names() {
    let texts = texts_in(&place::root(), has_to_go_with_it).unwrap();
    assert_eq!(texts.len(), 2, "LICENSE-MIT and LICENSE-APACHE");
    assert!(texts.iter().any(|text| text.contains("Apache License")));
}
