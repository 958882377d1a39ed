//! Offers and answers, data channels, restarts and reloads.

use crate::common::{Plan, Send, World, id, seat};
use parlor_proto::{Source, TrackLabel};
use parlor_sfu::{EndReason, Event, Freed, Input, OfferError, WantedReason};
use str0m::media::Direction;

const TALKS: Plan = Plan { sends: Send::Audio, audio_slots: 2, video_slots: 0, data: true, red: false };

fn pair() -> World {
    let mut world = World::new();
    world.join("ann", TALKS);
    world.join("bob", TALKS);
    world.connect_all();
    world.run(500);
    world
}

#[test]
fn vc_01_a_frame_reaches_all_others_with_its_sender_in_it() {
    let mut world = pair();
    world.join("cat", Plan { sends: Send::Nothing, audio_slots: 0, video_slots: 0, data: true, red: false });
    world.connect_all();
    world.run(500);
    assert!(
        world.client_mut("ann").say(r#"{"type":"chat","data":{"roomId":"r","text":"hi","userId":"bob"}}"#)
    );
    assert!(world.client_mut("ann").say("nonsense"));
    world.run(200);
    let expected = r#"{"type":"chat","data":{"roomId":"r","text":"hi","userId":"ann"}}"#;
    assert_eq!(world.client("bob").frames, [expected]);
    assert_eq!(world.client("cat").frames, [expected], "also by who has nothing but a data channel");
    assert!(world.client("ann").frames.is_empty());
    let totals = world.hub.ledger().totals;
    assert_eq!((totals.frames_relayed, totals.frames_dropped), (2, 1));
    let message = r#"{"type":"message","data":{"roomId":"r","to":"cat","payload":1}}"#;
    world.client_mut("bob").say(message);
    world.run(200);
    assert_eq!(
        (world.client("ann").frames.len(), world.client("cat").frames.len()),
        (0, 2),
        "to one is to one"
    );
}

#[test]
fn vc_01_a_flood_of_frames_is_cut() {
    let mut world = pair();
    for _ in 0..1_000 {
        world.client_mut("ann").say(r#"{"type":"x","data":{}}"#);
    }
    world.run(1_000);
    let count = world.client("bob").frames.len();
    assert!((200..=320).contains(&count), "{count}");
    assert_eq!(world.hub.ledger().totals.frames_dropped as usize, 1_000 - count);
}

#[test]
fn vc_01_an_ice_restart_keeps_the_media_and_the_transport() {
    let mut world = pair();
    let gaps = |world: &World| {
        let got = &world.client("bob").got;
        got.windows(2).map(|two| two[1].seq - two[0].seq).max().unwrap()
    };
    let old = world.hub.ledger();
    world.client_mut("ann").restart_ice();
    world.offer(0);
    world.run(2_000);
    assert_eq!(gaps(&world), 1, "no packet of sound is lost");
    let now = world.hub.ledger();
    assert_eq!(
        (now.transports, now.producers, now.consumers, now.slots),
        (old.transports, old.producers, old.consumers, old.slots)
    );
    assert_eq!(now.routes, old.routes, "the old fragment is forgotten");
    // What comes from another address after the restart is found by the new fragment.
    let before = world.client("bob").got.len();
    world.run(500);
    assert!(world.client("bob").got.len() > before + 20);
}

#[test]
fn vc_06_a_lost_path_asks_for_a_restart_and_comes_back_with_it() {
    let mut world = pair();
    let address = world.client("ann").address;
    world.net.cut(address, true);
    world.run_until(30_000, "the loss shows", |world| world.happened("ann", &Event::PathLost));
    assert_eq!(world.wanted, [(seat("ann"), WantedReason::PathLost)]);
    world.net.cut(address, false);
    world.client_mut("ann").restart_ice();
    world.offer(0);
    world.run_until(5_000, "it is back", |world| world.happened("ann", &Event::PathBack));
    let before = world.client("bob").got.len();
    world.run(500);
    assert!(world.client("bob").got.len() > before + 20);
}

#[test]
fn vc_05_a_path_that_stays_lost_ends_the_transport() {
    let mut world = pair();
    let address = world.client("ann").address;
    world.net.cut(address, true);
    let freed = Freed { consumers: 1, producers: 1, slots: 2 };
    let gone = Event::Gone { reason: EndReason::PathLost, freed };
    // Its consumer's producer is bob, who is heard all the time.
    world.run_until(60_000, "the end", |world| world.happened("ann", &gone));
    assert_eq!(world.wanted.last(), Some(&(seat("ann"), WantedReason::TransportGone)));
    assert_eq!(world.hub.ledger().transports, 1);
}

#[test]
fn vc_05_who_never_connects_is_freed() {
    let mut world = World::new();
    world.join("ann", TALKS);
    let address = world.client("ann").address;
    world.net.cut(address, true);
    world.run(31_000);
    let gone = Event::Gone {
        reason: EndReason::NotConnected,
        freed: Freed { consumers: 0, producers: 1, slots: 2 },
    };
    assert!(world.happened("ann", &gone), "{:?}", world.events);
    assert!(world.hub.ledger().is_empty());
}

#[test]
fn vc_01_a_reload_is_a_new_transport_and_the_old_one_is_gone() {
    let mut world = pair();
    world.client_mut("ann").is_sending = false;
    let old_address = world.client("ann").address;
    // The page's new document begins to count anew.
    world.join("ann", TALKS);
    assert_ne!(world.client("ann").address, old_address);
    world.connect_all();
    world.run(500);
    let gone = |event: &Event| matches!(event, Event::Gone { reason: EndReason::Replaced, .. });
    assert!(world.events.iter().any(|(who, event)| *who == seat("ann") && gone(event)));
    let ledger = world.hub.ledger();
    assert_eq!((ledger.transports, ledger.producers, ledger.consumers), (2, 2, 2));
    let before = world.client("bob").got.len();
    world.run(500);
    assert!(world.client("bob").got.len() > before + 20, "the new one is heard");
    assert_eq!(world.client("bob").in_slots(), ["ann"]);
}

#[test]
fn vc_01_offers_of_an_older_attempt_count_for_nothing_and_a_repeated_one_gets_the_same_answer() {
    let mut world = pair();
    let mut client = crate::common::Client::new("ann", 40, world.now, TALKS);
    let (sdp, tracks) = client.make_offer().unwrap();
    let ledger = world.hub.ledger();
    let offer = |attempt, n| parlor_sfu::Offer {
        seat: seat("ann"),
        instance: parlor_proto::Instance::parse("i0").unwrap(),
        attempt,
        n,
        sdp: sdp.clone(),
        tracks: tracks.clone(),
    };
    world.hub.handle_input(world.now, Input::Offer(offer(0, 9)));
    assert_eq!(world.hub.poll_output(), None);
    assert_eq!(world.hub.ledger().transports, ledger.transports);
    world.hub.handle_input(world.now, Input::Offer(offer(1, 1)));
    let answer = parlor_sfu::Output::Answer {
        seat: seat("ann"),
        attempt: 1,
        n: 1,
        sdp: world.client("ann").answer.clone(),
    };
    assert_eq!(world.hub.poll_output(), Some(answer));
    world.hub.handle_input(world.now, Input::Offer(offer(2, 1)));
    let outputs: Vec<_> = std::iter::from_fn(|| world.hub.poll_output()).collect();
    let is_replaced = |output: &parlor_sfu::Output| {
        matches!(
            output,
            parlor_sfu::Output::Log { event: Event::Gone { reason: EndReason::Replaced, .. }, .. }
        )
    };
    assert!(outputs.iter().any(is_replaced));
}

#[test]
fn vc_01_a_track_that_is_taken_back_is_a_producer_no_more() {
    let mut world = pair();
    let mid = world.client("ann").audio_mid.unwrap();
    world.client_mut("ann").change_direction(mid, Direction::Inactive);
    world.offer(0);
    world.run(100);
    let ledger = world.hub.ledger();
    assert_eq!((ledger.producers, ledger.consumers), (1, 1));
    assert!(world.client("bob").in_slots().is_empty());
    world.client_mut("ann").change_direction(mid, Direction::SendOnly);
    world.offer(0);
    world.run(500);
    assert_eq!(world.client("bob").in_slots(), ["ann"]);
}

#[test]
fn vc_01_sendrecv_is_answered_recvonly_and_is_no_slot() {
    let mut world = World::new();
    world.clients.push(crate::common::Client::new("ann", 0, world.now, Plan { audio_slots: 0, ..TALKS }));
    let (sdp, tracks) = world.clients[0].make_offer().unwrap();
    world.offer_text(0, sdp.replace("a=sendonly", "a=sendrecv"), tracks);
    let answer = &world.clients[0].answer;
    assert!(
        answer.contains("a=recvonly") && !answer.contains("a=sendrecv") && !answer.contains("a=sendonly"),
        "{answer}"
    );
    assert_eq!((world.hub.ledger().producers, world.hub.ledger().slots), (1, 0));
}

#[test]
fn vc_01_codecs_that_are_not_forwarded_are_rejected_in_the_answer() {
    let mut world = World::new();
    world.clients.push(crate::common::Client::new("ann", 0, world.now, Plan { sends: Send::Both, ..TALKS }));
    let client = &mut world.clients[0];
    let (sdp, _) = client.make_offer().unwrap();
    // Nothing is left in the video section but a codec that nobody knows.
    let is_kept = |line: &&str| {
        let of_video = |prefix: &str| line.starts_with(prefix) && !line.contains("opus");
        !(of_video("a=rtpmap:") || line.starts_with("a=fmtp:") || line.starts_with("a=rtcp-fb:"))
    };
    let lines: Vec<String> = sdp
        .lines()
        .filter(is_kept)
        .flat_map(|line| match line.strip_prefix("m=video ") {
            Some(_) if line.contains("SAVPF") => vec!["m=video 9 UDP/TLS/RTP/SAVPF 99".to_owned()],
            _ => vec![line.to_owned()],
        })
        .collect();
    let text = lines.join("\r\n") + "\r\n";
    let head = "m=video 9 UDP/TLS/RTP/SAVPF 99\r\nc=IN IP4 0.0.0.0\r\n";
    assert!(text.contains(head));
    client.pending = None;
    world.offer_text(0, text.replace(head, &format!("{head}a=rtpmap:99 AV1/90000\r\n")), Vec::new());
    let answer = &world.clients[0].answer;
    assert!(answer.contains("m=video 0 "), "{:?} {answer}", world.refused);
    assert_eq!(world.hub.ledger().producers, 1);
}

#[test]
fn vc_01_offers_that_cannot_be_answered_are_refused_and_leave_nothing() {
    let mut world = World::new();
    world.clients.push(crate::common::Client::new("ann", 0, world.now, TALKS));
    let (sdp, _) = world.clients[0].make_offer().unwrap();
    world.clients[0].pending = None;
    let bad_label = vec![TrackLabel { mid: "nowhere".to_owned(), source: Source::Camera }];
    let no_print: String =
        sdp.lines().filter(|l| !l.contains("fingerprint")).map(|l| format!("{l}\r\n")).collect();
    for (text, labels) in [
        ("", Vec::new()),
        ("v=0\r\n", Vec::new()),
        ("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:a-b\r\n", Vec::new()),
        (sdp.as_str(), bad_label),
        (no_print.as_str(), Vec::new()),
        (&"x".repeat(300_000), Vec::new()),
    ] {
        let before = world.refused.len();
        world.offer_text(0, text.to_owned(), labels);
        assert_eq!(world.refused.len(), before + 1, "{:.60}", text);
        assert!(world.hub.ledger().is_empty());
    }
    assert!(world.refused.iter().any(|(_, why)| matches!(why, OfferError::BadLabel(_))));
    assert_eq!(world.refused.last().map(|(_, why)| why), Some(&OfferError::TooLarge));
    let _ = id("ann");
}
