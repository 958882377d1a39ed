//! Codecs told from descriptions and from bytes.

use str0m::rtp::{RedEncoder, RedundantBlock};

use super::*;

#[test]
fn codecs_are_known_by_their_names() {
    assert_eq!(Codec::from_sdp("opus/48000/2", "minptime=10"), Some(Codec::Opus));
    assert_eq!(Codec::from_sdp("red/48000/2", "111/111"), Some(Codec::Red));
    assert_eq!(Codec::from_sdp("red/90000", ""), None, "RED of video is something else");
    assert_eq!(Codec::from_sdp("H264/90000", "a=1; packetization-mode=1"), Some(Codec::H264 { mode: 1 }));
    assert_eq!(Codec::from_sdp("H264/90000", ""), Some(Codec::H264 { mode: 0 }));
    assert_eq!(Codec::from_sdp("AV1/90000", ""), None);
}

#[test]
fn a_vp8_key_frame_tells_its_height() {
    let key = [0x90, 0x80, 0x81, 0x02, 0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01, 0x00];
    let picture = picture(Codec::Vp8, &key);
    assert!(picture.starts_key_frame);
    assert_eq!(picture.height, Some(360));
    let delta = [0x90, 0x80, 0x81, 0x02, 0x11, 0x02, 0x00];
    assert!(!super::picture(Codec::Vp8, &delta).starts_key_frame);
}

#[test]
fn h264_key_frames_begin_in_all_three_packets() {
    let h264 = |payload: &[u8]| picture(Codec::H264 { mode: 1 }, payload).starts_key_frame;
    assert!(h264(&[0x65, 1, 2]));
    assert!(h264(&[0x78, 0, 2, 0x67, 1, 0, 2, 0x68, 1]));
    assert!(h264(&[0x78, 0, 2, 0x68, 1, 0, 2, 0x65, 1]));
    assert!(h264(&[0x7c, 0x85, 1]));
    assert!(!h264(&[0x7c, 0x05, 1]), "not its start");
    assert!(!h264(&[0x41, 1, 2]));
    assert!(!h264(&[0x78, 0xff, 0xff, 0x41]));
    assert!(!h264(&[]));
}

#[test]
fn red_gets_the_receivers_payload_types_or_is_taken_off() {
    let block = |payload: &[u8]| RedundantBlock { pt: 111, timestamp_offset: 960, payload: payload.into() };
    let red = RedEncoder::encode(111, b"now", &[block(b"earlier")]);
    let kept = red_for(&red, 120, true).unwrap();
    assert_eq!(kept, RedEncoder::encode(120, b"now", &[RedundantBlock { pt: 120, ..block(b"earlier") }]));
    assert_eq!(red_for(&red, 120, false).unwrap(), b"now");
    assert_eq!(red_for(&[0x80 | 111, 0, 0xff, 0xff], 111, true), None);
    assert_eq!(red_for(&[], 111, true), None);
}
