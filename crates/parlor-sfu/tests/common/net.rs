//! The network: what one sends, another gets later, or never.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

pub const HUB: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1)), 4_000);

pub struct Datagram {
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub bytes: Vec<u8>,
}

/// What lies between the hub and one participant.
#[derive(Clone, Copy)]
struct Link {
    loss_percent: u64,
    delay: Duration,
    /// Towards the participant, bits per second.
    rate_bps: Option<u64>,
    free_at: Option<Instant>,
    is_cut: bool,
}

const LINK: Link =
    Link { loss_percent: 0, delay: Duration::from_millis(5), rate_bps: None, free_at: None, is_cut: false };
/// What waits longer before a narrow link is lost.
const QUEUE: Duration = Duration::from_millis(300);

pub struct Net {
    under_way: BTreeMap<(Instant, u64), Datagram>,
    links: BTreeMap<SocketAddr, Link>,
    /// Who is behind a NAT that has given them another address than the one they believe in: theirs, and the NAT's.
    translated: BTreeMap<SocketAddr, SocketAddr>,
    count: u64,
    random: u64,
    pub lost: u64,
    /// All that went to the hub, where a test wants it.
    pub copies: Option<Vec<Datagram>>,
    /// What went to participants, and where to.
    pub sent: Vec<(SocketAddr, Vec<u8>)>,
}

impl Net {
    pub const fn new(seed: u64) -> Self {
        Self {
            under_way: BTreeMap::new(),
            links: BTreeMap::new(),
            translated: BTreeMap::new(),
            count: 0,
            random: seed,
            lost: 0,
            copies: None,
            sent: Vec::new(),
        }
    }

    fn link(&mut self, participant: SocketAddr) -> &mut Link {
        self.links.entry(participant).or_insert(LINK)
    }

    pub fn set_loss(&mut self, participant: SocketAddr, percent: u64) {
        self.link(participant).loss_percent = percent;
    }

    pub fn set_delay(&mut self, participant: SocketAddr, ms: u64) {
        self.link(participant).delay = Duration::from_millis(ms);
    }

    pub fn set_rate(&mut self, participant: SocketAddr, bps: Option<u64>) {
        self.link(participant).rate_bps = bps;
    }

    pub fn cut(&mut self, participant: SocketAddr, is_cut: bool) {
        self.link(participant).is_cut = is_cut;
    }

    /// A NAT gives a participant another address, of which they learn nothing; what goes to the one before is lost.
    pub fn rebind(&mut self, participant: SocketAddr, outside: SocketAddr) {
        self.translated.insert(participant, outside);
    }

    fn chance(&mut self, percent: u64) -> bool {
        // Knuth's MMIX constants.
        self.random =
            self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % 100 < percent
    }

    pub fn send(&mut self, now: Instant, from: SocketAddr, to: SocketAddr, bytes: Vec<u8>) {
        if to != HUB {
            self.sent.push((to, bytes.clone()));
        }
        if let (HUB, Some(copies)) = (to, &mut self.copies) {
            copies.push(Datagram { from, to, bytes: bytes.clone() });
        }
        let is_nobodys = self.translated.contains_key(&to);
        let (participant, from, to) = if to == HUB {
            (from, self.translated.get(&from).copied().unwrap_or(from), to)
        } else {
            let inside =
                self.translated.iter().find(|(_, outside)| **outside == to).map_or(to, |(inside, _)| *inside);
            (inside, from, inside)
        };
        let link = *self.link(participant);
        if link.is_cut || is_nobodys || self.chance(link.loss_percent) {
            self.lost += 1;
            return;
        }
        let mut at = now;
        if let (Some(rate), true) = (link.rate_bps, to != HUB) {
            let free_at = link.free_at.unwrap_or(now).max(now);
            if free_at > now + QUEUE {
                self.lost += 1;
                return;
            }
            at = free_at + Duration::from_micros(bytes.len() as u64 * 8_000_000 / rate);
            self.link(participant).free_at = Some(at);
        }
        self.count += 1;
        self.under_way.insert((at + link.delay, self.count), Datagram { from, to, bytes });
    }

    pub fn next(&self) -> Option<Instant> {
        self.under_way.first_key_value().map(|((at, _), _)| *at)
    }

    pub fn take_due(&mut self, now: Instant) -> Option<Datagram> {
        let first = self.under_way.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }
}
