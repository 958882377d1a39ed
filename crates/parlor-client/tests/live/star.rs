//! Clients around the server's hub, and rooms that move there.

use std::collections::BTreeMap;
use std::time::Duration;

use parlor_client::{Event, LeaveReason, Mode, Publish, Remote, Source, Status};
use parlor_server::RoomConfig;

use crate::support::{Guest, Server, every, id, number, opus, packet, soon, tea};

async fn with_hub(guest: &mut Guest) {
    guest
        .wait("the connection with the hub", |event| match event {
            Event::Connection { remote: Remote::Hub(room), state }
                if *room == tea() && state.status == Status::Connected =>
            {
                Some(())
            }
            _ => None,
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_star_everybody_sends_once_and_hears_each_other_by_name() {
    let server = Server::start(RoomConfig::default()).await;
    let names = ["ann", "bob", "cat"];
    let mut guests = Vec::new();
    for name in names {
        let mut guest = server.guest(name).await;
        guest.join_star().await;
        guest.speak().await;
        guests.push(guest);
    }
    for (guest, name) in guests.iter_mut().zip(names) {
        with_hub(guest).await;
        for other in names.iter().filter(|other| **other != name) {
            let mut track = guest.track(other).await;
            assert_eq!(track.source, Source::Microphone);
            let first = packet(&mut track).await;
            let from = number(&first.data);
            for next in 1..=25_u32 {
                let packet = packet(&mut track).await;
                assert_eq!(*packet.data, *opus(from + next), "byte for byte");
            }
        }
        let directly = |event: &Event| matches!(event, Event::DataChannel { remote: Remote::User(_), .. });
        assert!(!guest.passed.iter().any(directly), "nobody connects with anybody else");
    }
    // A line comes by the server, and by the hub: it is told once.
    guests[1].room().chat("hello").await.unwrap();
    guests[1].room().chat("bye").await.unwrap();
    for listener in [0, 2] {
        assert_eq!(guests[listener].chat().await, ("bob".to_owned(), "hello".to_owned()));
        assert_eq!(guests[listener].chat().await, ("bob".to_owned(), "bye".to_owned()));
    }
    let bob = guests.remove(1);
    bob.client.close().await;
    assert_eq!(guests[0].left("bob").await, LeaveReason::Disconnected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_track_published_later_in_a_star_comes_and_pictures_keep_their_frames() {
    let server = Server::start(RoomConfig::default()).await;
    let mut ann = server.guest("ann").await;
    let mut bob = server.guest("bob").await;
    ann.join_star().await;
    bob.join_star().await;
    with_hub(&mut ann).await;
    with_hub(&mut bob).await;
    ann.speak().await;
    let mut sound = bob.track("ann").await;
    packet(&mut sound).await;
    let camera = ann.client.publish(Publish::video(Source::Camera)).await.unwrap();
    let frame = |number: u32| {
        let mut frame = vec![0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01];
        frame.extend(number.to_le_bytes());
        frame.resize(3_000, u8::try_from(number % 251).unwrap());
        frame
    };
    tokio::spawn(async move {
        let mut ticks = every(33);
        for at in 0_u32.. {
            ticks.tick().await;
            camera.send(u64::from(at) * 2_970, frame(at));
        }
    });
    let mut pictures = bob.track("ann").await;
    assert_eq!(pictures.source, Source::Camera);
    let first = packet(&mut pictures).await;
    let from = u32::from_le_bytes(first.data[10..14].try_into().unwrap());
    assert_eq!(*first.data, *frame(from));
    for next in 1..=20_u32 {
        assert_eq!(*packet(&mut pictures).await.data, *frame(from + next));
    }
    // Whose pictures are not wanted are not sent.
    bob.room().receive(vec![id("ann")], Vec::new()).await;
    soon("silence", async {
        while tokio::time::timeout(Duration::from_secs(1), sound.packet()).await.is_ok() {}
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_of_five_with_a_camera_moves_to_the_hub_and_the_sound_goes_on() {
    let server = Server::start(RoomConfig::default()).await;
    let ann = server.in_tea("ann").await;
    ann.speak().await;
    let _camera = ann.client.publish(Publish::video(Source::Camera)).await.unwrap();
    let mut bob = server.in_tea("bob").await;
    bob.connected("ann").await;
    let mut track = bob.track("ann").await;
    let mut last = number(&packet(&mut track).await.data);
    let mut others = Vec::new();
    for name in ["cat", "dan", "eve"] {
        others.push(server.in_tea(name).await);
    }
    let mut steps: BTreeMap<i64, u32> = BTreeMap::new();
    let mut hear = async |count: u32, last: &mut u32| {
        for _ in 0..count {
            let next = number(&packet(&mut track).await.data);
            *steps.entry(i64::from(next) - i64::from(*last)).or_default() += 1;
            *last = next;
        }
    };
    hear(10, &mut last).await;
    bob.wait("the room to be heard through the hub", |event| {
        matches!(event, Event::Path { plays: Mode::Sfu, .. }).then_some(())
    })
    .await;
    hear(400, &mut last).await;
    // The track went on, over another path: what may be missing or come twice is what was under way.
    assert!(steps.keys().all(|step| (-5..=10).contains(step)), "{steps:?}");
    assert!(steps.get(&1).is_some_and(|steps| *steps >= 400), "{steps:?}");
    let mut eve = others.pop().unwrap();
    let mut late = eve.track("ann").await;
    packet(&mut late).await;
}
