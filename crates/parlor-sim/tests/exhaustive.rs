//! Every interleaving of two connection managers (see `parlor_sim::pair`), and proof that the check would notice.
//!
//! Always: no description in a wrong signalling state, no candidate without its description, at most one rollback for a
//! collision and only by the polite side. Sometimes: glare. In the end, whatever the order: connected, stable, on the
//! same two descriptions, with every track in them.
#![allow(clippy::panic, clippy::print_stdout, reason = "tests")]

use parlor_sim::explore::{Report, Violation, explore};
use parlor_sim::pair::{Budget, Pair, Planted};

const STATES_MAX: usize = 1_000_000;
const CALM: Budget = Budget { added_tracks: 0, lost_paths: 0, restarts: 0, lost_sessions: 0, reloads: 0 };

fn explore_all(name: &str, budget: Budget) -> Report {
    let report = explore(Pair::new(budget, None), STATES_MAX)
        .unwrap_or_else(|violation| panic!("{name}: {violation}"));
    let Report { states, steps, ends, sights } = &report;
    println!("{name}: {states} states, {steps} steps, {ends} ends, {sights:?}");
    report
}

fn seen(report: &Report, sight: &str) -> usize {
    report.sights.get(sight).copied().unwrap_or_default()
}

#[test]
fn cm_02_whoever_joins_first_the_impolite_side_initiates_and_nobody_collides() {
    let report = explore_all("both orders of joining", CALM);
    assert!(report.ends > 0);
    assert_eq!(seen(&report, "glare"), 0);
}

#[test]
fn cm_03_both_sides_renegotiate_and_restart_ice_in_every_order() {
    let report =
        explore_all("tracks added and paths lost", Budget { added_tracks: 2, lost_paths: 2, ..CALM });
    for sight in ["glare", "rollback", "ICE restart"] {
        assert!(seen(&report, sight) > 0, "no {sight} in {report:?}");
    }
}

#[test]
fn cm_09_messages_lost_with_a_server_that_restarts_are_made_good() {
    for (name, budget) in [
        ("restart while tracks are added", Budget { added_tracks: 2, restarts: 1, ..CALM }),
        ("restart while a path is lost", Budget { lost_paths: 1, restarts: 1, ..CALM }),
        ("two restarts", Budget { restarts: 2, ..CALM }),
    ] {
        assert!(seen(&explore_all(name, budget), "glare") > 0, "{name}: no glare");
    }
}

#[test]
fn cm_09_messages_lost_with_a_session_are_made_good() {
    for (name, budget) in [
        ("session lost while tracks are added", Budget { added_tracks: 2, lost_sessions: 1, ..CALM }),
        ("session lost while a path is lost", Budget { lost_paths: 1, lost_sessions: 1, ..CALM }),
        ("two sessions lost", Budget { lost_sessions: 2, ..CALM }),
        ("session lost and server restarted", Budget { lost_sessions: 1, restarts: 1, ..CALM }),
    ] {
        assert!(seen(&explore_all(name, budget), "glare") > 0, "{name}: no glare");
    }
}

#[test]
fn cm_11_a_reload_is_known_at_once_in_every_order() {
    for (name, budget) in [
        ("reload while tracks are added", Budget { added_tracks: 2, reloads: 1, ..CALM }),
        ("reload while a path is lost", Budget { lost_paths: 1, reloads: 1, ..CALM }),
        ("reload and session lost", Budget { reloads: 1, lost_sessions: 1, ..CALM }),
        ("reload and server restarted", Budget { reloads: 1, restarts: 1, ..CALM }),
        ("two reloads", Budget { reloads: 2, ..CALM }),
    ] {
        explore_all(name, budget);
    }
}

/// What the check says of a pair with a planted fault.
fn caught(planted: Planted, budget: Budget) -> Violation {
    match explore(Pair::new(budget, Some(planted)), STATES_MAX) {
        Err(violation) => {
            println!("{planted:?} is caught: {violation}");
            violation
        }
        Ok(report) => panic!("{planted:?} was not noticed in {report:?}"),
    }
}

#[test]
fn cm_04_an_answer_blocked_by_ignore_offer_would_be_noticed() {
    let violation = caught(Planted::AnswerBlockedByIgnoreOffer, Budget { added_tracks: 2, ..CALM });
    assert!(violation.what.contains("not stable at the end"), "{violation}");
}

#[test]
fn cm_04_candidates_of_an_ignored_offer_handed_on_would_be_noticed() {
    let violation = caught(Planted::CandidatesUnchecked, Budget { added_tracks: 2, lost_paths: 2, ..CALM });
    assert!(violation.what.contains("candidate"), "{violation}");
}

#[test]
fn cm_03_two_impolite_sides_would_be_noticed() {
    let violation = caught(Planted::NobodyIsPolite, CALM);
    assert!(violation.what.contains("at the end"), "{violation}");
}

#[test]
fn cm_03_two_polite_sides_would_be_noticed() {
    let violation = caught(Planted::EverybodyIsPolite, CALM);
    assert!(violation.what.contains("at the end"), "{violation}");
}

#[test]
fn cm_03_answers_in_a_wrong_state_would_be_noticed() {
    let violation = caught(Planted::AnswersUnchecked, Budget { added_tracks: 2, ..CALM });
    assert!(violation.what.contains("SetAnswer"), "{violation}");
}

#[test]
fn cm_05_a_need_to_negotiate_that_is_forgotten_would_be_noticed() {
    let violation = caught(Planted::NeedForgotten, Budget { added_tracks: 1, ..CALM });
    assert!(violation.what.contains("a track was never negotiated"), "{violation}");
}

#[test]
fn cm_09_lost_messages_that_are_not_made_good_would_be_noticed() {
    let violation = caught(Planted::LostFramesUnnoticed, Budget { added_tracks: 2, restarts: 1, ..CALM });
    assert!(violation.what.contains("at the end"), "{violation}");
}
