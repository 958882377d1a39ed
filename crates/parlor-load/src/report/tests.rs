//! What a report makes of figures.

use super::*;

fn subscribers(tracks: usize, tracks_expected: usize, loss_percent: f64) -> Group {
    Group {
        who: "subscribers",
        kind: Kind::Video,
        wanted: 4,
        here: 4,
        tracks_expected,
        tracks,
        packets: 1_000,
        mbps: 6.8,
        lost: 0,
        loss_percent: Some(loss_percent),
        setup: Some(Quantiles { p50_ms: 30.0, p99_ms: 41.5 }),
        first_media: None,
        latency: None,
    }
}

fn report(groups: Vec<Group>) -> Report {
    Report {
        seconds: 2.0,
        rooms: 1,
        groups,
        failures: Vec::new(),
        crowd_percent: 3.0,
        crowd_late_p99_ms: 1.0,
    }
}

#[test]
fn the_worst_group_counts_and_a_track_that_does_not_flow_is_lost() {
    assert_eq!(report(Vec::new()).worst_loss_percent(), 0.0);
    assert_eq!(report(vec![subscribers(4, 4, 0.5), subscribers(4, 4, 2.0)]).worst_loss_percent(), 2.0);
    assert_eq!(report(vec![subscribers(3, 4, 0.0)]).worst_loss_percent(), 25.0);
    assert_eq!(report(vec![subscribers(0, 4, 0.0)]).worst_loss_percent(), 100.0);
}

#[test]
fn the_table_has_a_line_for_each_group_and_says_who_is_missing_and_why() {
    let mut report = report(vec![subscribers(3, 4, 0.5)]);
    report.failures.push(("the server refused user-joined-room: full (room-full)".to_owned(), 3));
    report.crowd_late_p99_ms = 25.0;
    let text = report.table();
    for part in [
        "subscribers, video",
        "4/4",
        "3/4",
        "0.50 %",
        "30.0 / 41.5",
        "missing: 3, the server refused",
        "25 ms late",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
}
