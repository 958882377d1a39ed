//! Two and three clients in one mesh.

use parlor_client::{Codec, Event, Kind, LeaveReason, Publish, RawJson, Source};
use parlor_server::RoomConfig;

use crate::support::{Server, every, id, number, opus, packet, soon};

#[tokio::test(flavor = "multi_thread")]
async fn two_clients_hear_each_other_packet_by_packet() {
    let server = Server::start(RoomConfig::default()).await;
    let mut ann = server.in_tea("ann").await;
    let mut bob = server.in_tea("bob").await;
    ann.speak().await;
    bob.speak().await;
    for (listener, speaker) in [(&mut ann, "bob"), (&mut bob, "ann")] {
        listener.connected(speaker).await;
        let mut track = listener.track(speaker).await;
        assert_eq!((track.source, track.codec), (Source::Microphone, Codec::Opus));
        let first = packet(&mut track).await;
        let from = number(&first.data);
        for next in 1..=50_u32 {
            let packet = packet(&mut track).await;
            assert_eq!(*packet.data, *opus(from + next), "byte for byte");
            assert_eq!(packet.time - first.time, u64::from(next) * 960, "and in its own time");
        }
    }
    let told = ann.wait("the roster to know the track", |event| match event {
        Event::Updated { participant, .. } if participant.id == id("bob") => {
            Some(participant.tracks.first().map(|track| (track.source, track.kind, track.enabled)))
        }
        _ => None,
    });
    assert_eq!(told.await, Some((Source::Microphone, Kind::Audio, true)));
}

#[tokio::test(flavor = "multi_thread")]
async fn three_clients_are_a_mesh_in_which_everyone_hears_and_reads_everyone() {
    let server = Server::start(RoomConfig::default()).await;
    let names = ["ann", "bob", "cat"];
    let mut guests = Vec::new();
    for name in names {
        let guest = server.in_tea(name).await;
        guest.speak().await;
        guests.push(guest);
    }
    for (guest, name) in guests.iter_mut().zip(names) {
        for other in names.iter().filter(|other| **other != name) {
            guest.connected(other).await;
            let mut track = guest.track(other).await;
            packet(&mut track).await;
        }
    }
    guests[1].room().chat("hello").await.unwrap();
    assert_eq!(guests[0].chat().await, ("bob".to_owned(), "hello".to_owned()));
    assert_eq!(guests[2].chat().await, ("bob".to_owned(), "hello".to_owned()));
    // Of a line that came on two ways, the second copy would have come by now.
    guests[1].room().chat("bye").await.unwrap();
    assert_eq!(guests[0].chat().await, ("bob".to_owned(), "bye".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn chat_and_messages_go_directly_while_the_server_is_away() {
    let server = Server::start(RoomConfig::default()).await;
    let mut ann = server.in_tea("ann").await;
    let mut bob = server.in_tea("bob").await;
    ann.connected("bob").await;
    bob.connected("ann").await;
    for guest in [&mut ann, &mut bob] {
        guest
            .wait("the data channel", |event| {
                matches!(event, Event::DataChannel { is_open: true, .. }).then_some(())
            })
            .await;
    }
    server.stop().await;
    for guest in [&mut ann, &mut bob] {
        guest
            .wait("the server to be away", |event| {
                matches!(event, Event::Session(parlor_client::SessionState::Reconnecting { .. }))
                    .then_some(())
            })
            .await;
    }
    ann.room().chat("still here").await.unwrap();
    assert_eq!(bob.chat().await, ("ann".to_owned(), "still here".to_owned()));
    let payload: RawJson = serde_json::from_str(r#"{"cue": 7}"#).unwrap();
    bob.room().send(payload.clone(), Some(id("ann"))).await.unwrap();
    let got = ann.wait("a message", |event| match event {
        Event::Message { from, payload, .. } => Some((from.clone(), payload.clone())),
        _ => None,
    });
    assert_eq!(got.await, (id("bob"), payload));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_track_published_later_comes_by_renegotiation_and_one_that_ends_is_over() {
    let server = Server::start(RoomConfig::default()).await;
    let mut ann = server.in_tea("ann").await;
    let mut bob = server.in_tea("bob").await;
    ann.connected("bob").await;
    bob.connected("ann").await;
    let speaking = ann.speak().await;
    let mut track = bob.track("ann").await;
    packet(&mut track).await;
    // A second sound of the same person, and one the other way at the same time.
    let program = ann.client.publish(Publish::audio(Source::ScreenAudio).stereo()).await.unwrap();
    bob.speak().await;
    let mut answer = ann.track("bob").await;
    packet(&mut answer).await;
    let sending = tokio::spawn(async move {
        let mut ticks = every(20);
        for at in 0.. {
            ticks.tick().await;
            program.send(u64::from(at) * 960, opus(at));
        }
    });
    let mut second = bob.track("ann").await;
    assert_eq!(second.source, Source::ScreenAudio);
    packet(&mut second).await;
    sending.abort();
    soon("the end of the track", async { while second.packet().await.is_some() {} }).await;
    packet(&mut track).await;
    speaking.abort();
    soon("the end of the other", async { while track.packet().await.is_some() {} }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_arrive_frame_by_frame_and_a_key_frame_is_asked_for() {
    let server = Server::start(RoomConfig::default()).await;
    let ann = server.in_tea("ann").await;
    let mut bob = server.in_tea("bob").await;
    let camera = ann.client.publish(Publish::video(Source::Camera)).await.unwrap();
    bob.connected("ann").await;
    // Larger than a datagram, so that it comes in pieces.
    let frame = |number: u32| {
        let is_key = number.is_multiple_of(5);
        let mut frame = if is_key {
            vec![0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01]
        } else {
            vec![0x11, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        };
        frame.extend(number.to_le_bytes());
        frame.resize(5_000, u8::try_from(number % 251).unwrap());
        frame
    };
    tokio::spawn(async move {
        let mut ticks = every(33);
        for at in 0_u32.. {
            ticks.tick().await;
            camera.send(u64::from(at) * 2_970, frame(at));
        }
    });
    let mut track = bob.track("ann").await;
    assert_eq!((track.source, track.codec), (Source::Camera, Codec::Vp8));
    let first = packet(&mut track).await;
    let from = u32::from_le_bytes(first.data[10..14].try_into().unwrap());
    assert_eq!(*first.data, *frame(from));
    for next in 1..=30_u32 {
        let packet = packet(&mut track).await;
        assert_eq!(*packet.data, *frame(from + next));
        assert_eq!(packet.is_key_frame, (from + next).is_multiple_of(5));
        assert_eq!(packet.time - first.time, u64::from(next) * 2_970);
    }
    bob.client.request_key_frame(&track).await;
    let mut ann = ann;
    ann.wait("the wish for a key frame", |event| {
        matches!(event, Event::KeyFrameWanted { source: Source::Camera }).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_closes_or_is_dropped_is_gone_from_the_others_at_once() {
    let server = Server::start(RoomConfig::default()).await;
    let mut ann = server.in_tea("ann").await;
    let bob = server.in_tea("bob").await;
    let cat = server.in_tea("cat").await;
    let dan = server.in_tea("dan").await;
    for name in ["bob", "cat", "dan"] {
        ann.connected(name).await;
    }
    bob.room().leave().await.unwrap();
    assert_eq!(ann.left("bob").await, LeaveReason::Left);
    cat.client.close().await;
    assert_eq!(ann.left("cat").await, LeaveReason::Disconnected);
    assert!(cat.room().chat("too late").await.is_err());
    drop(dan);
    assert_eq!(ann.left("dan").await, LeaveReason::Disconnected);
    assert_eq!(ann.roster().await, ["ann"]);
}
