//! Datagrams on their way: to peers and back, through channels and without, and which go no further.

use parlor_turn::{Input, Settings, Transport, frame_bytes};
use stun_types::message::{Message, MessageClass};
use turn_types::attribute::{Data, XorPeerAddress};
use turn_types::message::DATA;

use crate::world::{Out, World, address, answer, client, in_channel, settings};

#[test]
fn datagrams_go_both_ways_once_their_peer_is_permitted() {
    let mut world = World::new(settings());
    let who = client(Transport::Udp, 1_000);
    let (signs, relay, _) = world.allocated(who, "ann");
    let peer = address("1.2.3.4:5");
    assert!(world.send(who, peer, b"hello").is_empty(), "no permission yet");
    assert!(world.datagram_from(relay, peer, b"hello").is_empty());
    assert_eq!(world.server.ledger().totals.not_permitted, 2);
    assert_eq!(world.permit(&signs, peer), 0);
    assert_eq!(world.send(who, peer, b"hello"), [Out::ToPeer(relay, peer, b"hello".to_vec())]);
    assert_eq!(world.send(who, peer, b""), [Out::ToPeer(relay, peer, Vec::new())]);
    // Permissions are for addresses: another port of it may answer.
    let from = address("1.2.3.4:6");
    let indication = answer(&world.datagram_from(relay, from, b"world"));
    let message = Message::from_bytes(&indication).unwrap();
    assert!(message.has_class(MessageClass::Indication) && message.has_method(DATA));
    assert_eq!(message.attribute::<XorPeerAddress>().unwrap().addr(message.transaction_id()), from);
    assert_eq!(message.attribute::<Data<'_>>().unwrap().data(), b"world");
    assert!(world.datagram_from(relay, address("1.2.3.5:5"), b"who?").is_empty(), "another address may not");
    let totals = world.server.ledger().totals;
    assert_eq!((totals.datagrams, totals.bytes), (3, 10));
}

#[test]
fn through_a_channel_only_four_bytes_are_added() {
    let mut world = World::new(settings());
    let who = client(Transport::Udp, 1_000);
    let (signs, relay, _) = world.allocated(who, "ann");
    let peer = address("1.2.3.4:5");
    assert!(world.channel_data(who, 0x4001, b"early").is_empty());
    assert_eq!(world.bind(&signs, 0x4001, peer), 0);
    assert_eq!(world.channel_data(who, 0x4001, b"hello"), [Out::ToPeer(relay, peer, b"hello".to_vec())]);
    assert_eq!(
        world.datagram_from(relay, peer, b"world"),
        [Out::ToClient(who, in_channel(0x4001, b"world"))]
    );
    assert!(world.channel_data(who, 0x4002, b"another").is_empty());
    assert!(world.channel_data(client(Transport::Udp, 2_000), 0x4001, b"not mine").is_empty());
    // A length that is not there.
    let mut cut = in_channel(0x4001, b"hello");
    cut.pop();
    assert!(world.input(Input::FromClient { client: who, bytes: &cut }).is_empty());
    assert_eq!(world.server.ledger().totals.malformed, 1);
}

#[test]
fn in_a_stream_frames_are_padded_to_four_bytes() {
    let mut world = World::new(settings());
    for transport in [Transport::Tcp, Transport::Tls] {
        let who = client(transport, 1_000);
        let (signs, relay, _) = world.allocated(who, "ann");
        let peer = address("1.2.3.4:5");
        assert_eq!(world.bind(&signs, 0x4001, peer), 0);
        let mut padded = in_channel(0x4001, b"hello");
        padded.extend([0; 3]);
        assert_eq!(frame_bytes(*padded.first_chunk().unwrap()), Some(padded.len()));
        let outs = world.input(Input::FromClient { client: who, bytes: &padded });
        assert_eq!(outs, [Out::ToPeer(relay, peer, b"hello".to_vec())]);
        assert_eq!(world.datagram_from(relay, peer, b"hello"), [Out::ToClient(who, padded)]);
        // The connection ends, and all of it with it.
        let outs = world.input(Input::Gone { client: who });
        assert!(outs.contains(&Out::Close(relay)), "{outs:?}");
        assert!(world.server.ledger().is_empty());
    }
}

#[test]
fn permissions_end_after_five_minutes_channels_after_ten() {
    let mut world = World::new(settings());
    let who = client(Transport::Udp, 1_000);
    let (mut signs, relay, _) = world.allocated(who, "ann");
    assert_eq!(world.refresh(&signs, 3_600).0, 0);
    let (peer, other) = (address("1.2.3.4:5"), address("5.6.7.8:9"));
    assert_eq!(world.permit(&signs, other), 0);
    assert_eq!(world.bind(&signs, 0x4000, peer), 0);
    world.pass(299_999);
    assert_eq!(world.send(who, other, b"x").len(), 1);
    assert_eq!(world.datagram_from(relay, peer, b"x").len(), 1);
    world.pass(1);
    assert!(world.send(who, other, b"x").is_empty());
    assert!(
        world.datagram_from(relay, peer, b"x").is_empty(),
        "the permission of a channel has its own time"
    );
    assert_eq!(world.permit(&signs, peer), 0);
    assert_eq!(world.datagram_from(relay, peer, b"x"), [Out::ToClient(who, in_channel(0x4000, b"x"))]);
    world.pass(299_999);
    assert_eq!(world.channel_data(who, 0x4000, b"x").len(), 1);
    world.pass(1);
    assert!(world.channel_data(who, 0x4000, b"x").is_empty());
    let ledger = world.server.ledger();
    assert_eq!((ledger.permissions, ledger.channels), (0, 0), "nothing of it stays");
    signs.nonce = world.challenged(client(Transport::Udp, 1_001), "ann").nonce;
    assert_eq!(world.bind(&signs, 0x4000, other), 0, "the number is free for another peer");
}

/// Neither needs the network between: behind a NAT the server would not reach its own public address.
#[test]
fn two_clients_of_one_server_reach_each_other_within_it() {
    let mut world = World::new(settings());
    let (ann, bob) = (client(Transport::Udp, 1_000), client(Transport::Tls, 2_000));
    let (ann_signs, ann_relay, ann_relayed) = world.allocated(ann, "ann");
    let (bob_signs, _, bob_relayed) = world.allocated(bob, "bob");
    assert_eq!(world.bind(&ann_signs, 0x4000, bob_relayed), 0);
    assert!(world.channel_data(ann, 0x4000, b"hello bob").is_empty(), "bob has not permitted it");
    assert_eq!(world.bind(&bob_signs, 0x4123, ann_relayed), 0);
    let mut heard = in_channel(0x4123, b"hello bob");
    heard.extend([0; 3]);
    assert_eq!(world.channel_data(ann, 0x4000, b"hello bob"), [Out::ToClient(bob, heard)]);
    let heard = in_channel(0x4000, b"hello ann");
    assert_eq!(world.send(bob, ann_relayed, b"hello ann"), [Out::ToClient(ann, heard)]);
    // Bob goes: his port may be anything by now.
    world.input(Input::Gone { client: bob });
    assert!(world.channel_data(ann, 0x4000, b"anybody?").is_empty());
    // Permitted is the server's address, for other relays; its other ports take nothing.
    assert_eq!(world.permit(&ann_signs, address("198.41.0.4:1")), 0);
    for port in [22, 3_478, 60_000] {
        assert!(
            world.send(ann, std::net::SocketAddr::new(bob_relayed.ip(), port), b"x").is_empty(),
            "{port}"
        );
    }
    assert!(
        world.datagram_from(ann_relay, address("198.41.0.4:22"), b"x").len() == 1,
        "what comes from there is let in"
    );
}

#[test]
fn the_hub_is_reached_at_the_servers_own_address() {
    let mut settings = settings();
    settings.policy.open = vec![address("198.41.0.4:8080")];
    let mut world = World::new(settings);
    let who = client(Transport::Udp, 1_000);
    let (signs, relay, _) = world.allocated(who, "ann");
    assert_eq!(world.bind(&signs, 0x4000, address("198.41.0.4:8080")), 0);
    let sent = Out::ToPeer(relay, address("198.41.0.4:8080"), b"x".to_vec());
    assert_eq!(world.channel_data(who, 0x4000, b"x"), [sent]);
}

#[test]
fn an_allocation_has_its_share_of_bytes_a_second() {
    let mut world = World::new(Settings { bytes_per_second_max: Some(10_000), ..settings() });
    let who = client(Transport::Udp, 1_000);
    let (signs, relay, _) = world.allocated(who, "ann");
    let peer = address("1.2.3.4:5");
    assert_eq!(world.bind(&signs, 0x4000, peer), 0);
    let mut sent = 0;
    for _ in 0..100 {
        // One datagram of 100 bytes each way every ms is 200,000 bytes a second.
        sent += world.channel_data(who, 0x4000, &[0; 100]).len()
            + world.datagram_from(relay, peer, &[0; 100]).len();
        world.pass(1);
    }
    assert_eq!(sent, 50 + 9, "half a second's worth at once, then what comes of 99 ms");
    assert_eq!(world.server.ledger().totals.over_rate, 200 - 59);
    world.pass(60_000);
    let again = (0..100).filter(|_| !world.channel_data(who, 0x4000, &[0; 100]).is_empty()).count();
    assert_eq!(again, 50, "no more is saved up");
}

#[test]
fn vc_05_whoever_comes_and_goes_leaves_nothing() {
    let mut world = World::new(settings());
    for round in 0..50_u16 {
        let transport = [Transport::Udp, Transport::Tcp, Transport::Tls][usize::from(round) % 3];
        let who = client(transport, 1_000 + round);
        let (signs, ..) = world.allocated(who, &format!("p{}", round % 7));
        world.permit(&signs, address("1.2.3.4:5"));
        world.bind(&signs, 0x4000, address("1.2.3.4:6"));
        world.channel_data(who, 0x4000, b"x");
        match round % 4 {
            0 => drop(world.refresh(&signs, 0)),
            1 if transport.is_stream() => drop(world.input(Input::Gone { client: who })),
            _ => {}
        }
        world.pass(7_000);
    }
    assert!(world.server.ledger().allocations > 0, "some are there still");
    world.pass(700_000);
    assert!(world.server.ledger().is_empty(), "{:?}", world.server.ledger());
    assert_eq!(world.server.ledger().totals.allocated, 50);
    assert_eq!(world.server.poll_timeout(), None);
}
