//! Lines as the runners print them.

use super::Counts;

#[test]
fn a_line_of_cargo_counts() {
    let line =
        "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 4 filtered out; finished in 0.02s";
    assert_eq!(Counts::of_cargo_line(line), Counts { passed: 12, failed: 3 });
    let line =
        "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.02s";
    assert_eq!(Counts::of_cargo_line(line), Counts { passed: 1, failed: 0 });
}

#[test]
fn other_lines_count_nothing() {
    for line in ["test counts::tests::x ... ok", "running 3 tests", "", "2 passed"] {
        assert_eq!(Counts::of_cargo_line(line), Counts::default(), "{line}");
    }
    for line in ["ℹ tests 5", "# duration_ms 12", "✔ passes 5", ""] {
        assert_eq!(Counts::of_node_line(line), Counts::default(), "{line}");
    }
}

#[test]
fn lines_of_node_count_whichever_reporter_prints_them() {
    assert_eq!(Counts::of_node_line("ℹ pass 7"), Counts { passed: 7, failed: 0 });
    assert_eq!(Counts::of_node_line("# fail 2"), Counts { passed: 0, failed: 2 });
    assert_eq!(Counts::of_node_line("ℹ cancelled 1"), Counts { passed: 0, failed: 1 });
}

#[test]
fn a_last_line_counts_and_nothing_like_it() {
    assert_eq!(Counts::of_last_line("12 passed, 0 failed"), Some(Counts { passed: 12, failed: 0 }));
    for line in ["12 passed, 0 failed.", "test result: ok. 5 passed; 0 failed", "passed, failed", ""] {
        assert_eq!(Counts::of_last_line(line), None, "{line}");
    }
}

#[test]
fn a_runner_that_dies_or_runs_nothing_has_failed() {
    let some = Counts { passed: 4, failed: 0 };
    assert_eq!(some.judged_by(true), some);
    assert_eq!(some.judged_by(false), Counts { passed: 4, failed: 1 });
    assert_eq!(Counts::default().judged_by(true), Counts { passed: 0, failed: 1 });
}
