//! Tests as people write them, and what the map makes of them.

use std::collections::BTreeSet;

use super::{Finders, Map, Test, faults, filled, row};

fn ids(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

#[test]
fn tests_in_rust_name_requirements_in_their_name_or_first_line() {
    let text = r"
#[test]
fn cm_03_collision_ends_on_one_offer() {
}

#[tokio::test(start_paused = true)]
async fn rr_07_rr_08_two_at_once() {}

    #[test]
    #[cfg(unix)]
    fn first_line() {
        // RR-1, VC-6: what it proves
    }

/// CM-21 in the words above it.
#[test]
fn above() {}

#[test]
fn cm_is_no_requirement_and_neither_is_rr_7() {
    let x = 1; // RR-9 further down does not count
}

fn cm_05_helper_without_an_attribute() {}
";
    let found = Finders::new().unwrap().rust(text);
    let expected = [
        (ids(&["CM-3"]), "cm_03_collision_ends_on_one_offer"),
        (ids(&["RR-7", "RR-8"]), "rr_07_rr_08_two_at_once"),
        (ids(&["RR-1", "VC-6"]), "first_line"),
        (ids(&["CM-21"]), "above"),
    ];
    assert_eq!(found, expected.map(|(ids, name)| (ids, name.to_owned())));
}

#[test]
fn tests_in_javascript_name_requirements_in_their_title() {
    let text = "test('RR-7 a full room\\'s door', async () => {});\n\
                it(\n  \"AU-1, AU-2: gain\", () => {});\n\
                test('nothing', () => {});\n\
                // test('RR-8 in passing')…\n\
                await t.test(`CM-1 inner`, f);\n\
                scenario('VC-6 gone', async (stage) => {});";
    let found = Finders::new().unwrap().script(text);
    let names: Vec<&str> = found.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(
        names,
        ["RR-7 a full room's door", "AU-1, AU-2: gain", "RR-8 in passing", "CM-1 inner", "VC-6 gone"]
    );
    assert_eq!(found[1].0, ids(&["AU-1", "AU-2"]));
}

#[test]
fn the_last_column_is_what_the_tests_say() {
    let mut map = Map::new();
    for (place, name) in
        [("parlor-room", "rr_07_full"), ("e2e/a.test.mjs", "RR-7 a | b"), ("parlor-room", "a")]
    {
        let test = Test { place: place.to_owned(), name: name.to_owned() };
        map.entry("RR-7".to_owned()).or_default().insert(test);
    }
    let page = "# Requirements\n\n| id | what | state | tests |\n|---|---|---|---|\n| RR-7 | full | done | old |\n\
                | RR-8 | reload | later | – |\n";
    let expected = "# Requirements\n\n| id | what | state | tests |\n|---|---|---|---|\n\
                    | RR-7 | full | done | e2e/a.test.mjs: `RR-7 a \\| b`; parlor-room: `a`, `rr_07_full` |\n\
                    | RR-8 | reload | later | – |\n";
    assert_eq!(filled(page, &map), expected);
    assert_eq!(filled(expected, &map), expected, "filling twice changes nothing");
}

#[test]
fn what_is_done_has_a_test_and_every_id_has_a_row() {
    let page = "| RR-7 | full | done | – |\n| RR-13 | more | later | – |\n| RR-8 | reload | soon | – |\n";
    let found = faults(page, &Map::new());
    assert!(found.iter().any(|fault| fault.contains("no test names RR-7")), "{found:?}");
    assert!(found.iter().any(|fault| fault.contains("no requirement RR-13")), "{found:?}");
    assert!(found.iter().any(|fault| fault.contains("RR-8 is done, in part or later")), "{found:?}");
    assert!(found.iter().any(|fault| fault.contains("CM-1 has no row")), "{found:?}");
}

#[test]
fn other_tables_are_left_alone() {
    assert_eq!(row("| state | meaning |"), None);
    assert_eq!(row("|---|---|"), None);
    assert_eq!(row("| RR-x | a |"), None);
}
