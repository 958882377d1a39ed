//! The question that each door asks, for the doors whose frames are not those of `/ws`.

use parlor_proto::{ErrorCode, Name, RoomId, Time, UserId};

use crate::refusal::Refusable;
use crate::{Config, NewRoom, Registry, Roster};

#[test]
fn gp_02_a_door_asks_with_id_token_and_room_whether_somebody_may_come_in() {
    let now = Time::from_ms(1_795_255_200_000);
    let mut registry = Registry::new(Config::default(), [7; 32]);
    let id = |text: &str| UserId::parse(text).unwrap();
    let (den, open) = (RoomId::parse("den").unwrap(), RoomId::parse("open").unwrap());
    let name = Name::parse("Den").unwrap();
    let mut operator = registry.operator(now);
    for (room, roster) in
        [(&den, Some(Roster { members: vec![id("ada")], waiting: vec![id("cat")] })), (&open, None)]
    {
        let host = (id("operator"), name.clone());
        let settings = Default::default();
        operator
            .make_room(NewRoom { id: Some(room.clone()), name: name.clone(), host, settings, roster })
            .unwrap();
    }
    let mut token = |user: &str| operator.issue_token(id(user), Some(den.clone()), 60).unwrap().0;
    let [ada, bob, cat] = ["ada", "bob", "cat"].map(&mut token);
    let answer = |user: &str, token: Option<&str>, room: &RoomId| {
        registry.check_admission(user, token, room).map_err(|error| error.code())
    };
    assert_eq!(answer("ada", Some(&ada), &den), Ok(()));
    assert_eq!(answer("ada", None, &den), Err(ErrorCode::Unauthorized));
    assert_eq!(answer("ada", Some("k3j2h1"), &den), Err(ErrorCode::Unauthorized));
    assert_eq!(answer("ada", Some(&bob), &den), Err(ErrorCode::Unauthorized));
    assert_eq!(answer("bob", Some(&bob), &den), Err(ErrorCode::Forbidden));
    assert_eq!(answer("cat", Some(&cat), &den), Err(ErrorCode::RoomFull));
    // An id that only PeerJS allows is on no roster; where there is none, nobody is asked for anything.
    assert_eq!(answer("a b", Some(&ada), &den), Err(ErrorCode::Unauthorized));
    assert_eq!(answer("a b", Some("k3j2h1"), &open), Ok(()));
    assert_eq!(answer("a b", None, &RoomId::parse("nowhere").unwrap()), Ok(()));
    assert!(registry.read_token(Some("ada"), Some(&ada)).is_ok(), "takes the id over");
    assert!(registry.read_token(Some("ada"), Some(&bob)).is_err());
}
