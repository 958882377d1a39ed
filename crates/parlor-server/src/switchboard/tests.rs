//! The lock: what a panic costs, and that nothing is forgotten there.

use std::sync::Arc;

use parlor_proto::ClientFrame;
use parlor_room::{CloseCause, Config, Input};

use super::{Called, Seat, Switchboard};
use crate::socket::Caller;

fn seat(switchboard: &Arc<Switchboard>) -> Seat {
    switchboard.open(switchboard.place().unwrap(), Caller::Participant)
}

fn say(seat: &Seat, text: &str) -> Called {
    seat.input(Input::Frame { conn: seat.conn, frame: ClientFrame::parse(text).unwrap() })
}

#[test]
fn a_panic_ends_its_call_and_nothing_else() {
    let switchboard = Switchboard::new(Config::default(), [1; 32], 10, Arc::default());
    let (ada, bob) = (seat(&switchboard), seat(&switchboard));
    assert_eq!(say(&ada, r#"{"type":"room-created","data":{"id":"show","name":"Show"}}"#), Called::Done);
    let planted = switchboard.call(Some(ada.conn), |_, _| panic!("planted by a test"));
    assert_eq!(planted, Called::Panicked);
    assert_eq!(switchboard.counters.panics.get(), 1);
    // The lock works, and so does everyone else.
    assert_eq!(say(&bob, r#"{"type":"user-joined-room","data":{"roomId":"show"}}"#), Called::Done);
    assert_eq!(switchboard.gauges().participants, 2);
    drop(ada);
    assert_eq!(switchboard.gauges().sockets, 1);
}

#[test]
fn vc_05_a_seat_that_is_dropped_is_gone_everywhere() {
    let switchboard = Switchboard::new(Config::default(), [1; 32], 2, Arc::default());
    let (ada, mut bob) = (seat(&switchboard), seat(&switchboard));
    assert!(switchboard.place().is_none(), "both places are taken");
    bob.leave(CloseCause::Frame(Some(1001)));
    bob.leave(CloseCause::Lost);
    assert!(switchboard.place().is_none(), "the place is taken until the connection is gone");
    drop(bob);
    drop(ada);
    assert!(switchboard.place().is_some());
    assert!(switchboard.lock().outboxes.is_empty());
    assert_eq!(switchboard.gauges().sockets, 0);
}

#[tokio::test]
async fn the_end_waits_for_every_place() {
    let switchboard = Switchboard::new(Config::default(), [1; 32], 3, Arc::default());
    let ada = seat(&switchboard);
    let waiting = tokio::spawn({
        let switchboard = Arc::clone(&switchboard);
        async move { switchboard.gone().await }
    });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    drop(ada);
    assert!(waiting.await.unwrap());
}
