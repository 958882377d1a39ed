//! Counting against made-up sequences.

use super::*;

fn counted(numbers: &[u64]) -> (u64, u64) {
    let mut track = Track::new(1, Kind::Video, numbers[0], 0);
    for number in &numbers[1..] {
        track.on_packet(*number);
    }
    track.came_and_lost()
}

#[test]
fn what_is_missing_in_between_is_lost() {
    assert_eq!(counted(&[10, 11, 12]), (3, 0));
    assert_eq!(counted(&[10, 12, 15]), (3, 3));
    assert_eq!(counted(&[10, 12, 11]), (3, 0));
    // A first packet that was overtaken.
    assert_eq!(counted(&[11, 10, 12]), (3, 0));
}

#[test]
fn what_comes_twice_hides_no_loss() {
    assert_eq!(counted(&[10, 10, 10, 13]), (2, 2));
    assert_eq!(counted(&[10, 13, 12, 12, 13]), (3, 1));
}

#[test]
fn a_gap_wider_than_the_window_is_all_lost_and_counting_goes_on() {
    let far = 10 + 3 * limits::WINDOW_PACKETS;
    assert_eq!(counted(&[10, far, far + 1]), (3, 3 * limits::WINDOW_PACKETS - 1));
    // Too late to be told from one that came before.
    assert_eq!(counted(&[10, far, 11]).0, 2);
}

#[test]
fn every_number_of_many_windows_counts_once() {
    let numbers: Vec<u64> = (5..5 + 10 * limits::WINDOW_PACKETS).collect();
    assert_eq!(counted(&numbers), (10 * limits::WINDOW_PACKETS, 0));
}

#[test]
fn counting_anew_forgets_earlier_loss_and_keeps_the_tracks() {
    let mut tally = Tally::default();
    tally.on_track(Track::new(1, Kind::Audio, 1, 5), 80, Some(700));
    tally.on_packet(0, 9, 4, 80, Some(900));
    let before = tally.received(Kind::Audio);
    assert_eq!((before.tracks, before.packets, before.bytes, before.lost), (1, 2, 160, 2));
    tally.restart();
    let restarted = tally.received(Kind::Audio);
    assert_eq!((restarted.tracks, restarted.packets, restarted.lost), (1, 0, 0));
    tally.on_packet(0, 20, 6, 80, None);
    assert_eq!(tally.received(Kind::Audio).lost, 1);
    assert!(tally.received(Kind::Audio).latency.is_empty());
    assert_eq!((tally.flowing(Kind::Audio, 20), tally.flowing(Kind::Audio, 21)), (1, 0));
}

#[test]
fn delays_have_quantiles_and_add_up() {
    let (mut some, mut more) = (Delays::default(), Delays::default());
    assert_eq!(some.quantile_ms(0.5), None);
    for us in 1..=50 {
        some.add_us(us * 1_000);
        more.add_us((us + 50) * 1_000);
    }
    some.merge(&more);
    assert_eq!(some.len(), 100);
    let (middle, tail) = (some.quantile_ms(0.5).unwrap(), some.quantile_ms(0.99).unwrap());
    assert!((middle - 50.0).abs() < 1.0 && (tail - 99.0).abs() < 2.0, "{middle} {tail}");
}
