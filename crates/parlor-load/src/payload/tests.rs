//! Payloads say when they were sent, and have the sizes that they should.

use super::*;

#[test]
fn a_stamp_comes_back_from_sound_and_pictures_and_from_nothing_else() {
    let stamp = Stamp { us: 123_456_789 };
    assert_eq!(Stamp::read(&speech(stamp), false), Some(stamp));
    for packet in Pictures::new(None, 720, 1_700_000).next(stamp) {
        assert_eq!(Stamp::read(&packet, true), Some(stamp));
    }
    assert_eq!(Stamp::read(&SILENCE, false), None);
    assert_eq!(Stamp::read(&[0xaa; 100], true), None);
}

#[test]
fn pictures_bring_their_bit_rate_and_a_key_frame_when_one_is_wanted() {
    let mut pictures = Pictures::new(None, 720, 1_700_000);
    let is_key = |packets: &[Vec<u8>]| packets[0][6] == 0;
    let first = pictures.next(Stamp { us: 0 });
    assert!(is_key(&first));
    let second = pictures.next(Stamp { us: 0 });
    assert!(!is_key(&second));
    pictures.wants_key = true;
    assert!(is_key(&pictures.next(Stamp { us: 0 })));
    let bytes: usize = second.iter().map(Vec::len).sum();
    assert_eq!(second.len(), 8);
    assert!((8_490..=8_500).contains(&bytes), "{bytes}");
    assert!(second.iter().all(|packet| packet.len() <= 1_100));
}

#[test]
fn the_layers_of_a_simulcast_share_the_bit_rate() {
    let layers = layers(Camera { bps: 2_000_000, is_simulcast: true });
    let names: Vec<_> = layers.iter().map(|(rid, _, _)| rid.unwrap()).collect();
    assert_eq!(names, ["q", "h", "f"]);
    assert_eq!(layers.iter().map(|(_, _, bps)| bps).sum::<u64>(), 2_000_000);
}
