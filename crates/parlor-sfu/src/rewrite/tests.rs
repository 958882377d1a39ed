//! Streams that go on over changes of their source.

#![allow(clippy::disallowed_methods, reason = "a base for made-up times")]
use std::time::Duration;

use super::*;

const OPUS_HZ: u32 = 48_000;

#[test]
fn vc_01_a_stream_begins_low_and_goes_on_over_a_change_of_source() {
    let start = Instant::now();
    let mut rewriter = Rewriter::new(JUMP_MAX_SOUND);
    assert_eq!(rewriter.rewrite(start, OPUS_HZ, 900_000, 1_000), Some((1, 1_000)));
    let at = start + Duration::from_millis(20);
    assert_eq!(rewriter.rewrite(at, OPUS_HZ, 900_001, 1_960), Some((2, 1_960)));
    rewriter.restart();
    let at = at + Duration::from_millis(20);
    assert_eq!(
        rewriter.rewrite(at, OPUS_HZ, 17, 4_000_000_000),
        Some((3, 2_920)),
        "20 ms later, whatever the source counts"
    );
    assert_eq!(rewriter.rewrite(at, OPUS_HZ, 19, 4_000_001_920), Some((5, 4_840)), "a gap stays a gap");
    assert_eq!(
        rewriter.rewrite(at, OPUS_HZ, 18, 4_000_000_960),
        Some((4, 3_880)),
        "what is late finds its place"
    );
    assert_eq!(rewriter.rewrite(at, OPUS_HZ, 16, 3_999_999_040), None, "from before this source");
}

#[test]
fn vc_01_a_source_that_jumps_far_ahead_has_begun_anew() {
    let start = Instant::now();
    for jump_max in [JUMP_MAX_SOUND, JUMP_MAX_VIDEO] {
        let mut rewriter = Rewriter::new(jump_max);
        rewriter.rewrite(start, OPUS_HZ, 10, 0);
        let at = start + Duration::from_secs(1);
        assert_eq!(rewriter.rewrite(at, OPUS_HZ, 10 + jump_max + 1, 5), Some((2, OPUS_HZ)));
        assert_eq!(
            rewriter.rewrite(at, OPUS_HZ, 10 + 2 * jump_max + 1, 5).unwrap().0,
            2 + jump_max,
            "a gap stays a gap"
        );
    }
}

#[test]
fn vc_01_picture_ids_go_on_over_a_change_of_layer() {
    let vp8 = |id: u16, base: u8| vec![0x90, 0xe0, 0x80 | (id >> 8) as u8, id as u8, base, 0x20, 0x11, 0];
    let mut ids = PictureIds::default();
    let shown = |ids: &mut PictureIds, id, base| {
        let payload = vp8(id, base);
        let descriptor = Vp8Descriptor::parse(&payload).unwrap();
        ids.patch(&descriptor, &payload)
    };
    assert!(shown(&mut ids, 100, 5).is_none(), "the first source goes out as it came");
    assert!(shown(&mut ids, 101, 6).is_none());
    ids.restart();
    assert!(shown(&mut ids, 9_000, 77).is_some());
    assert_eq!(ids.last, Some((102, 7)));
    let patch = shown(&mut ids, 9_001, 78).unwrap();
    assert_eq!(ids.last, Some((103, 8)));
    let mut written = vp8(9_001, 78);
    patch.apply(&mut written);
    assert_eq!(written, vp8(103, 8));
    let short = |id: u8| vec![0x90, 0x80, id, 0x11, 0x22];
    ids.restart();
    let patch = ids.patch(&Vp8Descriptor::parse(&short(9)).unwrap(), &short(9)).unwrap();
    let mut written = short(9);
    patch.apply(&mut written);
    assert_eq!(written, short(104));
    patch.apply(&mut []);
}
