//! Descriptions read and changed.

use super::*;

const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1 2\r\n\
    m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9\r\na=mid:0\r\na=sendrecv\r\na=rtpmap:111 opus/48000/2\r\na=rtpmap:63 red/48000/2\r\n\
    a=fmtp:63 111/111\r\na=rtpmap:9 G722/8000\r\na=ice-ufrag:abcd\r\n\
    m=video 9 UDP/TLS/RTP/SAVPF 96 97 102\r\na=mid:1\r\na=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n\
    a=rtpmap:102 H264/90000\r\na=fmtp:102 packetization-mode=1;profile-level-id=42e01f\r\na=rid:q send\r\na=rid:f send\r\n\
    m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\n";

#[test]
fn reads_what_is_offered() {
    let sections = read(OFFER);
    assert_eq!(sections.len(), 3);
    assert_eq!(sections[0].codecs, [(111, Codec::Opus), (63, Codec::Red)]);
    assert_eq!(sections[0].flow, Flow::Both);
    assert_eq!(sections[1].codecs, [(96, Codec::Vp8), (102, Codec::H264 { mode: 1 })]);
    assert_eq!(sections[1].rids, ["q", "f"]);
    assert_eq!(sections[2].purpose, Purpose::Data);
    assert_eq!(ufrag(OFFER), Some("abcd"));
}

#[test]
fn sendrecv_said_or_meant_becomes_sendonly_and_nothing_else_changes() {
    let text = without_return(OFFER);
    let sections = read(&text);
    assert_eq!(sections[0].flow, Flow::Send);
    assert_eq!(sections[1].flow, Flow::Send, "no direction means sendrecv");
    assert!(!text.split("m=application").nth(1).unwrap().contains("sendonly"));
    assert_eq!(without_return(&text), text);
}

#[test]
fn a_section_without_codecs_is_rejected_and_leaves_the_bundle() {
    let answer = OFFER.replace("m=video 9 UDP/TLS/RTP/SAVPF 96 97 102", "m=video 9 UDP/TLS/RTP/SAVPF");
    let text = with_rejections(&answer, &read(OFFER));
    let sections = read(&text);
    assert!(sections[1].is_rejected);
    assert_eq!(sections[1].mid, "1");
    assert!(text.contains("a=group:BUNDLE 0 2\r\n"));
    assert!(text.contains("m=video 0 UDP/TLS/RTP/SAVPF 96\r\n"));
    assert_eq!(with_rejections(OFFER, &read(OFFER)), OFFER);
}

#[test]
fn candidates_at_which_nobody_can_be_are_passed_over() {
    let candidate =
        |address: &str, port: u32| format!("candidate:1 1 udp 2122260223 {address} {port} typ host");
    for odd in [
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.1",
        "169.254.1.1",
        "::",
        "fe80::1",
        "ff02::1",
        "::ffff:0.0.0.0",
    ] {
        assert!(is_odd_candidate(&candidate(odd, 9)), "{odd}");
    }
    for fine in ["192.0.2.1", "127.0.0.1", "10.0.0.1", "2001:db8::1", "0b1e.local"] {
        assert!(!is_odd_candidate(&candidate(fine, 9)), "{fine}");
        assert!(is_odd_candidate(&candidate(fine, 0)), "{fine} at port 0");
        assert!(is_odd_candidate(&candidate(fine, 70_000)), "{fine} at no port");
    }
    assert!(is_odd_candidate("candidate:1 1 udp"));
    let offer = format!("{OFFER}a={}\r\na={}\r\n", candidate("0.0.0.0", 9), candidate("192.0.2.1", 9));
    let text = without_return(&offer);
    assert!(!text.contains("0.0.0.0 9 typ") && text.contains("192.0.2.1 9 typ"));
}
