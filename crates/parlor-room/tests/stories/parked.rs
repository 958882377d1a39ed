//! What waits for peers who are not there: for how long, how much, and who is told.

use parlor_room::{Config, ConnId, PeerConfig};
use serde_json::{Value, json};

use crate::world::World;

fn with(peers: PeerConfig) -> World {
    World::with(Config { peers, frames_burst: 1_000_000, ..Config::default() })
}

fn expire(absent: &str, to: &str) -> Value {
    json!({"type": "EXPIRE", "src": absent, "dst": to})
}

fn payloads(frames: &[Value]) -> Vec<Value> {
    frames.iter().filter(|frame| frame["type"] != "OPEN").map(|frame| frame["payload"].clone()).collect()
}

/// What waits is bounded, and so is the sum over all.
fn waiting(world: &World) -> (usize, usize) {
    (world.gauges().peer_frames_parked, world.gauges().peer_bytes_parked)
}

#[test]
fn gp_01_who_comes_in_time_gets_open_and_then_what_waited_in_order() {
    let mut world = World::new();
    let ann = world.peer("ann");
    let bob = world.peer("bob");
    world.signal(ann, "ann", "OFFER", "cat", &json!(1));
    world.signal(bob, "bob", "OFFER", "cat", &json!(2));
    world.signal(ann, "ann", "CANDIDATE", "cat", &json!(3));
    world.signal(ann, "ann", "LEAVE", "cat", &json!("not kept"));
    world.signal(ann, "ann", "EXPIRE", "cat", &json!("not kept"));
    world.pass(4_999);
    let cat = world.knock("cat", "t", "peerjs");
    let got = world.take(cat);
    assert_eq!(got[0], json!({"type": "OPEN"}));
    assert_eq!(payloads(&got), [1, 2, 3]);
    world.pass(10_000);
    assert_eq!((world.take(ann), world.take(bob)), (vec![], vec![]), "nobody is told anything");
    for conn in [ann, bob, cat] {
        world.close_tab(conn);
    }
    world.assert_empty();
}

#[test]
fn gp_03_each_who_called_somebody_absent_is_told_once_five_seconds_after_its_own_call() {
    let mut world = World::new();
    let ann = world.peer("ann");
    let bob = world.peer("bob");
    world.signal(ann, "ann", "OFFER", "nobody", &json!(1));
    world.pass(3_000);
    world.signal(bob, "bob", "OFFER", "nobody", &json!(2));
    world.signal(ann, "ann", "CANDIDATE", "nobody", &json!(3));
    world.pass(1_999);
    assert_eq!((world.take(ann), world.take(bob)), (vec![], vec![]));
    world.pass(1);
    assert_eq!((world.take(ann), world.take(bob)), (vec![expire("nobody", "ann")], vec![]), "at 5.0 s");
    world.pass(2_999);
    assert_eq!(world.take(bob), [] as [Value; 0]);
    world.pass(1);
    assert_eq!(world.take(bob), [expire("nobody", "bob")]);
    assert_eq!(waiting(&world), (0, 0));
    let nobody = world.knock("nobody", "t", "peerjs");
    assert_eq!(payloads(&world.take(nobody)), [] as [Value; 0]);
}

#[test]
fn gp_03_ids_that_nobody_can_have_expire_as_they_were_written() {
    let mut world = World::new();
    let ann = world.peer("ann");
    let strange = "no \"id\" \\ \n é\u{1}";
    world.signal(ann, "ann", "OFFER", strange, &json!(1));
    world.signal(ann, "ann", "OFFER", &"x".repeat(300), &json!("nobody has such an id"));
    world.pass(5_000);
    assert_eq!(world.take(ann), [expire(strange, "ann")]);
}

#[test]
fn gp_02_what_waits_survives_the_reconnect_of_its_receiver_and_of_its_sender() {
    let mut world = World::new();
    let ann = world.peer("ann");
    let bob = world.peer("bob");
    world.lose(bob);
    world.signal(ann, "ann", "OFFER", "bob", &json!("while away"));
    world.signal(ann, "ann", "OFFER", "nobody", &json!("for nobody"));
    world.pass(1_000);
    let again = world.knock("ann", "ann", "peerjs");
    world.take(again);
    let bob = world.knock("bob", "bob", "peerjs");
    assert_eq!(payloads(&world.take(bob)), ["while away"]);
    world.pass(4_000);
    assert_eq!(world.take(again), [expire("nobody", "ann")], "at its newer socket");
}

#[test]
fn gp_03_a_call_to_a_half_open_peer_expires_as_well_and_one_that_lives_is_left_alone() {
    let mut world = World::new();
    let ann = world.peer("ann");
    let dead = world.peer("dead");
    let quiet = world.peer("quiet");
    world.silence(dead);
    world.pass(3_000);
    world.signal(ann, "ann", "OFFER", "dead", &json!(1));
    world.signal(ann, "ann", "OFFER", "quiet", &json!(2));
    assert_eq!((world.take(dead).len(), world.take(quiet).len()), (1, 1));
    world.pass(4_999);
    assert_eq!(world.take(ann), [] as [Value; 0]);
    world.pass(1);
    assert_eq!(world.take(ann), [expire("dead", "ann")], "at 5.0 s, though its socket is still open");
    world.pass(60_000);
    assert_eq!(world.take(ann), [] as [Value; 0]);
    assert_eq!(world.gauges().peer_queues, 0);
}

#[test]
fn gp_03_who_comes_back_before_that_is_not_declared_absent() {
    let mut world = World::new();
    let ann = world.peer("ann");
    let bob = world.peer("bob");
    world.silence(bob);
    world.pass(3_000);
    world.signal(ann, "ann", "OFFER", "bob", &json!(1));
    world.pass(2_000);
    let again = world.knock("bob", "bob", "peerjs");
    assert_eq!(world.take(again), [json!({"type": "OPEN"})], "what went to the old socket is not said twice");
    world.pass(20_000);
    assert_eq!(world.take(ann), [] as [Value; 0]);
}

#[test]
fn gp_01_what_waits_is_bounded_for_each_id() {
    let mut world = with(PeerConfig::default());
    let ann = world.peer("ann");
    let bob = world.peer("bob");
    for number in 0..100 {
        world.signal(ann, "ann", "CANDIDATE", "late", &json!(number));
    }
    world.signal(bob, "bob", "OFFER", "late", &json!("no place"));
    assert_eq!(waiting(&world).0, 64);
    world.pass(4_000);
    let late = world.knock("late", "t", "peerjs");
    let first: Vec<Value> = (0..64).map(|number| json!(number)).collect();
    assert_eq!(payloads(&world.take(late)), first, "the first ones");
    let payload = json!("x".repeat(100_000));
    for _ in 0..10 {
        world.signal(ann, "ann", "CANDIDATE", "later", &payload);
    }
    assert_eq!(waiting(&world).0, 2, "256 KiB");
    world.pass(5_000);
    assert_eq!(world.take(ann), [expire("later", "ann")], "who found no place is told as well");
}

#[test]
fn gp_01_what_waits_is_bounded_for_each_sender_and_in_all() {
    let mut world = with(PeerConfig::default());
    let ann = world.peer("ann");
    for number in 0..1_000 {
        world.signal(ann, "ann", "OFFER", &format!("n{number}"), &json!(number));
    }
    assert_eq!(waiting(&world).0, 256);
    assert_eq!(world.take(ann), [] as [Value; 0]);
    world.pass(5_000);
    assert_eq!(world.take(ann).len(), 1_000, "each call that came to nothing is told");
    assert_eq!((waiting(&world), world.gauges().peer_queues), ((0, 0), 0));
    let payload = json!("x".repeat(60_000));
    let many: Vec<(String, ConnId)> =
        (0..200).map(|number| format!("p{number}")).map(|id| (id.clone(), world.peer(&id))).collect();
    for (number, (id, conn)) in many.iter().enumerate() {
        for _ in 0..4 {
            world.signal(*conn, id, "OFFER", &format!("n{number}"), &payload);
        }
    }
    let (frames, bytes) = waiting(&world);
    assert!(frames > 60 && bytes <= 4 * 1024 * 1024, "{frames} frames, {bytes} bytes");
    for (_, conn) in many {
        world.close_tab(conn);
    }
    world.close_tab(ann);
    world.pass(5_000);
    world.assert_empty();
}

#[test]
fn gp_01_where_not_even_the_caller_can_be_remembered_it_is_told_at_once() {
    let mut world = with(PeerConfig { parked_frames_max: 10, ..PeerConfig::default() });
    let ann = world.peer("ann");
    for number in 0..12 {
        world.signal(ann, "ann", "OFFER", &format!("n{number}"), &json!(number));
    }
    assert_eq!(world.take(ann), [expire("n10", "ann"), expire("n11", "ann")]);
    world.pass(5_000);
    assert_eq!(world.take(ann).len(), 10);
}

#[test]
fn gp_01_in_time_out_of_time_whoever_comes_and_goes_leaves_nothing() {
    let mut world = with(PeerConfig::default());
    // A small generator: which of four does what next.
    let mut seed = 7_u32;
    let mut next = |below: u32| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 16) % below
    };
    let mut there: Vec<(String, ConnId)> = Vec::new();
    for _ in 0..5_000 {
        let id = format!("p{}", next(4));
        match next(6) {
            0 => {
                let token = format!("t{}", next(2));
                let conn = world.knock(&id, &token, "peerjs");
                there.push((id, conn));
            }
            1 if !there.is_empty() => {
                let (_, conn) = there.swap_remove(next(u32::try_from(there.len()).unwrap()) as usize);
                if world.closed_with(conn).is_none() {
                    world.lose(conn);
                }
            }
            2 if !there.is_empty() => {
                let (_, conn) = &there[next(u32::try_from(there.len()).unwrap()) as usize];
                world.silence(*conn);
            }
            3 => world.pass(u64::from(next(4_000))),
            _ if !there.is_empty() => {
                let (from, conn) = there[next(u32::try_from(there.len()).unwrap()) as usize].clone();
                let kind = ["OFFER", "ANSWER", "CANDIDATE", "LEAVE"][next(4) as usize];
                world.signal(conn, &from, kind, &id, &json!(1));
            }
            _ => {}
        }
        there.retain(|(_, conn)| world.closed_with(*conn).is_none());
        let gauges = world.gauges();
        assert!(gauges.peers <= 4 && gauges.peer_sockets >= gauges.peers);
    }
    for (_, conn) in there {
        world.lose(conn);
    }
    world.pass(60_000);
    world.assert_empty();
}
