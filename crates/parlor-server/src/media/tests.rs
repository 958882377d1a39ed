//! The desk between registry and thread. With real sockets it is tested in `tests/live/hub.rs`.

use parlor_proto::Instance;

use super::*;

fn desk() -> Desk {
    let certificate = parlor_sfu::Certificate::generate(Instant::now(), SystemTime::now()).unwrap();
    let local = vec![SocketAddr::from(([127, 0, 0, 1], 9))];
    let waker = mio::Waker::new(mio::Poll::new().unwrap().registry(), mio::Token(0)).unwrap();
    let settings = Settings { local, local_tcp: Vec::new(), has_congestion_control: true, certificate };
    Desk::new(settings, None, waker)
}

fn seat(stay: u64) -> HubSeat {
    HubSeat { room: 1, participant: UserId::parse("ann").unwrap(), stay }
}

fn offer(stay: u64, sdp: &str) -> HubOrder {
    HubOrder::Offer {
        seat: seat(stay),
        room_id: RoomId::parse("r").unwrap(),
        instance: Instance::parse("i").unwrap(),
        attempt: 1,
        n: 1,
        sdp: sdp.to_owned(),
        tracks: Vec::new(),
    }
}

fn refusals(turn: &Turn) -> Vec<(u64, &'static str, Option<u32>)> {
    let of = |report: &HubReport| match report {
        HubReport::Refused { seat, kind, attempt, .. } => Some((seat.stay, *kind, *attempt)),
        _ => None,
    };
    turn.reports.iter().filter_map(of).collect()
}

#[test]
fn vc_05_an_offer_that_still_waits_goes_with_who_made_it() {
    let (desk, counters) = (desk(), Counters::default());
    desk.carry_out(offer(1, "nonsense"), &counters).unwrap();
    desk.carry_out(HubOrder::Leave { seat: seat(1) }, &counters).unwrap();
    desk.carry_out(offer(2, "nonsense"), &counters).unwrap();
    assert_eq!(refusals(&desk.turn(&[], &counters)), [(2, "offer", Some(1))]);
}

#[test]
fn vc_04_a_hub_that_panicked_is_made_anew_and_everybody_is_asked_for_an_offer() {
    let (desk, counters) = (desk(), Counters::default());
    desk.carry_out(offer(1, "nonsense"), &counters).unwrap();
    let _ = desk.turn(&[], &counters);
    desk.core().renew(&"planted", &counters);
    let turn = desk.turn(&[], &counters);
    let wanted = HubReport::OfferWanted { seat: seat(1), reason: "transport-gone" };
    assert_eq!(turn.reports, [wanted, HubReport::Grade { seat: seat(1), grade: Grade::Lost }]);
    assert_eq!(counters.hub_panics.get(), 1);
    assert!(desk.core().hub.ledger().is_empty());
}

#[test]
fn who_asks_a_hub_whose_thread_is_no_more_is_told() {
    let (desk, counters) = (desk(), Counters::default());
    desk.is_gone.store(true, Ordering::Release);
    let refused = desk.carry_out(offer(1, "nonsense"), &counters).unwrap_err();
    assert!(matches!(refused, HubReport::Refused { code: ErrorCode::ServerError, kind: "offer", .. }));
    desk.carry_out(HubOrder::Leave { seat: seat(1) }, &counters).unwrap();
}

#[test]
fn the_rooms_name_is_kept_for_the_log_of_its_end_and_no_longer() {
    let (desk, counters) = (desk(), Counters::default());
    desk.carry_out(offer(1, "nonsense"), &counters).unwrap();
    let _ = desk.turn(&[], &counters);
    desk.carry_out(HubOrder::Leave { seat: seat(1) }, &counters).unwrap();
    desk.carry_out(HubOrder::RoomEnded { room: 1 }, &counters).unwrap();
    assert_eq!(desk.core().rooms.len(), 1);
    let _ = desk.turn(&[], &counters);
    assert_eq!(desk.core().rooms.len(), 0);
    assert_eq!(desk.core().stays.len(), 0);
}

#[test]
fn of_slots_only_the_newest_of_each_are_told() {
    let slots = |stay, count| HubReport::Slots {
        seat: seat(stay),
        slots: vec![
            parlor_proto::Slot { mid: "0".to_owned(), user_id: None, source: None, csrc: None };
            count
        ],
    };
    let mut turn = Turn::default();
    let wanted = HubReport::OfferWanted { seat: seat(1), reason: "transport-gone" };
    for report in [slots(1, 1), slots(2, 1), wanted.clone(), slots(1, 2)] {
        turn.tell(report);
    }
    assert_eq!(turn.reports, [slots(2, 1), wanted, slots(1, 2)]);
}
