//! JSON (RFC 8259) whose values are passed on unread: where each begins and ends, and that it is one. What participants and
//! peers tell each other is mostly one long text, and to step over it was most of what a relay costs; so it is done eight bytes at a time.

use std::borrow::Cow;

/// The members of the object that `text` is, each as its name and the text of its value, in order; `visit` says whether to go on.
/// None if `text` is no object and nothing else, or if `visit` does not want to.
pub fn each_member<'a>(
    text: &'a str,
    mut visit: impl FnMut(Cow<'a, str>, &'a str) -> Option<()>,
) -> Option<()> {
    let bytes = text.as_bytes();
    let mut rest = after_space(after_space(bytes).strip_prefix(b"{")?);
    if let Some(end) = rest.strip_prefix(b"}") {
        return after_space(end).is_empty().then_some(());
    }
    loop {
        let behind_name = after_string(rest)?;
        let name = string(between(text, rest, behind_name)?)?;
        let value = after_space(after_space(behind_name).strip_prefix(b":")?);
        let behind_value = after_value(value)?;
        visit(name, between(text, value, behind_value)?)?;
        rest = after_space(behind_value);
        if let Some(end) = rest.strip_prefix(b"}") {
            return after_space(end).is_empty().then_some(());
        }
        rest = after_space(rest.strip_prefix(b",")?);
    }
}

/// The string that a value is, if it is one.
#[must_use]
pub fn string(json: &str) -> Option<Cow<'_, str>> {
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        serde_json::from_str(json).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inner))
    }
}

/// What of `text` is in `from` and no longer in `to`, both of which are ends of it.
fn between<'a>(text: &'a str, from: &[u8], to: &[u8]) -> Option<&'a str> {
    text.get(text.len().checked_sub(from.len())?..text.len().checked_sub(to.len())?)
}

fn after_space(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes;
    while let [b' ' | b'\t' | b'\n' | b'\r', after @ ..] = rest {
        rest = after;
    }
    rest
}

/// What follows the value that `bytes` begins with, however deep it is.
fn after_value(bytes: &[u8]) -> Option<&[u8]> {
    // How the containers end that the value is in, the innermost last.
    let mut ends: Vec<u8> = Vec::new();
    let mut rest = bytes;
    loop {
        rest = match after_space(rest) {
            [b'"', ..] => after_string(after_space(rest))?,
            [b'{', inside @ ..] => match after_space(inside) {
                [b'}', after @ ..] => after,
                first => {
                    ends.push(b'}');
                    rest = after_name(first)?;
                    continue;
                }
            },
            [b'[', inside @ ..] => match after_space(inside) {
                [b']', after @ ..] => after,
                first => {
                    ends.push(b']');
                    rest = first;
                    continue;
                }
            },
            [b't', after @ ..] => after.strip_prefix(b"rue")?,
            [b'f', after @ ..] => after.strip_prefix(b"alse")?,
            [b'n', after @ ..] => after.strip_prefix(b"ull")?,
            number => after_number(number)?,
        };
        loop {
            let Some(end) = ends.last() else { return Some(rest) };
            match after_space(rest) {
                [b',', next @ ..] => {
                    rest = if *end == b'}' { after_name(after_space(next))? } else { next };
                    break;
                }
                [byte, after @ ..] if byte == end => {
                    ends.pop();
                    rest = after;
                }
                _ => return None,
            }
        }
    }
}

/// What follows a member's name and its colon.
fn after_name(bytes: &[u8]) -> Option<&[u8]> {
    after_space(after_string(bytes)?).strip_prefix(b":")
}

/// What follows a string.
fn after_string(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = bytes.strip_prefix(b"\"")?;
    loop {
        rest = after_plain(rest);
        // Eight bytes that are not plain, and what is too short for eight, one by one.
        let stop = rest.len().saturating_sub(8);
        loop {
            match rest {
                [b'"', after @ ..] => return Some(after),
                [b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', after @ ..] => rest = after,
                [b'\\', b'u', a, b, c, d, after @ ..]
                    if [a, b, c, d].into_iter().all(u8::is_ascii_hexdigit) =>
                {
                    rest = after;
                }
                [byte, after @ ..] if *byte >= b' ' && *byte != b'\\' => rest = after,
                _ => return None,
            }
            if rest.len() <= stop {
                break;
            }
        }
    }
}

/// What follows those bytes of a string, eight at a time, that are neither its end nor need a closer look: no control character,
/// and no escape but those of line ends and quotes, of which descriptions are full. Begins and ends outside of an escape.
fn after_plain(bytes: &[u8]) -> &[u8] {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    const QUOTES: u64 = u64::from_ne_bytes([b'"'; 8]);
    const BACKSLASHES: u64 = u64::from_ne_bytes([b'\\'; 8]);
    const SPACES: u64 = u64::from_ne_bytes([b' '; 8]);
    const LOW: u64 = u64::from_ne_bytes([0x7f; 8]);
    const NOT_CONTROLS: u64 = u64::from_ne_bytes([0xe0; 8]);
    /// The high bits of those bytes that are zero, and nothing else: no byte carries into the next one.
    const fn zeros(word: u64) -> u64 {
        !((word & LOW).wrapping_add(LOW) | word | LOW)
    }
    /// The high bits of those bytes that are this one.
    const fn all(word: u64, byte: u8) -> u64 {
        zeros(word ^ u64::from_ne_bytes([byte; 8]))
    }
    let mut rest = bytes;
    // The high bit of the first byte, if it is escaped by the last one before it.
    let mut carried = 0;
    while let Some((eight, after)) = rest.split_first_chunk::<8>() {
        let word = u64::from_le_bytes(*eight);
        // Most words have none of it; the sums may say that of too many bytes, never of too few.
        let some = |word: u64| word.wrapping_sub(ONES) & !word;
        let any = some(word ^ QUOTES) | some(word ^ BACKSLASHES) | (word.wrapping_sub(SPACES) & !word);
        if any & HIGH | carried == 0 {
            rest = after;
            continue;
        }
        let quotes = all(word, b'"');
        let backslashes = all(word, b'\\');
        let escaped = (backslashes << 8) | carried;
        let names = all(word, b'n') | all(word, b'r') | quotes;
        let closer = zeros(word & NOT_CONTROLS) | (quotes & !escaped) | (escaped & !names);
        if closer != 0 {
            break;
        }
        carried = backslashes >> 56;
        rest = after;
    }
    let escapes = usize::from(carried != 0);
    bytes.get(bytes.len().saturating_sub(rest.len()).saturating_sub(escapes)..).unwrap_or_default()
}

/// What follows a number.
fn after_number(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = bytes.strip_prefix(b"-").unwrap_or(bytes);
    rest = match rest {
        [b'0', after @ ..] => after,
        _ => after_digits(rest)?,
    };
    if let [b'.', fraction @ ..] = rest {
        rest = after_digits(fraction)?;
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        rest = match exponent {
            [b'+' | b'-', digits @ ..] => after_digits(digits)?,
            digits => after_digits(digits)?,
        };
    }
    Some(rest)
}

/// What follows one digit or more.
fn after_digits(bytes: &[u8]) -> Option<&[u8]> {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 { None } else { bytes.get(digits..) }
}

#[cfg(test)]
mod tests;
