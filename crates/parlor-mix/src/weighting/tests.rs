//! The coefficients against the table of the standard.

use super::{Biquad, KWeighting};
use crate::SampleRate;

fn assert_near(ours: &[f64], table: &[f64]) {
    for (ours, table) in ours.iter().zip(table) {
        assert!((ours - table).abs() < 1e-10, "{ours} is not {table}");
    }
}

/// ITU-R BS.1770-5, Annex 1, tables 1 and 2.
#[test]
fn au_03_the_filters_at_48_khz_are_those_of_the_standard() {
    let shelf = Biquad::shelf(SampleRate::OPUS);
    assert_near(&shelf.b, &[1.535_124_859_586_97, -2.691_696_189_406_38, 1.198_392_810_852_85]);
    assert_near(&shelf.a, &[-1.690_659_293_182_41, 0.732_480_774_215_85]);
    let high_pass = Biquad::high_pass(SampleRate::OPUS);
    assert_near(&high_pass.b, &[1.0, -2.0, 1.0]);
    assert_near(&high_pass.a, &[-1.990_047_454_833_98, 0.990_072_250_366_21]);
}

#[test]
fn a_filter_forgets_a_sound_long_gone() {
    let mut weighting = KWeighting::new(SampleRate::OPUS);
    let _ = weighting.energy(&[0.5; 4_800]);
    for _ in 0..1_000 {
        let _ = weighting.energy(&[0.0; 480]);
        weighting.settle();
    }
    assert_eq!(weighting.energy(&[0.0; 480]), 0.0);
    assert_eq!(weighting.shelf.memory, [0.0; 2]);
    assert_eq!(weighting.high_pass.memory, [0.0; 2]);
}
