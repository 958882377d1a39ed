//! A transport: one ICE and DTLS path with one participant, and what goes through it. This is the one place that calls str0m.
//!
//! str0m asserts liberally, and what it asserts about comes from outside. So each call runs in [`Transport::guard`]: a panic
//! below becomes a [`Fault`], after which nothing below is called any more, and whoever called ends this transport only.

use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parlor_proto::{Instance, Kind};
use str0m::bwe::Bitrate;
use str0m::change::{DirectApi, SdpOffer};
use str0m::channel::{ChannelConfig, ChannelId};
use str0m::config::DtlsVersion;
use str0m::media::{KeyframeRequestKind, Mid, Rid};
use str0m::net::{Protocol, Receive, TcpType, Transmit};
use str0m::rtp::Ssrc;
use str0m::{Candidate, Reason, Rtc, RtcConfig};

use crate::bucket::Bucket;
use crate::codec::Codec;
use crate::demux::{Remote, is_stun};
use crate::grade::PathGrade;
use crate::hub::via_of;
use crate::io::{Output, Seat, Via, Wishes};
use crate::keys;
use crate::limits;
use crate::offer::{Agreed, AgreedSection, OfferError};
use crate::packet::Packet;
use crate::sections::{self, Flow, Purpose};
use crate::settings::{Certificate, Settings};
use crate::slot::{ProducerId, Slot};
use crate::sound::{Sound, sender_of};
use crate::sources::Sources;

/// Code below gave up; nothing below may be called any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault(pub(crate) String);

/// Where a transport is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Connecting { since: Instant },
    Connected,
    PathLost { since: Instant },
}

/// What became of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    Taken,
    /// Not for this transport after all.
    NotMine,
    Malformed,
}

/// What became of a packet that was to be forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    Nothing,
    /// It waits in str0m.
    Below,
    /// It waits beside str0m.
    Beside,
}

/// What a call below has put out.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) transmits: Vec<Transmit>,
    pub(crate) events: Vec<str0m::Event>,
}

/// One path with one participant.
#[derive(Debug)]
pub(crate) struct Transport {
    pub(crate) seat: Seat,
    pub(crate) instance: Instance,
    pub(crate) attempt: u32,
    /// The number of the last offer that was answered, and the answer.
    pub(crate) answered: (u32, String),
    pub(crate) phase: Phase,
    pub(crate) slots: Vec<Slot>,
    pub(crate) producers: Vec<OwnProducer>,
    pub(crate) channel: Option<ChannelId>,
    pub(crate) wishes: Option<Wishes>,
    /// What the path bears, bits per second; none where it is not estimated.
    pub(crate) estimate_bps: Option<u64>,
    /// From when on the estimate may stop a video.
    pub(crate) trusts_estimate_at: Option<Instant>,
    /// What was last asked for, bits per second: see [`Self::ask_for`].
    asked_bps: (u64, u64),
    /// Proved addresses, oldest first.
    pub(crate) addresses: Vec<Remote>,
    pub(crate) ufrag: String,
    pub(crate) remote_ufrag: String,
    /// What the timer is set to.
    pub(crate) armed: Option<Instant>,
    /// Something was written that has not gone out.
    pub(crate) is_dirty: bool,
    /// The same of sound.
    pub(crate) is_sounding: bool,
    /// The participant has not been told who is in its slots now.
    pub(crate) are_slots_untold: bool,
    pub(crate) frames: Bucket,
    pub(crate) path: PathGrade,
    pub(crate) sound: Sound,
    /// By this SSRC str0m is made to say something, so that it shows by which way.
    asking_ssrc: Ssrc,
    candidates_left: usize,
    has_data: bool,
    /// What it sends, by SSRC.
    sources: Sources,
    is_broken: bool,
    rtc: Rtc,
    #[cfg(test)]
    pub(crate) planted: bool,
}

/// What a participant sends in one of its sections.
#[derive(Debug)]
pub(crate) struct OwnProducer {
    pub(crate) id: ProducerId,
    pub(crate) mid: Mid,
    pub(crate) kind: Kind,
    pub(crate) codecs: Vec<(u8, Codec)>,
}

fn catching<T>(step: impl FnOnce() -> T) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(step)).map_err(|payload| {
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        Fault(
            text.or_else(|| payload.downcast_ref::<String>().cloned())
                .unwrap_or_else(|| "no message".to_owned()),
        )
    })
}

/// Feedback of an application (RFC 4585, section 6.4) that no receiver knows, about no stream.
fn ask_way(rtc: &mut Rtc, asking: Ssrc) {
    rtc.direct_api().send_app_specific_feedback(asking, Ssrc::from(0), *b"PRLR");
}

/// The SSRC of a section's sound: the one that it has, or a new one, which is neither str0m's nor another section's.
fn own_ssrc(direct: &DirectApi<'_>, mid: Mid, asking: Ssrc, sounding: &mut Vec<(Mid, Ssrc)>) -> Ssrc {
    if let Some((_, ssrc)) = sounding.iter().find(|(own, _)| *own == mid) {
        return *ssrc;
    }
    loop {
        let ssrc = direct.new_ssrc();
        if ssrc != asking && sounding.iter().all(|(_, other)| *other != ssrc) {
            sounding.push((mid, ssrc));
            return ssrc;
        }
    }
}

fn rtc(settings: &Settings, now: Instant, has_congestion_control: bool) -> Rtc {
    // H264 constrained baseline, in both packetization modes (RFC 6184, section 8.1).
    const H264: [(u8, u8, bool); 2] = [(108, 109, true), (124, 120, false)];
    const CONSTRAINED_BASELINE: u32 = 0x42_e01f;
    let mut config = RtcConfig::new()
        .set_crypto_provider(Arc::clone(&settings.certificate.provider))
        .set_dtls_cert(settings.certificate.certificate.clone())
        .set_dtls_version(DtlsVersion::Dtls12)
        .set_rtp_mode(true)
        .set_stats_interval(Some(limits::GRADE_INTERVAL))
        .set_send_buffer_audio(limits::RESEND_PACKETS_AUDIO)
        .set_send_buffer_video(limits::RESEND_PACKETS_VIDEO)
        .set_sctp_max_message_size(limits::DATA_FRAME_BYTES_MAX)
        .set_sctp_max_buffered_amount(limits::DATA_BUFFER_BYTES_MAX)
        .clear_codecs()
        .enable_opus(true, true)
        .enable_vp8(true);
    for (pt, resend_pt, mode) in H264 {
        config.codec_config().add_h264(pt.into(), Some(resend_pt.into()), mode, CONSTRAINED_BASELINE);
    }
    if has_congestion_control {
        config = config.enable_bwe(Some(Bitrate::from(limits::INITIAL_ESTIMATE_BPS)));
    }
    let mut rtc = config.build(now);
    for address in &settings.local {
        if let Ok(candidate) = Candidate::host(*address, Protocol::Udp) {
            rtc.add_local_candidate(candidate);
        }
    }
    for address in &settings.local_tcp {
        if let Ok(candidate) = Candidate::builder().tcp().host(*address).tcptype(TcpType::Passive).build() {
            rtc.add_local_candidate(candidate);
        }
    }
    rtc
}

impl Transport {
    pub(crate) fn new(
        settings: &Settings,
        now: Instant,
        seat: Seat,
        instance: Instance,
        attempt: u32,
        receives_video: bool,
    ) -> Result<Self, Fault> {
        let has_congestion_control = settings.has_congestion_control && receives_video;
        let (rtc, asking_ssrc, place) = catching(|| {
            let mut rtc = rtc(settings, now, has_congestion_control);
            let asking_ssrc = rtc.direct_api().new_ssrc();
            (rtc, asking_ssrc, keys::take_place())
        })?;
        let Certificate { provider, clock, .. } = &settings.certificate;
        Ok(Self {
            seat,
            instance,
            attempt,
            answered: (0, String::new()),
            phase: Phase::Connecting { since: now },
            slots: Vec::new(),
            producers: Vec::new(),
            channel: None,
            wishes: None,
            estimate_bps: None,
            trusts_estimate_at: None,
            asked_bps: (0, 0),
            addresses: Vec::new(),
            ufrag: String::new(),
            remote_ufrag: String::new(),
            armed: None,
            is_dirty: false,
            is_sounding: false,
            are_slots_untold: false,
            frames: Bucket::new(now, limits::DATA_FRAMES_PER_SECOND, limits::DATA_FRAMES_BURST),
            path: PathGrade::default(),
            sound: Sound::new(Arc::clone(provider), place, *clock),
            asking_ssrc,
            candidates_left: 0,
            has_data: false,
            sources: Sources::default(),
            is_broken: false,
            rtc,
            #[cfg(test)]
            planted: false,
        })
    }

    /// Runs something that calls str0m.
    fn guard<T>(&mut self, step: impl FnOnce(&mut Rtc) -> T) -> Result<T, Fault> {
        self.guard_all(|transport| step(&mut transport.rtc))
    }

    /// Runs something that calls str0m, or the means of encryption.
    fn guard_all<T>(&mut self, step: impl FnOnce(&mut Self) -> T) -> Result<T, Fault> {
        if self.is_broken {
            return Err(Fault("broken before".to_owned()));
        }
        #[cfg(test)]
        let planted = self.planted;
        #[cfg(feature = "faults")]
        let springs = crate::faults::springs(&self.seat.participant);
        let result = catching(|| {
            #[cfg(test)]
            assert!(!planted, "planted");
            #[cfg(feature = "faults")]
            assert!(!springs, "planted");
            step(self)
        });
        self.is_broken = result.is_err();
        result
    }

    /// Takes an offer. What it changes is the caller's to carry out.
    pub(crate) fn accept(&mut self, now: Instant, sdp: &str) -> Result<Result<Agreed, OfferError>, Fault> {
        let offered = sections::read(sdp);
        let wants_data =
            offered.iter().any(|section| section.purpose == Purpose::Data && !section.is_rejected);
        let makes_channel = wants_data && !self.has_data;
        let text = sections::without_return(sdp);
        // Sound keeps its SSRC for as long as its section is there.
        let mut sounding: Vec<(Mid, Ssrc)> =
            self.slots.iter().filter(|slot| slot.sound.is_some()).map(|slot| (slot.mid, slot.ssrc)).collect();
        let asking_ssrc = self.asking_ssrc;
        let result = self.guard(|rtc| {
            let offer = SdpOffer::from_sdp_string(&text)
                .map_err(|error| OfferError::Unreadable(error.to_string()))?;
            let _ = rtc.handle_input(str0m::Input::Timeout(now));
            let answer = rtc
                .sdp_api()
                .accept_offer(offer)
                .map_err(|error| OfferError::Unacceptable(error.to_string()))?;
            let answer = sections::with_rejections(&answer.to_sdp_string(), &offered);
            let mut direct = rtc.direct_api();
            if makes_channel {
                direct.create_data_channel(ChannelConfig {
                    label: "parlor".to_owned(),
                    negotiated: Some(0),
                    ..ChannelConfig::default()
                });
            }
            let mut agreed = Agreed { answer: String::new(), producers: Vec::new(), slots: Vec::new() };
            let mut replaced = Vec::new();
            for (section, offered) in sections::read(&answer).into_iter().zip(&offered) {
                let Purpose::Media(kind) = section.purpose else { continue };
                let mid = Mid::from(section.mid.as_str());
                let mut agreed_section = AgreedSection {
                    mid,
                    name: offered.mid.clone(),
                    kind,
                    codecs: section.codecs,
                    rids: offered.rids.iter().take(limits::LAYERS_MAX).cloned().collect(),
                    ssrc: None,
                    extensions: section.extensions,
                    cname: section.cname,
                };
                match section.flow {
                    _ if section.is_rejected => {}
                    Flow::Receive => agreed.producers.push(agreed_section),
                    Flow::Send => {
                        let Some(stream) = direct.stream_tx_by_mid(mid, None) else { continue };
                        let ssrc = stream.ssrc();
                        agreed_section.ssrc = Some(match kind {
                            // It goes out beside str0m, which has a stream for it all the same, anew with each offer.
                            Kind::Audio => {
                                direct.remove_stream_tx(ssrc);
                                let own = own_ssrc(&direct, mid, asking_ssrc, &mut sounding);
                                replaced.push((*ssrc, *own));
                                own
                            }
                            Kind::Video => {
                                let (kept, ratio) =
                                    (limits::RESEND_PACKETS_VIDEO, Some(limits::RESEND_RATIO_MAX));
                                stream.set_rtx_cache(kept, limits::RESEND_AGE, ratio);
                                ssrc
                            }
                        });
                        agreed.slots.push(agreed_section);
                    }
                    Flow::Both | Flow::None => {}
                }
            }
            agreed.answer = sections::with_sources(&answer, &replaced);
            Ok(agreed)
        })?;
        if let Ok(agreed) = &result {
            self.sources.retain(|mid| agreed.producers.iter().any(|section| section.mid == mid));
            self.has_data |= wants_data;
            self.candidates_left = limits::CANDIDATES_PER_OFFER_MAX;
            self.remote_ufrag = sections::ufrag(sdp).unwrap_or_default().to_owned();
        }
        Ok(result)
    }

    /// Takes an address of the other end. One that can't be read, as a name for `.local`, counts for nothing.
    pub(crate) fn add_candidate(&mut self, text: &str, fragment: Option<&str>) -> Result<(), Fault> {
        let is_old = fragment.is_some_and(|fragment| fragment != self.remote_ufrag);
        if text.is_empty() || is_old || self.candidates_left == 0 {
            return Ok(());
        }
        self.candidates_left = self.candidates_left.saturating_sub(1);
        let text = text.strip_prefix("a=").unwrap_or(text).to_owned();
        if sections::is_odd_candidate(&text) {
            return Ok(());
        }
        self.guard(|rtc| {
            if let Ok(candidate) = Candidate::from_sdp_string(&text) {
                rtc.add_remote_candidate(candidate);
            }
        })
    }

    /// Takes a datagram, if it is for this transport; `is_sure` when that is known already.
    pub(crate) fn receive(
        &mut self,
        now: Instant,
        (via, local, remote): (Via, SocketAddr, SocketAddr),
        bytes: &[u8],
        is_sure: bool,
    ) -> Result<Received, Fault> {
        let protocol = if via == Via::Udp { Protocol::Udp } else { Protocol::Tcp };
        let disputed = self.sources.on_datagram(bytes).and_then(|source| {
            let own = self.producers.iter().find(|own| own.mid == source.mid())?;
            Some((source, own.kind))
        });
        let asks = self.phase == Phase::Connected && self.sound.doubts((via, local, remote));
        self.guard_all(|transport| {
            let Self { rtc, sound, slots, path, asking_ssrc, .. } = transport;
            if is_sure {
                let (came, lost) = sound.on_datagram(now, slots, bytes);
                path.on_report(came, lost);
            }
            if let Some((source, kind)) = disputed {
                source.put_right(rtc, kind);
            }
            let Ok(receive) = Receive::new(protocol, remote, local, bytes) else {
                return Received::Malformed;
            };
            let input = str0m::Input::Receive(now, receive);
            if !is_sure && !rtc.accepts(&input) {
                return Received::NotMine;
            }
            match rtc.handle_input(input) {
                Ok(()) => {
                    if asks {
                        ask_way(rtc, *asking_ssrc);
                    }
                    Received::Taken
                }
                Err(_) => Received::Malformed,
            }
        })
    }

    /// Has str0m say something without meaning, so that it shows by which way it sends now.
    pub(crate) fn ask_way(&mut self) -> Result<(), Fault> {
        let asking_ssrc = self.asking_ssrc;
        self.guard(|rtc| ask_way(rtc, asking_ssrc))
    }

    /// Time passed, or something was written.
    pub(crate) fn handle_timeout(&mut self, now: Instant) -> Result<(), Fault> {
        self.is_dirty = false;
        // An error here closes the Rtc, which shows when it is drained.
        self.guard(|rtc| drop(rtc.handle_input(str0m::Input::Timeout(now))))
    }

    /// Takes out all there is; returns when to come again, and in which steps.
    pub(crate) fn drain(&mut self, found: &mut Found) -> Result<(Instant, Duration), Fault> {
        let drained = self.guard_all(|transport| {
            let Self { rtc, sound, .. } = transport;
            for _ in 0..limits::POLLS_PER_INPUT_MAX {
                match rtc.poll_output() {
                    Ok(str0m::Output::Timeout(at)) => {
                        let is_paced = matches!(rtc.last_timeout_reason(), Reason::Pacer(_));
                        return Some((at, if is_paced { limits::PACER_STEP } else { limits::TIMER_STEP }));
                    }
                    // What comes later knows better by which way str0m sends now.
                    Ok(str0m::Output::Transmit(transmit)) => {
                        if !is_stun(&transmit.contents) {
                            sound.take_way((via_of(transmit.proto), transmit.source, transmit.destination));
                        }
                        found.transmits.push(transmit);
                    }
                    Ok(str0m::Output::Event(event)) => {
                        if let str0m::Event::PeerStats(stats) = &event
                            && let Some(pair) = &stats.selected_candidate_pair
                        {
                            sound.take_way((via_of(pair.protocol), pair.local.addr, pair.remote.addr));
                        }
                        found.events.push(event);
                    }
                    Err(_) if !rtc.is_alive() => found.events.push(str0m::Event::Closed),
                    Err(_) => {}
                }
            }
            None
        })?;
        self.look_at(found)?;
        drained.ok_or_else(|| {
            self.is_broken = true;
            Fault("put out without end".to_owned())
        })
    }

    /// Looks at what str0m sends: that nothing of it is encrypted as sound could be.
    fn look_at(&mut self, found: &mut Found) -> Result<(), Fault> {
        let is_sound = |ssrc: u32| self.slots.iter().any(|slot| slot.sound.is_some() && *slot.ssrc == ssrc);
        if found.transmits.iter().filter_map(|transmit| sender_of(&transmit.contents)).any(is_sound) {
            found.transmits.clear();
            self.is_broken = true;
            return Err(Fault("one SSRC for two streams".to_owned()));
        }
        Ok(())
    }

    /// Which producer and layer a packet's stream is of.
    pub(crate) fn route(&mut self, ssrc: Ssrc) -> Result<Option<(Mid, Option<Rid>)>, Fault> {
        if let Some(route) = self.sources.route(ssrc) {
            return Ok(Some(route));
        }
        let found = self.guard(|rtc| {
            let mut direct = rtc.direct_api();
            direct.stream_rx(&ssrc).map(|stream| (stream.mid(), stream.rid()))
        })?;
        if let Some((mid, rid)) = found {
            self.sources.prove(ssrc, mid, rid);
        }
        Ok(found)
    }

    /// Writes a packet into a slot.
    pub(crate) fn forward(&mut self, slot: usize, packet: &Packet) -> Result<Written, Fault> {
        if self.phase != Phase::Connected {
            return Ok(Written::Nothing);
        }
        match packet.kind {
            Kind::Audio => self.forward_sound(slot, packet),
            Kind::Video => self.forward_video(slot, packet),
        }
    }

    fn forward_sound(&mut self, slot: usize, packet: &Packet) -> Result<Written, Fault> {
        self.guard_all(|transport| {
            let Self { slots, sound, .. } = transport;
            let Some(slot) = slots.get_mut(slot) else { return Written::Nothing };
            let Some(outgoing) = slot.sound_for(packet) else { return Written::Nothing };
            let is_written = slot.sound.as_mut().is_some_and(|stream| sound.write(stream, &outgoing));
            if is_written { Written::Beside } else { Written::Nothing }
        })
    }

    fn forward_video(&mut self, slot: usize, packet: &Packet) -> Result<Written, Fault> {
        self.guard_all(|transport| {
            let Self { slots, rtc, .. } = transport;
            let Some(slot) = slots.get_mut(slot) else { return Written::Nothing };
            let Some(write) = slot.video_for(packet) else { return Written::Nothing };
            let mut direct = rtc.direct_api();
            let stream = direct.stream_tx(&slot.ssrc);
            let fitting = stream.filter(|stream| {
                let waiting = stream.queue_info().map_or(0, |info| info.packet_count());
                waiting < limits::PACED_PACKETS_MAX
            });
            match (fitting, &mut slot.consumer) {
                (Some(stream), _) => {
                    stream.write_rtp(write);
                    return Written::Below;
                }
                (None, Some(consumer)) => consumer.layer = None,
                (None, None) => {}
            }
            Written::Nothing
        })
    }

    /// Writes what is due to be said about sound.
    pub(crate) fn report_sound(&mut self, now: Instant) -> Result<(), Fault> {
        self.guard_all(|transport| {
            let Self { slots, sound, .. } = transport;
            sound.report(now, slots.iter_mut().filter_map(|slot| slot.sound.as_mut()));
        })
    }

    /// The sound that is to go out.
    pub(crate) fn take_sound(&mut self) -> impl Iterator<Item = Output> {
        self.sound.take_waiting().into_iter().flat_map(|((via, local, remote), waiting)| {
            waiting.map(move |bytes| Output::Transmit { via, local, remote, bytes })
        })
    }

    /// Asks the other end for a key frame of what it sends.
    pub(crate) fn request_key_frame(&mut self, mid: Mid, rid: Option<Rid>) -> Result<(), Fault> {
        self.guard(|rtc| {
            if let Some(stream) = rtc.direct_api().stream_rx_by_mid(mid, rid) {
                stream.request_keyframe(KeyframeRequestKind::Pli);
            }
        })
    }

    /// Says what could be sent if the path bore it, and what would be enough for a little more than now, bits per second, where
    /// bandwidth is estimated. Up to the latter, and to what the path is believed to bear, str0m fills up with padding: the
    /// estimate only grows by what is sent.
    pub(crate) fn ask_for(&mut self, next_bps: u64, desired_bps: u64) -> Result<(), Fault> {
        let is_close = |new: u64, old: u64| new.abs_diff(old) <= old / 10;
        let (old_next_bps, old_desired_bps) = self.asked_bps;
        if self.estimate_bps.is_none()
            || is_close(next_bps, old_next_bps) && is_close(desired_bps, old_desired_bps)
        {
            return Ok(());
        }
        self.asked_bps = (next_bps, desired_bps);
        self.guard(|rtc| rtc.bwe().set_bitrate(Bitrate::from(next_bps), Bitrate::from(desired_bps)))
    }

    /// Writes a data frame; false if the receiver is too slow for it, or has no channel.
    pub(crate) fn send_data(&mut self, text: &str) -> Result<bool, Fault> {
        let Some(channel) = self.channel else { return Ok(false) };
        self.guard(|rtc| {
            rtc.channel(channel).is_some_and(|mut channel| {
                let fits =
                    channel.buffered_amount().saturating_add(text.len()) <= limits::DATA_BUFFER_BYTES_MAX;
                fits && channel.write(false, text.as_bytes()).unwrap_or(false)
            })
        })
    }

    /// Says goodbye to the other end (RTCP BYE, DTLS close_notify), as far as that is possible.
    pub(crate) fn close(&mut self, found: &mut Found) -> Result<(), Fault> {
        self.guard_all(|transport| {
            let Self { slots, sound, .. } = transport;
            sound.say_goodbye(slots.iter().filter_map(|slot| slot.sound.as_ref()));
            drop(transport.rtc.close());
        })?;
        self.drain(found).map(drop)
    }

    /// The end. Freeing what is below runs code below.
    pub(crate) fn free(self) -> Result<(), Fault> {
        let Self {
            rtc,
            is_broken,
            #[cfg(test)]
            planted,
            ..
        } = self;
        catching(move || {
            #[cfg(test)]
            assert!(is_broken || !planted, "planted");
            let _ = is_broken;
            drop(rtc);
        })
    }

    /// The codec of one of the participant's own payload types.
    pub(crate) fn own_codec(&self, mid: Mid, pt: u8) -> Option<(ProducerId, Codec)> {
        let own = self.producers.iter().find(|own| own.mid == mid)?;
        let (_, codec) = own.codecs.iter().find(|(known, _)| *known == pt)?;
        Some((own.id, *codec))
    }

    /// An ICE restart or a new offer may have changed it.
    pub(crate) fn current_ufrag(&mut self) -> Result<String, Fault> {
        self.guard(|rtc| rtc.direct_api().local_ice_credentials().ufrag)
    }
}
