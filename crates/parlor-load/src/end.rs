//! One WebRTC end as a value: it offers or answers, sends made-up media on its schedule, and counts what comes. It does no I/O and
//! reads no clock; str0m inside draws keys.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parlor_proto::{Kind, Source, TrackLabel};
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::config::DtlsCert;
use str0m::crypto::CryptoProvider;
use str0m::format::Codec;
use str0m::media::{Direction, MediaKind, Mid, Pt, Rid, Simulcast, SimulcastLayer};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{ExtensionValues, RtpPacket, RtpWrite, SeqNo};
use str0m::{Candidate, Event, IceConnectionState, Input, Output, Rtc, RtcConfig};

use crate::limits;
use crate::payload::{
    AUDIO_SAMPLES, AUDIO_STEP, LEVEL_SILENT, LEVEL_SPEAKING, Pictures, SILENCE, SILENCE_STEP, Stamp,
    VIDEO_STEP, VIDEO_TICKS, layers, speech,
};
use crate::plan::{Sends, Slots, Voice};
use crate::tally::{Tally, Track};

/// What all ends of a crowd share: the means of encryption, one key pair, and when the crowd began.
#[derive(Clone)]
pub struct Kit {
    provider: Arc<CryptoProvider>,
    certificate: DtlsCert,
    epoch: Instant,
}

impl Kit {
    /// Makes a key pair. None if the system's cryptography can't.
    #[must_use]
    pub fn generate(epoch: Instant) -> Option<Self> {
        let provider = Arc::new(str0m::crypto::from_feature_flags());
        let certificate = provider.dtls_provider.generate_certificate()?;
        Some(Self { provider, certificate, epoch })
    }

    /// When the crowd began: stamps count from here.
    #[must_use]
    pub fn epoch(&self) -> Instant {
        self.epoch
    }
}

impl std::fmt::Debug for Kit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Kit")
    }
}

/// Why an end can't do what is asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndError {
    /// The address can't be offered.
    #[error("{0} can't be offered for media")]
    Address(SocketAddr),
    /// There is nothing to offer.
    #[error("there is nothing to send and nothing to receive")]
    Nothing,
    /// The other side's description is not right.
    #[error("the description of the other side can't be used: {0}")]
    Description(String),
    /// An answer to nothing.
    #[error("an answer came to nothing that was offered")]
    Unasked,
}

/// An offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The session description.
    pub sdp: String,
    /// What its sections carry.
    pub tracks: Vec<TrackLabel>,
}

/// Where an end is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// ICE or DTLS is not done.
    Connecting,
    /// Media flows.
    Connected,
    /// There is no path at the moment.
    PathLost,
    /// It is over.
    Closed,
}

/// One end.
pub struct End {
    rtc: Rtc,
    address: SocketAddr,
    epoch: Instant,
    state: State,
    connected_at: Option<Instant>,
    first_packet_at: Option<Instant>,
    outbox: VecDeque<(SocketAddr, Vec<u8>)>,
    timeout: Instant,
    pending: Option<SdpPendingOffer>,
    audio: Option<Microphone>,
    video: Option<Lens>,
    tally: Tally,
}

/// What sends sound.
struct Microphone {
    mid: Mid,
    pt: Option<Pt>,
    voice: Voice,
    seq: u64,
    time: u32,
    due: Instant,
}

/// What sends pictures.
struct Lens {
    mid: Mid,
    pt: Option<Pt>,
    layers: Vec<(Pictures, u64)>,
    time: u32,
    due: Instant,
}

impl std::fmt::Debug for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("End")
            .field("address", &self.address)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl End {
    /// An end that others reach at `address`.
    ///
    /// # Errors
    /// [`EndError::Address`].
    pub fn new(kit: &Kit, now: Instant, address: SocketAddr) -> Result<Self, EndError> {
        let mut rtc = RtcConfig::new()
            .set_crypto_provider(Arc::clone(&kit.provider))
            .set_dtls_cert(kit.certificate.clone())
            .set_rtp_mode(true)
            .set_stats_interval(None)
            .clear_codecs()
            .enable_opus(true, false)
            .enable_vp8(true)
            .build(now);
        let candidate = Candidate::host(address, Protocol::Udp).map_err(|_| EndError::Address(address))?;
        rtc.add_local_candidate(candidate);
        Ok(Self {
            rtc,
            address,
            epoch: kit.epoch,
            state: State::Connecting,
            connected_at: None,
            first_packet_at: None,
            outbox: VecDeque::new(),
            timeout: now,
            pending: None,
            audio: None,
            video: None,
            tally: Tally::default(),
        })
    }

    /// Offers to send and to receive.
    ///
    /// # Errors
    /// [`EndError::Nothing`] where neither is wanted.
    pub fn offer(&mut self, now: Instant, sends: Sends, slots: Slots) -> Result<Offer, EndError> {
        let mut tracks = Vec::new();
        let mut api = self.rtc.sdp_api();
        let mut label = |mid: Mid, source| tracks.push(TrackLabel { mid: mid.to_string(), source });
        if let Some(voice) = sends.audio {
            let mid = api.add_media(MediaKind::Audio, Direction::SendOnly, None, None, None);
            label(mid, Source::Microphone);
            self.audio = Some(Microphone { mid, pt: None, voice, seq: 1, time: 0, due: now });
        }
        if let Some(camera) = sends.video {
            let layers = layers(camera);
            let simulcast = camera.is_simulcast.then(|| {
                let mut simulcast = Simulcast::new();
                for (rid, _, _) in &layers {
                    simulcast.add_send_layer(SimulcastLayer::new(rid.unwrap_or("f")));
                }
                simulcast
            });
            let mid = api.add_media(MediaKind::Video, Direction::SendOnly, None, None, simulcast);
            label(mid, Source::Camera);
            let layers =
                layers.into_iter().map(|(rid, height, bps)| (Pictures::new(rid, height, bps), 1)).collect();
            self.video = Some(Lens { mid, pt: None, layers, time: 0, due: now });
        }
        for _ in 0..slots.audio {
            api.add_media(MediaKind::Audio, Direction::RecvOnly, None, None, None);
        }
        for _ in 0..slots.video {
            api.add_media(MediaKind::Video, Direction::RecvOnly, None, None, None);
        }
        let (offer, pending) = api.apply().ok_or(EndError::Nothing)?;
        self.pending = Some(pending);
        Ok(Offer { sdp: offer.to_sdp_string(), tracks })
    }

    /// Takes the answer to the offer.
    ///
    /// # Errors
    /// [`EndError`] when nothing was offered, or the answer does not fit.
    pub fn accept_answer(&mut self, now: Instant, sdp: &str) -> Result<(), EndError> {
        let pending = self.pending.take().ok_or(EndError::Unasked)?;
        let described = |error: &dyn std::fmt::Display| EndError::Description(error.to_string());
        let answer = SdpAnswer::from_sdp_string(sdp).map_err(|error| described(&error))?;
        self.rtc.sdp_api().accept_answer(pending, answer).map_err(|error| described(&error))?;
        self.after_negotiation(now);
        Ok(())
    }

    /// Answers an offer, as it comes: what is offered is received.
    ///
    /// # Errors
    /// [`EndError::Description`] when it can't be answered.
    pub fn answer(&mut self, now: Instant, sdp: &str) -> Result<String, EndError> {
        let described = |error: &dyn std::fmt::Display| EndError::Description(error.to_string());
        let offer = SdpOffer::from_sdp_string(sdp).map_err(|error| described(&error))?;
        let answer = self.rtc.sdp_api().accept_offer(offer).map_err(|error| described(&error))?;
        self.after_negotiation(now);
        Ok(answer.to_sdp_string())
    }

    fn after_negotiation(&mut self, now: Instant) {
        let pt = |codec: Codec, rtc: &Rtc| {
            rtc.codec_config().params().iter().find(|params| params.spec().codec == codec).map(|p| p.pt())
        };
        if let Some(audio) = &mut self.audio {
            audio.pt = pt(Codec::Opus, &self.rtc);
        }
        if let Some(video) = &mut self.video {
            video.pt = pt(Codec::Vp8, &self.rtc);
        }
        self.timeout = now;
    }

    /// A datagram came.
    pub fn handle_datagram(&mut self, now: Instant, from: SocketAddr, bytes: &[u8]) {
        let Ok(receive) = Receive::new(Protocol::Udp, from, self.address, bytes) else { return };
        let input = Input::Receive(now, receive);
        // One socket, one end: only a stranger's datagram is not for it, and of strangers only STUN could do anything.
        if self.state == State::Connecting && !self.rtc.accepts(&input) {
            return;
        }
        // An error here closes the `Rtc`, which shows when it is drained.
        drop(self.rtc.handle_input(input));
        self.drain(now);
    }

    /// When to call [`Self::handle_timeout`].
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        match self.state {
            State::Closed => None,
            State::Connected => {
                let audio = self.audio.as_ref().map(|audio| audio.due);
                let video = self.video.as_ref().map(|video| video.due);
                [audio, video].into_iter().flatten().fold(self.timeout, Instant::min).into()
            }
            State::Connecting | State::PathLost => Some(self.timeout),
        }
    }

    /// Time passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        let mut has_written = false;
        if self.state == State::Connected {
            has_written |= self.send_audio(now);
            has_written |= self.send_video(now);
        }
        if has_written || self.timeout <= now {
            drop(self.rtc.handle_input(Input::Timeout(now)));
            self.drain(now);
        }
    }

    /// The next datagram to send: to where, and what.
    pub fn poll_transmit(&mut self) -> Option<(SocketAddr, Vec<u8>)> {
        self.outbox.pop_front()
    }

    /// Where it is in its life.
    #[must_use]
    pub fn state(&self) -> State {
        self.state
    }

    /// When ICE and DTLS were done for the first time.
    #[must_use]
    pub fn connected_at(&self) -> Option<Instant> {
        self.connected_at
    }

    /// When the first packet of media came.
    #[must_use]
    pub fn first_packet_at(&self) -> Option<Instant> {
        self.first_packet_at
    }

    /// What it has sent and received.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The same, to count anew.
    pub fn tally_mut(&mut self) -> &mut Tally {
        &mut self.tally
    }

    /// Says good-bye to the other end; what it says of it waits in [`Self::poll_transmit`].
    pub fn close(&mut self, now: Instant) {
        drop(self.rtc.close());
        drop(self.rtc.handle_input(Input::Timeout(now)));
        self.drain(now);
        self.state = State::Closed;
    }

    fn send_audio(&mut self, now: Instant) -> bool {
        let Some(audio) = &mut self.audio else { return false };
        let Some(pt) = audio.pt else { return false };
        let step = match audio.voice {
            Voice::Speaks => AUDIO_STEP,
            Voice::Silent => SILENCE_STEP,
        };
        skip(&mut audio.due, now, step);
        let mut has_written = false;
        while audio.due <= now {
            self.tally.late.add(now.saturating_duration_since(audio.due));
            audio.due += step;
            let is_speech = audio.voice == Voice::Speaks;
            let payload = if is_speech { speech(Stamp::of(self.epoch, now)) } else { SILENCE.to_vec() };
            let level = if is_speech { LEVEL_SPEAKING } else { LEVEL_SILENT };
            let values = ExtensionValues {
                audio_level: Some(level),
                voice_activity: Some(is_speech),
                ..ExtensionValues::default()
            };
            let bytes = payload.len();
            let mut direct = self.rtc.direct_api();
            let Some(stream) = direct.stream_tx_by_mid(audio.mid, None) else { return has_written };
            let write = RtpWrite::new(pt, SeqNo::from(audio.seq), audio.time, now, payload);
            stream.write_rtp(write.ext_vals(values));
            audio.seq = audio.seq.saturating_add(1);
            let frames = u32::try_from(step.as_millis() / AUDIO_STEP.as_millis()).unwrap_or(1);
            audio.time = audio.time.wrapping_add(AUDIO_SAMPLES.wrapping_mul(frames));
            self.tally.on_sent(Kind::Audio, bytes);
            has_written = true;
        }
        has_written
    }

    fn send_video(&mut self, now: Instant) -> bool {
        let Some(video) = &mut self.video else { return false };
        let Some(pt) = video.pt else { return false };
        skip(&mut video.due, now, VIDEO_STEP);
        let mut has_written = false;
        while video.due <= now {
            self.tally.late.add(now.saturating_duration_since(video.due));
            video.due += VIDEO_STEP;
            let stamp = Stamp::of(self.epoch, now);
            for (pictures, seq) in &mut video.layers {
                let packets = pictures.next(stamp);
                let last = packets.len().saturating_sub(1);
                for (index, payload) in packets.into_iter().enumerate() {
                    let bytes = payload.len();
                    let mut direct = self.rtc.direct_api();
                    let Some(stream) = direct.stream_tx_by_mid(video.mid, pictures.rid.map(Rid::from)) else {
                        return has_written;
                    };
                    let write = RtpWrite::new(pt, SeqNo::from(*seq), video.time, now, payload);
                    stream.write_rtp(write.marker(index == last).nackable(true));
                    *seq = seq.saturating_add(1);
                    self.tally.on_sent(Kind::Video, bytes);
                    has_written = true;
                }
            }
            video.time = video.time.wrapping_add(VIDEO_TICKS);
        }
        has_written
    }

    /// Takes out of str0m all there is.
    fn drain(&mut self, now: Instant) {
        for _ in 0..limits::POLLS_PER_INPUT_MAX {
            match self.rtc.poll_output() {
                Ok(Output::Timeout(at)) => {
                    self.timeout = at;
                    return;
                }
                Ok(Output::Transmit(transmit)) => {
                    self.outbox.push_back((transmit.destination, transmit.contents.to_vec()));
                }
                Ok(Output::Event(event)) => self.on_event(now, event),
                Err(_) => break,
            }
        }
        self.state = State::Closed;
    }

    fn on_event(&mut self, now: Instant, event: Event) {
        match event {
            Event::RtpPacket(packet) => self.on_packet(now, &packet),
            Event::Connected => {
                self.state = State::Connected;
                self.connected_at.get_or_insert(now);
                self.begin(now);
            }
            Event::Closed => self.state = State::Closed,
            Event::IceConnectionStateChange(IceConnectionState::Disconnected)
                if self.state == State::Connected =>
            {
                self.state = State::PathLost;
            }
            Event::IceConnectionStateChange(
                IceConnectionState::Connected | IceConnectionState::Completed,
            ) if self.state == State::PathLost => {
                self.state = State::Connected;
                self.begin(now);
            }
            Event::KeyframeRequest(request) => {
                self.tally.on_key_frame_request();
                for (pictures, _) in self.video.iter_mut().flat_map(|video| &mut video.layers) {
                    pictures.wants_key |= request.rid.is_none() || pictures.rid.map(Rid::from) == request.rid;
                }
            }
            _ => {}
        }
    }

    /// Sending begins, not for all at the same moment: where in its period is told by the port.
    fn begin(&mut self, now: Instant) {
        let part = |step: Duration| step.mul_f64(f64::from(self.address.port() % 97) / 97.0);
        if let Some(audio) = &mut self.audio {
            audio.due = now + part(AUDIO_STEP);
        }
        if let Some(video) = &mut self.video {
            video.due = now + part(VIDEO_STEP);
        }
    }

    fn on_packet(&mut self, now: Instant, packet: &RtpPacket) {
        let (ssrc, seq, bytes) = (packet.header.ssrc, *packet.seq_no, packet.payload.len());
        let known = self.tally.tracks.iter().position(|track| track.ssrc == *ssrc);
        let kind = known.and_then(|at| self.tally.tracks.get(at)).map(|track| track.kind);
        let kind = kind.or_else(|| {
            let mid = self.rtc.direct_api().stream_rx(&ssrc)?.mid();
            self.rtc.media(mid).map(|media| match media.kind() {
                MediaKind::Audio => Kind::Audio,
                MediaKind::Video => Kind::Video,
            })
        });
        let Some(kind) = kind else { return };
        self.first_packet_at.get_or_insert(now);
        let here = Stamp::of(self.epoch, now);
        let latency =
            Stamp::read(&packet.payload, kind == Kind::Video).map(|sent| here.us.saturating_sub(sent.us));
        match known {
            Some(at) => self.tally.on_packet(at, here.us, seq, bytes, latency),
            // Packets without payload are padding, with which a path is probed.
            None if bytes == 0 => {}
            None => self.tally.on_track(Track::new(*ssrc, kind, seq, here.us), bytes, latency),
        }
    }
}

/// What is longer ago than can be caught up with is left out.
fn skip(due: &mut Instant, now: Instant, step: Duration) {
    while *due + limits::CATCH_UP < now {
        *due += step;
    }
}

#[cfg(test)]
mod tests;
