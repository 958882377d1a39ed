//! Media sections of session descriptions (RFC 8866), as much of them as the hub has to see beyond what str0m does: which
//! there are, what codecs they name, and the two changes that the contract asks for. Descriptions are lines of text here.

use std::fmt::Write as _;
use std::net::IpAddr;

use parlor_proto::Kind;

use crate::codec::Codec;
use crate::stream::Extensions;

/// Which way media flows, as the description's author says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    Both,
    Send,
    Receive,
    None,
}

/// What a section is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Media(Kind),
    Data,
    Other,
}

/// One media section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) purpose: Purpose,
    pub(crate) mid: String,
    pub(crate) flow: Flow,
    pub(crate) is_rejected: bool,
    /// Payload types and what they are, of those that the hub forwards.
    pub(crate) codecs: Vec<(u8, Codec)>,
    /// Payload types, and those under which their packets are sent again (RFC 4588, section 8.6).
    pub(crate) resends: Vec<(u8, u8)>,
    /// Restriction ids that the author sends, in their order (RFC 8853).
    pub(crate) rids: Vec<String>,
    pub(crate) extensions: Extensions,
    /// The canonical name of what the author sends (RFC 5576, section 6.1).
    pub(crate) cname: String,
    /// The formats of the `m=` line.
    formats: Vec<String>,
}

fn flow_of(line: &str) -> Option<Flow> {
    match line {
        "a=sendrecv" => Some(Flow::Both),
        "a=sendonly" => Some(Flow::Send),
        "a=recvonly" => Some(Flow::Receive),
        "a=inactive" => Some(Flow::None),
        _ => None,
    }
}

/// The lines of a description in blocks: what comes before the first `m=`, then one block for each section.
fn blocks(sdp: &str) -> Vec<Vec<&str>> {
    let mut blocks = vec![Vec::new()];
    for line in sdp.lines().map(str::trim_end).filter(|line| !line.is_empty()) {
        if line.starts_with("m=") {
            blocks.push(Vec::new());
        }
        if let Some(block) = blocks.last_mut() {
            block.push(line);
        }
    }
    blocks
}

/// All sections of a description, in order.
pub(crate) fn read(sdp: &str) -> Vec<Section> {
    blocks(sdp).iter().skip(1).map(|block| section(block)).collect()
}

fn section(block: &[&str]) -> Section {
    let mut words = block.first().copied().unwrap_or_default().trim_start_matches("m=").split_whitespace();
    let purpose = match words.next() {
        Some("audio") => Purpose::Media(Kind::Audio),
        Some("video") => Purpose::Media(Kind::Video),
        Some("application") => Purpose::Data,
        _ => Purpose::Other,
    };
    let is_rejected = words.next() == Some("0") && !block.contains(&"a=bundle-only");
    let formats: Vec<String> = words.skip(1).map(str::to_owned).collect();
    let after = |prefix: &str| block.iter().find_map(|line| line.strip_prefix(prefix));
    let fmtp = |pt: &str| {
        block.iter().find_map(|line| line.strip_prefix("a=fmtp:")?.strip_prefix(pt)?.strip_prefix(' '))
    };
    let codecs = formats
        .iter()
        .filter_map(|pt| {
            let name = block.iter().find_map(|line| {
                line.strip_prefix("a=rtpmap:")?.strip_prefix(pt.as_str())?.strip_prefix(' ')
            })?;
            Some((pt.parse().ok()?, Codec::from_sdp(name, fmtp(pt).unwrap_or_default())?))
        })
        .collect();
    let resends = formats
        .iter()
        .filter_map(|pt| Some((fmtp(pt)?.strip_prefix("apt=")?.trim().parse().ok()?, pt.parse().ok()?)))
        .collect();
    let rids = block
        .iter()
        .filter_map(|line| {
            let mut words = line.strip_prefix("a=rid:")?.split_whitespace();
            let rid = words.next()?;
            (words.next()? == "send").then(|| rid.to_owned())
        })
        .collect();
    let extension = |uri: &str| {
        // The one-byte form has no others (RFC 8285, section 4.2).
        const IDS: std::ops::RangeInclusive<u8> = 1..=14;
        let mut lines = block.iter().filter_map(|line| line.strip_prefix("a=extmap:"));
        lines.find_map(|line| {
            let mut words = line.split_whitespace();
            let id = words.next()?.split('/').next()?.parse().ok().filter(|id| IDS.contains(id))?;
            (words.next()? == uri).then_some(id)
        })
    };
    let cname = block.iter().find_map(|line| {
        let (_, attribute) = line.strip_prefix("a=ssrc:")?.split_once(' ')?;
        attribute.strip_prefix("cname:")
    });
    Section {
        purpose,
        mid: after("a=mid:").unwrap_or_default().to_owned(),
        extensions: Extensions {
            mid: extension("urn:ietf:params:rtp-hdrext:sdes:mid"),
            level: extension("urn:ietf:params:rtp-hdrext:ssrc-audio-level"),
            orientation: extension("urn:3gpp:video-orientation"),
            transport_sequence: extension(
                "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
            ),
        },
        cname: cname.unwrap_or_default().to_owned(),
        flow: block.iter().find_map(|line| flow_of(line)).unwrap_or(Flow::Both),
        is_rejected,
        codecs,
        resends,
        rids,
        formats,
    }
}

/// The offer with `sendrecv` read as `sendonly`: the hub answers `recvonly`, and never sends in a section in which the
/// participant sends; and without candidates at which no participant can be.
pub(crate) fn without_return(offer: &str) -> String {
    let mut text = String::with_capacity(offer.len());
    for (index, block) in blocks(offer).iter().enumerate() {
        let is_media = index > 0 && matches!(section(block).purpose, Purpose::Media(_));
        let says_flow = block.iter().any(|line| flow_of(line).is_some());
        let is_kept = |line: &&&str| line.strip_prefix("a=").is_none_or(|text| !is_odd_candidate(text));
        for line in block.iter().filter(is_kept) {
            let line = if is_media && flow_of(line) == Some(Flow::Both) { "a=sendonly" } else { line };
            let _ = write!(text, "{line}\r\n");
        }
        if is_media && !says_flow {
            text.push_str("a=sendonly\r\n");
        }
    }
    text
}

/// The answer with those sections rejected (port 0, not bundled: RFC 3264, section 6) in which no codec is left.
pub(crate) fn with_rejections(answer: &str, offered: &[Section]) -> String {
    let blocks = blocks(answer);
    let sections: Vec<Section> = blocks.iter().skip(1).map(|block| section(block)).collect();
    let is_empty =
        |section: &Section| matches!(section.purpose, Purpose::Media(_)) && section.formats.is_empty();
    if !sections.iter().any(is_empty) {
        return answer.to_owned();
    }
    let mut text = String::with_capacity(answer.len());
    for (index, block) in blocks.iter().enumerate() {
        let own = index.checked_sub(1).and_then(|index| Some((sections.get(index)?, offered.get(index)?)));
        if let Some((section, offered)) = own.filter(|(section, _)| is_empty(section)) {
            let kind = if section.purpose == Purpose::Media(Kind::Audio) { "audio" } else { "video" };
            let format = offered.formats.first().map_or("0", String::as_str);
            let _ = write!(text, "m={kind} 0 UDP/TLS/RTP/SAVPF {format}\r\nc=IN IP4 0.0.0.0\r\n");
            let _ = write!(text, "a=mid:{}\r\na=inactive\r\n", section.mid);
            continue;
        }
        for line in block {
            if let Some(mids) = line.strip_prefix("a=group:BUNDLE") {
                let is_kept = |mid: &&str| !sections.iter().any(|s| is_empty(s) && s.mid == **mid);
                text.push_str("a=group:BUNDLE");
                for mid in mids.split_whitespace().filter(is_kept) {
                    let _ = write!(text, " {mid}");
                }
                text.push_str("\r\n");
            } else {
                let _ = write!(text, "{line}\r\n");
            }
        }
    }
    text
}

/// The answer with other SSRCs in the places of those that str0m wrote, each with its replacement (RFC 5576, sections 4.1 and 4.2).
pub(crate) fn with_sources(answer: &str, replaced: &[(u32, u32)]) -> String {
    let own = |word: &str| {
        let theirs: u32 = word.parse().ok()?;
        replaced.iter().find(|(replaced, _)| *replaced == theirs).map(|(_, own)| own.to_string())
    };
    let mut text = String::with_capacity(answer.len());
    for line in answer.lines().map(str::trim_end) {
        let is_about_sources = line.starts_with("a=ssrc:") || line.starts_with("a=ssrc-group:");
        if !is_about_sources {
            let _ = write!(text, "{line}\r\n");
            continue;
        }
        for (place, word) in line.split(' ').enumerate() {
            let space = if place == 0 { "" } else { " " };
            let (before, number) = match word.strip_prefix("a=ssrc:") {
                Some(number) => ("a=ssrc:", number),
                None => ("", word),
            };
            match own(number) {
                Some(own) => _ = write!(text, "{space}{before}{own}"),
                None => _ = write!(text, "{space}{word}"),
            }
        }
        text.push_str("\r\n");
    }
    text
}

/// The first ICE user fragment (RFC 8839, section 5.4).
pub(crate) fn ufrag(sdp: &str) -> Option<&str> {
    sdp.lines().find_map(|line| line.strip_prefix("a=ice-ufrag:")).map(str::trim)
}

/// Whether a candidate (RFC 8839, section 5.1) names an address to which nothing can be sent, or which means something else here
/// than there: a check from a socket to such a one fails in ways that others could feel.
pub(crate) fn is_odd_candidate(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("candidate:") else { return false };
    let mut fields = rest.split_ascii_whitespace().skip(4);
    let (Some(address), Some(port)) = (fields.next(), fields.next()) else { return true };
    let is_odd = match address.parse::<IpAddr>().map(|ip| ip.to_canonical()) {
        Ok(IpAddr::V4(ip)) => {
            ip.is_unspecified() || ip.is_multicast() || ip.is_broadcast() || ip.is_link_local()
        }
        Ok(IpAddr::V6(ip)) => ip.is_unspecified() || ip.is_multicast() || ip.is_unicast_link_local(),
        // A name, as for `.local`: str0m passes over it.
        Err(_) => false,
    };
    is_odd || port.parse::<u16>().map_or(true, |port| port == 0)
}

#[cfg(test)]
mod tests;
