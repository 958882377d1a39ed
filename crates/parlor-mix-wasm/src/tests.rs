//! Handles: who has one, who has none any more, and how many there are. What nodes do is compared in `tests/same.rs`.

use super::*;

#[test]
fn a_handle_is_one_node_until_it_is_freed() {
    let (limiter, leveller) = (create_limiter(48_000, -1.0), create_leveller(48_000, -23.0));
    assert_eq!((limiter, leveller), (1, 2));
    let process_loud = |handle| {
        SAMPLES.with_borrow_mut(|samples| samples.fill(2.0));
        process(handle, FRAMES_MAX + 1);
        SAMPLES.with_borrow(|samples| samples[FRAMES_MAX - 1])
    };
    assert!(process_loud(limiter) < 0.9);
    assert_eq!(process_loud(leveller), 2.0);
    assert!(take_reduction_db(limiter) > 7.0);
    assert_eq!(take_reduction_db(leveller), 0.0, "a leveller is no limiter");
    free_node(limiter);
    for nobody in [limiter, 0, 3, usize::MAX] {
        assert_eq!(process_loud(nobody), 2.0, "{nobody} does nothing");
        free_node(nobody);
        reset_loudness(nobody);
        set_leveller(nobody, true, -23.0);
        read_loudness(nobody);
        assert_eq!(leveller_gain_db(nobody), 0.0);
    }
    assert_eq!(create_loudness(48_000), limiter, "what is free is given again");
}

#[test]
fn nodes_have_a_bound_and_sample_rates_too() {
    assert_eq!(create_limiter(3_000, -1.0), NO_HANDLE);
    let last = (0..NODES_MAX).map(|_| create_loudness(8_000)).max();
    assert_eq!(last, Some(NODES_MAX));
    assert_eq!(create_loudness(8_000), NO_HANDLE);
    free_node(NODES_MAX / 2);
    assert_eq!(create_loudness(8_000), NODES_MAX / 2);
}
