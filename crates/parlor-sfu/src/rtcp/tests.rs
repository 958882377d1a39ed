//! Packets as they are on the wire.

use super::*;

const INFO: SenderInfo =
    SenderInfo { ssrc: 0x0102_0304, ntp: 0xe000_0000_8000_0000, timestamp: 960, packets: 50, bytes: 4_000 };

#[test]
fn vc_01_a_report_says_when_a_stream_is_to_be_heard_and_whose_it_is() {
    let report = sender_report(&INFO, "abc");
    let expected = [
        &[
            0x80, 200, 0, 6, 1, 2, 3, 4, 0xe0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 3, 0xc0, 0, 0, 0, 50, 0, 0,
            0x0f, 0xa0,
        ][..],
        &[0x81, 202, 0, 3, 1, 2, 3, 4, 1, 3, b'a', b'b', b'c', 0, 0, 0][..],
    ]
    .concat();
    assert_eq!(report, expected);
    for cname in ["", "ab", "abcde", &"x".repeat(300)] {
        let report = sender_report(&INFO, cname);
        assert_eq!(report.len() % 4, 0);
        let words = usize::from(u16::from_be_bytes([report[30], report[31]]));
        assert_eq!(report.len(), 28 + 4 + words * 4);
        assert_eq!(report.last(), Some(&0), "what ends the items");
    }
}

#[test]
fn vc_05_goodbyes_are_of_31_at_most() {
    assert_eq!(goodbye(&[]), None);
    assert_eq!(
        goodbye(&[1, 2]).unwrap(),
        [0x80, 201, 0, 1, 0, 0, 0, 1, 0x82, 203, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2]
    );
    let many: Vec<u32> = (0..40).collect();
    let bytes = goodbye(&many).unwrap();
    assert_eq!((bytes[8], bytes[8 + 4 + 31 * 4]), (0x80 | 31, 0x80 | 9));
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

fn blocks(bytes: &[u8]) -> Vec<Block> {
    packets(bytes).flat_map(|packet| packet.blocks()).collect()
}

#[test]
fn au_6_blocks_are_found_in_both_kinds_of_reports() {
    let of = |ssrc: u32, lost: u32| [ssrc, 0x4000_0000 | lost, 0x0001_0203, 9, 0xaaaa_bbbb, 0x1_0000];
    let mut all = words(&[0x81c8_000c, 7, 1, 2, 3, 4, 5]);
    all.extend(words(&of(11, 5)));
    all.extend(words(&[0x81ca_0001, 7]));
    all.extend(words(&[0x82c9_000d, 7]));
    all.extend(words(&of(12, 0x00ff_ffff)));
    all.extend(words(&of(13, 0)));
    let found = blocks(&all);
    assert_eq!(
        found.iter().map(|block| (block.ssrc, block.lost)).collect::<Vec<_>>(),
        [(11, 5), (12, -1), (13, 0)]
    );
    let expected =
        Block { ssrc: 11, lost: 5, highest: 0x0001_0203, last_report: 0xaaaa_bbbb, since_report: 0x1_0000 };
    assert_eq!(found[0], expected);
    // Fewer than are said, and more than are said.
    assert_eq!(blocks(&words(&[0x9fc9_0001, 7])), []);
    let mut quiet = words(&[0x80c9_0007, 7]);
    quiet.extend(words(&of(12, 0)));
    assert_eq!(blocks(&quiet), []);
}

#[test]
fn vc_05_fuzz_blocks() {
    let mut random = fastrand::Rng::with_seed(20);
    for _ in 0..20_000 {
        let mut bytes: Vec<u8> = (0..random.usize(..120)).map(|_| random.u8(..)).collect();
        if let [first, kind, high, ..] = &mut bytes[..] {
            (*first, *kind, *high) = (0x80 | *first, random.u8(199..208), 0);
        }
        assert!(blocks(&bytes).len() <= bytes.len() / BLOCK_BYTES);
        let missing = packets(&bytes).filter_map(|packet| packet.feedback()).map(|feedback| match feedback {
            Feedback::Missing { seqs, .. } => seqs.len(),
            Feedback::KeyFrame { ssrcs } => ssrcs.len(),
            Feedback::Arrivals(body) => body.len() / WORD_BYTES,
        });
        assert!(missing.sum::<usize>() <= bytes.len() / WORD_BYTES * 17);
    }
}

#[test]
fn vc_01_feedback_says_what_is_missing_and_what_needs_a_key_frame() {
    let mut all = words(&[0x81cd_0004, 7, 11, 0xfffe_0000, 0x0010_8001]);
    all.extend(words(&[0x81ce_0002, 7, 12]));
    all.extend(words(&[0x84ce_0006, 7, 0, 13, 0x0500_0000, 14, 0x0600_0000]));
    all.extend(words(&[0x8fcd_0003, 7, 0, 0x0001_0001]));
    all.extend(words(&[0x8fce_0003, 7, 0, 0x5245_4d42]));
    let found: Vec<Feedback<'_>> = packets(&all).filter_map(|packet| packet.feedback()).collect();
    let seqs = vec![0xfffe, 0x10, 0x11, 0x20];
    let arrivals = words(&[7, 0, 0x0001_0001]);
    let expected = [
        Feedback::Missing { ssrc: 11, seqs },
        Feedback::KeyFrame { ssrcs: vec![12] },
        Feedback::KeyFrame { ssrcs: vec![13, 14] },
        Feedback::Arrivals(&arrivals),
    ];
    assert_eq!(found, expected);
    assert!(packets(&all).all(|packet| packet.is_about_receiving()));
    let wrapped = words(&[0x81cd_0003, 7, 11, 0xffff_0001]);
    let feedback = packets(&wrapped).next().unwrap().feedback();
    assert_eq!(feedback, Some(Feedback::Missing { ssrc: 11, seqs: vec![0xffff, 0] }));
    for other in [0x80c8_0001, 0x81cb_0001, 0x80cf_0001] {
        assert!(!packets(&words(&[other, 7])).next().unwrap().is_about_receiving(), "{other:x}");
    }
}
