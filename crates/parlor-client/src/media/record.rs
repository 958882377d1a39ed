//! Tracks of others, recorded as they come: the packets themselves, nothing is decoded.

use std::fs::OpenOptions;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::ivf::{IvfWriter, vp8_size};
use super::opus::{OpusWriter, opus_duration};
use crate::error::MediaError;
use crate::track::{Codec, RemoteTrack};

/// The same track, sound or picture, begun so often by one participant.
const NAMES_MAX: u32 = 100_000;

/// Writes a track into a folder until it is over, as `<participant>-<source>.opus` (Ogg) or `.ivf`; a number is added to the
/// name of one that is there already. Times are kept: what is missing between two packets is missing in the file as well. A file
/// begins with the first packet, of pictures with the first that can be decoded by itself; of a track without any there is no file.
///
/// Gives back the file, with how many packets are in it. This blocks: call it on a thread that may wait, as
/// `tokio::task::spawn_blocking` has them.
///
/// # Errors
/// [`MediaError::Io`] when it can't be written.
pub fn record(mut track: RemoteTrack, folder: &Path) -> Result<Option<(PathBuf, u64)>, MediaError> {
    match track.codec {
        Codec::Opus => record_opus(&mut track, folder),
        Codec::Vp8 => record_vp8(&mut track, folder),
    }
}

type Target = BufWriter<std::fs::File>;

fn create(track: &RemoteTrack, folder: &Path) -> Result<(PathBuf, Target), MediaError> {
    let extension = match track.codec {
        Codec::Opus => "opus",
        Codec::Vp8 => "ivf",
    };
    let stem = format!("{}-{}", track.user, track.source);
    for number in 1..NAMES_MAX {
        let name = match number {
            1 => format!("{stem}.{extension}"),
            number => format!("{stem}-{number}.{extension}"),
        };
        let path = folder.join(name);
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((path, BufWriter::new(file))),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(std::io::Error::from(std::io::ErrorKind::AlreadyExists).into())
}

/// Where a packet stands in the file, by its own time or, where times began anew, by when it came.
struct Placer {
    codec: Codec,
    /// The packet before: its timeline, its time, its place, when it came.
    last: Option<(u64, u64, u64, Instant)>,
}

impl Placer {
    fn place(&mut self, timeline: u64, time: u64, received_at: Instant) -> Option<u64> {
        let rate = u64::from(self.codec.clock_rate_hz());
        let place = match self.last {
            None => 0,
            Some((last_timeline, last_time, last_place, last_at)) => {
                let passed_ms = received_at.saturating_duration_since(last_at).as_millis();
                let passed = u64::try_from(passed_ms).unwrap_or(u64::MAX).saturating_mul(rate) / 1_000;
                // A clock that leaps is not believed: it is another track's, or nonsense.
                let leap =
                    time.checked_sub(last_time).filter(|step| *step <= passed.saturating_add(10 * rate));
                match leap.filter(|_| timeline == last_timeline) {
                    Some(0) => return None,
                    Some(step) => last_place.saturating_add(step),
                    None if timeline == last_timeline && time < last_time && last_time - time < rate => {
                        return None;
                    }
                    None => last_place.saturating_add(passed.max(1)),
                }
            }
        };
        self.last = Some((timeline, time, place, received_at));
        Some(place)
    }
}

fn record_opus(track: &mut RemoteTrack, folder: &Path) -> Result<Option<(PathBuf, u64)>, MediaError> {
    const STEREO: u8 = 4;
    let mut placer = Placer { codec: Codec::Opus, last: None };
    let mut file: Option<(PathBuf, OpusWriter<Target>)> = None;
    let mut count = 0;
    while let Some(packet) = track.blocking_packet() {
        if opus_duration(&packet.data).is_none() {
            continue;
        }
        let Some(place) = placer.place(packet.timeline, packet.time, packet.received_at) else { continue };
        if file.is_none() {
            let (path, target) = create(track, folder)?;
            let channels = if packet.data.first().is_some_and(|toc| toc & STEREO != 0) { 2 } else { 1 };
            file = Some((path, OpusWriter::new(target, channels)?));
        }
        if let Some((_, writer)) = &mut file {
            let missing = place.saturating_sub(writer.position());
            writer.write(&packet.data, missing)?;
            count += 1;
        }
    }
    let Some((path, writer)) = file else { return Ok(None) };
    writer.finish()?;
    Ok(Some((path, count)))
}

fn record_vp8(track: &mut RemoteTrack, folder: &Path) -> Result<Option<(PathBuf, u64)>, MediaError> {
    let mut placer = Placer { codec: Codec::Vp8, last: None };
    let mut file: Option<(PathBuf, IvfWriter<Target>)> = None;
    let mut count = 0;
    while let Some(packet) = track.blocking_packet() {
        if file.is_none() {
            let Some((width, height)) = vp8_size(&packet.data) else { continue };
            let (path, target) = create(track, folder)?;
            file = Some((path, IvfWriter::new(target, width, height)?));
        }
        let Some(place) = placer.place(packet.timeline, packet.time, packet.received_at) else { continue };
        if let Some((_, writer)) = &mut file {
            writer.write(place, &packet.data)?;
            count += 1;
        }
    }
    let Some((path, writer)) = file else { return Ok(None) };
    writer.finish()?;
    Ok(Some((path, count)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn packets_keep_their_time_and_go_on_after_a_new_beginning() {
        let begun = Instant::now();
        let at = |ms| begun + Duration::from_millis(ms);
        let mut placer = Placer { codec: Codec::Opus, last: None };
        assert_eq!(placer.place(0, 5_000, at(0)), Some(0));
        assert_eq!(placer.place(0, 5_960, at(21)), Some(960));
        assert_eq!(placer.place(0, 5_960, at(22)), None, "a copy");
        assert_eq!(placer.place(0, 5_000, at(23)), None, "too late");
        assert_eq!(placer.place(0, 8_840, at(80)), Some(3_840), "two are missing");
        assert_eq!(placer.place(1, 77, at(180)), Some(3_840 + 4_800), "another connection, 100 ms later");
        assert_eq!(placer.place(1, 1_037, at(201)), Some(3_840 + 4_800 + 960));
        let leap = 1_037 + 3_600 * 48_000;
        assert_eq!(placer.place(1, leap, at(221)), Some(3_840 + 4_800 + 960 + 960), "no hour has passed");
    }
}
