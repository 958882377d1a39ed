//! A drawn order and a workspace that keeps to it, and one that does not.

use serde_json::{Value, json};

use super::{Workspace, drawn, faults};

const DRAWN: &str = "\
| crate | kind | may use | what |
|---|---|---|---|
| `words` | words | nothing | the words |
| `thing` | core | `words` | a core |
| `shell` | shell | `thing`, `words` | doors |
";

/// A member, and what it declares: name and kind.
type Member<'a> = (&'a str, &'a [(&'a str, Option<&'a str>)]);

/// A workspace: members with what they declare (name, kind), and which package leads to which.
fn workspace(declared: &[Member<'_>], built: &[(&str, &[&str])]) -> Workspace {
    let packages: Vec<Value> = declared
        .iter()
        .map(|(name, uses)| {
            let uses: Vec<Value> =
                uses.iter().map(|(name, kind)| json!({ "name": name, "kind": kind })).collect();
            json!({ "id": format!("id:{name}"), "name": name, "dependencies": uses })
        })
        .chain(["tokio", "between"].map(|name| json!({ "id": format!("id:{name}"), "name": name })))
        .collect();
    let nodes: Vec<Value> = built
        .iter()
        .map(|(from, to)| {
            let deps: Vec<Value> = to
                .iter()
                .map(|to| json!({ "pkg": format!("id:{to}"), "dep_kinds": [{ "kind": null }] }))
                .collect();
            json!({ "id": format!("id:{from}"), "deps": deps })
        })
        .collect();
    let members: Vec<String> = declared.iter().map(|(name, _)| format!("id:{name}")).collect();
    let metadata =
        json!({ "packages": packages, "workspace_members": members, "resolve": { "nodes": nodes } });
    Workspace::parse(&metadata).unwrap()
}

#[test]
fn a_workspace_as_drawn_is_right() {
    let workspace = workspace(
        &[("words", &[]), ("thing", &[("words", None)]), ("shell", &[("thing", None), ("tokio", None)])],
        &[("thing", &["words"]), ("shell", &["thing", "tokio"])],
    );
    assert_eq!(faults(&drawn(DRAWN).unwrap(), &workspace), Vec::<String>::new());
}

#[test]
fn an_arrow_that_is_not_drawn_is_found() {
    let workspace =
        workspace(&[("words", &[]), ("thing", &[("shell", None)]), ("shell", &[])], &[("thing", &["shell"])]);
    let found = faults(&drawn(DRAWN).unwrap(), &workspace);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("thing depends on shell"), "{found:?}");
}

#[test]
fn tests_may_use_what_stands_beside_but_not_what_stands_above() {
    let declared: &[Member<'_>] = &[("words", &[("thing", Some("dev"))]), ("thing", &[]), ("shell", &[])];
    let found = faults(&drawn(DRAWN).unwrap(), &workspace(declared, &[]));
    assert_eq!(found.len(), 1, "words' tests lean on thing, which leans on words: {found:?}");

    let beside = "| `a` | core | nothing | |\n| `b` | tests | nothing | |\n";
    let declared: &[Member<'_>] = &[("a", &[("b", Some("dev"))]), ("b", &[])];
    assert_eq!(faults(&drawn(beside).unwrap(), &workspace(declared, &[])), Vec::<String>::new());
}

#[test]
fn a_core_that_reaches_a_runtime_is_found_with_the_way_there() {
    let workspace = workspace(
        &[("words", &[]), ("thing", &[("words", None)]), ("shell", &[])],
        &[("thing", &["words"]), ("words", &["between"]), ("between", &["tokio"])],
    );
    let found = faults(&drawn(DRAWN).unwrap(), &workspace);
    assert!(found.iter().any(|fault| fault.contains("thing → words → between → tokio")), "{found:?}");
}

#[test]
fn a_core_around_a_package_may_have_doors_behind_that_one_and_no_other() {
    let table = DRAWN.replace("| `thing` | core |", "| `thing` | core around `between` |");
    let declared: &[Member<'_>] = &[("words", &[]), ("thing", &[("words", None)]), ("shell", &[])];
    let behind = workspace(declared, &[("thing", &["between"]), ("between", &["tokio"])]);
    assert_eq!(faults(&drawn(&table).unwrap(), &behind), Vec::<String>::new());
    let beside = workspace(declared, &[("thing", &["between", "tokio"]), ("between", &["tokio"])]);
    assert!(faults(&drawn(&table).unwrap(), &beside).iter().any(|fault| fault.contains("thing → tokio")));
}

#[test]
fn a_crate_that_is_not_drawn_and_one_that_is_not_there_are_found() {
    let workspace = workspace(&[("words", &[]), ("thing", &[]), ("new", &[])], &[]);
    let found = faults(&drawn(DRAWN).unwrap(), &workspace);
    assert_eq!(found.len(), 2, "{found:?}");
}

#[test]
fn a_circle_is_not_drawn() {
    assert!(drawn("| `a` | core | `b` | |\n| `b` | core | `a` | |\n").is_err());
    assert!(drawn("nothing here").is_err());
}
