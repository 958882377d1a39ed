//! VP8 in IVF: a header of 32 bytes, and before each frame its length and its time. There is no standard; this is what the codec's
//! own tools write. Forty lines of our own, since what there is on crates.io comes as a part of encoders.

use std::io::{Read, Seek, SeekFrom, Write};

use crate::error::MediaError;

const MAGIC: &[u8; 4] = b"DKIF";
const HEADER_BYTES: usize = 32;
/// More than any frame that is worth sending.
const FRAME_BYTES_MAX: u32 = 16 * 1_024 * 1_024;
const CLOCK_HZ: u32 = 90_000;

/// Reads the frames of an IVF file, one after the other.
pub struct IvfReader<R: Read> {
    source: R,
    /// Units of time in a second, as a fraction.
    rate: (u32, u32),
}

impl<R: Read> IvfReader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// [`MediaError::Ivf`] for other files, [`MediaError::NotVp8`] for other codecs.
    pub fn new(mut source: R) -> Result<Self, MediaError> {
        let mut header = [0; HEADER_BYTES];
        source.read_exact(&mut header).map_err(|_| MediaError::Ivf("it has no header"))?;
        let mut fields = header.chunks_exact(4);
        let mut field = || fields.next().and_then(|bytes| bytes.try_into().ok()).unwrap_or([0; 4]);
        if field() != *MAGIC {
            return Err(MediaError::Ivf("it does not begin with DKIF"));
        }
        let [_, _, low, high] = field();
        let codec = field();
        if &codec != b"VP80" {
            return Err(MediaError::NotVp8(String::from_utf8_lossy(&codec).into_owned()));
        }
        let _size = field();
        let rate = (u32::from_le_bytes(field()), u32::from_le_bytes(field()));
        if rate.0 == 0 || rate.1 == 0 {
            return Err(MediaError::Ivf("its clock stands still"));
        }
        let more = u64::from(u16::from_le_bytes([low, high])).saturating_sub(HEADER_BYTES as u64);
        std::io::copy(&mut source.by_ref().take(more), &mut std::io::sink())?;
        Ok(Self { source, rate })
    }

    /// The next frame, with its time in ticks of 90 kHz; none at the end.
    ///
    /// # Errors
    /// [`MediaError::Ivf`] when the file ends within a frame.
    pub fn frame(&mut self) -> Result<Option<(u64, Vec<u8>)>, MediaError> {
        let mut length = [0; 4];
        match self.source.read_exact(&mut length) {
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
            outcome => outcome?,
        }
        let short = |_| MediaError::Ivf("it ends within a frame");
        let mut time = [0; 8];
        self.source.read_exact(&mut time).map_err(short)?;
        let length = u32::from_le_bytes(length);
        if length > FRAME_BYTES_MAX {
            return Err(MediaError::Ivf("a frame is larger than 16 MiB"));
        }
        let mut frame = vec![0; usize::try_from(length).unwrap_or_default()];
        self.source.read_exact(&mut frame).map_err(short)?;
        let (rate, scale) = (u128::from(self.rate.0), u128::from(self.rate.1));
        let ticks = u128::from(u64::from_le_bytes(time)) * u128::from(CLOCK_HZ) * scale / rate;
        Ok(Some((u64::try_from(ticks).unwrap_or(u64::MAX), frame)))
    }
}

/// The size of the pictures from here on, in pixels, as a VP8 key frame says it (RFC 6386, section 9.1); none for other frames.
pub(crate) fn vp8_size(frame: &[u8]) -> Option<(u16, u16)> {
    const START: [u8; 3] = [0x9d, 0x01, 0x2a];
    const SIZE: u16 = 0x3fff;
    let is_key_frame = frame.first()? & 1 == 0;
    let fields: [u8; 7] = frame.get(3..10)?.try_into().ok()?;
    let [a, b, c, width_low, width_high, height_low, height_high] = fields;
    let size = |low, high| u16::from_le_bytes([low, high]) & SIZE;
    (is_key_frame && [a, b, c] == START).then(|| (size(width_low, width_high), size(height_low, height_high)))
}

/// Writes an IVF file as frames come.
pub struct IvfWriter<W: Write + Seek> {
    target: W,
    frames: u32,
}

impl<W: Write + Seek> IvfWriter<W> {
    /// Writes the header.
    ///
    /// # Errors
    /// [`MediaError::Io`].
    pub fn new(mut target: W, width: u16, height: u16) -> Result<Self, MediaError> {
        let mut header = MAGIC.to_vec();
        header.extend([0, 0, 32, 0]);
        header.extend(b"VP80");
        header.extend(width.to_le_bytes());
        header.extend(height.to_le_bytes());
        header.extend(CLOCK_HZ.to_le_bytes());
        header.extend(1_u32.to_le_bytes());
        // The number of frames is written at the end.
        header.extend([0; 8]);
        target.write_all(&header)?;
        Ok(Self { target, frames: 0 })
    }

    /// Adds a frame; `time` in ticks of 90 kHz.
    ///
    /// # Errors
    /// [`MediaError::Io`].
    pub fn write(&mut self, time: u64, frame: &[u8]) -> Result<(), MediaError> {
        let length = u32::try_from(frame.len()).map_err(|_| MediaError::Ivf("a frame is too large"))?;
        self.target.write_all(&length.to_le_bytes())?;
        self.target.write_all(&time.to_le_bytes())?;
        self.target.write_all(frame)?;
        self.frames = self.frames.saturating_add(1);
        Ok(())
    }

    /// Writes what only the end tells.
    ///
    /// # Errors
    /// [`MediaError::Io`].
    pub fn finish(mut self) -> Result<W, MediaError> {
        const FRAMES_AT: u64 = 24;
        self.target.seek(SeekFrom::Start(FRAMES_AT))?;
        self.target.write_all(&self.frames.to_le_bytes())?;
        self.target.seek(SeekFrom::End(0))?;
        self.target.flush()?;
        Ok(self.target)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let mut writer = IvfWriter::new(Cursor::new(Vec::new()), 640, 360).unwrap();
        for number in 0..3_u8 {
            writer.write(u64::from(number) * 3_000, &[number; 5]).unwrap();
        }
        let bytes = writer.finish().unwrap().into_inner();
        assert_eq!(bytes[24..28], [3, 0, 0, 0]);
        let mut reader = IvfReader::new(Cursor::new(&bytes)).unwrap();
        for number in 0..3_u8 {
            assert_eq!(reader.frame().unwrap(), Some((u64::from(number) * 3_000, vec![number; 5])));
        }
        assert_eq!(reader.frame().unwrap(), None);
        let mut cut = IvfReader::new(Cursor::new(&bytes[..bytes.len() - 1])).unwrap();
        cut.frame().unwrap();
        cut.frame().unwrap();
        assert!(matches!(cut.frame(), Err(MediaError::Ivf(_))));
    }

    #[test]
    fn a_file_keeps_its_own_clock() {
        let writer = IvfWriter::new(Cursor::new(Vec::new()), 640, 360).unwrap();
        let mut bytes = writer.finish().unwrap().into_inner();
        // 30000/1001 frames a second.
        bytes[16..20].copy_from_slice(&30_000_u32.to_le_bytes());
        bytes[20..24].copy_from_slice(&1_001_u32.to_le_bytes());
        bytes.extend([1, 0, 0, 0]);
        bytes.extend(2_u64.to_le_bytes());
        bytes.push(7);
        let mut reader = IvfReader::new(Cursor::new(&bytes)).unwrap();
        assert_eq!(reader.frame().unwrap(), Some((6_006, vec![7])));
    }

    #[test]
    fn other_files_are_told_from_ivf() {
        assert!(matches!(IvfReader::new(Cursor::new(b"OggS")), Err(MediaError::Ivf(_))));
        let writer = IvfWriter::new(Cursor::new(Vec::new()), 640, 360).unwrap();
        let mut bytes = writer.finish().unwrap().into_inner();
        bytes[8..12].copy_from_slice(b"AV01");
        assert!(
            matches!(IvfReader::new(Cursor::new(bytes)), Err(MediaError::NotVp8(codec)) if codec == "AV01")
        );
    }

    #[test]
    fn a_key_frame_tells_its_size() {
        let key = [0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x41];
        assert_eq!(vp8_size(&key), Some((640, 360)));
        assert_eq!(vp8_size(&[0x11, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01]), None);
        assert_eq!(vp8_size(&key[..9]), None);
    }
}
