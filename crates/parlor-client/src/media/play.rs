//! Files, played in real time.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::ivf::IvfReader;
use super::opus::{OpusReader, opus_duration};
use crate::error::MediaError;
use crate::track::{Codec, LocalTrack, Publish};
use parlor_proto::Source;

/// Packets read ahead.
const AHEAD: usize = 32;
/// How far behind its time a player may fall, as when the machine slept, before it goes on from there instead of catching up.
const BEHIND: Duration = Duration::from_secs(1);
/// How long the last packet may be under way to the others, until it counts as played.
const UNDER_WAY: Duration = Duration::from_millis(200);
/// What a picture is shown for when nothing says so.
const PLAIN_FRAME: u64 = 3_000;

/// What is in a file that can be played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Media {
    /// How it is encoded.
    pub codec: Codec,
    /// Whether it is sound in stereo.
    pub is_stereo: bool,
}

impl Media {
    /// Looks into a file: `.opus` or `.ogg` with Opus, `.ivf` with VP8.
    ///
    /// # Errors
    /// [`MediaError`] when it can't be read, or has something else in it.
    pub fn of(path: &Path) -> Result<Self, MediaError> {
        Ok(MediaFile::open(path)?.media())
    }

    /// What is to be published to play it.
    #[must_use]
    pub fn publish(self, source: Source) -> Publish {
        match (self.codec, self.is_stereo) {
            (Codec::Opus, true) => Publish::audio(source).stereo(),
            (Codec::Opus, false) => Publish::audio(source),
            (Codec::Vp8, _) => Publish::video(source),
        }
    }
}

/// A file's packets.
pub enum MediaFile {
    /// Sound.
    Opus(OpusReader<BufReader<File>>),
    /// Pictures.
    Vp8(IvfReader<BufReader<File>>),
}

impl MediaFile {
    /// Opens a file by what its name ends with.
    ///
    /// # Errors
    /// As [`Media::of`].
    pub fn open(path: &Path) -> Result<Self, MediaError> {
        let extension = path.extension().map(|text| text.to_string_lossy().to_ascii_lowercase());
        let open = || Ok::<_, MediaError>(BufReader::new(File::open(path)?));
        match extension.as_deref() {
            Some("opus" | "ogg") => Ok(Self::Opus(OpusReader::new(open()?)?)),
            Some("ivf") => Ok(Self::Vp8(IvfReader::new(open()?)?)),
            _ => Err(MediaError::Extension(path.display().to_string())),
        }
    }

    /// What it is.
    #[must_use]
    pub fn media(&self) -> Media {
        match self {
            Self::Opus(reader) => Media { codec: Codec::Opus, is_stereo: reader.channels() == 2 },
            Self::Vp8(_) => Media { codec: Codec::Vp8, is_stereo: false },
        }
    }
}

/// Sends a file over a track, each packet when its time has come, from now on; ends with the file, or with `is_looped` never. The track
/// is given back. A player whose future is dropped stops.
///
/// # Errors
/// [`MediaError`] when the file can't be read, or is of another codec than the track.
pub async fn play(path: PathBuf, track: LocalTrack, is_looped: bool) -> Result<LocalTrack, MediaError> {
    let (sender, mut packets) = mpsc::channel(AHEAD);
    let codec = track.codec();
    let reading = tokio::task::spawn_blocking(move || read(&path, codec, is_looped, &sender));
    let rate = f64::from(codec.clock_rate_hz());
    let mut begun = Instant::now();
    while let Some((time, data)) = packets.recv().await {
        #[allow(clippy::cast_precision_loss, reason = "a file of 500 years")]
        let at = begun + Duration::from_secs_f64(time as f64 / rate);
        let behind = Instant::now().saturating_duration_since(at);
        if behind > BEHIND {
            begun += behind;
        }
        tokio::time::sleep_until(at.into()).await;
        track.send(time, data);
    }
    // Whoever leaves now takes another way, which may be the faster one.
    tokio::time::sleep(UNDER_WAY).await;
    match reading.await {
        Ok(outcome) => outcome.map(|()| track),
        Err(fault) => Err(MediaError::Io(std::io::Error::other(fault))),
    }
}

/// Reads a file into a queue, again and again if it is looped, with times that go on. Ends early when nobody takes them.
fn read(
    path: &Path,
    codec: Codec,
    is_looped: bool,
    packets: &mpsc::Sender<(u64, Vec<u8>)>,
) -> Result<(), MediaError> {
    let mut time = 0_u64;
    loop {
        let file = MediaFile::open(path)?;
        let begun = time;
        match file {
            MediaFile::Opus(mut reader) if codec == Codec::Opus => {
                while let Some(packet) = reader.packet()? {
                    let duration = opus_duration(&packet).unwrap_or_default();
                    if packets.blocking_send((time, packet)).is_err() {
                        return Ok(());
                    }
                    time = time.saturating_add(duration);
                }
            }
            MediaFile::Vp8(mut reader) if codec == Codec::Vp8 => {
                let (mut last, mut step) = (None, PLAIN_FRAME);
                while let Some((at, frame)) = reader.frame()? {
                    if let Some(last) = last
                        && at > last
                    {
                        step = at - last;
                    }
                    last = Some(at);
                    if packets.blocking_send((begun.saturating_add(at), frame)).is_err() {
                        return Ok(());
                    }
                }
                time = begun.saturating_add(last.map_or(0, |last| last.saturating_add(step)));
            }
            MediaFile::Opus(_) => return Err(MediaError::NotVp8("Opus".to_owned())),
            MediaFile::Vp8(_) => return Err(MediaError::NotOpus),
        }
        // A file without packets would be read for ever.
        if !is_looped || time == begun {
            return Ok(());
        }
    }
}
