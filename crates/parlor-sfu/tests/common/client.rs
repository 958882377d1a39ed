//! A participant: a real `Rtc` that offers, sends made-up sound and pictures, and keeps what it gets.

use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use parlor_proto::{Source, TrackLabel};
use parlor_sfu::{Seat, SlotState};
use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::channel::{ChannelConfig, ChannelId};
use str0m::media::{Direction, MediaKind, Mid, Pt, Rid, Simulcast, SimulcastLayer};
use str0m::net::{Protocol, Receive, TcpType};
use str0m::rtp::{ExtensionValues, RedDecoder, RedEncoder, RedundantBlock, RtpWrite, SeqNo, Ssrc};
use str0m::{Candidate, Event, IceConnectionState, Input, Output, Rtc};

use super::video::{Encoder, FRAMES_PER_SECOND, look};

/// What a participant sends and wants.
#[derive(Clone, Copy, Default)]
pub struct Plan {
    pub sends: Send,
    pub audio_slots: usize,
    pub video_slots: usize,
    pub data: bool,
    /// Takes RED, and sends it if it may.
    pub red: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Send {
    #[default]
    Nothing,
    Audio,
    Video,
    Simulcast,
    Both,
}

/// One packet that came.
#[derive(Clone, Debug)]
pub struct Got {
    pub at: Instant,
    pub mid: Mid,
    pub ssrc: Ssrc,
    pub seq: u64,
    pub timestamp: u32,
    pub csrc: Option<u32>,
    pub pt: Pt,
    /// Of pictures.
    pub height: u16,
    pub is_key: bool,
    pub picture: u16,
    pub bytes: Vec<u8>,
}

pub struct Client {
    pub name: String,
    pub seat: Seat,
    pub address: SocketAddr,
    protocol: Protocol,
    pub instance: String,
    pub attempt: u32,
    pub n: u32,
    pub rtc: Rtc,
    pub is_connected: bool,
    pub ice: Option<IceConnectionState>,
    pub is_closed: bool,
    /// Whether the data channel is open.
    pub has_channel: bool,
    pub outbox: Vec<(SocketAddr, Vec<u8>)>,
    pub got: Vec<Got>,
    pub got_bytes: usize,
    pub keeps: bool,
    pub frames: Vec<String>,
    /// Of streams that come: the time of day, and the stream's time at that moment.
    pub reports: Vec<(Mid, SystemTime, u32)>,
    pub slots: Vec<SlotState>,
    pub slot_frames: usize,
    pub audio_mid: Option<Mid>,
    pub video_mid: Option<Mid>,
    pub audio_slot_mids: Vec<Mid>,
    pub video_slot_mids: Vec<Mid>,
    /// dBov.
    pub level: Option<i8>,
    pub is_sending: bool,
    pub encoders: Vec<Encoder>,
    pub answer: String,
    pub pending: Option<SdpPendingOffer>,
    pub sent_audio: u64,
    first_seq: u64,
    channel: Option<ChannelId>,
    timeout: Instant,
    begun: Instant,
    audio_at: Instant,
    video_at: Instant,
}

const AUDIO_STEP: Duration = Duration::from_millis(20);
/// What is due for longer is not sent any more: nobody's microphone catches up after a pause of the machine.
const LATE: Duration = Duration::from_millis(200);

impl Client {
    /// At an address of the made-up network.
    pub fn new(name: &str, index: usize, now: Instant, plan: Plan) -> Self {
        let address = SocketAddr::from(([10, 0, 1 + (index / 250) as u8, 1 + (index % 250) as u8], 5_000));
        Self::at(address, name, index, now, plan)
    }

    pub fn at(address: SocketAddr, name: &str, index: usize, now: Instant, plan: Plan) -> Self {
        Self::with(Candidate::host(address, "udp").unwrap(), name, index, now, plan)
    }

    /// With a TCP connection to the hub, which has this address here, and nothing else (RFC 6544).
    pub fn over_tcp(address: SocketAddr, name: &str, index: usize, now: Instant, plan: Plan) -> Self {
        let candidate = Candidate::builder().tcp().host(address).tcptype(TcpType::Active).build();
        Self::with(candidate.unwrap(), name, index, now, plan)
    }

    fn with(candidate: Candidate, name: &str, index: usize, now: Instant, plan: Plan) -> Self {
        let (address, protocol) = (candidate.addr(), candidate.proto());
        let mut rtc = Rtc::builder().set_rtp_mode(true).enable_opus(true, plan.red).build(now);
        rtc.add_local_candidate(candidate);
        let mut client = Self {
            name: name.to_owned(),
            seat: super::seat(name),
            address,
            protocol,
            instance: format!("i{index}"),
            attempt: 1,
            n: 0,
            rtc,
            is_connected: false,
            ice: None,
            is_closed: false,
            has_channel: false,
            outbox: Vec::new(),
            got: Vec::new(),
            got_bytes: 0,
            keeps: true,
            frames: Vec::new(),
            reports: Vec::new(),
            slots: Vec::new(),
            slot_frames: 0,
            audio_mid: None,
            video_mid: None,
            audio_slot_mids: Vec::new(),
            video_slot_mids: Vec::new(),
            level: Some(-30),
            is_sending: true,
            encoders: Vec::new(),
            answer: String::new(),
            pending: None,
            sent_audio: 0,
            // Each begins elsewhere, and who comes later lower.
            first_seq: 50_000_u64.saturating_sub(index as u64 * 3_000),
            channel: None,
            timeout: now,
            begun: now,
            // Not all at the same moment.
            audio_at: now + Duration::from_micros(300 * (index as u64 % 60)),
            video_at: now + Duration::from_micros(700 * (index as u64 % 50)),
        };
        client.plan(plan);
        client
    }

    fn plan(&mut self, plan: Plan) {
        let mut api = self.rtc.sdp_api();
        if matches!(plan.sends, Send::Audio | Send::Both) {
            self.audio_mid = Some(api.add_media(MediaKind::Audio, Direction::SendOnly, None, None, None));
        }
        match plan.sends {
            Send::Video | Send::Both => {
                self.video_mid = Some(api.add_media(MediaKind::Video, Direction::SendOnly, None, None, None));
                self.encoders = vec![Encoder::new(None, 720, 1_700_000)];
            }
            Send::Simulcast => {
                let mut simulcast = Simulcast::new();
                for rid in ["q", "h", "f"] {
                    simulcast.add_send_layer(SimulcastLayer::new(rid));
                }
                self.video_mid =
                    Some(api.add_media(MediaKind::Video, Direction::SendOnly, None, None, Some(simulcast)));
                self.encoders = vec![
                    Encoder::new(Some("q"), 180, 150_000),
                    Encoder::new(Some("h"), 360, 500_000),
                    Encoder::new(Some("f"), 720, 1_500_000),
                ];
            }
            Send::Nothing | Send::Audio => {}
        }
        for _ in 0..plan.audio_slots {
            self.audio_slot_mids.push(api.add_media(MediaKind::Audio, Direction::RecvOnly, None, None, None));
        }
        for _ in 0..plan.video_slots {
            self.video_slot_mids.push(api.add_media(MediaKind::Video, Direction::RecvOnly, None, None, None));
        }
        if plan.data {
            let config =
                ChannelConfig { label: "parlor".to_owned(), negotiated: Some(0), ..ChannelConfig::default() };
            self.channel = Some(api.add_channel_with_config(config));
        }
        self.pending = None;
        let (offer, pending) = api.apply().expect("something to offer");
        self.answer = offer.to_sdp_string();
        self.pending = Some(pending);
    }

    /// The first offer, or the one that a change made.
    pub fn make_offer(&mut self) -> Option<(String, Vec<TrackLabel>)> {
        self.pending.as_ref()?;
        self.n += 1;
        let label = |mid: Option<Mid>, source| mid.map(|mid| TrackLabel { mid: mid.to_string(), source });
        let labels = [label(self.audio_mid, Source::Microphone), label(self.video_mid, Source::Camera)];
        Some((self.answer.clone(), labels.into_iter().flatten().collect()))
    }

    pub fn restart_ice(&mut self) {
        let mut api = self.rtc.sdp_api();
        api.ice_restart(true);
        let (offer, pending) = api.apply().unwrap();
        self.answer = offer.to_sdp_string();
        self.pending = Some(pending);
    }

    /// Its network gives it another address.
    pub fn move_to(&mut self, address: SocketAddr) {
        let old = Candidate::host(self.address, self.protocol).unwrap();
        self.rtc.add_local_candidate(Candidate::host(address, self.protocol).unwrap());
        self.rtc.direct_api().invalidate_candidate(&old);
        self.address = address;
    }

    pub fn change_direction(&mut self, mid: Mid, direction: Direction) {
        let mut api = self.rtc.sdp_api();
        api.set_direction(mid, direction);
        let (offer, pending) = api.apply().unwrap();
        self.answer = offer.to_sdp_string();
        self.pending = Some(pending);
    }

    pub fn accept_answer(&mut self, attempt: u32, n: u32, sdp: &str) {
        assert_eq!((attempt, n), (self.attempt, self.n), "an answer to something else");
        self.answer = sdp.to_owned();
        let answer = SdpAnswer::from_sdp_string(sdp).expect("an answer");
        if let Some(pending) = self.pending.take() {
            self.rtc.sdp_api().accept_answer(pending, answer).expect("a fitting answer");
        }
    }

    pub fn on_slots(&mut self, slots: Vec<SlotState>) {
        self.slot_frames += 1;
        self.slots = slots;
    }

    /// Who is in the slots, as last told.
    pub fn in_slots(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.slots.iter().filter_map(|slot| Some(slot.participant.as_ref()?.to_string())).collect();
        names.sort();
        names
    }

    /// Whom a packet is of, by what was last told of the slots.
    pub fn csrc_of(&self, name: &str) -> Option<u32> {
        let of = |slot: &&SlotState| slot.participant.as_ref().is_some_and(|id| id.as_str() == name);
        self.slots.iter().find(of).and_then(|slot| slot.csrc)
    }

    pub fn receive(&mut self, now: Instant, from: SocketAddr, bytes: &[u8]) {
        self.got_bytes += bytes.len();
        let Ok(receive) = Receive::new(self.protocol, from, self.address, bytes) else { return };
        let input = Input::Receive(now, receive);
        if self.rtc.accepts(&input) {
            self.rtc.handle_input(input).unwrap();
        }
        self.drain(now);
    }

    /// When there is something to do.
    pub fn next(&self) -> Instant {
        let media = self.is_connected && self.is_sending;
        let audio = (media && self.audio_mid.is_some()).then_some(self.audio_at);
        let video = (media && self.video_mid.is_some()).then_some(self.video_at);
        [audio, video].into_iter().flatten().fold(self.timeout, Instant::min)
    }

    pub fn run(&mut self, now: Instant) {
        let mut has_written = false;
        if self.is_connected && self.is_sending {
            if let Some(late) = now.checked_sub(LATE) {
                self.audio_at = self.audio_at.max(late);
                self.video_at = self.video_at.max(late);
            }
            while self.audio_at <= now {
                self.audio_at += AUDIO_STEP;
                has_written |= self.send_audio();
            }
            while self.video_at <= now {
                self.video_at += Duration::from_millis(1_000 / FRAMES_PER_SECOND);
                has_written |= self.send_video(now);
            }
        } else {
            self.audio_at = self.audio_at.max(now);
            self.video_at = self.video_at.max(now);
        }
        if has_written || self.timeout <= now {
            self.rtc.handle_input(Input::Timeout(now)).unwrap();
            self.drain(now);
        }
    }

    fn send_audio(&mut self) -> bool {
        let Some(mid) = self.audio_mid else { return false };
        let pt = self.pt(true);
        let at = self.audio_at;
        let seq = self.first_seq + self.sent_audio;
        self.sent_audio += 1;
        let values =
            ExtensionValues { audio_level: self.level, voice_activity: Some(true), ..Default::default() };
        let mut payload = format!("{:<80}", self.name).into_bytes();
        let params = self.rtc.codec_config().params().iter().find(|p| p.pt() == pt).unwrap();
        let red = params.red();
        if red.is_some() {
            let earlier = RedundantBlock { pt: *pt, timestamp_offset: 960, payload: payload.clone() };
            payload = RedEncoder::encode(*pt, &payload, &[earlier]);
        }
        let pt = red.unwrap_or(pt);
        let mut direct = self.rtc.direct_api();
        let Some(stream) = direct.stream_tx_by_mid(mid, None) else { return false };
        stream.write_rtp(RtpWrite::new(pt, SeqNo::from(seq), seq as u32 * 960, at, payload).ext_vals(values));
        true
    }

    fn send_video(&mut self, now: Instant) -> bool {
        let Some(mid) = self.video_mid else { return false };
        let pt = self.pt(false);
        let timestamp = (self.video_at.duration_since(self.begun).as_millis() * 90) as u32;
        for encoder in &mut self.encoders {
            let rid = encoder.rid.map(Rid::from);
            for (seq, payload, marker) in encoder.frame() {
                let mut direct = self.rtc.direct_api();
                let Some(stream) = direct.stream_tx_by_mid(mid, rid) else { return false };
                let write = RtpWrite::new(pt, SeqNo::from(seq), timestamp, now, payload);
                stream.write_rtp(write.marker(marker).nackable(true));
            }
        }
        true
    }

    /// Sends one packet of one's own making: sequence number and timestamp, payload, extensions.
    pub fn write(
        &mut self,
        now: Instant,
        is_audio: bool,
        is_red: bool,
        (seq, timestamp): (u64, u32),
        payload: Vec<u8>,
        values: ExtensionValues,
    ) {
        let opus = self.pt(is_audio);
        let red = self.rtc.codec_config().params().iter().find(|p| p.pt() == opus).and_then(|p| p.red());
        let pt = red.filter(|_| is_red).unwrap_or(opus);
        let Some(mid) = (if is_audio { self.audio_mid } else { self.video_mid }) else { return };
        if let Some(stream) = self.rtc.direct_api().stream_tx_by_mid(mid, None) {
            stream.write_rtp(RtpWrite::new(pt, SeqNo::from(seq), timestamp, now, payload).ext_vals(values));
        }
        self.rtc.handle_input(Input::Timeout(now)).unwrap();
        self.drain(now);
    }

    fn pt(&self, audio: bool) -> Pt {
        use str0m::format::Codec;
        let codec = if audio { Codec::Opus } else { Codec::Vp8 };
        self.rtc.codec_config().params().iter().find(|p| p.spec().codec == codec).unwrap().pt()
    }

    pub fn say(&mut self, text: &str) -> bool {
        let id = self.channel.unwrap();
        let Some(mut channel) = self.rtc.channel(id) else { return false };
        channel.write(false, text.as_bytes()).unwrap()
    }

    fn drain(&mut self, now: Instant) {
        loop {
            let Ok(output) = self.rtc.poll_output() else {
                // It gave up, as a browser would.
                self.is_closed = true;
                self.timeout = now + Duration::from_secs(3_600);
                return;
            };
            match output {
                Output::Timeout(at) => {
                    self.timeout = at;
                    return;
                }
                Output::Transmit(transmit) => {
                    self.outbox.push((transmit.destination, transmit.contents.to_vec()))
                }
                Output::Event(event) => self.on_event(now, event),
            }
        }
    }

    fn on_event(&mut self, now: Instant, event: Event) {
        match event {
            Event::Connected => self.is_connected = true,
            Event::Closed => self.is_closed = true,
            Event::ChannelOpen(..) => self.has_channel = true,
            Event::IceConnectionStateChange(state) => self.ice = Some(state),
            Event::ChannelData(data) => self.frames.push(String::from_utf8(data.data).unwrap()),
            Event::SenderFeedback(feedback) if self.keeps => {
                let info = feedback.sender_info;
                self.reports.push((feedback.mid, info.ntp_time, info.rtp_time.numer() as u32));
            }
            Event::KeyframeRequest(request) => {
                for encoder in &mut self.encoders {
                    encoder.wants_key |= encoder.rid.map(Rid::from) == request.rid;
                }
            }
            Event::RtpPacket(packet) if self.keeps => {
                let mut direct = self.rtc.direct_api();
                let mid = direct.stream_rx(&packet.header.ssrc).unwrap().mid();
                let is_video = self.video_slot_mids.contains(&mid);
                let (height, is_key, picture) = if is_video { look(&packet.payload) } else { (0, false, 0) };
                self.got.push(Got {
                    at: now,
                    mid,
                    ssrc: packet.header.ssrc,
                    seq: *packet.seq_no,
                    timestamp: packet.header.timestamp,
                    pt: packet.header.payload_type,
                    csrc: packet.header.csrc[..packet.header.csrc_count].first().copied(),
                    height,
                    is_key,
                    picture,
                    bytes: packet.payload.to_vec(),
                });
            }
            _ => {}
        }
    }

    /// What came of sound: the primary block of RED, and how many blocks there were.
    pub fn audio(&self) -> Vec<(Vec<u8>, usize)> {
        let reds: Vec<Pt> =
            self.rtc.codec_config().params().iter().filter_map(|params| params.red()).collect();
        let unpacked = |got: &Got| match reds.contains(&got.pt) {
            true => {
                let blocks = RedDecoder::decode(&got.bytes).expect("RED");
                let opus = self.pt(true);
                assert!(
                    blocks.iter().all(|block| block.pt == *opus),
                    "the receiver's own payload type inside"
                );
                (blocks.last().unwrap().payload.to_vec(), blocks.len())
            }
            false => (got.bytes.clone(), 0),
        };
        self.got.iter().filter(|got| self.audio_slot_mids.contains(&got.mid)).map(unpacked).collect()
    }

    /// Whom was heard, by what their packets say.
    pub fn heard(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .got
            .iter()
            .filter(|got| self.audio_slot_mids.contains(&got.mid))
            .map(|got| String::from_utf8_lossy(&got.bytes).trim().to_owned())
            .collect();
        names.sort();
        names.dedup();
        names
    }
}
