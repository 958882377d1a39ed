//! Media sections of session descriptions (RFC 8866), as much of them as has to be seen beyond what str0m does. Descriptions are
//! lines of text here.

use std::fmt::Write as _;
use std::net::IpAddr;

use parlor_proto::Kind;

/// Which way media flows, as the description's author says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    Both,
    Send,
    Receive,
    None,
}

impl Flow {
    const fn line(self) -> &'static str {
        match self {
            Self::Both => "a=sendrecv",
            Self::Send => "a=sendonly",
            Self::Receive => "a=recvonly",
            Self::None => "a=inactive",
        }
    }
}

/// One media section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Section {
    /// None: no media, but the data channel.
    pub(crate) kind: Option<Kind>,
    pub(crate) mid: String,
    pub(crate) flow: Flow,
    pub(crate) is_rejected: bool,
}

fn flow_of(line: &str) -> Option<Flow> {
    [Flow::Both, Flow::Send, Flow::Receive, Flow::None].into_iter().find(|flow| flow.line() == line)
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
    let kind = match words.next() {
        Some("audio") => Some(Kind::Audio),
        Some("video") => Some(Kind::Video),
        _ => None,
    };
    Section {
        kind,
        mid: block.iter().find_map(|line| line.strip_prefix("a=mid:")).unwrap_or_default().to_owned(),
        flow: block.iter().find_map(|line| flow_of(line)).unwrap_or(Flow::Both),
        is_rejected: words.next() == Some("0") && !block.contains(&"a=bundle-only"),
    }
}

/// An offer in which the sections without a track of one's own (those whose `mid` is not among `sending`) ask for none: str0m
/// answers that it sends wherever it may, and a track that never brings anything would be announced. Candidates to which nothing can be sent are taken out.
pub(crate) fn without_return(offer: &str, sending: &[&str]) -> String {
    let mut text = String::with_capacity(offer.len());
    for (index, block) in blocks(offer).iter().enumerate() {
        let section = section(block);
        let is_silent = index > 0 && section.kind.is_some() && !sending.contains(&section.mid.as_str());
        let flow = match section.flow {
            Flow::Both | Flow::Send => Flow::Send,
            Flow::Receive | Flow::None => Flow::None,
        };
        let is_kept = |line: &&&str| line.strip_prefix("a=").is_none_or(|text| !is_odd_candidate(text));
        for line in block.iter().filter(is_kept) {
            let line = if is_silent && flow_of(line).is_some() { flow.line() } else { line };
            // A String takes all that is written to it.
            let _ = write!(text, "{line}\r\n");
        }
        if is_silent && !block.iter().any(|line| flow_of(line).is_some()) {
            let _ = write!(text, "{}\r\n", flow.line());
        }
    }
    text
}

/// A description that says of these sections that stereo is sent in them (`sprop-stereo`, RFC 7587, section 6.1): a browser
/// decodes to mono otherwise.
pub(crate) fn with_stereo(sdp: &str, sending: &[&str]) -> String {
    let mut text = String::with_capacity(sdp.len());
    for block in blocks(sdp) {
        let is_stereo = sending.contains(&section(&block).mid.as_str());
        let opus = block.iter().find_map(|line| {
            let (pt, codec) = line.strip_prefix("a=rtpmap:")?.split_once(' ')?;
            codec.to_ascii_lowercase().starts_with("opus/").then_some(pt)
        });
        let parameters = opus.filter(|_| is_stereo).map(|pt| format!("a=fmtp:{pt} "));
        for line in block {
            let is_opus = parameters.as_ref().is_some_and(|parameters| line.starts_with(parameters.as_str()));
            let more = if is_opus && !line.contains("sprop-stereo") { ";sprop-stereo=1" } else { "" };
            let _ = write!(text, "{line}{more}\r\n");
        }
    }
    text
}

/// Whether a candidate (RFC 8839, section 5.1) names what nothing can be sent to: an address that is none, or a name, as browsers
/// give for `.local`. Of those the other side's checks tell the address.
pub(crate) fn is_odd_candidate(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("candidate:") else { return false };
    let mut fields = rest.split_ascii_whitespace().skip(4);
    let (Some(address), Some(port)) = (fields.next(), fields.next()) else { return true };
    let is_odd = match address.parse::<IpAddr>().map(|ip| ip.to_canonical()) {
        Ok(IpAddr::V4(ip)) => {
            ip.is_unspecified() || ip.is_multicast() || ip.is_broadcast() || ip.is_link_local()
        }
        Ok(IpAddr::V6(ip)) => ip.is_unspecified() || ip.is_multicast() || ip.is_unicast_link_local(),
        Err(_) => true,
    };
    is_odd || port.parse::<u16>().map_or(true, |port| port == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1 2\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=sendrecv\r\na=rtpmap:111 opus/48000/2\r\n\
        a=fmtp:111 minptime=10;useinbandfec=1\r\n\
        a=candidate:1 1 udp 2113937151 4dc1c3a4.local 50000 typ host\r\n\
        a=candidate:2 1 udp 2113937151 192.0.2.1 50000 typ host\r\n\
        m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=recvonly\r\n\
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\n";

    #[test]
    fn sections_without_a_track_ask_for_none() {
        let flows = |sdp: &str| read(sdp).into_iter().map(|section| section.flow).collect::<Vec<_>>();
        assert_eq!(flows(OFFER), [Flow::Both, Flow::Receive, Flow::Both]);
        assert_eq!(flows(&without_return(OFFER, &[])), [Flow::Send, Flow::None, Flow::Both]);
        assert_eq!(flows(&without_return(OFFER, &["0", "1"])), [Flow::Both, Flow::Receive, Flow::Both]);
    }

    #[test]
    fn candidates_that_are_names_are_passed_over() {
        let text = without_return(OFFER, &["0"]);
        assert!(!text.contains(".local") && text.contains("192.0.2.1"), "{text}");
        assert!(is_odd_candidate("candidate:1 1 udp 1 0.0.0.0 9 typ host"));
        assert!(is_odd_candidate("candidate:1 1 tcp 1 192.0.2.1 0 typ host tcptype active"));
        assert!(!is_odd_candidate("candidate:1 1 udp 1 2001:db8::1 9 typ host"));
    }

    #[test]
    fn stereo_is_said_where_it_is_sent() {
        let text = with_stereo(OFFER, &["0"]);
        assert!(text.contains("a=fmtp:111 minptime=10;useinbandfec=1;sprop-stereo=1\r\n"), "{text}");
        assert_eq!(with_stereo(&text, &["0"]), text);
        assert_eq!(with_stereo(OFFER, &[]), OFFER);
    }
}
