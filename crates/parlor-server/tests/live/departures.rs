//! How participants go, for every cause: from what happens at their end until the others see it, with real media over real
//! sockets and the contract's own times. Each test prints its row of the table in `docs/measurements.md`:
//! `cargo test -p parlor-server --test live departures -- --nocapture | grep '^|'`.

use std::time::{Duration, Instant};

use parlor_server::Config;
use serde_json::json;
use socket2::SockRef;

use crate::star::{Guest, SHOWS, all_until, assert_nothing_held, together};
use crate::support::{Server, at_best, config, contract, ids, soon};

/// Longer than the consent of ICE and the wait for another path together, on any machine.
const PATIENCE: Duration = Duration::from_secs(240);
/// What machines that do other work may add to a time.
const SLACK: Duration = Duration::from_secs(2);
const SUSPECT: Duration = Duration::from_secs(4);
const GRACE: Duration = Duration::from_secs(10);

/// Ann and cat, who stay and watch; they and bob see and hear each other when a scene begins.
struct Scene {
    server: Server,
    ann: Guest,
    cat: Guest,
}

/// What the others saw of bob's end, and how long after it.
#[derive(Debug, Default)]
struct Seen {
    suspect: Option<Duration>,
    gone: Option<Duration>,
    out_of_slots: Option<Duration>,
}

fn suspects(frame: &serde_json::Value) -> bool {
    frame["type"] == "user-updated"
        && frame["data"]["participant"]["id"] == "bob"
        && frame["data"]["participant"]["suspect"] == true
}

fn says_bob_left(frame: &serde_json::Value) -> bool {
    frame["type"] == "user-left-room" && frame["data"]["userId"] == "bob"
}

fn in_ms(time: Option<Duration>) -> String {
    time.map_or("—".to_owned(), |time| format!("{:.1}", time.as_secs_f64() * 1_000.0))
}

/// One row of the table, milliseconds.
fn print_row(cause: &str, seen: &Seen) {
    let cells = [in_ms(seen.suspect), in_ms(seen.gone), in_ms(seen.out_of_slots)];
    println!("| {cause} | {} |", cells.join(" | "));
}

fn has_bob(names: &[String]) -> bool {
    names.iter().any(|name| name.starts_with("bob"))
}

impl Scene {
    async fn begin() -> (Self, Guest) {
        Self::begin_with(config(), "bob").await
    }

    /// With settings, and a bob of another name.
    async fn begin_with(config: Config, bob: &str) -> (Self, Guest) {
        let server = Server::start(config).await;
        let mut guests = Vec::new();
        for (index, name) in ["ann", bob, "cat"].into_iter().enumerate() {
            guests.push(Guest::join(&server, name, index, SHOWS).await);
        }
        all_until(&mut guests, "everyone to see and hear", |guest| {
            guest.participant.heard().len() == 2 && guest.participant.in_slots().len() == 4
        })
        .await;
        let [ann, bob, cat] = <[Guest; 3]>::try_from(guests).ok().unwrap();
        (Self { server, ann, cat }, bob)
    }

    /// Until both who stay see something.
    async fn both_until(&mut self, what: &str, is_so: impl Fn(&Guest) -> bool) {
        together(PATIENCE, what, vec![(&mut self.ann, &is_so), (&mut self.cat, &is_so)]).await;
    }

    /// Until both who stay see something, and bob something.
    async fn all_until(
        &mut self,
        what: &str,
        is_so: impl Fn(&Guest) -> bool,
        bob: &mut Guest,
        is_so_for_bob: impl Fn(&Guest) -> bool,
    ) {
        let (ann, cat) = (&mut self.ann, &mut self.cat);
        together(PATIENCE, what, vec![(ann, &is_so), (cat, &is_so), (bob, &is_so_for_bob)]).await;
    }

    /// The media of two is there, and no more.
    async fn assert_media_of_two(&self) {
        for (name, count) in
            [("transports", 2), ("producers", 4), ("consumers", 4), ("slots", 8), ("rooms", 1)]
        {
            assert_eq!(self.server.metric(&format!("parlor_hub_{name}")).await, count, "{name}");
        }
    }

    fn seen(&self, since: Instant) -> Seen {
        let guests = [&self.ann, &self.cat];
        // The later of the two.
        let told = |is_it: fn(&serde_json::Value) -> bool| {
            let of = |guest: &&Guest| Some(guest.first_told(is_it)?.0 - since);
            guests.iter().map(of).collect::<Option<Vec<Duration>>>()?.into_iter().max()
        };
        let slots = |guest: &&Guest| {
            let first = guest.slots_at.iter().find(|(at, names)| *at >= since && !has_bob(names));
            first.map(|(at, _)| *at - since)
        };
        let out_of_slots: Option<Vec<Duration>> = guests.iter().map(slots).collect();
        Seen {
            suspect: told(suspects),
            gone: told(says_bob_left),
            out_of_slots: out_of_slots.and_then(|times| times.into_iter().max()),
        }
    }

    /// Bob has gone: the others are told, with all that belongs to it; they still see each other, and in the end nothing is left.
    async fn ends_without_bob(mut self, cause: &str, since: Instant, reason: &str) -> Seen {
        self.both_until("the news", |guest| guest.first_told(says_bob_left).is_some()).await;
        // Read after the news, without waiting: the media was gone before.
        self.assert_media_of_two().await;
        for guest in [&self.ann, &self.cat] {
            let (_, left) = guest.first_told(says_bob_left).unwrap();
            assert_eq!((&left["data"]["reason"], left["data"]["by"].as_str()), (&json!(reason), by(reason)));
            assert_eq!(ids(&left["data"]["participants"]), ["ann", "cat"]);
            let count = guest.told.iter().filter(|frame| says_bob_left(frame)).count();
            assert_eq!(count, 1, "told once");
        }
        self.both_until("slots without bob", |guest| !has_bob(&guest.participant.in_slots())).await;
        let seen = self.seen(since);
        print_row(cause, &seen);
        assert_eq!(self.server.metric("parlor_participants").await, 2);
        self.they_go_on().await;
        self.ends().await;
        seen
    }

    async fn they_go_on(&mut self) {
        let begun = Instant::now();
        loop {
            self.ann.participant.got.clear();
            self.cat.participant.got.clear();
            self.both_until("the other to be heard and seen as before", |guest| {
                let pictures = guest.participant.got.iter().filter(|got| got.height > 0).count();
                !guest.participant.heard().is_empty() && pictures > 5
            })
            .await;
            let heard = (self.ann.participant.heard(), self.cat.participant.heard());
            if heard == (named("cat"), named("ann")) {
                return;
            }
            // What the hub sent of bob before the end may still have been in a socket.
            assert!(begun.elapsed() < PATIENCE, "somebody else is heard: {heard:?}");
        }
    }

    /// The last two go, and nothing is left.
    async fn ends(mut self) {
        self.ann.client.close_with(1001).await;
        self.cat.client.close_with(1001).await;
        assert_nothing_held(&self.server).await;
        for name in ["parlor_sessions_suspect", "parlor_participants", "parlor_queued_frames"] {
            self.server.metric_becomes(name, 0).await;
        }
        assert_eq!(self.server.metric("parlor_registry_panics_total").await, 0);
        assert_eq!(self.server.metric("parlor_hub_panics_total").await, 0);
    }
}

fn named(name: &str) -> Vec<String> {
    vec![name.to_owned()]
}

/// Who did it.
fn by(reason: &str) -> Option<&'static str> {
    (reason == "kicked").then_some("ann")
}

/// A session that was lost: suspect after `suspect`, gone a grace later.
fn was_lost(seen: &Seen, suspect: Duration) -> bool {
    let (told, gone) = (seen.suspect.unwrap(), seen.gone.unwrap());
    let grace = gone - told;
    // The server counts whole milliseconds.
    assert!(gone + Duration::from_millis(10) >= GRACE, "never before its time: {seen:?}");
    told < suspect + SLACK && grace >= GRACE - SLACK && grace < GRACE + SLACK
}

/// Without a wait for somebody who may come back.
fn was_at_once(seen: &Seen) -> bool {
    assert!(seen.suspect.is_none(), "{seen:?}");
    seen.gone.unwrap() < Duration::from_secs(1)
}

#[tokio::test]
async fn vc_02_vc_05_vc_06_close_frame() {
    let close = async || {
        let (scene, mut bob) = Scene::begin().await;
        let since = Instant::now();
        bob.client.close_with(1001).await;
        scene.ends_without_bob("close frame (tab closed)", since, "disconnected").await
    };
    at_best("gone at once", async || Box::pin(close()).await, was_at_once).await;
}

#[tokio::test]
async fn vc_02_vc_05_leave_frame() {
    let leave = async || {
        let (scene, mut bob) = Scene::begin().await;
        let since = Instant::now();
        bob.client.send("user-left-room", json!({"roomId": "star"})).await;
        scene.ends_without_bob("`user-left-room`", since, "left").await
    };
    at_best("gone at once", async || Box::pin(leave()).await, was_at_once).await;
}

#[tokio::test]
async fn vc_02_vc_05_vc_06_tcp_reset() {
    let reset = async || {
        let (scene, bob) = Scene::begin().await;
        let since = Instant::now();
        // Closed with what was not read and no time to linger, the kernel sends RST (RFC 9293, section 3.10.4).
        SockRef::from(bob.client.socket.get_ref()).set_linger(Some(Duration::ZERO)).unwrap();
        drop(bob);
        scene.ends_without_bob("TCP reset (process killed)", since, "timeout").await
    };
    let is_well = |seen: &Seen| was_lost(seen, Duration::ZERO);
    at_best("suspect, then gone", async || Box::pin(reset()).await, is_well).await;
}

#[tokio::test]
async fn vc_02_vc_05_vc_06_half_open_socket() {
    let fall_silent = async || {
        let (scene, bob) = Scene::begin_with(contract(), "bob").await;
        let since = Instant::now();
        // Nobody reads, answers pings or sends media, and nobody says so: the machine is off, or the network is cut.
        let seen = scene.ends_without_bob("half-open socket (network cut)", since, "timeout").await;
        drop(bob);
        seen
    };
    let is_well = |seen: &Seen| was_lost(seen, SUSPECT);
    at_best("suspect, then gone", async || Box::pin(fall_silent()).await, is_well).await;
}

#[tokio::test]
async fn vc_02_vc_05_vc_06_heartbeat_lost_with_media_flowing() {
    let hang = async || {
        let (scene, mut bob) = Scene::begin_with(contract(), "bob").await;
        bob.is_deaf = true;
        let since = Instant::now();
        let speaks_on = bob.until_within(PATIENCE, "the end of the scene", |_| false);
        tokio::select! {
            seen = scene.ends_without_bob("heartbeat lost, media flowing (page hangs)", since, "timeout") => seen,
            () = speaks_on => unreachable!("it goes on for ever"),
        }
    };
    let is_well = |seen: &Seen| was_lost(seen, SUSPECT);
    at_best("suspect, then gone", async || Box::pin(hang()).await, is_well).await;
}

#[tokio::test]
async fn vc_02_vc_05_kicked() {
    let kick = async || {
        let (mut scene, mut bob) = Scene::begin().await;
        let since = Instant::now();
        scene.ann.client.send("remove-user", json!({"roomId": "star", "userId": "bob"})).await;
        bob.until("the news", |guest| guest.first_told(says_bob_left).is_some()).await;
        scene.ends_without_bob("kicked", since, "kicked").await
    };
    at_best("gone at once", async || Box::pin(kick()).await, was_at_once).await;
}

#[tokio::test]
async fn vc_02_vc_05_room_ended() {
    let (mut scene, mut bob) = Scene::begin().await;
    let since = Instant::now();
    scene.ann.client.send("end-room", json!({"roomId": "star"})).await;
    let is_told = |guest: &Guest| guest.was_told("user-left-room");
    scene.all_until("the end", is_told, &mut bob, is_told).await;
    // All at once: nothing is left when the first of them hears of it.
    for name in ["transports", "producers", "consumers", "slots", "rooms", "routes", "timers"] {
        assert_eq!(scene.server.metric(&format!("parlor_hub_{name}")).await, 0, "{name}");
    }
    assert_eq!(scene.server.metric("parlor_rooms").await, 0);
    let mut last = Duration::ZERO;
    for guest in [&scene.ann, &scene.cat, &bob] {
        let (at, left) = guest.first_told(|frame| frame["type"] == "user-left-room").unwrap();
        assert_eq!(
            (&left["data"]["userId"], &left["data"]["reason"]),
            (&json!(guest.participant.name), &json!("room-ended"))
        );
        last = last.max(at - since);
    }
    print_row("room ended (each is told of oneself)", &Seen { gone: Some(last), ..Seen::default() });
    let ends_media = |guest: &Guest| guest.participant.is_closed;
    scene.all_until("the other end's good-bye", ends_media, &mut bob, ends_media).await;
    scene.ends().await;
}

#[tokio::test]
async fn vc_02_vc_05_server_stopping() {
    let (mut scene, mut bob) = Scene::begin().await;
    let since = Instant::now();
    scene.server.stop();
    let is_told = |guest: &Guest| guest.was_told("user-left-room");
    scene.ann.until("the end", is_told).await;
    // The server still answers while its sockets close.
    assert_eq!(scene.server.metric("parlor_hub_transports").await, 0);
    assert_eq!(scene.server.metric("parlor_hub_routes").await, 0);
    let is_closed = |guest: &Guest| guest.closed == Some(1012);
    scene.all_until("a close frame", is_closed, &mut bob, is_closed).await;
    let mut last = Duration::ZERO;
    for guest in [&scene.ann, &scene.cat, &bob] {
        let (at, left) = guest.first_told(|frame| frame["type"] == "user-left-room").unwrap();
        assert_eq!(left["data"]["reason"], "server-stopping");
        last = last.max(at - since);
    }
    print_row("server stopping (each is told of oneself)", &Seen { gone: Some(last), ..Seen::default() });
    soon("the server", scene.server.stopped()).await;
}

/// Bob's media has gone while bob is there: the others know bob still, and a new connection brings the media back.
async fn bob_comes_back_by_a_new_connection(mut scene: Scene, mut bob: Guest) {
    scene.assert_media_of_two().await;
    assert_eq!(scene.server.metric("parlor_participants").await, 3);
    for guest in [&scene.ann, &scene.cat] {
        assert!(guest.first_told(says_bob_left).is_none() && guest.first_told(suspects).is_none());
    }
    bob.begin_anew().await;
    let is_back = |guest: &Guest| {
        guest.participant.in_slots().iter().filter(|name| name.starts_with("bob")).count() == 2
    };
    scene
        .all_until("bob back, and for bob the others", is_back, &mut bob, |guest| {
            guest.participant.heard().len() == 2
        })
        .await;
    bob.client.close_with(1001).await;
    scene.ends().await;
}

#[tokio::test]
async fn vc_05_consent_lost_while_signalling_lives() {
    let (mut scene, mut bob) = Scene::begin().await;
    bob.is_cut = true;
    let since = Instant::now();
    let wanted = |guest: &Guest, reason: &str| {
        let is_it =
            |frame: &serde_json::Value| frame["type"] == "offer-wanted" && frame["data"]["reason"] == reason;
        guest.first_told(is_it).map(|(at, _)| at)
    };
    let is_lost = |guest: &Guest| wanted(guest, "transport-gone").is_some();
    let is_free = |guest: &Guest| !has_bob(&guest.participant.in_slots());
    scene.all_until("bob to be asked for a new connection", is_free, &mut bob, is_lost).await;
    let asked = wanted(&bob, "path-lost").expect("asked for an ICE restart first") - since;
    let freed = wanted(&bob, "transport-gone").unwrap() - since;
    let seen = scene.seen(since);
    print_row("no media from a participant whose signalling lives", &seen);
    print_row(
        "… its path is lost by ICE consent, a restart is asked for",
        &Seen { gone: Some(asked), ..Seen::default() },
    );
    print_row(
        "… its transport is freed, a new connection is asked for",
        &Seen { gone: Some(freed), ..Seen::default() },
    );
    bob_comes_back_by_a_new_connection(scene, bob).await;
}

#[tokio::test]
async fn vc_05_connection_closed_while_signalling_lives() {
    let (mut scene, mut bob) = Scene::begin().await;
    let since = Instant::now();
    bob.participant.rtc.close().unwrap();
    let is_free = |guest: &Guest| !has_bob(&guest.participant.in_slots());
    scene.all_until("slots without bob", is_free, &mut bob, |_| true).await;
    print_row("RTCPeerConnection closed, signalling lives", &scene.seen(since));
    bob_comes_back_by_a_new_connection(scene, bob).await;
}

#[tokio::test]
async fn vc_04_vc_05_panic_in_one_transport() {
    // Tests run side by side, and what is planted is the process's: nobody else has this name.
    let (mut scene, mut bob) = Scene::begin_with(config(), "bob-planted").await;
    let since = Instant::now();
    parlor_sfu::faults::plant(&crate::participants::id("bob-planted"));
    let is_free = |guest: &Guest| !has_bob(&guest.participant.in_slots());
    let is_asked = |guest: &Guest| guest.was_told("offer-wanted");
    scene.all_until("slots without bob", is_free, &mut bob, is_asked).await;
    print_row("panic in the participant's transport", &scene.seen(since));
    let (_, wanted) = bob.first_told(|frame| frame["type"] == "offer-wanted").unwrap();
    assert_eq!(wanted["data"]["reason"], "transport-gone");
    assert_eq!(scene.server.metric("parlor_hub_transport_panics_total").await, 1);
    bob_comes_back_by_a_new_connection(scene, bob).await;
}
