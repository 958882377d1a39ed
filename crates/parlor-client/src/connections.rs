//! The connections there are, by who is at their other end; and the way of what comes over them to the application's tracks.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use parlor_connect::{ConnectionState, IceState, Input, Output, Remote};
use parlor_proto::{Mode, RoomId, Slots as SlotsFrame, Source, UserId};
use str0m::media::MediaData;
use tokio::sync::{mpsc, watch};

use crate::driver::Events;
use crate::event::Event;
use crate::limits;
use crate::link::{Link, Order, Report};
use crate::memberships::Memberships;
use crate::options::Slots;
use crate::peer::{Sending, Shape};
use crate::track::{Codec, Outgoing, Outlets, Packet, TrackEntrance};

/// Whose track, which of theirs: by whichever path it comes.
type TrackName = (UserId, Source);

/// A track that comes.
struct Entrance {
    track: TrackEntrance,
    /// Over what it came last.
    over: (Remote, u32, String),
    timeline: u64,
}

/// Who is in the receive sections of a connection with the hub.
#[derive(Default)]
struct Seats {
    by_mid: BTreeMap<String, (UserId, Source)>,
    /// Packets in sections that nobody is named for yet: the word of it is on its way.
    unnamed: VecDeque<(String, Codec, Packet)>,
}

/// See above.
pub(crate) struct Connections {
    /// Whether the server is on this machine's loopback, where then others may be as well.
    pub(crate) is_server_here: bool,
    slots: Slots,
    links: BTreeMap<Remote, Link>,
    tracks: Vec<Sending>,
    reports: mpsc::Sender<(Remote, u32, Report)>,
    outlets: watch::Sender<Vec<mpsc::Sender<Outgoing>>>,
    entrances: BTreeMap<TrackName, Entrance>,
    /// Tracks that are over, and from when on.
    ending: Vec<(Instant, TrackName)>,
    seats: BTreeMap<RoomId, Seats>,
    /// Rooms that are heard through their hub.
    stars: BTreeSet<RoomId>,
    /// Rooms whose hub is sent what is published.
    hubs_in_use: BTreeSet<RoomId>,
}

impl Connections {
    pub(crate) fn new(
        reports: mpsc::Sender<(Remote, u32, Report)>,
        outlets: watch::Sender<Vec<mpsc::Sender<Outgoing>>>,
        slots: Slots,
    ) -> Self {
        Self {
            is_server_here: false,
            slots,
            links: BTreeMap::new(),
            tracks: Vec::new(),
            reports,
            outlets,
            entrances: BTreeMap::new(),
            ending: Vec::new(),
            seats: BTreeMap::new(),
            stars: BTreeSet::new(),
            hubs_in_use: BTreeSet::new(),
        }
    }

    /// To where one's own packets go.
    pub(crate) fn outlets(&self) -> Outlets {
        self.outlets.subscribe()
    }

    pub(crate) fn is_current(&self, key: &Remote, attempt: u32) -> bool {
        self.links.get(key).is_some_and(|link| link.attempt == attempt)
    }

    /// Does what the connection manager wants done; what it has to hear of that at once.
    pub(crate) fn carry_out(&mut self, output: Output, events: &mut Events) -> Option<Input> {
        match output {
            // The driver's.
            Output::Send(_) | Output::PathChanged { .. } => None,
            Output::Open { peer, attempt, .. } => {
                self.open(peer, attempt);
                None
            }
            Output::CreateOffer { peer, attempt, restart_ice } => {
                self.order(peer, attempt, Order::CreateOffer { restart_ice })
            }
            Output::CreateAnswer { peer, attempt } => self.order(peer, attempt, Order::CreateAnswer),
            Output::Rollback { peer, attempt } => self.order(peer, attempt, Order::Rollback),
            Output::SetRemoteDescription { peer, attempt, r#type, sdp, tracks } => {
                let order = Order::SetRemote { r#type, sdp: sdp.text(), labels: tracks };
                self.order(peer, attempt, order)
            }
            Output::AddCandidate { peer, attempt, candidate } => {
                self.order(peer, attempt, Order::AddCandidate(candidate))
            }
            Output::SampleStats { peer, attempt } => self.order(peer, attempt, Order::Sample),
            Output::Close { peer, attempt } => {
                if self.is_current(&peer, attempt) {
                    self.links.remove(&peer);
                    if let Remote::Hub(room) = &peer {
                        self.seats.remove(room);
                    }
                    self.tell_outlets();
                }
                None
            }
            Output::ConnectionStateChanged { remote_peer_id: remote, state } => {
                events.tell(Event::Connection { remote, state });
                None
            }
            Output::QualityChanged { remote_peer_id: remote, quality } => {
                events.tell(Event::Quality { remote, quality });
                None
            }
            Output::ConnectionFailed { remote_peer_id: remote, reason } => {
                events.tell(Event::ConnectionFailed { remote, reason });
                None
            }
            Output::PeerRemoved { peer } => {
                self.forget_tracks(&peer);
                None
            }
            Output::Warning { message } => {
                tracing::warn!("{message}");
                None
            }
        }
    }

    fn open(&mut self, key: Remote, attempt: u32) {
        let shape = match &key {
            Remote::User(_) => Shape::Pair,
            Remote::Hub(_) => Shape::Star(self.slots),
        };
        let (tracks, reports) = (self.tracks.clone(), self.reports.clone());
        let link = Link::start(key.clone(), attempt, shape, self.is_server_here, tracks, reports);
        self.links.insert(key, link);
        self.tell_outlets();
    }

    /// By which path a room is heard, and whether its hub is sent anything.
    pub(crate) fn set_path(&mut self, room: &RoomId, plays: Mode, sends_to_hub: bool) {
        let set = |rooms: &mut BTreeSet<RoomId>, is_in: bool| match is_in {
            true => rooms.insert(room.clone()),
            false => rooms.remove(room),
        };
        set(&mut self.stars, plays == Mode::Sfu);
        set(&mut self.hubs_in_use, sends_to_hub);
        self.tell_outlets();
    }

    /// Whether a room's hub is sent what is published.
    pub(crate) fn uses_hub(&self, room: &RoomId) -> bool {
        self.hubs_in_use.contains(room)
    }

    /// Through which room's hub somebody is heard, of the rooms shared with them; none: directly. Whoever shares a mesh is heard
    /// directly.
    fn hub_room<'a>(&self, shared: &'a [RoomId]) -> Option<&'a RoomId> {
        let is_star = shared.iter().all(|room| self.stars.contains(room));
        shared.first().filter(|_| is_star)
    }

    /// A connection that takes no orders any more has failed.
    fn order(&mut self, peer: Remote, attempt: u32, order: Order) -> Option<Input> {
        let link = self.links.get(&peer).filter(|link| link.attempt == attempt)?;
        let (ice, connection) = (IceState::Failed, ConnectionState::Failed);
        (!link.order(order)).then_some(Input::StateChanged { peer, attempt, ice, connection })
    }

    fn tell_outlets(&self) {
        let is_sent = |key: &Remote| key.hub_of().is_none_or(|room| self.hubs_in_use.contains(room));
        let links = self.links.iter().filter(|(key, _)| is_sent(key));
        let outlets = links.map(|(_, link)| link.outgoing.clone()).collect();
        self.outlets.send_replace(outlets);
    }

    /// What is published, on all connections and on those to come.
    pub(crate) fn set_tracks(&mut self, tracks: Vec<Sending>) {
        for link in self.links.values() {
            // One that takes no orders any more fails at the next one of the connection manager's.
            link.order(Order::Tracks(tracks.clone()));
        }
        self.tracks = tracks;
    }

    pub(crate) fn data_opened(&mut self, key: &Remote) {
        if let Some(link) = self.links.get_mut(key) {
            link.is_data_open = true;
        }
    }

    pub(crate) fn data_closed(&mut self, key: &Remote) {
        if let Some(link) = self.links.get_mut(key) {
            link.is_data_open = false;
        }
    }

    /// With whom there is an open data channel, directly.
    pub(crate) fn data_users(&self) -> Vec<UserId> {
        let open = self.links.iter().filter(|(_, link)| link.is_data_open);
        open.filter_map(|(key, _)| match key {
            Remote::User(user) => Some(user.clone()),
            Remote::Hub(_) => None,
        })
        .collect()
    }

    /// Sends a frame over the data channel with somebody; false if there is none.
    pub(crate) fn send_data(&self, to: &Remote, text: &str) -> bool {
        let link = self.links.get(to).filter(|_| to.hub_of().is_none_or(|room| self.uses_hub(room)));
        link.is_some_and(|link| link.is_data_open && link.order(Order::Data(text.to_owned())))
    }

    /// Asks for a key frame of somebody's track.
    pub(crate) fn key_frame(&self, user: &UserId, source: Source) {
        if let Some(Entrance { over: (key, attempt, mid), .. }) = self.entrances.get(&(user.clone(), source))
            && let Some(link) = self.links.get(key).filter(|link| link.attempt == *attempt)
        {
            link.order(Order::KeyFrame { mid: mid.clone() });
        }
    }

    /// A packet came over a connection, in a section.
    pub(crate) fn on_media(
        &mut self,
        (key, attempt, mid): (&Remote, u32, &str),
        source: Option<Source>,
        codec: Codec,
        media: &MediaData,
        rooms: &Memberships,
        events: &mut Events,
    ) {
        let packet = Packet {
            time: media.time.numer(),
            timeline: 0,
            received_at: media.network_time,
            is_contiguous: media.contiguous,
            is_key_frame: codec == Codec::Opus || media.is_keyframe(),
            data: Arc::clone(&media.data),
        };
        let name = match key {
            Remote::User(user) => {
                let plain = match codec {
                    Codec::Opus => Source::Microphone,
                    Codec::Vp8 => Source::Camera,
                };
                (user.clone(), source.unwrap_or(plain))
            }
            Remote::Hub(room) => {
                let seats = self.seats.entry(room.clone()).or_default();
                let Some(name) = seats.by_mid.get(mid).cloned() else {
                    if seats.unnamed.len() >= limits::UNNAMED_PACKETS_MAX {
                        seats.unnamed.pop_front();
                    }
                    seats.unnamed.push_back((mid.to_owned(), codec, packet));
                    return;
                };
                name
            }
        };
        let over = (key.clone(), attempt, mid.to_owned());
        self.put(name, over, codec, packet, rooms, events);
    }

    fn put(
        &mut self,
        name: TrackName,
        over: (Remote, u32, String),
        codec: Codec,
        mut packet: Packet,
        rooms: &Memberships,
        events: &mut Events,
    ) {
        // While a room moves both paths bring it.
        if self.hub_room(&rooms.shared(&name.0)) != over.0.hub_of() {
            return;
        }
        let is_other = self.entrances.get(&name).is_none_or(|entrance| entrance.track.codec != codec);
        if is_other {
            let (track, remote_track) = TrackEntrance::new(name.0.clone(), name.1, codec);
            let entrance = Entrance { track, over: over.clone(), timeline: 0 };
            self.entrances.insert(name.clone(), entrance);
            events.tell(Event::Track(remote_track));
        }
        if let Some(entrance) = self.entrances.get_mut(&name) {
            if entrance.over != over {
                entrance.over = over;
                entrance.timeline = entrance.timeline.saturating_add(1);
            }
            packet.timeline = entrance.timeline;
            entrance.track.put(packet);
        }
    }

    /// Who is in which receive section of a connection with the hub, all of them.
    pub(crate) fn on_slots(&mut self, slots: SlotsFrame, rooms: &Memberships, events: &mut Events) {
        let SlotsFrame { room_id: room, slots } = slots;
        let seats = self.seats.entry(room.clone()).or_default();
        seats.by_mid =
            slots.into_iter().filter_map(|slot| Some((slot.mid, (slot.user_id?, slot.source?)))).collect();
        let by_mid = seats.by_mid.clone();
        let now = Instant::now();
        let key = Remote::Hub(room.clone());
        for (mid, codec, packet) in std::mem::take(&mut seats.unnamed) {
            let is_young = now.duration_since(packet.received_at) < limits::HELD_LINES;
            let Some(name) = by_mid.get(&mid).cloned().filter(|_| is_young) else { continue };
            let attempt = self.links.get(&key).map_or(0, |link| link.attempt);
            self.put(name, (key.clone(), attempt, mid), codec, packet, rooms, events);
        }
    }

    /// Ends the tracks of somebody who is gone.
    pub(crate) fn forget_tracks(&mut self, user: &UserId) {
        self.entrances.retain(|(of, _), _| of != user);
    }

    /// Somebody publishes a source no longer, or again.
    pub(crate) fn set_ending(&mut self, user: &UserId, source: Source, is_over: bool) {
        let name = (user.clone(), source);
        self.ending.retain(|(_, other)| *other != name);
        if is_over {
            self.ending.push((Instant::now() + limits::LINGER, name));
        }
    }

    /// Time passed: what was over for a while ends.
    pub(crate) fn sweep(&mut self, now: Instant) {
        let entrances = &mut self.entrances;
        self.ending.retain(|(at, name)| {
            let is_due = *at <= now;
            if is_due {
                entrances.remove(name);
            }
            !is_due
        });
    }

    /// When [`Self::sweep`] has something to do.
    pub(crate) fn timeout(&self) -> Option<Instant> {
        self.ending.iter().map(|(at, _)| *at).min()
    }

    /// Frees what belongs to a room that one is no longer in. Its connections are the connection manager's.
    pub(crate) fn forget_room(&mut self, room: &RoomId) {
        self.seats.remove(room);
        self.stars.remove(room);
        self.hubs_in_use.remove(room);
        self.tell_outlets();
    }
}
