//! CM-17: figures once a second and a grade that does not flicker. CM-15: a connection over which nothing comes from who
//! sends is restarted.

use super::story::{Story, id, orders, present, punctual};
use crate::{Input, Media, Present, Quality, Settings, StatsSample};
use parlor_proto::Grade;

/// What one second brings: packets that come and that are lost, and the path's figures.
#[derive(Clone, Copy)]
struct Second {
    came: u64,
    lost: u64,
    round_trip_ms: u32,
    jitter_ms: u32,
}

const CLEAR: Second = Second { came: 50, lost: 0, round_trip_ms: 20, jitter_ms: 4 };
const SILENT: Second = Second { came: 0, ..CLEAR };

/// `mo` connected with `ada`, who sends, and looked at once a second.
struct Watched {
    story: Story,
    attempt: u32,
    sample: StatsSample,
}

impl Watched {
    fn new() -> Self {
        Self::with(Present { sends: crate::Sends::Sound, ..present("ada") })
    }

    fn with(ada: Present) -> Self {
        let mut story = Story::with(Settings { sample_ms: 1_000, ..punctual() }, 7);
        let _ = story.tell(Input::SignalingUp);
        let _ = story.tell(Input::Media(Media::Ready));
        let _ = story.joined_as("r", &[ada], 1);
        let _ = story.connect("ada", 1);
        Self { story, attempt: 1, sample: StatsSample::default() }
    }

    /// A second passes, at whose end the figures are told; what came out, without the order to look.
    fn second(&mut self, second: Second) -> Vec<String> {
        let end = self.story.now_ms() + 1_000;
        let asked = self.story.until(end);
        let sample = format!("{end} sample ada#{}", self.attempt);
        assert!(asked.contains(&sample), "{asked:?}");
        self.sample.packets_received += second.came;
        self.sample.packets_lost += second.lost;
        self.sample.bytes_received += second.came * 100;
        self.sample.bytes_sent += 12_500;
        self.sample.round_trip_ms = Some(second.round_trip_ms);
        self.sample.jitter_ms = Some(second.jitter_ms);
        let mut lines: Vec<String> = asked.into_iter().filter(|line| *line != sample).collect();
        lines.extend(self.tell(self.sample.clone()));
        lines
    }

    fn tell(&mut self, sample: StatsSample) -> Vec<String> {
        self.story.tell(Input::StatsSampled { peer: id("ada").into(), attempt: self.attempt, sample })
    }

    fn quality(&self) -> Quality {
        self.story.manager.quality(&id("ada").into()).unwrap()
    }

    /// So many seconds alike; the grade at the end of each.
    fn grades(&mut self, seconds: usize, second: Second) -> Vec<Grade> {
        (0..seconds)
            .map(|_| {
                let _ = self.second(second);
                self.quality().grade
            })
            .collect()
    }
}

use Grade::{Fair, Good, Lost, Poor};

#[test]
fn cm_17_once_a_second_and_only_while_connected() {
    let mut story = Story::with(Settings { sample_ms: 1_000, ..punctual() }, 7);
    let _ = story.tell(Input::SignalingUp);
    let _ = story.tell(Input::Media(Media::Ready));
    let _ = story.joined("r", &["ada"]);
    story.silence(3_000);
    let _ = story.connect("ada", 1);
    assert_eq!(story.until(5_500), ["4000 sample ada#1", "5000 sample ada#1"]);
    let _ = story.ice_fails("ada", 1);
    story.silence(5_000);
    assert_eq!(story.manager.quality(&id("ada").into()), None);
}

#[test]
fn cm_17_the_figures_are_those_of_the_last_second_and_told_when_they_change() {
    let mut watched = Watched::new();
    let _ = watched.second(CLEAR);
    assert_eq!(
        watched.second(Second { came: 49, lost: 1, round_trip_ms: 35, jitter_ms: 7 }),
        ["quality ada good"]
    );
    assert_eq!(
        watched.quality(),
        Quality {
            grade: Good,
            round_trip_ms: Some(35),
            loss_permille: 20,
            jitter_ms: Some(7),
            in_kbps: 39,
            out_kbps: 100,
            available_out_kbps: None,
        }
    );
    let mut watched = Watched::new();
    assert_eq!(
        watched.story.manager.quality(&id("ada").into()),
        None,
        "before the first look nothing is known"
    );
    assert_eq!(watched.second(CLEAR), ["quality ada good"]);
    assert_eq!(watched.second(CLEAR), ["quality ada good"], "rates need two looks");
    assert_eq!(watched.second(CLEAR), [""; 0], "nothing new, nothing told");
}

#[test]
fn cm_17_figures_of_an_attempt_that_is_over_count_for_nothing() {
    let mut watched = Watched::new();
    watched.attempt = 2;
    assert_eq!(watched.tell(StatsSample::default()), [""; 0]);
    assert_eq!(watched.story.manager.quality(&id("ada").into()), None);
}

#[test]
fn cm_17_counters_that_begin_anew_are_no_flood() {
    let mut watched = Watched::new();
    let _ = watched.grades(3, CLEAR);
    watched.sample.packets_received = 0;
    watched.sample.bytes_received = 0;
    let _ = watched.second(CLEAR);
    assert_eq!(watched.quality().in_kbps, 0);
    let _ = watched.second(CLEAR);
    assert_eq!(watched.quality().in_kbps, 40);
}

#[test]
fn cm_17_loss_of_5_percent_is_fair_and_of_20_percent_poor() {
    for (lost, grade) in [(0, Good), (1, Fair), (3, Fair), (10, Poor), (25, Poor)] {
        let mut watched = Watched::new();
        let grades = watched.grades(10, Second { came: 50 - lost, lost, ..CLEAR });
        assert_eq!(grades.last(), Some(&grade), "{lost} of 50: {grades:?}");
    }
}

#[test]
fn cm_17_one_packet_lost_from_who_is_silent_is_no_loss_to_speak_of() {
    const PAUSE: Second = Second { came: 3, ..CLEAR };
    let mut watched = Watched::new();
    let talk = watched.grades(4, CLEAR);
    let mut pause = watched.grades(5, PAUSE);
    pause.extend(watched.grades(1, Second { came: 2, lost: 1, ..CLEAR }));
    pause.extend(watched.grades(20, PAUSE));
    assert!(talk.into_iter().chain(pause).all(|grade| grade == Good), "1 of some 100 packets is lost");

    let holes = watched.grades(40, Second { came: 2, lost: 1, ..CLEAR });
    assert_eq!(
        holes.last(),
        Some(&Poor),
        "1 of 3 packets is lost for as long as it takes to know: {holes:?}"
    );
}

#[test]
fn cm_17_a_round_trip_above_200_ms_is_never_good_and_one_of_600_is_fair() {
    for (round_trip_ms, grade) in [(200, Good), (201, Fair), (600, Fair), (800, Fair), (801, Poor)] {
        let mut watched = Watched::new();
        let grades = watched.grades(10, Second { round_trip_ms, ..CLEAR });
        assert_eq!(grades.last(), Some(&grade), "{round_trip_ms} ms");
    }
    for (jitter_ms, grade) in [(50, Good), (51, Fair), (150, Fair), (151, Poor)] {
        let mut watched = Watched::new();
        assert_eq!(watched.grades(10, Second { jitter_ms, ..CLEAR }).last(), Some(&grade), "{jitter_ms} ms");
    }
}

#[test]
fn cm_17_one_bad_second_changes_no_grade_and_getting_better_takes_four() {
    let slow = Second { round_trip_ms: 300, ..CLEAR };
    let mut watched = Watched::new();
    assert_eq!(watched.grades(2, CLEAR), [Good, Good]);
    assert_eq!(watched.grades(1, slow), [Good]);
    assert_eq!(watched.grades(1, CLEAR), [Good]);
    assert_eq!(watched.grades(2, slow), [Good, Fair]);
    assert_eq!(watched.grades(3, CLEAR), [Fair; 3]);
    assert_eq!(watched.grades(1, slow), [Fair]);
    assert_eq!(watched.grades(4, CLEAR), [Fair, Fair, Fair, Good]);
    // Worse by different degrees is worse all the same.
    assert_eq!(watched.grades(1, slow), [Good]);
    assert_eq!(watched.grades(1, Second { round_trip_ms: 900, ..CLEAR }), [Poor]);
}

#[test]
fn cm_15_no_packet_for_5_s_restarts_ice_and_5_s_later_makes_the_connection_anew() {
    let mut watched = Watched::new();
    let _ = watched.grades(3, CLEAR);
    assert_eq!(watched.grades(4, SILENT), [Good; 4]);
    let lines = watched.second(SILENT);
    assert_eq!(orders(&lines), ["create-offer ada#1 restart"], "{lines:?}");
    assert_eq!(watched.quality().grade, Lost);
    let _ = watched.story.local_set("ada", 1, "mo-2");
    let _ = watched.story.answer("ada", 1, 2, "ada-2");
    let _ = watched.story.remote_set("ada", 1);
    for _ in 0..4 {
        assert_eq!(orders(&watched.second(SILENT)), [""; 0], "the restart has 5 s to help");
    }
    let lines = watched.second(SILENT);
    assert_eq!(orders(&lines), ["close ada#1"], "{lines:?}");
    let at = watched.story.now_ms() + 2_000;
    assert!(watched.story.until(at).contains(&format!("{at} open ada#2")));
}

#[test]
fn cm_15_packets_before_the_first_look_count() {
    let mut watched = Watched::new();
    assert_eq!(
        watched.grades(5, Second { came: 0, ..CLEAR })[4],
        Good,
        "the first packet has three times as long"
    );
    let mut watched = Watched::new();
    let _ = watched.second(CLEAR);
    assert_eq!(watched.grades(4, SILENT), [Good, Good, Good, Lost]);
}

#[test]
fn cm_15_what_a_new_connection_does_not_help_is_tried_again_after_1_2_4_minutes_until_packets_come() {
    let mut watched = Watched::new();
    let _ = watched.grades(3, CLEAR);
    let _ = watched.grades(5, SILENT);
    let _ = watched.story.local_set("ada", 1, "mo-2");
    let _ = watched.story.answer("ada", 1, 2, "ada-2");
    let _ = watched.story.remote_set("ada", 1);
    for _ in 0..5 {
        let _ = watched.second(SILENT);
    }
    let at = watched.story.now_ms() + 2_000;
    let _ = watched.story.until(at);
    let _ = watched.story.connect("ada", 2);
    (watched.attempt, watched.sample) = (2, StatsSample::default());
    for (attempt, minutes) in [(2, 1), (3, 2), (4, 4)] {
        // The 2 s before the retry count as well.
        for _ in 0..minutes * 60 - 3 {
            let lines = watched.second(SILENT);
            assert_eq!(orders(&lines), [""; 0], "{lines:?}");
        }
        assert_eq!(watched.quality().grade, Lost);
        assert_eq!(orders(&watched.second(SILENT)), [format!("close ada#{attempt}")]);
        let at = watched.story.now_ms() + 2_000;
        let _ = watched.story.until(at);
        let _ = watched.story.connect("ada", attempt + 1);
        (watched.attempt, watched.sample) = (attempt + 1, StatsSample::default());
    }
    assert_eq!(watched.grades(8, CLEAR), [Good; 8], "sound is back, and so is the grade");
    let _ = watched.grades(4, SILENT);
    assert_eq!(orders(&watched.second(SILENT)), ["create-offer ada#5 restart"], "and is watched over again");
}

#[test]
fn cm_15_who_is_muted_or_publishes_nothing_owes_no_packets() {
    let mut watched = Watched::with(present("ada"));
    assert_eq!(watched.grades(20, SILENT), [Good; 20]);
    let mut watched = Watched::new();
    let _ = watched.grades(3, CLEAR);
    let _ = watched.grades(4, SILENT);
    let _ = watched.story.updated(present("ada"));
    assert_eq!(watched.grades(20, SILENT), [Good; 20]);
    // Unmuted: 5 s from then.
    let _ = watched.story.updated(Present { sends: crate::Sends::Sound, ..present("ada") });
    assert_eq!(watched.grades(5, SILENT), [Good, Good, Good, Good, Lost]);
}

#[test]
fn cm_15_while_no_signalling_reaches_them_nothing_is_torn_down() {
    let mut watched = Watched::new();
    let _ = watched.grades(3, CLEAR);
    let _ = watched.story.tell(Input::SignalingDown);
    for _ in 0..20 {
        assert_eq!(orders(&watched.second(SILENT)), [""; 0]);
    }
    assert_eq!(watched.quality().grade, Lost, "but it is said");
    let _ = watched.story.tell(Input::SignalingUp);
    assert_eq!(orders(&watched.second(SILENT)), ["create-offer ada#1 restart"]);
}

#[test]
fn cm_15_one_packet_after_each_new_connection_is_no_cure() {
    let mut watched = Watched::new();
    let _ = watched.grades(6, CLEAR);
    let mut closed = Vec::new();
    for _ in 0..400 {
        // A track that gives one frame when somebody begins to look, and then nothing.
        let is_new = watched.sample.packets_received == 0 && watched.attempt > 1;
        let lines = watched.second(Second { came: u64::from(is_new), ..CLEAR });
        if orders(&lines).iter().any(|line| line.starts_with("create-offer")) {
            let _ = watched.story.local_set("ada", watched.attempt, "mo-x");
            let _ = watched.story.answer("ada", watched.attempt, 2, "ada-x");
            let _ = watched.story.remote_set("ada", watched.attempt);
        }
        if orders(&lines).iter().any(|line| line.starts_with("close")) {
            closed.push(watched.story.now_ms() / 1_000);
            let at = watched.story.now_ms() + 2_000;
            let _ = watched.story.until(at);
            watched.attempt += 1;
            let _ = watched.story.connect("ada", watched.attempt);
            watched.sample = StatsSample::default();
        }
    }
    assert!(closed.len() <= 4, "rarer and rarer, not {closed:?}");
}

#[test]
fn cm_15_a_machine_that_slept_has_heard_no_silence() {
    let mut watched = Watched::new();
    let _ = watched.grades(6, CLEAR);
    watched.story.now = watched.story.now + 3_600_000;
    let lines = watched.tell(watched.sample.clone());
    assert_eq!(orders(&lines), [""; 0], "{lines:?}");
    assert_eq!(watched.quality().grade, Good);
}

#[test]
fn cm_15_nobody_is_frozen_where_it_is_switched_off() {
    let mut story = Story::with(Settings { sample_ms: 1_000, frozen_ms: 0, ..punctual() }, 7);
    let _ = story.tell(Input::SignalingUp);
    let _ = story.tell(Input::Media(Media::Ready));
    let _ = story.joined_as("r", &[Present { sends: crate::Sends::Sound, ..present("ada") }], 1);
    let _ = story.connect("ada", 1);
    let mut watched = Watched { story, attempt: 1, sample: StatsSample::default() };
    assert_eq!(watched.grades(20, SILENT), [Good; 20]);
}

#[test]
fn cm_15_another_try_by_hand_is_watched_over_from_the_beginning() {
    let mut watched = Watched::new();
    let _ = watched.grades(6, CLEAR);
    let _ = watched.grades(5, SILENT);
    let _ = watched.story.tell(Input::ClosePeer { peer: id("ada").into() });
    let _ = watched.story.tell(Input::Retry { peer: id("ada").into() });
    let at = watched.story.now_ms() + 1_000;
    let _ = watched.story.until(at);
    let _ = watched.story.connect("ada", 2);
    (watched.attempt, watched.sample) = (2, StatsSample::default());
    // The first packet has three times as long.
    let _ = watched.grades(14, SILENT);
    assert_eq!(orders(&watched.second(SILENT)), ["create-offer ada#2 restart"]);
}

#[test]
fn cm_15_who_sends_in_one_of_two_rooms_sends() {
    let mut watched = Watched::new();
    let _ = watched.story.joined_as("s", &[present("ada")], 1);
    let _ = watched.grades(6, CLEAR);
    assert_eq!(watched.grades(5, SILENT).last(), Some(&Lost));
    let _ = watched.story.tell(Input::LeaveRoom { room_id: super::story::room("r") });
    assert_eq!(watched.grades(1, SILENT), [Good], "in the room that is left, nothing is published");
}
