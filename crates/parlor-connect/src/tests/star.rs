//! Stars: the hub as one more end, rooms that move to it and back, and what is said of those who are heard through it.

use parlor_proto::{ErrorCode, Grade, Mix, Mode, Phase, Topology};

use super::story::{Story, id, orders, present, punctual, room, states, with_mo};
use crate::{
    Input, JoinedRoom, Media, OfferAsked, Present, Refused, Remote, RoomJoined, RoomSettings, RoomUpdated,
    Sends, Settings, Signal, Status, TopologyMoved,
};

const AUTO: RoomSettings = RoomSettings { topology: Topology::Auto, mix: Mix::Direct };

impl Story {
    fn joined_in(&mut self, settings: RoomSettings, mode: Mode, others: &[Present]) -> Vec<String> {
        let room = JoinedRoom { id: room("r"), settings };
        let participants = with_mo(others);
        self.signal(Signal::RoomJoined(RoomJoined { room, participants, topology: mode, epoch: 1 }))
    }

    /// `mo` in a star with these, connected.
    fn in_star(others: &[&str]) -> Self {
        let mut story = Self::new();
        let others: Vec<Present> = others.iter().copied().map(present).collect();
        let settings = RoomSettings { topology: Topology::Sfu, mix: Mix::Direct };
        let _ = story.joined_in(settings, Mode::Sfu, &others);
        let _ = story.connect_hub(1);
        // Time for another attempt.
        let _ = story.until(200);
        story
    }

    fn connect_hub(&mut self, attempt: u32) -> Vec<String> {
        let mut lines = self.local_set("hub/r", attempt, &format!("mo-{attempt}"));
        lines.extend(self.hub_answers(attempt, 1));
        lines.extend(self.remote_set("hub/r", attempt));
        lines.extend(self.works("hub/r", attempt));
        lines
    }

    fn hub_answers(&mut self, attempt: u32, n: u32) -> Vec<String> {
        let mut answer = super::story::description("hub", attempt, n, &format!("hub-{attempt}"));
        answer.room_id = Some(room("r"));
        self.signal(Signal::Answer(answer))
    }

    fn moves(&mut self, mode: Mode, change: u32, phase: Phase) -> Vec<String> {
        self.signal(Signal::Topology(TopologyMoved { room_id: room("r"), mode, change, phase }))
    }

    fn offer_wanted(&mut self, reason: &str) -> Vec<String> {
        self.signal(Signal::OfferWanted(OfferAsked { room_id: room("r"), reason: reason.to_owned() }))
    }

    fn refused(&mut self, code: ErrorCode, attempt: u32) -> Vec<String> {
        let (to, room_id) = (Some(parlor_proto::UserId::hub()), Some(room("r")));
        let message = "no hub here".to_owned();
        self.signal(Signal::Error(Refused { code, message, to, room_id, attempt: Some(attempt) }))
    }
}

/// A mesh of `mo`, `ada`, `bea` and `cy`, all connected, whose path to the hub is warm.
fn warm_mesh() -> Story {
    let mut story = Story::new();
    let _ = story.joined_in(AUTO, Mode::Mesh, &[present("ada"), present("bea"), present("cy")]);
    let _ = story.until(400);
    for name in ["ada", "bea", "cy"] {
        let _ = story.connect(name, 1);
    }
    let now = story.now_ms();
    let _ = story.until(now + 200);
    let _ = story.connect_hub(1);
    story
}

#[test]
fn cm_02_in_a_star_the_participant_offers_to_the_hub_and_to_nobody_else() {
    let mut story = Story::new();
    let settings = RoomSettings { topology: Topology::Sfu, mix: Mix::Direct };
    let lines = story.joined_in(settings, Mode::Sfu, &[present("ada"), present("zoe")]);
    assert_eq!(
        lines,
        [
            "open hub/r#1",
            "create-offer hub/r#1",
            "path r sfu, hub is sent to",
            "state ada connecting making-offer",
            "state zoe connecting making-offer",
            "state hub/r connecting making-offer",
        ]
    );
    assert_eq!(orders(&story.local_set("hub/r", 1, "mo-1")), ["send offer hub#1 n1 mo-1"]);
    assert_eq!(orders(&story.hub_answers(1, 1)), ["set-answer hub/r#1 hub-1"]);
    assert_eq!(orders(&story.remote_set("hub/r", 1)), [""; 0]);
    let lines = story.works("hub/r", 1);
    assert_eq!(states(&lines), ["ada connected", "zoe connected", "hub/r connected"]);
}

#[test]
fn cm_02_an_offer_of_the_hub_counts_for_nothing() {
    let mut story = Story::in_star(&["ada"]);
    let mut offer = super::story::description("hub", 2, 1, "hub-2");
    offer.room_id = Some(room("r"));
    assert_eq!(story.signal(Signal::Offer(offer)), [""; 0]);
}

#[test]
fn au_06_the_state_of_who_is_heard_through_the_hub_is_the_worse_of_two_paths() {
    let mut story = Story::in_star(&["ada"]);
    assert_eq!(story.status("ada"), Status::Connected);
    let lost = Present { grade: Some(Grade::Lost), ..present("ada") };
    assert_eq!(story.updated(lost), ["state ada connecting"]);
    let fair = Present { grade: Some(Grade::Fair), ..present("ada") };
    assert_eq!(story.updated(fair), ["state ada connected"]);
    // One's own path goes.
    let lines = story.ice_fails("hub/r", 1);
    assert_eq!(states(&lines), ["ada connecting making-offer", "hub/r connecting making-offer"]);
}

#[test]
fn au_06_a_grade_that_was_told_before_a_move_counts_no_more() {
    let mut story = Story::in_star(&["ada"]);
    let _ = story.updated(Present { grade: Some(Grade::Lost), ..present("ada") });
    assert_eq!(story.status("ada"), Status::Connecting);
    let _ = story.moves(Mode::Sfu, 1, Phase::Commit);
    assert_eq!(story.status("ada"), Status::Connected);
}

#[test]
fn cm_17_the_quality_of_who_is_heard_through_the_hub_is_the_worse_of_two() {
    let mut story = Story::with(Settings { jitter_percent: 0, ..Settings::default() }, 7);
    let _ = story.tell(Input::SignalingUp);
    let _ = story.tell(Input::Media(Media::Ready));
    let poor = Present { grade: Some(Grade::Poor), ..present("ada") };
    let settings = RoomSettings { topology: Topology::Sfu, mix: Mix::Direct };
    let _ = story.joined_in(settings, Mode::Sfu, &[poor, present("bea")]);
    let _ = story.connect_hub(1);
    let _ = story.until(1_000);
    let sample = crate::StatsSample::default();
    let _ = story.tell(Input::StatsSampled { peer: Remote::Hub(room("r")), attempt: 1, sample });
    let grade = |who: &str| story.manager.quality(&Remote::parse(who).unwrap()).map(|quality| quality.grade);
    assert_eq!(grade("hub/r"), Some(Grade::Good));
    assert_eq!(grade("ada"), Some(Grade::Poor));
    assert_eq!(grade("bea"), Some(Grade::Good));
}

#[test]
fn cm_09_who_leaves_a_star_is_removed_and_the_hub_stays() {
    let mut story = Story::in_star(&["ada", "zoe"]);
    let lines = story.left("r", "ada", parlor_proto::LeaveReason::Left, &["zoe"]);
    assert_eq!(lines, ["state ada disconnected", "removed ada"]);
    let lines = story.tell(Input::LeaveRoom { room_id: room("r") });
    assert_eq!(
        lines,
        ["close hub/r#1", "state zoe disconnected", "removed zoe", "state hub/r disconnected", "path r mesh",]
    );
}

#[test]
fn cm_09_two_who_share_a_mesh_and_a_star_hear_each_other_directly() {
    let mut story = Story::in_star(&["ada"]);
    let lines = story.joined("s", &["ada"]);
    assert_eq!(lines, ["open ada#1", "create-offer ada#1", "state ada connecting making-offer"]);
    // Out of the mesh, through the hub.
    let lines = story.tell(Input::LeaveRoom { room_id: room("s") });
    assert_eq!(lines, ["close ada#1", "state ada connected"]);
}

#[test]
fn rr_12_a_room_of_three_keeps_no_path_to_the_hub_ready_and_one_of_four_does_last_of_all() {
    let mut story = Story::new();
    let _ = story.joined_in(AUTO, Mode::Mesh, &[present("ada"), present("bea")]);
    let _ = story.until(200);
    let _ = story.connect("ada", 1);
    let _ = story.connect("bea", 1);
    story.silence(800);
    let lines = story.came("r", &[present("ada"), present("bea"), present("cy")], 1);
    assert_eq!(orders(&lines), ["open cy#1", "create-offer cy#1"]);
    assert_eq!(orders(&story.until(2_000)), [""; 0], "the hub waits for cy");
    let lines = story.connect("cy", 1);
    assert_eq!(orders(&lines).last(), Some(&"create-offer hub/r#1"));
    assert!(story.manager.connections().iter().all(|one| one.remote_peer_id.hub_of().is_none()));
}

#[test]
fn rr_12_a_room_pinned_to_a_mesh_keeps_no_path_to_the_hub() {
    let mut story = Story::new();
    let others = [present("ada"), present("bea"), present("cy")];
    let pinned = RoomSettings { topology: Topology::Auto, mix: Mix::Host };
    let _ = story.joined_in(pinned, Mode::Mesh, &others);
    for name in ["ada", "bea", "cy"] {
        let now = story.now_ms();
        let _ = story.until(now + 200);
        let _ = story.connect(name, 1);
    }
    story.silence(2_000);
    let updated =
        |room| Signal::RoomUpdated(RoomUpdated { room_id: super::story::room("r"), room, epoch: 1 });
    let lines = story.signal(updated(AUTO));
    assert_eq!(orders(&lines), ["open hub/r#1", "create-offer hub/r#1"]);
    let lines = story.signal(updated(pinned));
    assert_eq!(orders(&lines), ["close hub/r#1"]);
}

#[test]
fn rr_12_a_room_moves_to_the_hub_make_before_break() {
    let mut story = warm_mesh();
    let now = story.now_ms();
    assert_eq!(story.moves(Mode::Sfu, 1, Phase::Prepare), ["path r mesh, hub is sent to"]);
    // What is sent has 400 ms to arrive.
    assert_eq!(story.until(now + 399), [""; 0]);
    assert_eq!(story.until(now + 400), [format!("{} send ready r 1", now + 400)]);
    assert_eq!(story.moves(Mode::Sfu, 1, Phase::Commit), ["path r sfu, hub is sent to"]);
    // The old path stays for a second.
    assert_eq!(story.until(now + 1_399), [""; 0]);
    let lines = story.until(now + 1_400);
    let at = now + 1_400;
    let closed = ["ada", "bea", "cy"].map(|name| format!("{at} close {name}#1"));
    assert_eq!(lines, closed, "nobody is removed");
    assert_eq!(story.status("ada"), Status::Connected);
}

#[test]
fn rr_12_a_room_moves_back_to_a_mesh_make_before_break() {
    let mut story = Story::in_star(&["ada"]);
    let lines = story.moves(Mode::Mesh, 3, Phase::Prepare);
    assert_eq!(orders(&lines), ["open ada#1", "create-offer ada#1"]);
    assert_eq!(states(&lines), [""; 0], "she is heard through the hub");
    let _ = story.connect("ada", 1);
    let now = story.now_ms();
    assert_eq!(story.until(now + 400), [format!("{} send ready r 3", now + 400)]);
    assert_eq!(story.moves(Mode::Mesh, 3, Phase::Commit), ["path r mesh, hub is sent to"]);
    let at = now + 1_400;
    let lines = story.until(at);
    assert_eq!(
        lines,
        [
            format!("{at} close hub/r#1"),
            format!("{at} state hub/r disconnected"),
            format!("{at} path r mesh"),
        ]
    );
    assert_eq!(story.status("ada"), Status::Connected);
}

#[test]
fn rr_12_the_hub_is_kept_after_a_move_while_somebody_is_not_reached_directly() {
    let mut story = Story::in_star(&["ada"]);
    let _ = story.moves(Mode::Mesh, 3, Phase::Prepare);
    // Others were slow: the server did not wait for them, nor for this one.
    let _ = story.moves(Mode::Mesh, 3, Phase::Commit);
    let now = story.now_ms();
    assert_eq!(closed(&story.until(now + 2_500)), [""; 0], "she is still heard through the hub");
    let _ = story.connect("ada", 1);
    assert_eq!(closed(&story.until(now + 3_000)), [format!("{} close hub/r#1", now + 3_000)]);
}

#[test]
fn rr_12_who_is_never_reached_directly_does_not_keep_the_hub_for_ever() {
    let mut story = Story::in_star(&["ada"]);
    let _ = story.moves(Mode::Mesh, 3, Phase::Prepare);
    let _ = story.moves(Mode::Mesh, 3, Phase::Commit);
    let now = story.now_ms();
    assert_eq!(closed(&story.until(now + 9_999)), [""; 0]);
    assert_eq!(closed(&story.until(now + 10_000)), [format!("{} close hub/r#1", now + 10_000)]);
}

/// Of these lines, those that close the connection with the hub.
fn closed(lines: &[String]) -> Vec<String> {
    lines.iter().filter(|line| line.contains("close hub")).cloned().collect()
}

#[test]
fn rr_12_ready_is_not_said_before_the_hub_is_connected() {
    let mut story = Story::new();
    let _ = story.joined_in(AUTO, Mode::Mesh, &[present("ada")]);
    let _ = story.connect("ada", 1);
    let _ = story.until(200);
    let lines = story.moves(Mode::Sfu, 1, Phase::Prepare);
    assert_eq!(orders(&lines), ["open hub/r#1", "create-offer hub/r#1", "path r mesh, hub is sent to"]);
    story.silence(2_000);
    let _ = story.connect_hub(1);
    let now = story.now_ms();
    assert_eq!(story.until(now + 400), [format!("{} send ready r 1", now + 400)]);
}

#[test]
fn rr_12_frames_of_an_older_move_count_for_nothing() {
    let mut story = warm_mesh();
    let _ = story.moves(Mode::Sfu, 2, Phase::Prepare);
    assert_eq!(story.moves(Mode::Sfu, 1, Phase::Commit), [""; 0]);
    // A newer one takes its place.
    let _ = story.moves(Mode::Mesh, 3, Phase::Prepare);
    let now = story.now_ms();
    assert_eq!(story.until(now + 400), [format!("{} send ready r 3", now + 400)]);
}

#[test]
fn rr_12_a_hub_that_was_given_up_is_tried_again_when_the_room_needs_it() {
    let mut story = Story::new();
    let _ = story.joined_in(AUTO, Mode::Mesh, &[present("ada")]);
    let _ = story.connect("ada", 1);
    let _ = story.until(200);
    let away = |name: &str| Present { suspect: true, ..present(name) };
    let _ = story.came("r", &[present("ada"), away("bea"), away("cy")], 1);
    let _ = story.local_set("hub/r", 1, "mo-1");
    assert_eq!(story.refused(ErrorCode::Forbidden, 1), ["close hub/r#1", "state hub/r disconnected"]);
    story.silence(60_000);
    let lines = story.moves(Mode::Sfu, 1, Phase::Prepare);
    assert_eq!(orders(&lines), ["open hub/r#2", "create-offer hub/r#2", "path r mesh, hub is sent to"]);
}

#[test]
fn cm_07_a_hub_that_refuses_for_good_is_given_up_and_a_person_may_try_again() {
    let mut story = Story::new();
    let settings = RoomSettings { topology: Topology::Sfu, mix: Mix::Direct };
    let _ = story.joined_in(settings, Mode::Sfu, &[present("ada")]);
    let _ = story.local_set("hub/r", 1, "mo-1");
    assert_eq!(story.refused(ErrorCode::Forbidden, 7), [""; 0], "of another attempt");
    let lines = story.refused(ErrorCode::Forbidden, 1);
    assert_eq!(orders(&lines), ["close hub/r#1", "gave up hub/r: the server refused it (no hub here)"]);
    assert_eq!(story.status("ada"), Status::FailedPermanent);
    let lines = story.tell(Input::Retry { peer: id("ada").into() });
    assert_eq!(orders(&lines), [""; 0], "200 ms between two attempts");
    let lines = story.until(200);
    assert_eq!(orders(&lines), ["200 open hub/r#2", "200 create-offer hub/r#2"]);
}

#[test]
fn cm_06_a_hub_that_is_busy_is_tried_again() {
    let mut story = Story::new();
    let settings = RoomSettings { topology: Topology::Sfu, mix: Mix::Direct };
    let _ = story.joined_in(settings, Mode::Sfu, &[present("ada")]);
    let _ = story.local_set("hub/r", 1, "mo-1");
    assert_eq!(orders(&story.refused(ErrorCode::ServerError, 1)), ["close hub/r#1"]);
    assert_eq!(orders(&story.until(2_000)), ["2000 open hub/r#2", "2000 create-offer hub/r#2"]);
}

#[test]
fn cm_06_the_hub_asks_for_new_ice_or_for_a_new_connection() {
    let mut story = Story::in_star(&["ada"]);
    let lines = story.offer_wanted("path-lost");
    assert_eq!(orders(&lines), ["create-offer hub/r#1 restart"]);
    assert_eq!(story.offer_wanted("transport-gone"), [""; 0], "an offer is under way");
    let _ = story.local_set("hub/r", 1, "mo-1b");
    let _ = story.hub_answers(1, 2);
    let _ = story.remote_set("hub/r", 1);
    let lines = story.offer_wanted("transport-gone");
    assert_eq!(orders(&lines), ["close hub/r#1", "open hub/r#2", "create-offer hub/r#2"]);
}

#[test]
fn cm_16_a_new_session_has_a_new_connection_with_the_hub() {
    let mut story = Story::in_star(&["ada"]);
    let _ = story.tell(Input::SignalingDown);
    story.silence(1_000);
    assert_eq!(story.status("ada"), Status::Connected, "media goes on");
    let _ = story.tell(Input::SignalingUp);
    let settings = RoomSettings { topology: Topology::Sfu, mix: Mix::Direct };
    let lines = story.joined_in(settings, Mode::Sfu, &[present("ada")]);
    assert_eq!(orders(&lines), ["close hub/r#1", "open hub/r#2", "create-offer hub/r#2"]);
}

#[test]
fn cm_15_of_the_hub_packets_are_expected_only_while_somebody_has_a_microphone_on() {
    let mut story = Story::with(Settings { jitter_percent: 0, ..Settings::default() }, 7);
    let _ = story.tell(Input::SignalingUp);
    let _ = story.tell(Input::Media(Media::Ready));
    let settings = RoomSettings { topology: Topology::Sfu, mix: Mix::Direct };
    let pictures = Present { sends: Sends::Pictures, ..present("ada") };
    let _ = story.joined_in(settings, Mode::Sfu, &[pictures]);
    let _ = story.connect_hub(1);
    let silent = |story: &mut Story, seconds: u64| {
        let mut lines = Vec::new();
        for _ in 0..seconds {
            let now = story.now_ms();
            let _ = story.until(now + 1_000);
            let sample = crate::StatsSample::default();
            lines.extend(story.tell(Input::StatsSampled {
                peer: Remote::Hub(room("r")),
                attempt: 1,
                sample,
            }));
        }
        lines
    };
    assert_eq!(orders(&silent(&mut story, 30)), [""; 0], "the hub forwards pictures to who asks for them");
    let _ = story.updated(Present { sends: Sends::Sound, ..present("ada") });
    assert_eq!(orders(&silent(&mut story, 20)).first(), Some(&"create-offer hub/r#1 restart"));
}

#[test]
fn rr_12_pages_that_may_not_warm_up_do_not() {
    let mut story = Story::with(Settings { warm_from: 0, ..punctual() }, 7);
    let _ = story.tell(Input::SignalingUp);
    let _ = story.tell(Input::Media(Media::Ready));
    let _ = story.joined_in(AUTO, Mode::Mesh, &[present("ada"), present("bea"), present("cy")]);
    let _ = story.until(400);
    for name in ["ada", "bea", "cy"] {
        let _ = story.connect(name, 1);
    }
    story.silence(5_000);
}

#[test]
fn cm_15_who_is_lost_or_away_is_no_reason_to_expect_packets_of_the_hub() {
    let lost = Present { grade: Some(Grade::Lost), sends: Sends::Sound, ..present("ada") };
    let away = Present { suspect: true, sends: Sends::Sound, ..present("ada") };
    for (ada, voices) in [(lost, 6), (away, 6), (Present { sends: Sends::Sound, ..present("ada") }, 0)] {
        let settings = Settings { jitter_percent: 0, hub_voices: voices, ..Settings::default() };
        let mut story = Story::with(settings, 7);
        let _ = story.tell(Input::SignalingUp);
        let _ = story.tell(Input::Media(Media::Ready));
        let settings = RoomSettings { topology: Topology::Sfu, mix: Mix::Direct };
        let _ = story.joined_in(settings, Mode::Sfu, &[ada]);
        let _ = story.connect_hub(1);
        for _ in 0..30 {
            let now = story.now_ms();
            let _ = story.until(now + 1_000);
            let sample = crate::StatsSample::default();
            let lines = story.tell(Input::StatsSampled { peer: Remote::Hub(room("r")), attempt: 1, sample });
            assert_eq!(orders(&lines), [""; 0]);
        }
    }
}

#[test]
fn rr_12_a_hub_that_was_given_up_is_tried_again_when_the_room_is_found_to_be_a_star() {
    let mut story = Story::new();
    let settings = RoomSettings { topology: Topology::Sfu, mix: Mix::Direct };
    let _ = story.joined_in(settings, Mode::Sfu, &[present("ada")]);
    let _ = story.local_set("hub/r", 1, "mo-1");
    let _ = story.refused(ErrorCode::Forbidden, 1);
    let _ = story.tell(Input::SignalingDown);
    story.silence(1_000);
    let _ = story.tell(Input::SignalingUp);
    let lines = story.joined_in(settings, Mode::Sfu, &[present("ada")]);
    assert_eq!(orders(&lines), ["open hub/r#2", "create-offer hub/r#2"]);
}

#[test]
fn rr_12_back_in_a_mesh_the_polite_side_waits_as_ever() {
    let mut story = Story::new();
    let _ = story.joined_in(AUTO, Mode::Mesh, &[present("zoe")]);
    let _ = story.connect("zoe", 1);
    let _ = story.moves(Mode::Sfu, 1, Phase::Prepare);
    let _ = story.connect_hub(1);
    let _ = story.moves(Mode::Sfu, 1, Phase::Commit);
    let now = story.now_ms();
    assert_eq!(orders(&story.until(now + 1_000)), [format!("{} close zoe#1", now + 1_000)]);
    let lines = story.moves(Mode::Mesh, 2, Phase::Prepare);
    assert_eq!(orders(&lines), [""; 0], "zoe offers");
    let lines = story.offer("zoe", 2, 1, "zoe-2");
    assert_eq!(orders(&lines), ["open zoe#2", "set-offer zoe#2 zoe-2"]);
}

#[test]
fn rr_12_a_room_that_is_left_has_no_path_any_more() {
    let mut story = Story::in_star(&["ada"]);
    let lines = story.tell(Input::CloseAll);
    assert_eq!(lines.last().map(String::as_str), Some("path r mesh"));
}

#[test]
fn cm_06_a_new_ice_that_the_hub_asks_for_while_the_path_is_shaky_is_the_one_that_was_to_come() {
    let mut story = Story::in_star(&["ada"]);
    let _ = story.state("hub/r", 1, crate::IceState::Disconnected, crate::ConnectionState::Disconnected);
    let lines = story.offer_wanted("path-lost");
    assert_eq!(orders(&lines), ["create-offer hub/r#1 restart"]);
    story.silence(5_000);
}

#[test]
fn cm_06_a_refused_offer_on_a_connection_that_works_is_taken_back_and_the_next_one_goes_out() {
    let mut story = Story::in_star(&["ada"]);
    let _ = story.negotiation_needed("hub/r", 1);
    let _ = story.local_set("hub/r", 1, "mo-1b");
    let lines = story.refused(ErrorCode::BadMessage, 1);
    assert_eq!(orders(&lines), ["rollback hub/r#1", "warning: an offer was refused: no hub here"]);
    assert_eq!(orders(&story.rolled_back("hub/r", 1)), [""; 0]);
    assert_eq!(orders(&story.negotiation_needed("hub/r", 1)), ["create-offer hub/r#1"]);
}

#[test]
fn rr_12_a_path_that_has_still_something_to_negotiate_is_not_ready() {
    let mut story = warm_mesh();
    let _ = story.moves(Mode::Sfu, 1, Phase::Prepare);
    let _ = story.negotiation_needed("hub/r", 1);
    let _ = story.local_set("hub/r", 1, "mo-1b");
    story.silence(1_000);
    let _ = story.hub_answers(1, 2);
    let _ = story.remote_set("hub/r", 1);
    let now = story.now_ms();
    assert_eq!(story.until(now + 400), [format!("{} send ready r 1", now + 400)]);
}
