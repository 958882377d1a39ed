//! Each range that is refused, what lies beside it, what an operator allows.

use std::net::{IpAddr, SocketAddr};

use super::{Forbidden, Network, Policy};

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// First and last address of each range that is no part of the internet, and its name.
const FORBIDDEN: &[(&str, &str, &str)] = &[
    ("0.0.0.0", "0.255.255.255", "this network"),
    ("10.0.0.0", "10.255.255.255", "private"),
    ("100.64.0.0", "100.127.255.255", "behind a carrier's NAT"),
    ("127.0.0.0", "127.255.255.255", "loopback"),
    ("169.254.0.0", "169.254.255.255", "link-local"),
    ("172.16.0.0", "172.31.255.255", "private"),
    ("192.0.0.0", "192.0.0.255", "protocol assignments"),
    ("192.0.2.0", "192.0.2.255", "documentation"),
    ("192.88.99.0", "192.88.99.255", "6to4 relays"),
    ("192.168.0.0", "192.168.255.255", "private"),
    ("198.18.0.0", "198.19.255.255", "benchmarks"),
    ("198.51.100.0", "198.51.100.255", "documentation"),
    ("203.0.113.0", "203.0.113.255", "documentation"),
    ("224.0.0.0", "239.255.255.255", "multicast"),
    ("240.0.0.0", "255.255.255.254", "reserved"),
    ("255.255.255.255", "255.255.255.255", "broadcast"),
    ("::", "::", "unspecified"),
    ("::1", "::1", "loopback"),
    ("::ffff:0.0.0.0", "::ffff:255.255.255.255", "IPv4 in IPv6, reserved"),
    ("::ffff:8.8.8.8", "::ffff:8.8.8.8", "IPv4 in IPv6, reserved"),
    ("::8.8.8.8", "::8.8.8.8", "IPv4 in IPv6, reserved"),
    ("64:ff9b::", "64:ff9b::ffff:ffff", "NAT64"),
    ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "NAT64"),
    ("100::", "100::ffff:ffff:ffff:ffff", "discard"),
    ("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "protocol assignments"),
    ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "documentation"),
    ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "6to4"),
    ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "documentation"),
    ("5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "segment routing"),
    ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "unique local"),
    ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "link-local"),
    ("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "site-local"),
    ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "multicast"),
];

#[test]
fn each_range_that_is_no_part_of_the_internet_is_refused() {
    let policy = Policy::default();
    for (first, last, name) in FORBIDDEN {
        for text in [first, last] {
            assert_eq!(policy.judge_ip(ip(text)), Err(Forbidden::Range(name)), "{text}");
            let peer = SocketAddr::new(ip(text), 443);
            assert_eq!(policy.judge(peer), Err(Forbidden::Range(name)), "{text}");
        }
    }
}

#[test]
fn what_lies_beside_them_is_not() {
    let policy = Policy::default();
    let beside = [
        "1.0.0.0",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.0.3.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "203.0.112.255",
        "203.0.114.0",
        "223.255.255.255",
        "2001:200::",
        "2001:db7:ffff::",
        "2001:db9::",
        "2003::",
        "2606:4700:4700::1111",
        "3ffe::",
    ];
    for text in beside {
        assert_eq!(policy.judge_ip(ip(text)), Ok(()), "{text}");
    }
}

#[test]
fn an_operator_allows_ranges_and_nothing_beside_them() {
    let allow = ["10.1.0.0/16", "fd00::/8", "192.168.1.7"].map(|text| text.parse().unwrap()).to_vec();
    let policy = Policy { allow, ..Policy::default() };
    for text in ["10.1.0.0", "10.1.255.255", "fd12::1", "192.168.1.7"] {
        assert_eq!(policy.judge_ip(ip(text)), Ok(()), "{text}");
    }
    for text in ["10.0.255.255", "10.2.0.0", "fc00::1", "192.168.1.8", "::ffff:10.1.0.1"] {
        assert!(policy.judge_ip(ip(text)).is_err(), "{text}");
    }
}

/// Its public address too: a firewall may trust what comes from the machine itself.
#[test]
fn the_servers_own_addresses_take_nothing_but_what_is_open() {
    let hub: SocketAddr = "8.8.8.8:8080".parse().unwrap();
    let own = vec![ip("8.8.8.8"), ip("10.0.0.1")];
    let mut policy = Policy { own, open: vec![hub], closed_ports: vec![3478, 443], ..Policy::default() };
    assert_eq!(policy.judge(hub), Ok(()));
    for text in ["8.8.8.8:22", "8.8.8.8:443", "8.8.8.8:3478", "10.0.0.1:22"] {
        assert_eq!(policy.judge(text.parse().unwrap()), Err(Forbidden::Own), "{text}");
    }
    policy.allow.push("10.0.0.0/8".parse().unwrap());
    assert_eq!(policy.judge("10.0.0.1:22".parse().unwrap()), Ok(()), "what the operator allows");
    assert_eq!(policy.judge("10.0.0.1:443".parse().unwrap()), Err(Forbidden::Own), "but not its own ports");
    assert_eq!(policy.judge("8.8.8.8:22".parse().unwrap()), Err(Forbidden::Own));
}

#[test]
fn ranges_are_read_and_written() {
    for text in ["10.0.0.0/8", "0.0.0.0/0", "::/0", "fe80::/10"] {
        assert_eq!(text.parse::<Network>().unwrap().to_string(), text);
    }
    assert_eq!("10.0.0.1".parse::<Network>().unwrap().to_string(), "10.0.0.1/32");
    for text in ["", "10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/-1", "10.0.0.0/", "host"] {
        let error = text.parse::<Network>().unwrap_err();
        assert!(error.to_string().contains(text), "{error}");
    }
    assert!("0.0.0.0/0".parse::<Network>().unwrap().contains(ip("255.1.2.3")));
    assert!(!"0.0.0.0/0".parse::<Network>().unwrap().contains(ip("::1")));
}
