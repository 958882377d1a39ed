//! Packets of feedback made by hand from the draft, and what is none.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::*;

/// Behind the common header: SSRCs, the base, how many, the reference time, the count of feedback, and the rest.
fn body(base: u16, count: u16, reference: [u8; 3], rest: &[u8]) -> Vec<u8> {
    let mut body = vec![0, 0, 0, 1, 0, 0, 0, 2];
    body.extend(base.to_be_bytes());
    body.extend(count.to_be_bytes());
    body.extend(reference);
    body.push(9);
    body.extend(rest);
    body
}

fn packets(body: &[u8]) -> Option<Vec<(u16, Option<i64>)>> {
    Feedback::read(body).map(|feedback| feedback.packets().collect())
}

#[test]
fn vc_01_a_run_of_packets_that_came() {
    // Run length, "received, small delta", 4.
    let body = body(7, 4, [0, 0, 2], &[0x20, 4, 0, 4, 255, 40, 0, 0]);
    let feedback = Feedback::read(&body).unwrap();
    assert_eq!((feedback.base, feedback.count, feedback.reference()), (7, 4, 2));
    let all = [(7, Some(0)), (8, Some(1_000)), (9, Some(64_750)), (10, Some(74_750))];
    assert_eq!(feedback.packets().collect::<Vec<_>>(), all);
}

#[test]
fn vc_01_a_run_of_lost_ones_between_two_that_came_by_large_differences() {
    // Large, 1; lost, 3; large, 1: 300 steps, and 8 back.
    let body = body(0xfffe, 5, [0, 0, 0], &[0x40, 1, 0, 3, 0x40, 1, 0x01, 0x2c, 0xff, 0xf8]);
    let all = [(0xfffe, Some(75_000)), (0xffff, None), (0, None), (1, None), (2, Some(73_000))];
    assert_eq!(packets(&body).unwrap(), all);
}

#[test]
fn vc_01_a_vector_of_one_bit_symbols_is_read_from_its_upper_end() {
    // The draft's example in section 3.1.4: lost, 5 received, 3 lost, 3 received, 2 lost.
    let body = body(100, 14, [0, 0, 0], &[0b1001_1111, 0b0001_1100, 1, 1, 1, 1, 1, 1, 1, 1]);
    let came: Vec<u16> =
        packets(&body).unwrap().into_iter().filter_map(|(seq, at)| at.map(|_| seq)).collect();
    assert_eq!(came, [101, 102, 103, 104, 105, 109, 110, 111]);
}

#[test]
fn vc_01_a_vector_of_two_bit_symbols_has_both_kinds_of_differences() {
    // The draft's second example: lost, received without a large difference, 3 received with one, 2 lost… and one more chunk.
    let rest = [0b1100_0110, 0b1010_0000, 0x20, 1, 2, 0, 100, 0xff, 0xfe, 0, 0, 8];
    let body = body(1, 8, [0, 0, 0], &rest);
    let all = [
        (1, None),
        (2, Some(500)),
        (3, Some(25_500)),
        (4, Some(25_000)),
        (5, Some(25_000)),
        (6, None),
        (7, None),
        (8, Some(27_000)),
    ];
    assert_eq!(packets(&body).unwrap(), all);
}

#[test]
fn vc_01_what_a_last_chunk_says_beyond_the_count_counts_for_nothing() {
    assert_eq!(
        packets(&body(5, 2, [0, 0, 0], &[0xbf, 0xff, 4, 4])).unwrap(),
        [(5, Some(1_000)), (6, Some(2_000))]
    );
    assert_eq!(packets(&body(5, 1, [0, 0, 0], &[0x3f, 0xff, 4])).unwrap(), [(5, Some(1_000))]);
    assert_eq!(packets(&body(5, 0, [0, 0, 0], &[])).unwrap(), []);
}

#[test]
fn vc_01_reference_times_are_signed_and_wrap() {
    let body = |reference| body(0, 0, reference, &[]);
    let (low, high) = (body([0x80, 0, 1]), body([0x7f, 0xff, 0xff]));
    let (low, high) = (Feedback::read(&low).unwrap(), Feedback::read(&high).unwrap());
    assert_eq!((low.reference(), high.reference()), (-0x7f_ffff, 0x7f_ffff));
    assert_eq!(low.since_us(high.reference()), 128_000);
    assert_eq!(high.since_us(low.reference()), -128_000);
    assert_eq!(high.since_us(high.reference()), 0);
}

#[test]
fn vc_05_feedback_that_does_not_add_up_is_none() {
    let whole = body(7, 4, [0, 0, 2], &[0x20, 4, 0, 4, 255, 40]);
    for length in 0..whole.len() {
        assert_eq!(Feedback::read(&whole[..length]), None, "{length}");
    }
    assert_eq!(packets(&body(0, 7, [0, 0, 0], &[0xff, 0xff, 0, 0, 0, 0])), None, "a reserved symbol");
    assert_eq!(packets(&body(0, 1, [0, 0, 0], &[0x60, 1, 0, 0])), None, "a reserved run");
    assert_eq!(packets(&body(0, 3, [0, 0, 0], &[0x20, 0, 0x20, 0])), None, "runs of nothing");
    assert_eq!(packets(&body(0, u16::MAX, [0, 0, 0], &[0x1f, 0xff].repeat(9))), None, "too many");
}

#[test]
fn vc_05_whatever_comes_as_feedback_is_bounded_and_does_no_harm() {
    let config = Config { cases: 20_000, failure_persistence: None, ..Config::default() };
    let seed = b"parlor-sfu: transport-wide feedb";
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, seed));
    let strategy = (0_u16..300, any::<[u8; 3]>(), proptest::collection::vec(any::<u8>(), 0..80));
    let read = std::cell::Cell::new(0);
    let tested = runner.run(&strategy, |(count, reference, rest)| {
        let body = body(65_500, count, reference, &rest);
        if let Some(feedback) = Feedback::read(&body) {
            read.set(read.get() + 1);
            let all: Vec<_> = feedback.packets().collect();
            prop_assert_eq!(all.len(), usize::from(count));
            let came = all.iter().filter(|(_, at)| at.is_some()).count();
            prop_assert!(came <= rest.len());
            for (place, (seq, _)) in all.iter().enumerate() {
                prop_assert_eq!(*seq, 65_500_u16.wrapping_add(u16::try_from(place).unwrap()));
            }
        }
        Feedback::read(&rest);
        Ok(())
    });
    tested.unwrap();
    assert!(read.get() > 2_000, "some of it was feedback: {}", read.get());
}
