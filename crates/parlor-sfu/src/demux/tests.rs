//! What leads to a transport, and what is forgotten.

use super::*;

fn key(place: u32) -> TransportKey {
    let mut keys = Vec::new();
    // Keys are only made by the place that keeps transports; here they only have to differ.
    for _ in 0..=place {
        keys.push(crate::transports::test_key(keys.len()));
    }
    keys[place as usize]
}

fn request(username: &str) -> Vec<u8> {
    let mut bytes = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
    bytes.extend([7; 12]);
    bytes.extend([0, 6]);
    bytes.extend(u16::try_from(username.len()).unwrap().to_be_bytes());
    bytes.extend(username.as_bytes());
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

fn address(port: u16) -> Remote {
    (Via::Udp, SocketAddr::from(([10, 0, 0, 1], port)))
}

#[test]
fn vc_01_a_request_is_known_by_its_fragment_and_proves_nothing() {
    let mut demux = Demux::default();
    demux.set_ufrag(key(0), None, "hubfrag");
    let rtp = [0x80, 96, 0, 1];
    assert_eq!(demux.owner(address(1), &rtp), Owner::Nobody);
    assert_eq!(demux.owner(address(1), &request("hubfrag:theirs")), Owner::Known(key(0)));
    assert_eq!(demux.owner(address(1), &rtp), Owner::Perhaps(key(0)));
    demux.prove(address(1), key(0), &mut Vec::new());
    assert_eq!(demux.owner(address(1), &rtp), Owner::Known(key(0)));
    assert_eq!(demux.owner(address(1), &request("other:theirs")), Owner::Nobody);
}

#[test]
fn vc_05_after_a_restart_only_the_new_fragment_leads_there_and_in_the_end_nothing() {
    let mut demux = Demux::default();
    let mut known = Vec::new();
    demux.set_ufrag(key(0), None, "old");
    demux.set_ufrag(key(0), Some("old"), "new");
    assert_eq!(demux.owner(address(1), &request("old:x")), Owner::Nobody);
    assert_eq!(demux.owner(address(1), &request("new:x")), Owner::Known(key(0)));
    for port in 0..100 {
        demux.hint(address(port), key(0));
        demux.prove(address(port), key(0), &mut known);
    }
    assert_eq!(known.len(), ADDRESSES_PER_TRANSPORT_MAX);
    demux.forget(key(0), "new", &known);
    assert_eq!(demux.len(), 0);
}

#[test]
fn vc_05_hints_have_a_bound() {
    let mut demux = Demux::default();
    for port in 0..HINTS_MAX as u32 + 500 {
        demux.hint((Via::Udp, SocketAddr::from((std::net::Ipv4Addr::from(port), 9))), key(0));
    }
    assert_eq!(demux.len(), HINTS_MAX);
}

#[test]
fn usernames_that_lie_about_their_length_are_no_usernames() {
    let mut bytes = request("hubfrag:theirs");
    bytes[22] = 0xff;
    assert_eq!(addressed_ufrag(&bytes), None);
    assert_eq!(addressed_ufrag(&[0; 20]), None);
    assert_eq!(addressed_ufrag(&[]), None);
}
