//! One RTCPeerConnection, which here is a str0m `Rtc`: descriptions, candidates, own tracks in their sections, the data channel.
//! It does what it is told, and says what happened. No socket and no clock: `link` gives it datagrams and the time.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use parlor_connect::{ConnectionState, DescriptionType, IceState, StatsSample};
use parlor_proto::{IceCandidateInit, Kind, Source, TrackLabel};
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::channel::{ChannelConfig, ChannelId};
use str0m::config::DtlsVersion;
use str0m::media::{Direction, Frequency, KeyframeRequestKind, MediaData, MediaKind, MediaTime, Mid, Pt};
use str0m::net::{Protocol, Receive, Transmit};
use str0m::{Candidate, Event, IceConnectionState, Input, Output, Rtc, RtcConfig};

use crate::limits;
use crate::options::Slots;
use crate::sections::{self, Flow};
use crate::track::{Codec, Outgoing};

/// A track that one publishes, as a connection sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sending {
    pub(crate) source: Source,
    pub(crate) codec: Codec,
    /// Of sound: whether to say that it is stereo.
    pub(crate) is_stereo: bool,
}

/// What the other end is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A participant: tracks go both ways in one section.
    Pair,
    /// The hub: own tracks go one way, others come in slots.
    Star(Slots),
}

/// A description of one's own, and what its sections carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Described {
    pub(crate) sdp: String,
    pub(crate) tracks: Vec<TrackLabel>,
}

/// What happened.
#[derive(Debug)]
pub(crate) enum Happening {
    State(IceState, ConnectionState),
    DataOpen,
    DataClosed,
    Data(String),
    Media { mid: String, source: Option<Source>, codec: Codec, media: Box<MediaData> },
    KeyFrameWanted(Source),
}

/// What came of one section.
#[derive(Debug, Default)]
struct Incoming {
    last_seq: Option<u64>,
    received: u64,
    lost: u64,
    jitter_ms: Option<u32>,
    key_frame_asked: Option<Instant>,
    had_key_frame: bool,
}

/// See above.
pub(crate) struct Peer {
    rtc: Rtc,
    shape: Shape,
    addresses: Vec<SocketAddr>,
    /// What is published.
    tracks: Vec<Sending>,
    /// In which section each of them is, or is to be.
    sections: BTreeMap<Source, Mid>,
    /// What the other end says that its sections carry.
    labels: BTreeMap<String, Source>,
    /// Names of sections as the other end writes them.
    pending: Option<(SdpPendingOffer, BTreeMap<Source, Mid>)>,
    answer: Option<Described>,
    channel: Option<ChannelId>,
    is_channel_open: bool,
    is_negotiated: bool,
    candidates_left: usize,
    ice: IceState,
    connection: ConnectionState,
    incoming: BTreeMap<Mid, Incoming>,
    bytes: (u64, u64),
    round_trip: Option<Duration>,
}

fn rtc(now: Instant, addresses: &[SocketAddr]) -> Rtc {
    const STATS: Duration = Duration::from_secs(1);
    let mut rtc = RtcConfig::new()
        .set_dtls_version(DtlsVersion::Dtls12)
        .set_stats_interval(Some(STATS))
        .set_sctp_max_message_size(limits::DATA_FRAME_BYTES_MAX)
        .set_sctp_max_buffered_amount(limits::DATA_BUFFER_BYTES_MAX)
        .clear_codecs()
        .enable_opus(true, false)
        .enable_vp8(true)
        .build(now);
    for address in addresses {
        if let Ok(candidate) = Candidate::host(*address, Protocol::Udp) {
            rtc.add_local_candidate(candidate);
        }
    }
    rtc
}

fn channel() -> ChannelConfig {
    ChannelConfig { label: "parlor".to_owned(), negotiated: Some(0), ..ChannelConfig::default() }
}

fn media_kind(kind: Kind) -> MediaKind {
    match kind {
        Kind::Audio => MediaKind::Audio,
        Kind::Video => MediaKind::Video,
    }
}

impl Peer {
    pub(crate) fn new(now: Instant, shape: Shape, addresses: Vec<SocketAddr>, tracks: Vec<Sending>) -> Self {
        Self {
            rtc: rtc(now, &addresses),
            shape,
            addresses,
            tracks,
            sections: BTreeMap::new(),
            labels: BTreeMap::new(),
            pending: None,
            answer: None,
            channel: None,
            is_channel_open: false,
            is_negotiated: false,
            candidates_left: 0,
            ice: IceState::New,
            connection: ConnectionState::New,
            incoming: BTreeMap::new(),
            bytes: (0, 0),
            round_trip: None,
        }
    }

    /// Publishes these and nothing else. A source that is gone keeps its section, silent.
    pub(crate) fn set_tracks(&mut self, tracks: Vec<Sending>) {
        self.tracks = tracks;
    }

    /// Whether only another offer brings all tracks to the other end. While descriptions are under way it is too early to
    /// say.
    pub(crate) fn needs_offer(&self) -> bool {
        let is_settled = self.is_negotiated && self.pending.is_none() && self.answer.is_none();
        is_settled && self.tracks.iter().any(|track| !self.sections.contains_key(&track.source))
    }

    /// Makes an offer, which holds all candidates.
    pub(crate) fn create_offer(&mut self, restart_ice: bool) -> Result<Described, String> {
        let mut sections = self.sections.clone();
        let has_kind = |rtc: &Rtc, kind: Kind, sections: &BTreeMap<Source, Mid>| {
            let of = |mid: &Mid| rtc.media(*mid).is_some_and(|media| media.kind() == media_kind(kind));
            sections.values().any(of)
        };
        let (has_audio, has_video) =
            (has_kind(&self.rtc, Kind::Audio, &sections), has_kind(&self.rtc, Kind::Video, &sections));
        let mut has = BTreeMap::from([(Kind::Audio, has_audio), (Kind::Video, has_video)]);
        let mut api = self.rtc.sdp_api();
        for track in &self.tracks {
            let kind = track.codec.kind();
            let direction = if self.shape == Shape::Pair { Direction::SendRecv } else { Direction::SendOnly };
            sections
                .entry(track.source)
                .or_insert_with(|| api.add_media(media_kind(kind), direction, None, None, None));
            has.insert(kind, true);
        }
        if !self.is_negotiated {
            let wanted = match self.shape {
                // A place for the other's sound and pictures, which else cost a second negotiation.
                Shape::Pair => [Kind::Audio, Kind::Video]
                    .into_iter()
                    .filter(|kind| has.get(kind) == Some(&false))
                    .collect::<Vec<_>>(),
                Shape::Star(Slots { audio, video }) => std::iter::repeat_n(Kind::Audio, audio)
                    .chain(std::iter::repeat_n(Kind::Video, video))
                    .collect(),
            };
            for kind in wanted {
                api.add_media(media_kind(kind), Direction::RecvOnly, None, None, None);
            }
            self.channel = Some(api.add_channel_with_config(channel()));
        }
        // Without anything new str0m makes no offer; with new credentials it does.
        if restart_ice || (self.is_negotiated && !api.has_changes()) {
            api.ice_restart(true);
        }
        let (offer, pending) = api.apply().ok_or("there is nothing to offer")?;
        let described = self.described(&offer.to_sdp_string(), &sections);
        self.pending = Some((pending, sections));
        Ok(described)
    }

    /// Drops the offer that is out.
    pub(crate) fn rollback(&mut self, now: Instant) {
        self.pending = None;
        if !self.is_negotiated {
            // str0m keeps the place of a data channel whose offer was dropped, for good; nothing else is in here yet.
            self.rtc = rtc(now, &self.addresses);
            self.channel = None;
        }
    }

    /// Takes a description of the other end. Of an offer the answer is made at once, and waits for [`Self::create_answer`].
    pub(crate) fn set_remote(
        &mut self,
        r#type: DescriptionType,
        sdp: &str,
        labels: Option<Vec<TrackLabel>>,
    ) -> Result<(), String> {
        self.candidates_left = limits::CANDIDATES_MAX;
        self.labels = labels.unwrap_or_default().into_iter().map(|label| (label.mid, label.source)).collect();
        match r#type {
            DescriptionType::Answer => {
                let (pending, sections) = self.pending.take().ok_or("there is no offer to answer")?;
                let text: String = sdp
                    .lines()
                    .filter(|line| is_sound(line))
                    .fold(String::with_capacity(sdp.len()), |text, line| text + line + "\r\n");
                let answer = SdpAnswer::from_sdp_string(&text).map_err(|error| error.to_string())?;
                self.rtc.sdp_api().accept_answer(pending, answer).map_err(|error| error.to_string())?;
                self.sections = sections;
            }
            DescriptionType::Offer => {
                self.pending = None;
                self.answer = Some(self.accept(sdp)?);
            }
        }
        self.is_negotiated = true;
        Ok(())
    }

    fn accept(&mut self, sdp: &str) -> Result<Described, String> {
        let offered = sections::read(sdp);
        self.take_sections(&offered);
        let taken: Vec<String> = self.sections.values().map(ToString::to_string).collect();
        let sending: Vec<&str> = taken.iter().map(|mid| mid.trim()).collect();
        let text = sections::without_return(sdp, &sending);
        let offer = SdpOffer::from_sdp_string(&text).map_err(|error| error.to_string())?;
        let answer = self.rtc.sdp_api().accept_offer(offer).map_err(|error| error.to_string())?;
        let has_data = offered.iter().any(|section| section.kind.is_none() && !section.is_rejected);
        if has_data && self.channel.is_none() {
            self.channel = Some(self.rtc.direct_api().create_data_channel(channel()));
        }
        let sections = self.sections.clone();
        Ok(self.described(&answer.to_sdp_string(), &sections))
    }

    /// Own tracks without a section take those of an offer in which the other end wants to receive (RFC 8829, section 5.10).
    fn take_sections(&mut self, offered: &[sections::Section]) {
        for track in &self.tracks {
            if self.sections.contains_key(&track.source) {
                continue;
            }
            let free = offered.iter().find(|section| {
                let mid = Mid::from(section.mid.as_str());
                section.kind == Some(track.codec.kind())
                    && !section.is_rejected
                    && matches!(section.flow, Flow::Both | Flow::Receive)
                    && !self.sections.values().any(|taken| *taken == mid)
            });
            if let Some(section) = free {
                self.sections.insert(track.source, Mid::from(section.mid.as_str()));
            }
        }
    }

    /// The answer to the offer that was set.
    pub(crate) fn create_answer(&mut self) -> Result<Described, String> {
        self.answer.take().ok_or_else(|| "there is no offer to answer".to_owned())
    }

    fn described(&self, sdp: &str, sections: &BTreeMap<Source, Mid>) -> Described {
        let present = sections::read(sdp);
        let label = |(source, mid): (&Source, &Mid)| {
            let mid = mid.to_string();
            let section = present.iter().find(|section| section.mid == mid.trim())?;
            let is_sent = matches!(section.flow, Flow::Both | Flow::Send) && !section.is_rejected;
            is_sent.then(|| TrackLabel { mid: section.mid.clone(), source: *source })
        };
        let tracks: Vec<TrackLabel> = sections.iter().filter_map(label).collect();
        let is_stereo = |label: &&TrackLabel| {
            self.tracks.iter().any(|track| track.source == label.source && track.is_stereo)
        };
        let stereo: Vec<&str> = tracks.iter().filter(is_stereo).map(|label| label.mid.as_str()).collect();
        Described { sdp: sections::with_stereo(sdp, &stereo), tracks }
    }

    /// Takes an address of the other end; one that can't be used counts for nothing.
    pub(crate) fn add_candidate(&mut self, candidate: Option<&IceCandidateInit>) {
        let Some(text) = candidate.map(|candidate| candidate.candidate.as_str()) else { return };
        let text = text.strip_prefix("a=").unwrap_or(text);
        if text.is_empty() || self.candidates_left == 0 || sections::is_odd_candidate(text) {
            return;
        }
        self.candidates_left -= 1;
        match Candidate::from_sdp_string(text) {
            Ok(candidate) => self.rtc.add_remote_candidate(candidate),
            Err(error) => tracing::debug!(%error, text, "a candidate was not taken"),
        }
    }

    /// The figures (W3C WebRTC Statistics), of which str0m makes new ones each second.
    pub(crate) fn sample(&self) -> StatsSample {
        let whole_ms = |duration: Duration| u32::try_from(duration.as_millis()).unwrap_or(u32::MAX);
        StatsSample {
            packets_received: self.incoming.values().map(|incoming| incoming.received).sum(),
            packets_lost: self.incoming.values().map(|incoming| incoming.lost).sum(),
            bytes_received: self.bytes.0,
            bytes_sent: self.bytes.1,
            round_trip_ms: self.round_trip.map(whole_ms),
            jitter_ms: self.incoming.values().filter_map(|incoming| incoming.jitter_ms).max(),
            available_out_kbps: None,
        }
    }

    /// Sends a packet of a track, if it has a section in which the other end wants it.
    pub(crate) fn write(&mut self, now: Instant, outgoing: Outgoing) {
        if self.connection != ConnectionState::Connected {
            return;
        }
        // One that has just ended may have its last packets under way: its section tells what they are.
        let Some(mid) = self.sections.get(&outgoing.source).copied() else { return };
        let Some(media) = self.rtc.media(mid).filter(|media| media.direction().is_sending()) else { return };
        let codec = if media.kind() == MediaKind::Audio { Codec::Opus } else { Codec::Vp8 };
        let Some(writer) = self.rtc.writer(mid) else { return };
        let Some(pt) = payload_type(writer.payload_params(), codec) else { return };
        let frequency = match codec {
            Codec::Opus => Frequency::FORTY_EIGHT_KHZ,
            Codec::Vp8 => Frequency::NINETY_KHZ,
        };
        let time = MediaTime::new(outgoing.time, frequency);
        if let Err(error) = writer.write(pt, now, time, outgoing.data) {
            tracing::debug!(%error, source = %outgoing.source, "a packet could not be sent");
        }
    }

    /// Sends a frame over the data channel; false if it is not open, or full.
    pub(crate) fn send_data(&mut self, text: &str) -> bool {
        let Some(mut channel) = self.channel.and_then(|id| self.rtc.channel(id)) else { return false };
        self.is_channel_open && channel.write(false, text.as_bytes()).unwrap_or(false)
    }

    /// Asks whoever sends in a section for a key frame, but not too often.
    pub(crate) fn ask_for_key_frame(&mut self, now: Instant, mid: &str) {
        self.key_frame(now, Mid::from(mid));
    }

    fn key_frame(&mut self, now: Instant, mid: Mid) {
        let incoming = self.incoming.entry(mid).or_default();
        let is_early = incoming.key_frame_asked.is_some_and(|at| now.duration_since(at) < limits::KEY_FRAME);
        if is_early {
            return;
        }
        incoming.key_frame_asked = Some(now);
        if let Some(mut writer) = self.rtc.writer(mid) {
            // Refused where the other end takes no such requests.
            drop(writer.request_keyframe(None, KeyframeRequestKind::Pli));
        }
    }

    pub(crate) fn receive(&mut self, now: Instant, local: SocketAddr, remote: SocketAddr, bytes: &[u8]) {
        let Ok(receive) = Receive::new(Protocol::Udp, remote, local, bytes) else { return };
        let input = Input::Receive(now, receive);
        // Anybody can send anything here.
        if self.rtc.accepts(&input)
            && let Err(error) = self.rtc.handle_input(input)
        {
            tracing::debug!(%error, "a datagram could not be used");
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        if let Err(error) = self.rtc.handle_input(Input::Timeout(now)) {
            tracing::debug!(%error, "a connection could not go on");
        }
    }

    /// Says good-bye to the other end.
    pub(crate) fn close(&mut self) {
        // Nothing to say before the handshake.
        drop(self.rtc.close());
    }

    /// Takes out all there is; returns when to come again.
    pub(crate) fn drain(
        &mut self,
        now: Instant,
        transmits: &mut Vec<Transmit>,
        happenings: &mut Vec<Happening>,
    ) -> Instant {
        const LONG: Duration = Duration::from_secs(3_600);
        for _ in 0..limits::POLLS_MAX {
            match self.rtc.poll_output() {
                Ok(Output::Timeout(at)) => return at,
                Ok(Output::Transmit(transmit)) => transmits.push(transmit),
                Ok(Output::Event(event)) => self.on_event(now, event, happenings),
                Err(_) if !self.rtc.is_alive() => break,
                Err(error) => tracing::debug!(%error, "a connection stumbled"),
            }
        }
        self.tell(self.ice, ConnectionState::Failed, happenings);
        now + LONG
    }

    fn on_event(&mut self, now: Instant, event: Event, happenings: &mut Vec<Happening>) {
        match event {
            Event::Connected => self.tell(self.ice, ConnectionState::Connected, happenings),
            Event::IceConnectionStateChange(state) => {
                let (ice, connection) = match (state, self.connection) {
                    (IceConnectionState::New, connection) => (IceState::New, connection),
                    (IceConnectionState::Checking, ConnectionState::New) => {
                        (IceState::Checking, ConnectionState::Connecting)
                    }
                    (IceConnectionState::Checking, connection) => (IceState::Checking, connection),
                    // A path that works again carries what was agreed on it before.
                    (IceConnectionState::Connected, ConnectionState::Disconnected) => {
                        (IceState::Connected, ConnectionState::Connected)
                    }
                    (IceConnectionState::Completed, ConnectionState::Disconnected) => {
                        (IceState::Completed, ConnectionState::Connected)
                    }
                    (IceConnectionState::Connected, connection) => (IceState::Connected, connection),
                    (IceConnectionState::Completed, connection) => (IceState::Completed, connection),
                    (IceConnectionState::Disconnected, ConnectionState::Connected) => {
                        (IceState::Disconnected, ConnectionState::Disconnected)
                    }
                    (IceConnectionState::Disconnected, connection) => (IceState::Disconnected, connection),
                };
                self.tell(ice, connection, happenings);
            }
            // The other end said good-bye: it left, or makes another connection.
            Event::Closed => self.tell(IceState::Disconnected, ConnectionState::Disconnected, happenings),
            Event::ChannelOpen(id, _) if Some(id) == self.channel => {
                self.is_channel_open = true;
                happenings.push(Happening::DataOpen);
            }
            Event::ChannelClose(id) if Some(id) == self.channel => {
                self.is_channel_open = false;
                happenings.push(Happening::DataClosed);
            }
            Event::ChannelData(data) if Some(data.id) == self.channel => {
                if let Ok(text) = String::from_utf8(data.data) {
                    happenings.push(Happening::Data(text));
                }
            }
            Event::MediaData(media) => self.on_media(now, media, happenings),
            Event::KeyframeRequest(request) => {
                let source = self.sections.iter().find(|(_, mid)| **mid == request.mid);
                happenings.extend(source.map(|(source, _)| Happening::KeyFrameWanted(*source)));
            }
            Event::PeerStats(stats) => {
                self.bytes = (stats.peer_bytes_rx, stats.peer_bytes_tx);
                let pair = stats.selected_candidate_pair.and_then(|pair| pair.current_round_trip_time);
                self.round_trip = pair.or(stats.rtt).or(self.round_trip);
            }
            Event::MediaIngressStats(stats) => {
                let is_audio =
                    self.rtc.media(stats.mid).is_some_and(|media| media.kind() == MediaKind::Audio);
                let ticks_per_ms = if is_audio { 48 } else { 90 };
                self.incoming.entry(stats.mid).or_default().jitter_ms = Some(stats.jitter / ticks_per_ms);
            }
            _ => {}
        }
    }

    fn on_media(&mut self, now: Instant, media: MediaData, happenings: &mut Vec<Happening>) {
        let codec = match media.params.spec().codec {
            str0m::format::Codec::Opus => Codec::Opus,
            str0m::format::Codec::Vp8 => Codec::Vp8,
            _ => return,
        };
        // More than this is no loss, but another stream.
        const GAP_MAX: u64 = 1_000;
        let (first, last) = (**media.seq_range.start(), **media.seq_range.end());
        let incoming = self.incoming.entry(media.mid).or_default();
        let gap = incoming.last_seq.map_or(0, |before| first.saturating_sub(before.saturating_add(1)));
        incoming.lost = incoming.lost.saturating_add(if gap <= GAP_MAX { gap } else { 0 });
        incoming.received = incoming.received.saturating_add(last.saturating_sub(first).saturating_add(1));
        incoming.last_seq = Some(last);
        incoming.had_key_frame |= media.is_keyframe();
        let is_broken = !media.contiguous && !media.is_keyframe();
        if codec == Codec::Vp8 && (is_broken || !incoming.had_key_frame) {
            self.key_frame(now, media.mid);
        }
        let mid = media.mid.to_string().trim().to_owned();
        let source = self.labels.get(&mid).copied();
        happenings.push(Happening::Media { mid, source, codec, media: Box::new(media) });
    }

    fn tell(&mut self, ice: IceState, connection: ConnectionState, happenings: &mut Vec<Happening>) {
        if (self.ice, self.connection) != (ice, connection) {
            (self.ice, self.connection) = (ice, connection);
            happenings.push(Happening::State(ice, connection));
        }
    }
}

fn payload_type<'a>(
    mut params: impl Iterator<Item = &'a str0m::format::PayloadParams>,
    codec: Codec,
) -> Option<Pt> {
    let wanted = match codec {
        Codec::Opus => str0m::format::Codec::Opus,
        Codec::Vp8 => str0m::format::Codec::Vp8,
    };
    params.find(|params| params.spec().codec == wanted).map(str0m::format::PayloadParams::pt)
}

/// Whether a line of a description is no candidate to which nothing can be sent.
fn is_sound(line: &str) -> bool {
    line.strip_prefix("a=").is_none_or(|text| !sections::is_odd_candidate(text))
}
