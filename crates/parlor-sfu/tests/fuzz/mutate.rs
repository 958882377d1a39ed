//! What is made of something real.

use fastrand::Rng;

/// Values that stand at edges.
const EDGES: [u8; 10] = [0, 1, 2, 0x7f, 0x80, 0x81, 0xbf, 0xc8, 0xfe, 0xff];
/// No datagram of a browser is longer.
const BYTES_MAX: usize = 2_000;

/// Some bytes changed, moved, doubled, dropped or made anew; or the head of one with the tail of another.
pub fn bytes(rng: &mut Rng, original: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = original.to_vec();
    for _ in 0..=rng.usize(..4) {
        if bytes.is_empty() {
            bytes.push(rng.u8(..));
        }
        let at = rng.usize(..bytes.len());
        match rng.u8(..9) {
            0 => bytes[at] ^= 1 << rng.u8(..8),
            1 => bytes[at] = EDGES[rng.usize(..EDGES.len())],
            2 => bytes[at] = rng.u8(..),
            3 => bytes.truncate(at),
            4 => bytes.extend((0..rng.usize(..200)).map(|_| rng.u8(..))),
            5 => drop(bytes.remove(at)),
            6 => {
                let end = at + rng.usize(..=bytes.len() - at);
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
            // A length or a number of two bytes.
            7 if at + 1 < bytes.len() => {
                let value = [0, 1, 0x7fff, 0xffff, rng.u16(..)][rng.usize(..5)].to_be_bytes();
                bytes[at..at + 2].copy_from_slice(&value);
            }
            _ if !other.is_empty() => {
                bytes.truncate(at);
                bytes.extend_from_slice(&other[rng.usize(..other.len())..]);
            }
            _ => {}
        }
    }
    bytes.truncate(BYTES_MAX);
    bytes
}

/// Numbers that a description or a candidate should not have, and some that it may.
const NUMBERS: [&str; 10] =
    ["0", "1", "-1", "127", "128", "255", "65535", "65536", "4294967295", "99999999999999999999"];
/// Words that mean something in a description.
const WORDS: [&str; 24] = [
    "a=sendrecv",
    "a=recvonly",
    "a=sendonly",
    "a=inactive",
    "a=rtcp-mux",
    "a=setup:active",
    "a=setup:passive",
    "a=setup:holdconn",
    "a=mid:",
    "a=mid:0",
    "a=rid:q send",
    "a=rid:q recv",
    "a=simulcast:send q;h;f",
    "a=simulcast:recv ~q,",
    "a=ssrc-group:FID 1 2",
    "a=ssrc:1 cname:x",
    "a=ice-options:trickle",
    "a=ice-lite",
    "a=end-of-candidates",
    "a=bundle-only",
    "a=sctp-port:5000",
    "m=video 9 UDP/TLS/RTP/SAVPF 96",
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
    "a=extmap-allow-mixed",
];

/// Lines dropped, doubled, moved, taken from another description, cut, with other numbers and words; now and then bytes.
pub fn description(rng: &mut Rng, original: &str, other: &str) -> String {
    let mut lines: Vec<String> = original.lines().map(str::to_owned).collect();
    let others: Vec<&str> = other.lines().collect();
    for _ in 0..=rng.usize(..5) {
        if lines.is_empty() || others.is_empty() {
            break;
        }
        let (at, to) = (rng.usize(..lines.len()), rng.usize(..lines.len()));
        match rng.u8(..11) {
            0 => drop(lines.remove(at)),
            1 => lines.swap(at, to),
            2 => {
                let line = lines[at].clone();
                lines.insert(to, line);
            }
            3 => lines.insert(at, others[rng.usize(..others.len())].to_owned()),
            4 => lines.insert(at, WORDS[rng.usize(..WORDS.len())].to_owned()),
            5 => lines.truncate(at),
            6 => lines[at] = with_number(rng, &lines[at]),
            7 => {
                let line = bytes(rng, lines[at].as_bytes(), b" :;=/");
                lines[at] = String::from_utf8_lossy(&line).replace(['\r', '\n'], " ");
            }
            // A whole section, once more or somewhere else.
            8 => {
                let is_media = |line: &String| line.starts_with("m=");
                let Some(start) = lines.iter().skip(at).position(is_media).map(|found| at + found) else {
                    continue;
                };
                let end = lines
                    .iter()
                    .skip(start + 1)
                    .position(is_media)
                    .map_or(lines.len(), |next| start + 1 + next);
                let section = lines[start..end].to_vec();
                if rng.bool() {
                    lines.drain(start..end);
                }
                lines.extend(section);
            }
            9 => lines[at] = lines[at].to_uppercase(),
            _ => lines[at].push_str(&" x".repeat(rng.usize(..400))),
        }
    }
    let end = if rng.u8(..8) == 0 { "\n" } else { "\r\n" };
    lines.join(end) + end
}

/// One of the numbers in a line is another.
fn with_number(rng: &mut Rng, line: &str) -> String {
    let starts: Vec<usize> = line
        .char_indices()
        .filter(|(at, c)| {
            c.is_ascii_digit() && !line[..*at].ends_with(|before: char| before.is_ascii_digit())
        })
        .map(|(at, _)| at)
        .collect();
    if starts.is_empty() {
        return line.to_owned();
    }
    let start = starts[rng.usize(..starts.len())];
    let digits = line[start..].chars().take_while(char::is_ascii_digit).count();
    format!("{}{}{}", &line[..start], NUMBERS[rng.usize(..NUMBERS.len())], &line[start + digits..])
}
