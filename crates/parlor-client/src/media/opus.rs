//! Opus in Ogg (RFC 7845). Pages and their checksums are the `ogg` package's; what is in the packets is here.

use std::io::{Read, Seek, Write};

use ogg::{PacketReader, PacketWriteEndInfo, PacketWriter};

use crate::error::MediaError;

const HEAD: &[u8] = b"OpusHead";
const TAGS: &[u8] = b"OpusTags";
/// Samples that a decoder needs to settle, at 48 kHz: what encoders look ahead, 6.5 ms.
const PRE_SKIP: u16 = 312;

/// How long an Opus packet plays, in samples at 48 kHz (RFC 6716, section 3.1); none if it is no Opus packet.
#[must_use]
pub fn opus_duration(packet: &[u8]) -> Option<u64> {
    // SILK, hybrid and CELT, each with its own choice of frame sizes: 2.5, 5, 10, 20, 40 or 60 ms.
    const SILK: [u64; 4] = [480, 960, 1_920, 2_880];
    const HYBRID: [u64; 2] = [480, 960];
    const CELT: [u64; 4] = [120, 240, 480, 960];
    const MOST: u64 = 5_760;
    let toc = *packet.first()?;
    let config = usize::from(toc >> 3);
    let frame = match config {
        0..=11 => SILK.get(config & 3),
        12..=15 => HYBRID.get(config & 1),
        _ => CELT.get(config & 3),
    }?;
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u64::from(*packet.get(1)? & 0x3f),
    };
    let duration = frame.checked_mul(frames)?;
    (1..=MOST).contains(&duration).then_some(duration)
}

/// Reads the packets of an Ogg Opus file, one after the other.
pub struct OpusReader<R: Read + Seek> {
    packets: PacketReader<R>,
    serial: u32,
    channels: u8,
}

impl<R: Read + Seek> OpusReader<R> {
    /// Reads the headers.
    ///
    /// # Errors
    /// [`MediaError::NotOpus`] and [`MediaError::Ogg`] for other files; [`MediaError::Channels`] for more than two channels.
    pub fn new(source: R) -> Result<Self, MediaError> {
        const CHANNELS_AT: usize = 9;
        let mut packets = PacketReader::new(source);
        let head = packets.read_packet().map_err(broken)?.ok_or(MediaError::NotOpus)?;
        if !head.data.starts_with(HEAD) {
            return Err(MediaError::NotOpus);
        }
        let channels = *head.data.get(CHANNELS_AT).ok_or(MediaError::NotOpus)?;
        if !(1..=2).contains(&channels) {
            return Err(MediaError::Channels(channels));
        }
        let serial = head.stream_serial();
        loop {
            let tags = packets.read_packet().map_err(broken)?.ok_or(MediaError::NotOpus)?;
            if tags.stream_serial() == serial {
                return if tags.data.starts_with(TAGS) {
                    Ok(Self { packets, serial, channels })
                } else {
                    Err(MediaError::NotOpus)
                };
            }
        }
    }

    /// 1 or 2.
    #[must_use]
    pub fn channels(&self) -> u8 {
        self.channels
    }

    /// The next packet; none at the end.
    ///
    /// # Errors
    /// [`MediaError::Ogg`] when the file is broken from here on.
    pub fn packet(&mut self) -> Result<Option<Vec<u8>>, MediaError> {
        while let Some(packet) = self.packets.read_packet().map_err(broken)? {
            if packet.stream_serial() == self.serial && opus_duration(&packet.data).is_some() {
                return Ok(Some(packet.data));
            }
        }
        Ok(None)
    }
}

fn broken(error: ogg::OggReadError) -> MediaError {
    match error {
        ogg::OggReadError::ReadError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            MediaError::Ogg("it ends too soon".to_owned())
        }
        ogg::OggReadError::ReadError(error) => MediaError::Io(error),
        error => MediaError::Ogg(error.to_string()),
    }
}

/// Writes an Ogg Opus file as packets come. Where packets are missing it keeps the time, with frames that tell the decoder so (RFC 7845,
/// section 4.1).
pub struct OpusWriter<W: Write> {
    writer: PacketWriter<'static, W>,
    serial: u32,
    /// Samples at 48 kHz up to the end of what is written, the held packet included.
    position: u64,
    /// The last packet waits: only the next one tells whether it is the last.
    held: Option<Vec<u8>>,
    /// Packets in the page that is not yet written.
    in_page: u32,
}

impl<W: Write> OpusWriter<W> {
    /// Writes the headers.
    ///
    /// # Errors
    /// [`MediaError::Io`].
    pub fn new(target: W, channels: u8) -> Result<Self, MediaError> {
        const VENDOR: &[u8] = b"parlor";
        let serial = fastrand::u32(..);
        let mut writer = PacketWriter::new(target);
        let mut head = HEAD.to_vec();
        head.extend([1, channels]);
        head.extend(PRE_SKIP.to_le_bytes());
        head.extend(48_000_u32.to_le_bytes());
        // No gain, mapping family 0.
        head.extend([0, 0, 0]);
        let mut tags = TAGS.to_vec();
        tags.extend(u32::try_from(VENDOR.len()).unwrap_or_default().to_le_bytes());
        tags.extend(VENDOR);
        tags.extend(0_u32.to_le_bytes());
        writer.write_packet(head, serial, PacketWriteEndInfo::EndPage, 0)?;
        writer.write_packet(tags, serial, PacketWriteEndInfo::EndPage, 0)?;
        Ok(Self { writer, serial, position: 0, held: None, in_page: 0 })
    }

    /// Samples at 48 kHz that are in the file.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Adds a packet, `missing` samples after the end of the one before. What is no Opus packet is passed over.
    ///
    /// # Errors
    /// [`MediaError::Io`].
    pub fn write(&mut self, packet: &[u8], missing: u64) -> Result<(), MediaError> {
        let Some(duration) = opus_duration(packet) else { return Ok(()) };
        self.fill(missing, packet)?;
        self.put(packet.to_vec(), duration)
    }

    /// Fills a gap with frames of no bytes (RFC 6716, section 3.2.1), 20 ms each.
    fn fill(&mut self, missing: u64, next: &[u8]) -> Result<(), MediaError> {
        const FRAME: u64 = 960;
        /// CELT at full bandwidth, 20 ms.
        const CONFIG: u8 = 31 << 3;
        const STEREO: u8 = 4;
        let stereo = next.first().copied().unwrap_or_default() & STEREO;
        for _ in 0..missing / FRAME {
            self.put(vec![CONFIG | stereo], FRAME)?;
        }
        Ok(())
    }

    fn put(&mut self, packet: Vec<u8>, duration: u64) -> Result<(), MediaError> {
        // A second: whoever is killed loses no more.
        const PAGE_PACKETS: u32 = 50;
        if let Some(before) = self.held.replace(packet) {
            self.in_page += 1;
            let end = match self.in_page >= PAGE_PACKETS {
                true => PacketWriteEndInfo::EndPage,
                false => PacketWriteEndInfo::NormalPacket,
            };
            if matches!(end, PacketWriteEndInfo::EndPage) {
                self.in_page = 0;
            }
            self.writer.write_packet(before, self.serial, end, self.position)?;
        }
        self.position = self.position.saturating_add(duration);
        Ok(())
    }

    /// Writes the end.
    ///
    /// # Errors
    /// [`MediaError::Io`].
    pub fn finish(mut self) -> Result<W, MediaError> {
        if let Some(last) = self.held.take() {
            let end = PacketWriteEndInfo::EndStream;
            self.writer.write_packet(last, self.serial, end, self.position)?;
        }
        let mut target = self.writer.into_inner();
        target.flush()?;
        Ok(target)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// A packet of 20 ms with made-up content.
    fn packet(number: u8) -> Vec<u8> {
        let mut packet = vec![31 << 3];
        packet.extend(std::iter::repeat_n(number, 1 + usize::from(number % 90) * 4));
        packet
    }

    #[test]
    fn a_packet_tells_how_long_it_plays() {
        let frames = [(0_u8, 480_u64), (3, 2_880), (12, 480), (15, 960), (16, 120), (31, 960)];
        for (config, samples) in frames {
            assert_eq!(opus_duration(&[config << 3]), Some(samples));
            assert_eq!(opus_duration(&[(config << 3) | 1]), Some(2 * samples));
        }
        assert_eq!(opus_duration(&[(31 << 3) | 3, 6]), Some(5_760));
        assert_eq!(opus_duration(&[(31 << 3) | 3, 7]), None, "more than 120 ms");
        assert_eq!(opus_duration(&[(31 << 3) | 3, 0]), None);
        assert_eq!(opus_duration(&[(31 << 3) | 3]), None);
        assert_eq!(opus_duration(&[]), None);
    }

    #[test]
    fn what_is_written_is_read_again_and_gaps_keep_the_time() {
        let mut writer = OpusWriter::new(Vec::new(), 1).unwrap();
        for number in 0..200 {
            writer.write(&packet(number), if number == 100 { 2 * 960 } else { 0 }).unwrap();
        }
        writer.write(b"", 0).unwrap();
        assert_eq!(writer.position(), 202 * 960);
        let bytes = writer.finish().unwrap();
        let mut reader = OpusReader::new(Cursor::new(&bytes)).unwrap();
        assert_eq!(reader.channels(), 1);
        let mut packets = Vec::new();
        while let Some(packet) = reader.packet().unwrap() {
            packets.push(packet);
        }
        let gap = vec![31_u8 << 3];
        let mut expected: Vec<_> = (0..200).map(packet).collect();
        expected.splice(100..100, [gap.clone(), gap]);
        assert_eq!(packets, expected);
        // The last page says how long it all is.
        let mut pages = PacketReader::new(Cursor::new(&bytes));
        let mut last = None;
        while let Some(packet) = pages.read_packet().unwrap() {
            last = Some((packet.last_in_stream(), packet.absgp_page()));
        }
        assert_eq!(last, Some((true, 202 * 960)));
    }

    #[test]
    fn other_files_are_told_from_opus() {
        let read = |bytes: &[u8]| OpusReader::new(Cursor::new(bytes.to_vec())).err();
        assert!(matches!(read(b"RIFF....WAVE"), Some(MediaError::NotOpus | MediaError::Ogg(_))));
        assert!(matches!(read(b""), Some(MediaError::NotOpus | MediaError::Ogg(_))));
        let six = OpusWriter::new(Vec::new(), 6).unwrap().finish().unwrap();
        assert!(matches!(read(&six), Some(MediaError::Channels(6))));
    }
}
