//! What is read here is what tungstenite reads, however the bytes are cut.

use std::io::{self, Read, Write};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use tungstenite::error::{CapacityError, Error};
use tungstenite::protocol::{Message, Role, WebSocketConfig, WebSocketContext};

use super::*;

/// What was said, until nothing more can be.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    Text(String),
    Binary,
    Ping(Vec<u8>),
    Pong,
    Close(Vec<u8>),
    TooLarge,
    Faulty,
    NotText,
}

fn below(rng: &mut ChaCha8Rng, bound: usize) -> usize {
    usize::try_from(rng.next_u64() % u64::try_from(bound.max(1)).unwrap()).unwrap()
}

fn bytes(rng: &mut ChaCha8Rng, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    rng.fill_bytes(&mut bytes);
    bytes
}

/// A masked frame, mostly one that may come.
fn frame(rng: &mut ChaCha8Rng) -> Vec<u8> {
    let len = match below(rng, 12) {
        0 => 125 + below(rng, 3),
        1 => 65_534 + below(rng, 4),
        2 => FRAME_BYTES_MAX - 1 + below(rng, 4),
        3 => 0,
        _ => below(rng, 300),
    };
    let kind = match below(rng, 20) {
        0 => OpCode::Control(Control::Ping),
        1 => OpCode::Control(Control::Pong),
        2 => OpCode::Control(Control::Close),
        3..=6 => OpCode::Data(Data::Binary),
        7..=11 => OpCode::Data(Data::Continue),
        12 => OpCode::Data(Data::Reserved(3)),
        _ => OpCode::Data(Data::Text),
    };
    let is_control = matches!(kind, OpCode::Control(_));
    let len = if is_control && below(rng, 8) > 0 { len.min(125) } else { len };
    let payload = match kind {
        // A code, and a reason; now and then neither.
        OpCode::Control(Control::Close) if len >= 2 => {
            [&1_000_u16.to_be_bytes()[..], &vec![b'x'; len - 2]].concat()
        }
        OpCode::Data(Data::Text | Data::Continue) if below(rng, 30) > 0 => {
            let mut text = "o=- größe 4611 \u{1f600} ".repeat(len / 20 + 1).into_bytes();
            text.truncate(len);
            // Cut in a character it is no text, unless the next fragment goes on with it.
            while str::from_utf8(&text).is_err() {
                text.pop();
            }
            text
        }
        _ => bytes(rng, len),
    };
    let header = FrameHeader {
        is_final: below(rng, 4) > 0 || is_control && below(rng, 9) > 0,
        rsv2: below(rng, 200) == 0,
        opcode: kind,
        mask: (below(rng, 200) > 0).then(|| rng.next_u32().to_ne_bytes()),
        ..FrameHeader::default()
    };
    let mut written = Vec::new();
    header.format(u64::try_from(payload.len()).unwrap(), &mut written).unwrap();
    let mask = header.mask.unwrap_or_default();
    written.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    written
}

/// Some bytes now and some later.
struct Cut<'a> {
    parts: std::slice::Iter<'a, Vec<u8>>,
    now: Vec<u8>,
}

impl Read for Cut<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.now.is_empty() {
            self.now = self.parts.next().cloned().unwrap_or_default();
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let len = buf.len().min(self.now.len());
        buf[..len].copy_from_slice(&self.now[..len]);
        self.now.drain(..len);
        Ok(len)
    }
}

impl Write for Cut<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn by_tungstenite(parts: &[Vec<u8>]) -> Vec<Said> {
    let config = WebSocketConfig::default()
        .max_frame_size(Some(FRAME_BYTES_MAX))
        .max_message_size(Some(FRAME_BYTES_MAX));
    let mut context = WebSocketContext::new(Role::Server, Some(config));
    let mut cut = Cut { parts: parts.iter(), now: Vec::new() };
    let mut said = Vec::new();
    loop {
        said.push(match context.read(&mut cut) {
            Ok(Message::Text(text)) => Said::Text(text.to_string()),
            Ok(Message::Binary(_)) => Said::Binary,
            Ok(Message::Ping(bytes)) => Said::Ping(bytes.to_vec()),
            Ok(Message::Pong(_)) => Said::Pong,
            Ok(Message::Close(frame)) => {
                let bytes = frame.map(|frame| {
                    [&u16::from(frame.code).to_be_bytes()[..], frame.reason.as_bytes()].concat()
                });
                said.push(Said::Close(bytes.unwrap_or_default()));
                return said;
            }
            Ok(Message::Frame(_)) => unreachable!("never read"),
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                if cut.now.is_empty() && cut.parts.len() == 0 {
                    return said;
                }
                continue;
            }
            Err(error) => {
                said.push(match error {
                    Error::Capacity(CapacityError::MessageTooLong { .. }) => Said::TooLarge,
                    Error::Utf8(_) => Said::NotText,
                    _ => Said::Faulty,
                });
                return said;
            }
        });
    }
}

fn here(parts: &[Vec<u8>]) -> Vec<Said> {
    let (mut intake, mut kept, mut said) = (Intake::default(), Vec::new(), Vec::new());
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).map_or(Said::NotText, Said::Text);
    for part in parts {
        kept.extend_from_slice(part);
        loop {
            let found = match intake.find(&mut kept) {
                Ok(None) => break,
                Ok(Some(found)) => found,
                Err(Faulty) => {
                    said.push(Said::Faulty);
                    return said;
                }
            };
            let next = match found.what {
                What::Part => None,
                What::Text(range) => Some(text(kept[range].to_vec())),
                What::Whole(bytes) => Some(text(bytes)),
                What::Binary => Some(Said::Binary),
                What::Ping(range) => Some(Said::Ping(kept[range].to_vec())),
                What::Pong => Some(Said::Pong),
                What::Close(range) if range.len() == 1 => Some(Said::Faulty),
                What::Close(range) => Some(Said::Close(kept[range].to_vec())),
                What::TooLarge => Some(Said::TooLarge),
            };
            kept.drain(..found.used);
            said.extend(next);
            if matches!(said.last(), Some(Said::Close(_) | Said::TooLarge | Said::Faulty | Said::NotText)) {
                return said;
            }
        }
    }
    said
}

#[test]
fn what_is_read_is_what_tungstenite_reads() {
    let mut rng = ChaCha8Rng::seed_from_u64(6455);
    let mut seen = [0; 8];
    for round in 0..2_000 {
        let mut stream = Vec::new();
        for _ in 0..=below(&mut rng, 12) {
            stream.extend(frame(&mut rng));
        }
        if below(&mut rng, 8) == 0 {
            let at = below(&mut rng, stream.len());
            stream[at] ^= 1 << below(&mut rng, 8);
        }
        let mut parts = Vec::new();
        while !stream.is_empty() {
            let most = if round % 2 == 0 { 40 } else { 20_000 };
            let most = if stream.len() > 60_000 { 70_000 } else { most };
            let len = stream.len().min(1 + below(&mut rng, most));
            parts.push(stream.drain(..len).collect::<Vec<u8>>());
        }
        let (theirs, ours) = (by_tungstenite(&parts), here(&parts));
        // They look at a fragment's text while it comes, and at a head when the frame is whole. So that something is wrong they say
        // at another moment, and if it is wrong twice, perhaps the other thing; all that is said before is the same.
        let is_end = |said: &Said| matches!(said, Said::Faulty | Said::NotText | Said::TooLarge);
        let before_end = |said: &[Said]| said.iter().take_while(|said| !is_end(said)).count();
        let (their_said, said) = (&theirs[..before_end(&theirs)], &ours[..before_end(&ours)]);
        if theirs.last() == Some(&Said::NotText) {
            let (first, later) =
                said.split_at_checked(their_said.len()).unwrap_or_else(|| panic!("{round}: {ours:?}"));
            assert_eq!(first, their_said, "{round}");
            assert!(
                later.iter().all(|said| !matches!(said, Said::Text(_) | Said::Binary)),
                "{round}: {later:?}"
            );
        } else {
            assert_eq!(said, their_said, "{round}");
        }
        for one in ours {
            let at = match one {
                Said::Text(_) => 0,
                Said::Binary => 1,
                Said::Ping(_) => 2,
                Said::Pong => 3,
                Said::Close(_) => 4,
                Said::TooLarge => 5,
                Said::Faulty => 6,
                Said::NotText => 7,
            };
            seen[at] += 1;
        }
    }
    assert!(seen.iter().all(|times| *times > 20), "all of it happens: {seen:?}");
}

#[test]
fn of_a_frame_that_is_too_large_nothing_is_kept() {
    let mut intake = Intake::default();
    let mut head = vec![0x81, 0x80 | 127];
    head.extend(1_000_000_u64.to_be_bytes());
    head.extend([1, 2, 3, 4]);
    let used = head.len();
    assert_eq!(intake.find(&mut head), Ok(Some(Found { used, what: What::TooLarge })));
    for _ in 0..1_000 {
        let passed = intake.find(&mut [0xff; 1_000]);
        assert_eq!(passed, Ok(Some(Found { used: 1_000, what: What::Part })));
    }
    // Behind it frames are frames again.
    let mut close = [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8];
    assert_eq!(intake.find(&mut close), Ok(Some(Found { used: 8, what: What::Close(6..8) })));
}

#[test]
fn a_mask_is_taken_off_wherever_the_payload_ends() {
    for len in 0..40 {
        let plain: Vec<u8> = (0..len).collect();
        let mask = [0x6d, 0xb6, 0xb2, 0x80];
        let mut payload: Vec<u8> =
            plain.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
        unmask(&mut payload, mask);
        assert_eq!(payload, plain);
    }
}
