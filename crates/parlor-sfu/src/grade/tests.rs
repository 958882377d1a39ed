//! Samples one by one, and the grade that comes of them. Paths through a network are in `tests/stories/grades.rs`.

use super::*;

const STREAM: u32 = 7;

/// A path over which 50 packets a second come, but for those that `is_lost` names.
struct Path {
    grade: PathGrade,
    seq: u64,
}

impl Path {
    fn new() -> Self {
        Self { grade: PathGrade::default(), seq: 65_000 }
    }

    fn second(&mut self, packets: u64, is_lost: impl Fn(u64) -> bool) -> Grade {
        for _ in 0..packets {
            self.seq += 1;
            if !is_lost(self.seq) {
                self.grade.on_packet(STREAM.into(), self.seq);
            }
        }
        self.grade.on_sample(Some(Duration::from_millis(30)), None);
        self.grade.settled()
    }

    fn seconds(&mut self, count: usize, is_lost: impl Fn(u64) -> bool) -> Grade {
        (0..count).map(|_| self.second(50, &is_lost)).last().unwrap()
    }
}

#[test]
fn au_6_what_is_lost_on_the_way_in_grades_a_path() {
    for (every, grade) in
        [(1_000, Grade::Good), (60, Grade::Good), (40, Grade::Fair), (12, Grade::Fair), (8, Grade::Poor)]
    {
        assert_eq!(Path::new().seconds(20, |seq| seq % every == 0), grade, "one of {every}");
    }
}

#[test]
fn au_6_one_bad_second_does_not_change_a_grade_and_it_comes_back() {
    let mut path = Path::new();
    assert_eq!(path.seconds(10, |_| false), Grade::Good);
    assert_eq!(path.second(50, |seq| seq % 2 == 0), Grade::Good, "one sample is not enough");
    assert_eq!(path.second(50, |seq| seq % 2 == 0), Grade::Poor);
    assert_eq!(path.seconds(8, |_| false), Grade::Poor, "the bad seconds are still among the last");
    assert_eq!(path.seconds(4, |_| false), Grade::Good);
}

#[test]
fn au_6_of_few_packets_one_that_is_lost_is_no_sign() {
    let mut path = Path::new();
    path.seconds(4, |_| false);
    let lost = path.seq + 20;
    for _ in 0..30 {
        assert_eq!(path.second(3, |seq| seq == lost), Grade::Good);
    }
}

#[test]
fn au_6_what_comes_late_or_twice_round_is_not_lost() {
    let mut path = Path::new();
    for _ in 0..20 {
        // Sent again: each tenth packet comes in the second after its own.
        let late: Vec<u64> = (1..=50).map(|n| path.seq + n).filter(|seq| seq % 10 == 0).collect();
        assert_eq!(path.second(50, |seq| seq % 10 == 0), Grade::Good);
        for seq in late {
            path.grade.on_packet(STREAM.into(), seq);
        }
    }
    assert_eq!(lost_permille(&path.grade.ingress), 0);
    // A stream that begins anew elsewhere has lost nothing.
    path.seq += 500_000;
    assert_eq!(path.seconds(10, |_| false), Grade::Good);
}

#[test]
fn au_6_the_way_out_and_the_round_trip_count_too() {
    for (round_trip_ms, egress, grade) in [
        (200, 0.0, Grade::Good),
        (201, 0.0, Grade::Fair),
        (800, 0.019, Grade::Fair),
        (801, 0.0, Grade::Poor),
        (50, 0.03, Grade::Fair),
        (50, 0.2, Grade::Poor),
    ] {
        let mut path = PathGrade::default();
        for _ in 0..8 {
            path.on_sample(Some(Duration::from_millis(round_trip_ms)), Some(egress));
        }
        assert_eq!(path.settled(), grade, "{round_trip_ms} {egress}");
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test needs some moment")]
fn a_grade_is_told_when_it_changes_and_not_twice_a_second() {
    let mut path = PathGrade::default();
    let now = Instant::now();
    let at = |ms: u64| now + Duration::from_millis(ms);
    assert!(path.take_news(at(0), Grade::Good));
    assert!(!path.take_news(at(500), Grade::Lost));
    assert!(!path.take_news(at(1_500), Grade::Good));
    assert!(path.take_news(at(1_600), Grade::Lost));
    path.on_lost();
    assert!(!path.take_news(at(9_000), Grade::Lost), "what was told stays told");
    assert!(path.take_news(at(9_100), Grade::Good));
}

#[test]
fn of_streams_without_end_only_the_last_are_counted() {
    let mut path = PathGrade::default();
    for ssrc in 0..10_000_u32 {
        path.on_packet(ssrc.into(), 1);
    }
    assert_eq!(path.streams.len(), STREAMS_MAX);
    for _ in 0..1_000 {
        path.on_sample(None, Some(f32::NAN));
    }
    assert!(path.ingress.len() <= LOSS_SAMPLES_MAX && path.egress_permille.len() <= LOSS_SAMPLES);
}
