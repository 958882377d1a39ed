//! `parlor-mix` for the page's audio thread: sound goes in and comes out through one buffer. No decisions here.
//!
//! One instance serves a whole audio thread. [`create_limiter`], [`create_loudness`] and [`create_leveller`] make nodes and
//! give their handles, [`free_node`] frees one. The page writes a block into the [`samples`], calls [`process`] with a handle, and
//! reads the block back; channel c begins at c × [`FRAMES_MAX`]. There are always two channels: a mono sound is heard from both
//! sides, so it is put into both. The buffer never moves, but a creation may make the memory grow: look at it afresh
//! after that. A handle that was never given, or was freed, does nothing.
//!
//! (An instance for each node would be simpler, but a browser reserves gigabytes of addresses for each memory and
//! collects them late: after some hundred nodes Chromium makes no more.)

use std::cell::RefCell;

use parlor_mix::{Layout, Leveller, Limiter, LoudnessMeter, SampleRate};

/// Frames of one block at most.
pub const FRAMES_MAX: usize = 1_024;
const CHANNELS: usize = 2;
/// Nodes at once: two for each of fifteen participants, and some of one's own, four times over.
pub const NODES_MAX: usize = 128;

/// A node of the audio graph.
enum Node {
    Limiter(Limiter),
    Loudness(LoudnessMeter),
    Leveller(Leveller),
}

/// What no node has as its handle.
const NO_HANDLE: usize = 0;

thread_local! {
    /// The node with the handle n is at n − 1.
    static NODES: RefCell<Vec<Option<Node>>> = const { RefCell::new(Vec::new()) };
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

/// Makes a limiter with this ceiling in dBFS. Its handle, or 0 where the sample rate is out of bounds, or there are
/// [`NODES_MAX`] nodes.
#[allow(unsafe_code, reason = "an exported name; the function is safe")]
#[unsafe(no_mangle)]
pub extern "C" fn create_limiter(rate_hz: u32, ceiling_db: f32) -> usize {
    create(rate_hz, |rate| Node::Limiter(Limiter::new(rate, CHANNELS, ceiling_db)))
}

/// Makes a loudness meter. Its handle, or 0.
#[allow(unsafe_code, reason = "an exported name; the function is safe")]
#[unsafe(no_mangle)]
pub extern "C" fn create_loudness(rate_hz: u32) -> usize {
    create(rate_hz, |rate| Node::Loudness(LoudnessMeter::new(rate, Layout::Stereo)))
}

/// Makes a leveller that is switched off. Its handle, or 0.
#[allow(unsafe_code, reason = "an exported name; the function is safe")]
#[unsafe(no_mangle)]
pub extern "C" fn create_leveller(rate_hz: u32, target_lufs: f64) -> usize {
    create(rate_hz, |rate| Node::Leveller(Leveller::new(rate, CHANNELS, target_lufs)))
}

/// Frees a node; its handle may be given to another. (Just `free` would be the C library's, natively.)
#[allow(unsafe_code, reason = "an exported name; the function is safe")]
#[unsafe(no_mangle)]
pub extern "C" fn free_node(handle: usize) {
    NODES.with_borrow_mut(|nodes| {
        if let Some(place) = nodes.get_mut(handle.wrapping_sub(1)) {
            *place = None;
        }
    });
}

/// Has a node work on the first `frames` of both channels, in place; a loudness meter only listens.
#[allow(unsafe_code, reason = "an exported name; the function is safe")]
#[unsafe(no_mangle)]
pub extern "C" fn process(handle: usize, frames: usize) {
    SAMPLES.with_borrow_mut(|samples| {
        let (left, right) = samples.split_at_mut(FRAMES_MAX);
        let frames = frames.min(FRAMES_MAX);
        let (Some(left), Some(right)) = (left.get_mut(..frames), right.get_mut(..frames)) else { return };
        with_node(handle, |node| match node {
            Node::Limiter(limiter) => limiter.process(&mut [left, right]),
            Node::Loudness(meter) => meter.add(&[left, right]),
            Node::Leveller(leveller) => leveller.process(&mut [left, right]),
        });
    });
}

/// By how much a limiter turned down at most since this was last asked, in dB.
#[allow(unsafe_code, reason = "an exported name; the function is safe")]
#[unsafe(no_mangle)]
pub extern "C" fn take_reduction_db(handle: usize) -> f32 {
    let mut reduction_db = 0.0;
    with_node(handle, |node| {
        if let Node::Limiter(limiter) = node {
            reduction_db = limiter.take_reduction_db();
        }
    });
    reduction_db
}

/// Reads a loudness meter: momentary, short-term, integrated (LUFS) and true peak (dBTP) are put, in this order, where the
/// first samples were.
#[allow(unsafe_code, reason = "an exported name; the function is safe")]
#[unsafe(no_mangle)]
pub extern "C" fn read_loudness(handle: usize) {
    with_node(handle, |node| {
        let Node::Loudness(meter) = node else { return };
        let read = meter.loudness();
        let readings = [read.momentary, read.short_term, read.integrated, read.true_peak];
        SAMPLES.with_borrow_mut(|samples| {
            for (place, reading) in samples.iter_mut().zip(readings) {
                *place = reading as f32;
            }
        });
    });
}

/// A loudness meter forgets everything.
#[allow(unsafe_code, reason = "an exported name; the function is safe")]
#[unsafe(no_mangle)]
pub extern "C" fn reset_loudness(handle: usize) {
    with_node(handle, |node| {
        if let Node::Loudness(meter) = node {
            meter.reset();
        }
    });
}

/// Switches a leveller on or off and says what it aims at, in LUFS.
#[allow(unsafe_code, reason = "an exported name; the function is safe")]
#[unsafe(no_mangle)]
pub extern "C" fn set_leveller(handle: usize, is_on: bool, target_lufs: f64) {
    with_node(handle, |node| {
        if let Node::Leveller(leveller) = node {
            leveller.set_on(is_on);
            leveller.set_target_lufs(target_lufs);
        }
    });
}

/// A leveller's gain, in dB.
#[allow(unsafe_code, reason = "an exported name; the function is safe")]
#[unsafe(no_mangle)]
pub extern "C" fn leveller_gain_db(handle: usize) -> f64 {
    let mut gain_db = 0.0;
    with_node(handle, |node| {
        if let Node::Leveller(leveller) = node {
            gain_db = leveller.gain_db();
        }
    });
    gain_db
}

fn create(rate_hz: u32, make: impl FnOnce(SampleRate) -> Node) -> usize {
    let Some(rate) = SampleRate::new(rate_hz) else { return NO_HANDLE };
    NODES.with_borrow_mut(|nodes| {
        let free = nodes.iter().position(Option::is_none).unwrap_or(nodes.len());
        if free == nodes.len() {
            if free == NODES_MAX {
                return NO_HANDLE;
            }
            nodes.push(None);
        }
        if let Some(place) = nodes.get_mut(free) {
            *place = Some(make(rate));
        }
        free + 1
    })
}

fn with_node(handle: usize, work: impl FnOnce(&mut Node)) {
    NODES.with_borrow_mut(|nodes| {
        if let Some(Some(node)) = nodes.get_mut(handle.wrapping_sub(1)) {
            work(node);
        }
    });
}

#[cfg(test)]
mod tests;
