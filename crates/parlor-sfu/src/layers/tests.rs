//! Bandwidth spread over layers.

use super::*;

fn choice(current: Option<usize>) -> Choice {
    Choice {
        slot: 0,
        current,
        is_young: false,
        is_most_wanted: false,
        layers: vec![(0, 150_000), (1, 500_000), (2, 1_500_000)],
        chosen: None,
    }
}

fn chosen(currents: &[Option<usize>], bps: u64) -> Vec<Option<usize>> {
    let mut choices: Vec<Choice> = currents.iter().map(|current| choice(*current)).collect();
    spread(&mut choices, bps);
    choices.iter().map(|choice| choice.chosen).collect()
}

#[test]
fn vc_01_everyone_gets_the_smallest_before_anyone_gets_more() {
    assert_eq!(chosen(&[None], 10_000_000), [Some(2)]);
    assert_eq!(chosen(&[None, None], 400_000), [Some(0), Some(0)]);
    assert_eq!(chosen(&[None, None], 800_000), [Some(1), Some(0)]);
    assert_eq!(chosen(&[None, None], 200_000), [Some(0), None]);
    assert_eq!(chosen(&[None], 90_000), [None]);
    assert_eq!(chosen(&[Some(0)], 90_000), [Some(0)], "what goes out goes on a little longer");
    assert_eq!(chosen(&[Some(0)], 70_000), [None]);
    let kept = |current, bps| {
        let mut first = [Choice { is_most_wanted: true, ..choice(current) }];
        spread(&mut first, bps);
        first[0].chosen
    };
    assert_eq!(kept(Some(0), 25_000), Some(0), "the one that is wanted most goes on much longer");
    assert_eq!(kept(Some(0), 20_000), None);
    assert_eq!(kept(None, 55_000), Some(0));
    assert_eq!(kept(None, 50_000), None);
    let mut young = [Choice { is_young: true, ..choice(None) }];
    spread(&mut young, 0);
    assert_eq!(young[0].chosen, Some(0), "before the estimate means anything");
}

#[test]
fn vc_01_a_layer_is_kept_in_less_room_than_it_is_taken_in() {
    assert_eq!(chosen(&[Some(0)], 510_000), [Some(0)]);
    assert_eq!(chosen(&[Some(1)], 510_000), [Some(1)]);
    assert_eq!(chosen(&[Some(0)], 580_000), [Some(1)]);
    assert_eq!(chosen(&[Some(2)], 510_000), [Some(1)]);
}

#[test]
fn heights_that_nobody_told_are_halves() {
    assert_eq!([usual_height(0, 3), usual_height(1, 3), usual_height(2, 3)], [180, 360, 720]);
    assert_eq!(usual_height(0, 1), 720);
}
