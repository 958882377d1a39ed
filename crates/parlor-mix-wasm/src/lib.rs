//! `parlor-mix` for the page's audio thread: sound goes in and comes out through one buffer. No decisions here.
//!
//! A module instance is one node of the audio graph: [`create_limiter`], [`create_loudness`] or [`create_leveller`] makes
//! it what it is, in place of what it was. The page writes a block into the [`samples`], calls [`process`], and reads it back;
//! channel c begins at c × [`FRAMES_MAX`]. There are always two channels: a mono sound is heard from both sides, so it
//! is put into both. The buffer never moves, but a creation may make the memory grow: look at it after that.
//! To free a node, drop its instance.

use std::cell::RefCell;

use parlor_mix::{Layout, Leveller, Limiter, LoudnessMeter, SampleRate};

/// Frames of one block at most.
pub const FRAMES_MAX: usize = 1_024;
const CHANNELS: usize = 2;

/// What this instance is.
enum Node {
    Nothing,
    Limiter(Limiter),
    Loudness(LoudnessMeter),
    Leveller(Leveller),
}

thread_local! {
    static NODE: RefCell<Node> = const { RefCell::new(Node::Nothing) };
    static SAMPLES: RefCell<[f32; CHANNELS * FRAMES_MAX]> = const { RefCell::new([0.0; CHANNELS * FRAMES_MAX]) };
}

/// Where the first sample of the first channel lies.
#[allow(unsafe_code, reason = "an exported name; the function is safe")]
#[unsafe(no_mangle)]
pub extern "C" fn samples() -> *mut f32 {
    SAMPLES.with_borrow_mut(|samples| samples.as_mut_ptr())
}

/// How many frames a block may have.
#[allow(unsafe_code, reason = "an exported name; the function is safe")]
#[unsafe(no_mangle)]
pub extern "C" fn frames_max() -> usize {
    FRAMES_MAX
}

/// Becomes a limiter with this ceiling in dBFS. False where the sample rate is out of bounds.
#[allow(unsafe_code, reason = "an exported name; the function is safe")]
#[unsafe(no_mangle)]
pub extern "C" fn create_limiter(rate_hz: u32, ceiling_db: f32) -> bool {
    become_node(rate_hz, |rate| Node::Limiter(Limiter::new(rate, CHANNELS, ceiling_db)))
}

/// Becomes a loudness meter.
#[allow(unsafe_code, reason = "an exported name; the function is safe")]
#[unsafe(no_mangle)]
pub extern "C" fn create_loudness(rate_hz: u32) -> bool {
    become_node(rate_hz, |rate| Node::Loudness(LoudnessMeter::new(rate, Layout::Stereo)))
}

/// Becomes a leveller that is switched off.
#[allow(unsafe_code, reason = "an exported name; the function is safe")]
#[unsafe(no_mangle)]
pub extern "C" fn create_leveller(rate_hz: u32, target_lufs: f64) -> bool {
    become_node(rate_hz, |rate| Node::Leveller(Leveller::new(rate, CHANNELS, target_lufs)))
}

/// Works on the first `frames` of both channels, in place; a loudness meter only listens.
#[allow(unsafe_code, reason = "an exported name; the function is safe")]
#[unsafe(no_mangle)]
pub extern "C" fn process(frames: usize) {
    SAMPLES.with_borrow_mut(|samples| {
        let (left, right) = samples.split_at_mut(FRAMES_MAX);
        let frames = frames.min(FRAMES_MAX);
        let (Some(left), Some(right)) = (left.get_mut(..frames), right.get_mut(..frames)) else { return };
        NODE.with_borrow_mut(|node| match node {
            Node::Nothing => {}
            Node::Limiter(limiter) => limiter.process(&mut [left, right]),
            Node::Loudness(meter) => meter.add(&[left, right]),
            Node::Leveller(leveller) => leveller.process(&mut [left, right]),
        });
    });
}

/// By how much the limiter turned down at most since this was last asked, in dB.
#[allow(unsafe_code, reason = "an exported name; the function is safe")]
#[unsafe(no_mangle)]
pub extern "C" fn take_reduction_db() -> f32 {
    NODE.with_borrow_mut(
        |node| if let Node::Limiter(limiter) = node { limiter.take_reduction_db() } else { 0.0 },
    )
}

/// Reads the loudness meter: momentary, short-term, integrated (LUFS) and true peak (dBTP) are put, in this order, where the
/// first samples were.
#[allow(unsafe_code, reason = "an exported name; the function is safe")]
#[unsafe(no_mangle)]
pub extern "C" fn read_loudness() {
    let Some(read) =
        NODE.with_borrow(|node| if let Node::Loudness(meter) = node { Some(meter.loudness()) } else { None })
    else {
        return;
    };
    let readings = [read.momentary, read.short_term, read.integrated, read.true_peak];
    SAMPLES.with_borrow_mut(|samples| {
        for (place, reading) in samples.iter_mut().zip(readings) {
            *place = reading as f32;
        }
    });
}

/// The loudness meter forgets everything.
#[allow(unsafe_code, reason = "an exported name; the function is safe")]
#[unsafe(no_mangle)]
pub extern "C" fn reset_loudness() {
    NODE.with_borrow_mut(|node| {
        if let Node::Loudness(meter) = node {
            meter.reset()
        }
    });
}

/// Switches the leveller on or off and says what it aims at, in LUFS.
#[allow(unsafe_code, reason = "an exported name; the function is safe")]
#[unsafe(no_mangle)]
pub extern "C" fn set_leveller(is_on: bool, target_lufs: f64) {
    NODE.with_borrow_mut(|node| {
        if let Node::Leveller(leveller) = node {
            leveller.set_on(is_on);
            leveller.set_target_lufs(target_lufs);
        }
    });
}

/// The leveller's gain, in dB.
#[allow(unsafe_code, reason = "an exported name; the function is safe")]
#[unsafe(no_mangle)]
pub extern "C" fn leveller_gain_db() -> f64 {
    NODE.with_borrow(|node| if let Node::Leveller(leveller) = node { leveller.gain_db() } else { 0.0 })
}

fn become_node(rate_hz: u32, make: impl FnOnce(SampleRate) -> Node) -> bool {
    let made = SampleRate::new(rate_hz).map(make);
    let is_made = made.is_some();
    NODE.with_borrow_mut(|node| *node = made.unwrap_or(Node::Nothing));
    is_made
}
