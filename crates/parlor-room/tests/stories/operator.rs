//! What an operator does from outside: tokens (GP-2), rosters (GP-7), rooms.

use parlor_proto::client::RoomSettings;
use parlor_proto::{ErrorCode, Name, RoomId, Topology, UserId};
use parlor_room::{Config, NewRoom, Operator, OperatorError, PeerKeys, Present, Roster, TokenKey};
use serde_json::{Value, json};

use crate::peers::with_keys;
use crate::world::{World, types};

fn id(text: &str) -> UserId {
    UserId::parse(text).unwrap()
}

fn room(text: &str) -> RoomId {
    RoomId::parse(text).unwrap()
}

fn roster(members: &[&str], waiting: &[&str]) -> Roster {
    let ids = |texts: &[&str]| texts.iter().map(|text| id(text)).collect();
    Roster { members: ids(members), waiting: ids(waiting) }
}

/// A room that an operator makes.
fn den() -> NewRoom {
    NewRoom {
        id: Some(room("den")),
        name: Name::parse("Den").unwrap(),
        host: (id("operator"), Name::parse("Operator").unwrap()),
        settings: RoomSettings { capacity: Some(4), ..RoomSettings::default() },
        roster: None,
    }
}

impl World {
    /// An operator asks.
    fn operate<T>(&mut self, f: impl FnOnce(&mut Operator<'_>) -> T) -> T {
        let answer = f(&mut self.registry.operator(self.now));
        self.pass(0);
        answer
    }

    fn token(&mut self, user: &str, of: &str) -> String {
        self.operate(|operator| operator.issue_token(id(user), Some(room(of)), 60).unwrap().0)
    }

    /// A new socket that says hello as `user` with a token for `of`.
    fn come(&mut self, user: &str, of: &str) -> parlor_room::ConnId {
        let token = self.token(user, of);
        let conn = self.open();
        self.say(conn, "hello", json!({"userId": user, "instance": format!("{user}-t"), "token": token}));
        assert_eq!(types(&self.take(conn)), ["welcome"]);
        conn
    }
}

fn join(of: &str) -> Value {
    json!({"roomId": of})
}

#[test]
fn gp_02_a_live_id_is_taken_over_with_a_token_for_it_at_once() {
    let mut world = World::new();
    let ada = world.in_room("ada", "den");
    let bob = world.in_room("bob", "den");
    let hello = |token: &str| json!({"userId": "ada", "instance": "ada-2", "token": token});
    let second = world.open();
    for token in ["", "x", "a.b.c", &world.token("bob", "den")] {
        assert_eq!(world.refused(second, "hello", hello(token)), "unavailable-id", "{token}");
    }
    let token = world.token("ada", "den");
    world.clear();
    let told = world.answer(second, "hello", hello(&token));
    assert_eq!(types(&told), ["welcome", "ok"]);
    assert_eq!((&told[0]["data"]["userId"], &told[0]["data"]["resumed"]), (&json!("ada"), &json!(false)));
    // The older session ends for everybody: its own page, and the others.
    assert_eq!(world.closed_with(ada), Some(4001));
    let left = world.take(ada);
    assert_eq!(
        (&left[0]["type"], &left[0]["data"]["reason"]),
        (&json!("user-left-room"), &json!("replaced"))
    );
    let left = world.take(bob);
    assert_eq!((&left[0]["data"]["userId"], &left[0]["data"]["reason"]), (&json!("ada"), &json!("replaced")));
    world.say(second, "user-joined-room", join("den"));
    assert_eq!(world.shown(), ["den: bob* ada"]);
}

#[test]
fn gp_02_an_id_whose_network_was_cut_comes_back_at_once_with_its_token() {
    let mut world = World::new();
    let first = world.come("ada", "den");
    world.enter(first, "den");
    // Nothing was heard of the cut yet; then it was.
    let second = world.come("ada", "den");
    assert_eq!(world.closed_with(first), Some(4001));
    world.enter(second, "den");
    world.lose(second);
    let third = world.come("ada", "den");
    world.enter(third, "den");
    assert_eq!(world.shown(), ["den: ada*"]);
    world.close_tab(third);
    world.pass(60_000);
    world.assert_empty();
}

#[test]
fn gp_02_a_token_alone_says_who_one_is_and_an_old_one_says_nothing() {
    let mut world = World::new();
    let token = world.token("ada", "den");
    let conn = world.open();
    world.say(conn, "hello", json!({"token": token}));
    assert_eq!(world.take(conn)[0]["data"]["userId"], "ada");
    world.pass(61_000);
    let late = world.open();
    assert_eq!(world.refused(late, "hello", json!({"userId": "ada", "token": token})), "unavailable-id");
    world.say(late, "hello", json!({"token": token}));
    assert_ne!(world.take(late)[0]["data"]["userId"], "ada");
}

#[test]
fn gp_02_hub_is_nobodys_id_with_a_token_either() {
    let mut world = World::new();
    let error = world.operate(|operator| operator.issue_token(UserId::hub(), None, 60).unwrap_err());
    assert_eq!(error.code(), ErrorCode::UnavailableId);
    let secret = [9; 32];
    let key = TokenKey::new(&secret).unwrap();
    let grant = parlor_room::Grant::new(UserId::hub(), None, 60, world.now).unwrap();
    let mut world = World::with(Config { token_key: Some(key.clone()), ..Config::default() });
    let conn = world.open();
    assert_eq!(world.refused(conn, "hello", json!({"token": key.issue(&grant)})), "unavailable-id");
}

#[test]
fn gp_02_who_has_the_secret_makes_tokens_that_count_and_nobody_else() {
    let key = TokenKey::new(b"a secret that game and parlor share").unwrap();
    let config = || Config { token_key: Some(key.clone()), ..Config::default() };
    let mut world = World::with(config());
    let grant = parlor_room::Grant::new(id("ada"), None, 3_600, world.now).unwrap();
    world.join_as("ada");
    let conn = world.open();
    world.say(conn, "hello", json!({"userId": "ada", "token": key.issue(&grant)}));
    assert_eq!(types(&world.take(conn)), ["welcome"]);
    // Another server of the same secret takes it; one that was given no secret does not.
    let token = World::with(config()).token("bob", "den");
    let taken = |mut world: World| {
        world.join_as("bob");
        let conn = world.open();
        world.say(conn, "hello", json!({"userId": "bob", "token": token}));
        world.take(conn)[0]["type"] == "welcome"
    };
    assert!(taken(World::with(config())));
    assert!(!taken(World::new()));
}

#[test]
fn gp_02_in_a_room_with_a_roster_an_id_is_taken_only_with_its_own_token() {
    let mut world = World::new();
    world.operate(|operator| {
        operator.make_room(NewRoom { roster: Some(roster(&["ada", "bob"], &[])), ..den() }).unwrap();
    });
    let stranger = world.join_as("ada");
    assert_eq!(world.refused(stranger, "user-joined-room", join("den")), "unauthorized");
    // As a first frame, too.
    let anonymous = world.open();
    let named = json!({"roomId": "den", "userId": "bob"});
    assert_eq!(world.refused(anonymous, "user-joined-room", named), "unauthorized");
    // A token for another room, or one whose time is over, is none.
    let elsewhere = world.come("ada", "attic");
    assert_eq!(world.refused(elsewhere, "user-joined-room", join("den")), "unauthorized");
    let late = world.come("ada", "den");
    world.pass(61_000);
    assert_eq!(world.refused(late, "user-joined-room", join("den")), "unauthorized");
    // With one of their own they come in, over whoever sat on the id.
    let ada = world.come("ada", "den");
    assert_eq!(world.closed_with(late), Some(4001));
    assert_eq!(types(&world.answer(ada, "user-joined-room", join("den"))), ["room-joined", "ok"]);
    let anywhere = world.operate(|operator| operator.issue_token(id("bob"), None, 60).unwrap().0);
    let bob = world.open();
    world.say(bob, "hello", json!({"token": anywhere}));
    assert_eq!(world.refused(bob, "hello", json!({})), "bad-message");
    world.close_tab(anonymous);
    assert_eq!(world.shown(), ["den: ada*"]);
}

#[test]
fn gp_02_a_session_that_resumes_keeps_what_its_token_proved_and_takes_a_newer_one() {
    let mut world = World::new();
    world.operate(|operator| {
        operator.make_room(NewRoom { roster: Some(roster(&["ada"], &[])), ..den() }).unwrap();
    });
    let token = world.token("ada", "den");
    let conn = world.open();
    world.say(conn, "hello", json!({"userId": "ada", "instance": "i", "token": token}));
    let welcome = world.take(conn);
    let resume = welcome[0]["data"]["resumeToken"].clone();
    world.lose(conn);
    world.pass(5_000);
    let again = |world: &mut World, token: Value| {
        let conn = world.open();
        let resume = json!({"token": resume, "lastSeq": 0});
        world.say(conn, "hello", json!({"userId": "ada", "instance": "i", "resume": resume, "token": token}));
        assert_eq!(world.take(conn)[0]["data"]["resumed"], true);
        conn
    };
    let conn = again(&mut world, Value::Null);
    assert_eq!(types(&world.answer(conn, "user-joined-room", join("den"))), ["room-joined", "ok"]);
    world.say(conn, "user-left-room", join("den"));
    world.pass(60_000);
    assert_eq!(world.refused(conn, "user-joined-room", join("den")), "unauthorized");
    let newer = world.token("ada", "den");
    let conn = again(&mut world, json!(newer));
    assert_eq!(types(&world.answer(conn, "user-joined-room", join("den"))), ["room-joined", "ok"]);
}

#[test]
fn gp_02_a_token_for_another_proves_nothing_of_who_one_is_by_a_resume() {
    let mut world = World::new();
    world.operate(|operator| {
        operator.make_room(NewRoom { roster: Some(roster(&["ada", "bob"], &[])), ..den() }).unwrap();
    });
    let conn = world.open();
    world.say(conn, "hello", json!({"userId": "ada", "instance": "i"}));
    let resume = json!({"token": world.take(conn)[0]["data"]["resumeToken"], "lastSeq": 0});
    world.lose(conn);
    let token = world.token("bob", "den");
    let conn = world.open();
    // Reloaded: the old session is replaced, and gives its name.
    world.say(conn, "hello", json!({"instance": "j", "resume": resume, "token": token}));
    let welcome = world.take(conn);
    assert_eq!(
        (&welcome[0]["data"]["userId"], &welcome[0]["data"]["resumed"]),
        (&json!("ada"), &json!(false))
    );
    assert_eq!(world.refused(conn, "user-joined-room", join("den")), "unauthorized");
}

#[test]
fn gp_07_those_on_the_roster_may_join_and_those_taken_off_are_dropped() {
    let mut world = World::new();
    world.operate(|operator| {
        operator.make_room(NewRoom { roster: Some(roster(&["ada", "bob"], &["cat"])), ..den() }).unwrap();
    });
    let [ada, bob, cat, dan] = ["ada", "bob", "cat", "dan"].map(|user| world.come(user, "den"));
    world.say(ada, "user-joined-room", join("den"));
    world.say(bob, "user-joined-room", join("den"));
    assert_eq!(world.refused(cat, "user-joined-room", join("den")), "room-full");
    assert_eq!(world.refused(dan, "user-joined-room", join("den")), "forbidden");
    assert_eq!(world.shown(), ["den: ada* bob"]);
    world.clear();
    world.operate(|operator| {
        operator.set_roster(&room("den"), roster(&["bob", "cat"], &["dan"])).unwrap().clone()
    });
    for conn in [ada, bob] {
        let told = world.take(conn);
        assert_eq!(told[0]["type"], "user-left-room");
        assert_eq!(
            (&told[0]["data"]["userId"], &told[0]["data"]["reason"], &told[0]["data"]["by"]),
            (&json!("ada"), &json!("kicked"), &Value::Null)
        );
    }
    assert_eq!(world.closed_with(ada), None, "out of the room, not of the server");
    assert_eq!(world.refused(ada, "user-joined-room", join("den")), "forbidden");
    assert_eq!(types(&world.answer(cat, "user-joined-room", join("den"))), ["room-joined", "ok"]);
    assert_eq!(world.refused(dan, "user-joined-room", join("den")), "room-full");
    assert_eq!(world.shown(), ["den: bob* cat"]);
    // The same again is no news.
    world.clear();
    world.operate(|operator| {
        operator.set_roster(&room("den"), roster(&["bob", "cat"], &["dan"])).unwrap().clone()
    });
    assert_eq!((world.take(bob), world.take(cat), world.log.len()), (vec![], vec![], 0));
}

#[test]
fn gp_07_a_roster_for_a_room_that_people_are_in_drops_who_did_not_prove_their_id() {
    let mut world = World::new();
    let ada = world.in_room("ada", "den");
    let bob = world.come("bob", "den");
    let cat = world.come("cat", "attic");
    for conn in [bob, cat] {
        world.enter(conn, "den");
    }
    let roster = roster(&["ada", "bob", "cat"], &[]);
    world.operate(|operator| operator.set_roster(&room("den"), roster).unwrap().clone());
    assert_eq!(world.shown(), ["den: bob*"]);
    assert_eq!(world.refused(ada, "user-joined-room", join("den")), "unauthorized");
    let ada = world.come("ada", "den");
    assert_eq!(types(&world.answer(ada, "user-joined-room", join("den"))), ["room-joined", "ok"]);
    // Who came in by a token that has expired since stays.
    world.pass(61_000);
    let without_bob = Roster { members: vec![id("ada")], waiting: vec![] };
    world.operate(|operator| operator.set_roster(&room("den"), without_bob).unwrap().clone());
    assert_eq!(world.shown(), ["den: ada*"]);
}

#[test]
fn gp_07_somebody_taken_off_while_suspect_is_out_and_hears_of_it_when_back() {
    let mut world = World::new();
    world.operate(|operator| {
        operator.make_room(NewRoom { roster: Some(roster(&["ada", "bob"], &[])), ..den() }).unwrap();
    });
    let token = world.token("ada", "den");
    let ada = world.open();
    world.say(ada, "hello", json!({"userId": "ada", "instance": "i", "token": token}));
    let resume = world.take(ada)[0]["data"]["resumeToken"].clone();
    world.say(ada, "user-joined-room", join("den"));
    let last_seq = world.last_seq(ada);
    world.lose(ada);
    world.operate(|operator| operator.set_roster(&room("den"), roster(&["bob"], &[])).unwrap().clone());
    assert_eq!(world.shown(), ["den: "]);
    let back = world.open();
    let resume = json!({"token": resume, "lastSeq": last_seq});
    world.say(back, "hello", json!({"userId": "ada", "instance": "i", "resume": resume}));
    let told = world.take(back);
    assert_eq!(types(&told), ["welcome", "user-left-room"]);
    assert_eq!(told[1]["data"]["reason"], "kicked");
}

#[test]
fn gp_07_a_roster_above_capacity_is_refused_and_nothing_changes() {
    let mut world = World::new();
    world.operate(|operator| {
        operator.make_room(NewRoom { roster: Some(roster(&["ada"], &[])), ..den() }).unwrap();
        let five = roster(&["a", "b", "c", "d", "e"], &[]);
        let error = operator.set_roster(&room("den"), five.clone()).unwrap_err();
        assert_eq!(error, OperatorError::AboveCapacity { room: room("den"), members: 5, capacity: 4 });
        assert_eq!(error.code(), ErrorCode::RoomFull);
        assert_eq!(operator.roster(&room("den")).unwrap().members, [id("ada")]);
        let other = NewRoom { id: Some(room("other")), roster: Some(five), ..den() };
        assert!(operator.make_room(other).is_err());
        assert!(operator.room(&room("other")).is_err());
        // Who is named twice counts once, and who is a member does not wait.
        let twice = roster(&["a", "b", "a", "c", "d"], &["d", "e", "e"]);
        let kept = operator.set_roster(&room("den"), twice).unwrap();
        assert_eq!(*kept, roster(&["a", "b", "c", "d"], &["e"]));
        let many: Vec<String> = (0..1_001).map(|n| format!("w{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let error = operator.set_roster(&room("den"), roster(&[], &many)).unwrap_err();
        assert_eq!(error, OperatorError::TooManyWaiting(1_001));
        let error = operator.set_roster(&room("den"), roster(&["hub"], &[])).unwrap_err();
        assert_eq!(error, OperatorError::Reserved);
    });
}

#[test]
fn gp_07_a_room_with_a_roster_stays_while_empty_and_hosts_do_not_end_it() {
    let mut world = World::new();
    world.operate(|operator| {
        operator.make_room(NewRoom { roster: Some(roster(&["ada"], &[])), ..den() }).unwrap();
    });
    world.pass(600_000);
    let ada = world.come("ada", "den");
    assert_eq!(types(&world.answer(ada, "user-joined-room", join("den"))), ["room-joined", "ok"]);
    assert_eq!(world.refused(ada, "end-room", join("den")), "forbidden");
    world.close_tab(ada);
    world.pass(600_000);
    assert_eq!(world.shown(), ["den: "]);
    // Opened to everybody again it is a room like all others, and ends like them.
    world.operate(|operator| operator.clear_roster(&room("den")).unwrap());
    let error = world.operate(|operator| operator.clear_roster(&room("den")).unwrap_err());
    assert_eq!(error, OperatorError::NoRoster(room("den")));
    world.join_as("bob");
    world.pass(60_000);
    assert!(world.shown().is_empty());
}

#[test]
fn an_operator_makes_looks_at_and_ends_rooms() {
    let mut world = World::new();
    let made = world.operate(|operator| operator.make_room(den()).unwrap());
    assert_eq!(made.details.summary.capacity, 4);
    assert!(!made.has_roster && !made.has_password);
    let error = world.operate(|operator| operator.make_room(den()).unwrap_err());
    assert_eq!((&error, error.code()), (&OperatorError::RoomExists(room("den")), ErrorCode::RoomExists));
    // The first one in is its host.
    let ada = world.in_room("ada", "den");
    let bob = world.in_room("bob", "den");
    assert_eq!(world.shown(), ["den: ada* bob"]);
    let rooms = world.operate(|operator| {
        let fresh =
            NewRoom { id: None, settings: RoomSettings { listed: Some(false), ..den().settings }, ..den() };
        let second = operator.make_room(fresh).unwrap().details.summary.id;
        let ids = |after: Option<&RoomId>, limit| -> Vec<RoomId> {
            let rooms = operator.rooms(after, limit).unwrap();
            rooms.into_iter().map(|room| room.details.summary.id).collect()
        };
        assert_eq!(ids(None, 1), [room("den")]);
        assert_eq!(ids(Some(&room("den")), 9), std::slice::from_ref(&second));
        assert_eq!(ids(None, 9), [room("den"), second]);
        assert!(operator.rooms(Some(&room("gone")), 9).is_err());
        operator.participants(&room("den")).unwrap()
    });
    assert_eq!(rooms.len(), 2);
    world.clear();
    world.operate(|operator| operator.remove(&room("den"), &id("ada")).unwrap());
    assert_eq!(types(&world.take(bob)), ["user-left-room", "user-updated", "room-updated"]);
    assert_eq!(world.take(ada)[0]["data"]["reason"], "kicked");
    let error = world.operate(|operator| operator.remove(&room("den"), &id("ada")).unwrap_err());
    assert_eq!(error, OperatorError::NobodyThere(id("ada"), room("den")));
    world.operate(|operator| operator.end_room(&room("den")).unwrap());
    assert_eq!(world.take(bob)[0]["data"]["reason"], "room-ended");
    let error = world.operate(|operator| operator.end_room(&room("den")).unwrap_err());
    assert_eq!((&error, error.code()), (&OperatorError::NoRoom(room("den")), ErrorCode::RoomNotFound));
    for conn in [ada, bob] {
        world.close_tab(conn);
    }
    world.pass(60_000);
    world.assert_empty();
}

#[test]
fn what_an_operator_asks_has_the_bounds_of_the_contract() {
    let mut world = World::with(Config { rooms_max: 1, ..Config::default() });
    world.operate(|operator| {
        let with = |settings| NewRoom { settings, ..den() };
        let plain = RoomSettings::default;
        for (capacity, topology) in [(0, None), (1_001, None), (16, Some(Topology::Mesh))] {
            let settings = RoomSettings { capacity: Some(capacity), topology, ..plain() };
            assert_eq!(operator.make_room(with(settings)).unwrap_err(), OperatorError::Capacity(capacity));
        }
        let settings = RoomSettings { password: Some("x".repeat(257)), ..plain() };
        assert_eq!(operator.make_room(with(settings)).unwrap_err(), OperatorError::Password);
        let settings = RoomSettings { topology: Some(Topology::Sfu), ..plain() };
        assert_eq!(operator.make_room(with(settings)).unwrap_err(), OperatorError::NoHub);
        for ttl_s in [0, 2_592_001, u64::MAX] {
            let error = operator.issue_token(id("ada"), None, ttl_s).unwrap_err();
            assert_eq!(error, OperatorError::Ttl(ttl_s));
        }
        operator.make_room(den()).unwrap();
        let second = NewRoom { id: None, ..den() };
        assert_eq!(operator.make_room(second).unwrap_err(), OperatorError::NoPlace(1));
    });
    world.input(parlor_room::Input::Drain);
    world.operate(|operator| {
        assert_eq!(operator.make_room(den()).unwrap_err(), OperatorError::Stopping);
    });
}

#[test]
fn gp_02_in_a_room_with_a_roster_a_peer_gets_its_id_only_with_its_own_token() {
    let mut world = World::new();
    world.operate(|operator| {
        operator.make_room(NewRoom { roster: Some(roster(&["ada", "bob"], &["cat"])), ..den() }).unwrap();
    });
    let refused = |world: &mut World, user: &str, token: &str, code: &str| {
        let conn = world.knock(user, token, "den");
        let said = world.take(conn);
        assert_eq!(said[0]["type"], "ERROR");
        let sentence = said[0]["payload"]["msg"].as_str().unwrap();
        assert!(sentence.starts_with(code), "{sentence}");
        assert_eq!(world.closed_with(conn), Some(1008));
    };
    let of_bob = world.token("bob", "den");
    let elsewhere = world.token("ada", "attic");
    for token in ["random", &of_bob, &elsewhere] {
        refused(&mut world, "ada", token, "unauthorized: ");
    }
    let (of_cat, of_dan) = (world.token("cat", "den"), world.token("dan", "den"));
    refused(&mut world, "cat", &of_cat, "room-full: ");
    refused(&mut world, "dan", &of_dan, "forbidden: ");
    let opened = [json!({"type": "OPEN"})];
    let own = world.token("ada", "den");
    let ada = world.knock("ada", &own, "den");
    assert_eq!(world.take(ada), opened, "the key of a room with a roster needs no setting");
    // A page that was loaded anew brings another token for the same id: the id is its own at once.
    world.pass(1_000);
    let newer = world.token("ada", "den");
    assert_ne!(newer, own);
    let again = world.knock("ada", &newer, "den");
    assert_eq!((world.take(again).as_slice(), world.closed_with(ada)), (opened.as_slice(), Some(4001)));
    assert_eq!(world.shown(), ["den: ada*"]);
}

#[test]
fn gp_07_peers_taken_off_the_roster_are_dropped_and_the_others_stay() {
    let mut world = World::new();
    world.operate(|operator| {
        operator.make_room(NewRoom { roster: Some(roster(&["ada", "bob"], &[])), ..den() }).unwrap();
    });
    let [ada, bob] = ["ada", "bob"].map(|user| {
        let token = world.token(user, "den");
        world.knock(user, &token, "den")
    });
    // The tokens let them in; that their time is over is no reason to go.
    world.pass(15_000);
    for conn in [ada, bob] {
        world.peer_says(conn, "x", r#"{"type":"HEARTBEAT"}"#);
    }
    world.operate(|operator| operator.set_roster(&room("den"), roster(&["bob"], &[])).unwrap().clone());
    assert_eq!((world.closed_with(ada), world.closed_with(bob)), (Some(1008), None));
    assert_eq!(world.shown(), ["den: bob*"]);
}

#[test]
fn gp_07_an_operator_puts_a_peer_out_of_its_room() {
    let mut world = World::new();
    let ada = world.peer("ada");
    let bob = world.peer("bob");
    let put_out =
        |world: &mut World, of: &str| world.operate(|operator| operator.remove(&room(of), &id("ada")));
    assert_eq!(put_out(&mut world, "peerjs"), Ok(()));
    assert_eq!((world.closed_with(ada), world.closed_with(bob)), (Some(1008), None));
    assert_eq!(put_out(&mut world, "peerjs"), Err(OperatorError::NobodyThere(id("ada"), room("peerjs"))));
}

#[test]
fn gp_07_a_roster_outlives_its_last_peer_and_a_room_that_peers_made() {
    let mut world = World::new();
    world.operate(|operator| {
        operator.make_room(NewRoom { roster: Some(roster(&["ada"], &[])), ..den() }).unwrap();
    });
    let token = world.token("ada", "den");
    let ada = world.knock("ada", &token, "den");
    world.close_tab(ada);
    let stranger = world.peer("ann");
    world.operate(|operator| {
        operator.set_roster(&room("peerjs"), roster(&["ada"], &[])).unwrap();
    });
    assert_eq!(world.closed_with(stranger), Some(1008));
    world.pass(120_000);
    for of in ["den", "peerjs"] {
        let conn = world.knock("eve", "any", of);
        assert_eq!(world.take(conn)[0]["type"], "ERROR", "{of} admits nobody without a token");
        assert!(world.operate(|operator| operator.roster(&room(of)).is_ok()), "{of}");
    }
}

#[test]
fn gp_02_a_token_wins_its_id_from_whoever_sits_on_it_at_the_other_door() {
    let mut world = World::new();
    let squatter = world.join_as("ada");
    let token = world.token("ada", "peerjs");
    let without = world.knock("ada", "mine", "peerjs");
    assert_eq!(world.take(without)[0]["type"], "ID-TAKEN");
    let ada = world.knock("ada", &token, "peerjs");
    assert_eq!(world.take(ada), [json!({"type": "OPEN"})]);
    assert_eq!(world.closed_with(squatter), Some(4001));
    // And back.
    let session = world.open();
    assert_eq!(world.refused(session, "hello", json!({"userId": "ada"})), "unavailable-id");
    world.say(session, "hello", json!({"userId": "ada", "token": token}));
    assert_eq!(types(&world.take(session)), ["welcome"]);
    assert_eq!(world.closed_with(ada), Some(4001));
}

#[test]
fn gp_07_an_operator_sees_peers_among_the_participants() {
    let mut world = with_keys(PeerKeys::Any);
    world.in_room("ada", "den");
    world.pass(1_000);
    world.knock("bob b", "t", "den");
    let came_at = world.now;
    world.pass(1_000);
    world.in_room("cat", "den");
    // The same client at a newer socket has been here as long.
    world.knock("bob b", "t", "den");
    let present = world.operate(|operator| operator.participants(&room("den")).unwrap());
    let [Present::Participant(ada), Present::Guest(bob), Present::Participant(cat)] = present.as_slice()
    else {
        panic!("in order of joining: {present:?}");
    };
    assert_eq!((&ada.id, &bob.id, &cat.id), (&id("ada"), &id("bob.b"), &id("cat")));
    assert_eq!((bob.name.as_str(), bob.joined_at.0), ("bob b", came_at));
}

#[test]
fn gp_07_a_room_that_was_ended_stays_ended_for_peers_for_a_minute() {
    let mut world = with_keys(PeerKeys::Any);
    let ended = json!({"type": "ERROR", "payload": {"msg": "room-ended: this room was ended, it can be made anew in a minute"}});
    let ada = world.knock("ada", "t", "game");
    let elsewhere = world.knock("bob", "t", "chess");
    world.operate(|operator| operator.end_room(&room("game")).unwrap());
    assert_eq!((world.closed_with(ada), world.closed_with(elsewhere)), (Some(1008), None));
    for (name, after_ms) in [("ada", 0), ("cat", 59_999)] {
        world.pass(after_ms);
        world.peer_says(elsewhere, "bob", r#"{"type":"HEARTBEAT"}"#);
        let again = world.knock(name, "t", "game");
        assert_eq!((world.take(again), world.closed_with(again)), (vec![ended.clone()], Some(1008)));
    }
    world.pass(1);
    let again = world.knock("ada", "t", "game");
    assert_eq!(world.take(again), [json!({"type": "OPEN"})]);
    // One that the operator makes anew is there.
    world.operate(|operator| operator.end_room(&room("game")).unwrap());
    let new = NewRoom { id: Some(room("game")), ..den() };
    world.operate(|operator| operator.make_room(new).unwrap());
    let again = world.knock("ada", "t", "game");
    assert_eq!(world.take(again).pop().unwrap(), json!({"type": "OPEN"}));
}

/// A room that ends because nobody is left was ended by nobody.
#[test]
fn gp_01_a_room_that_ended_by_itself_is_made_anew_at_once() {
    let mut world = World::new();
    let ada = world.peer("ada");
    world.close_tab(ada);
    world.peer("ada");
    assert_eq!(world.shown(), ["peerjs: ada*"]);
}
