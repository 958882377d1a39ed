//! A transport: one ICE and DTLS path with one participant, and what goes through it. This is the one place that calls str0m.
//!
//! str0m asserts liberally, and what it asserts about comes from outside. So each call runs in [`Transport::guard`]: a panic
//! below becomes a [`Fault`], after which nothing below is called any more, and whoever called ends this transport only.

use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use parlor_proto::{Instance, Kind};
use str0m::change::{DirectApi, SdpOffer};
use str0m::channel::{ChannelConfig, ChannelId};
use str0m::config::DtlsVersion;
use str0m::media::{KeyframeRequestKind, Mid, Rid};
use str0m::net::{Protocol, Receive, TcpType, Transmit};
use str0m::rtp::Ssrc;
use str0m::{Candidate, Rtc, RtcConfig};

use crate::bucket::Bucket;
use crate::codec::Codec;
use crate::demux::{Remote, is_stun};
use crate::egress::{Egress, Heard, Way, sender_of};
use crate::grade::PathGrade;
use crate::hub::{Timer, protocol_of, via_of};
use crate::io::{Output, Seat, Via, Wishes};
use crate::keys;
use crate::limits;
use crate::offer::{Agreed, AgreedSection, OfferError, OwnSources};
use crate::packet::Packet;
use crate::sections::{self, Flow, Purpose};
use crate::settings::{Certificate, Settings};
use crate::slot::{ProducerId, Slot};
use crate::sources::Sources;
use crate::transports::TransportKey;

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
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// With what it says of what the hub sends. Where that is all, str0m was not asked.
    Taken {
        heard: Heard,
        is_below: bool,
    },
    /// Not for this transport after all.
    NotMine,
    Malformed,
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
    /// From when on the estimate may stop a video.
    pub(crate) trusts_estimate_at: Option<Instant>,
    /// Proved addresses, oldest first.
    pub(crate) addresses: Vec<Remote>,
    pub(crate) ufrag: String,
    pub(crate) remote_ufrag: String,
    /// What str0m's timer is set to.
    pub(crate) armed: Option<Instant>,
    /// What that of the way out is set to.
    pub(crate) egress_armed: Option<Instant>,
    /// Something was written into str0m that has not gone out.
    pub(crate) is_dirty: bool,
    /// Something is to go out beside str0m.
    pub(crate) is_sending: bool,
    /// The participant has not been told who is in its slots now.
    pub(crate) are_slots_untold: bool,
    pub(crate) frames: Bucket,
    pub(crate) path: PathGrade,
    pub(crate) egress: Egress,
    /// By this SSRC str0m is made to say something, so that it shows by which way.
    asking_ssrc: Ssrc,
    candidates_left: usize,
    has_data: bool,
    /// What it sends, by SSRC.
    sources: Sources,
    /// By which way the datagram came that str0m has last been given, if ICE knows that way.
    came_by: Option<Way>,
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

/// The SSRCs of a section: those that it has, or new ones, which are neither str0m's nor another section's.
fn own_sources(
    direct: &DirectApi<'_>,
    mid: Mid,
    kind: Kind,
    asking: Ssrc,
    all: &mut Vec<(Mid, OwnSources)>,
) -> OwnSources {
    if let Some((_, own)) = all.iter().find(|(other, _)| *other == mid) {
        return *own;
    }
    let mut taken: Vec<u32> =
        all.iter().flat_map(|(_, own)| [own.ssrc].into_iter().chain(own.resend)).chain([*asking]).collect();
    let mut take = || {
        loop {
            let ssrc = *direct.new_ssrc();
            if !taken.contains(&ssrc) {
                taken.push(ssrc);
                return ssrc;
            }
        }
    };
    let own = OwnSources { ssrc: take(), resend: (kind == Kind::Video).then(take) };
    all.push((mid, own));
    own
}

fn rtc(settings: &Settings, now: Instant) -> Rtc {
    // H264 constrained baseline, in both packetization modes (RFC 6184, section 8.1).
    const H264: [(u8, u8, bool); 2] = [(108, 109, true), (124, 120, false)];
    const CONSTRAINED_BASELINE: u32 = 0x42_e01f;
    let mut config = RtcConfig::new()
        .set_crypto_provider(Arc::clone(&settings.certificate.provider))
        .set_dtls_cert(settings.certificate.certificate.clone())
        .set_dtls_version(DtlsVersion::Dtls12)
        .set_rtp_mode(true)
        .set_stats_interval(Some(limits::GRADE_INTERVAL))
        .set_sctp_max_message_size(limits::DATA_FRAME_BYTES_MAX)
        .set_sctp_max_buffered_amount(limits::DATA_BUFFER_BYTES_MAX)
        .clear_codecs()
        .enable_opus(true, true)
        .enable_vp8(true);
    for (pt, resend_pt, mode) in H264 {
        config.codec_config().add_h264(pt.into(), Some(resend_pt.into()), mode, CONSTRAINED_BASELINE);
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
    ) -> Result<Self, Fault> {
        let (rtc, asking_ssrc, place) = catching(|| {
            let mut rtc = rtc(settings, now);
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
            trusts_estimate_at: None,
            addresses: Vec::new(),
            ufrag: String::new(),
            remote_ufrag: String::new(),
            armed: None,
            egress_armed: None,
            is_dirty: false,
            is_sending: false,
            are_slots_untold: false,
            frames: Bucket::new(now, limits::DATA_FRAMES_PER_SECOND, limits::DATA_FRAMES_BURST),
            path: PathGrade::default(),
            egress: Egress::new(Arc::clone(provider), place, *clock),
            asking_ssrc,
            candidates_left: 0,
            has_data: false,
            sources: Sources::default(),
            came_by: None,
            is_broken: false,
            rtc,
            #[cfg(test)]
            planted: false,
        })
    }

    /// What one of its timers is set to.
    pub(crate) const fn armed_mut(&mut self, timer: Timer) -> &mut Option<Instant> {
        match timer {
            Timer::Below => &mut self.armed,
            Timer::Beside => &mut self.egress_armed,
        }
    }

    /// Something is to go out beside str0m: puts its key to those of the others of whom that is so.
    pub(crate) fn queue(&mut self, key: TransportKey, sending: &mut Vec<TransportKey>) {
        if !std::mem::replace(&mut self.is_sending, true) {
            sending.push(key);
        }
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
        // What is sent keeps its SSRC for as long as its section is there.
        let sources_of = |slot: &Slot| OwnSources {
            ssrc: slot.stream.ssrc,
            resend: slot.resend.as_ref().map(|resend| resend.ssrc),
        };
        let mut own_all: Vec<(Mid, OwnSources)> =
            self.slots.iter().map(|slot| (slot.mid, sources_of(slot))).collect();
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
                    resends: section.resends,
                    rids: offered.rids.iter().take(limits::LAYERS_MAX).cloned().collect(),
                    sources: None,
                    extensions: section.extensions,
                    cname: section.cname,
                };
                match section.flow {
                    _ if section.is_rejected => {}
                    Flow::Receive => agreed.producers.push(agreed_section),
                    Flow::Send => {
                        let Some(stream) = direct.stream_tx_by_mid(mid, None) else { continue };
                        // What is sent goes out beside str0m, which has a stream for it all the same, anew with each offer.
                        let (ssrc, resend) = (stream.ssrc(), stream.rtx());
                        direct.remove_stream_tx(ssrc);
                        let own = own_sources(&direct, mid, kind, asking_ssrc, &mut own_all);
                        replaced.push((*ssrc, own.ssrc));
                        replaced.extend(resend.zip(own.resend).map(|(theirs, own)| (*theirs, own)));
                        agreed_section.sources = Some(own);
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
            let fragment = sections::ufrag(sdp).unwrap_or_default();
            if self.remote_ufrag != fragment {
                self.remote_ufrag = fragment.to_owned();
                self.egress.forget_told();
            }
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
        let protocol = protocol_of(via);
        let disputed = self.sources.on_datagram(bytes).and_then(|source| {
            let own = self.producers.iter().find(|own| own.mid == source.mid())?;
            Some((source, own.kind))
        });
        let way = (via, local, remote);
        let asks = self.phase == Phase::Connected && self.egress.doubts(way);
        self.guard_all(|transport| {
            let Self { rtc, egress, slots, path, asking_ssrc, came_by, .. } = transport;
            let reports = if is_sure { egress.on_datagram(now, slots, bytes) } else { None };
            let is_below = asks || reports.as_ref().is_none_or(|heard| heard.has_more);
            let heard = reports.unwrap_or_default();
            path.on_report(heard.came, heard.lost);
            if !is_below {
                return Received::Taken { heard, is_below };
            }
            if let Some((source, kind)) = disputed {
                source.put_right(rtc, kind);
            }
            let Ok(receive) = Receive::new(protocol, remote, local, bytes) else {
                return Received::Malformed;
            };
            let input = str0m::Input::Receive(now, receive);
            // An address that was proved once may be somebody else's by now.
            let is_known = is_sure && egress.way() == Some(way) || rtc.accepts(&input);
            if !is_sure && !is_known {
                return Received::NotMine;
            }
            *came_by = is_known.then_some(way);
            match rtc.handle_input(input) {
                Ok(()) => {
                    if asks {
                        ask_way(rtc, *asking_ssrc);
                    }
                    Received::Taken { heard, is_below }
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

    #[cfg(test)]
    pub(crate) const fn asking_ssrc(&self) -> Ssrc {
        self.asking_ssrc
    }

    /// Time passed, or something was written.
    pub(crate) fn handle_timeout(&mut self, now: Instant) -> Result<(), Fault> {
        self.is_dirty = false;
        // An error here closes the Rtc, which shows when it is drained.
        self.guard(|rtc| drop(rtc.handle_input(str0m::Input::Timeout(now))))
    }

    /// Takes out all there is; returns when to come again.
    pub(crate) fn drain(&mut self, found: &mut Found) -> Result<Instant, Fault> {
        let drained = self.guard_all(|transport| {
            let Self { rtc, egress, came_by, .. } = transport;
            let came_by = came_by.take();
            for _ in 0..limits::POLLS_PER_INPUT_MAX {
                match rtc.poll_output() {
                    Ok(str0m::Output::Timeout(at)) => return Some(at),
                    // What comes later knows better by which way str0m sends now.
                    Ok(str0m::Output::Transmit(mut transmit)) => {
                        if !is_stun(&transmit.contents) {
                            egress.take_way((via_of(transmit.proto), transmit.source, transmit.destination));
                            if let Some((via, local, remote)) = egress.way() {
                                transmit.proto = protocol_of(via);
                                (transmit.source, transmit.destination) = (local, remote);
                            }
                        }
                        found.transmits.push(transmit);
                    }
                    Ok(str0m::Output::Event(event)) => {
                        if let str0m::Event::PeerStats(stats) = &event
                            && let Some(pair) = &stats.selected_candidate_pair
                        {
                            egress.take_way((via_of(pair.protocol), pair.local.addr, pair.remote.addr));
                        }
                        match (&event, came_by) {
                            (str0m::Event::RtpPacket(packet), Some(way)) => {
                                egress.on_packet(way, Some((*packet.header.ssrc, *packet.seq_no)));
                            }
                            (str0m::Event::ChannelData(_), Some(way)) => egress.on_packet(way, None),
                            _ => {}
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

    /// Looks at what str0m sends: that nothing of it is encrypted as sound or a picture could be.
    fn look_at(&mut self, found: &mut Found) -> Result<(), Fault> {
        let is_own = |ssrc: u32| {
            let resend = |slot: &Slot| slot.resend.as_ref().map(|resend| resend.ssrc);
            self.slots.iter().any(|slot| slot.stream.ssrc == ssrc || resend(slot) == Some(ssrc))
        };
        if found.transmits.iter().filter_map(|transmit| sender_of(&transmit.contents)).any(is_own) {
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

    /// Writes a packet into a slot; true if something is to go out.
    pub(crate) fn forward(&mut self, slot: usize, packet: &Packet) -> Result<bool, Fault> {
        if self.phase != Phase::Connected {
            return Ok(false);
        }
        self.guard_all(|transport| {
            let Self { slots, egress, .. } = transport;
            let place = slot;
            let Some(slot) = slots.get_mut(place) else { return false };
            match packet.kind {
                Kind::Audio => {
                    let Some((head, payload)) = slot.sound_for(packet) else { return false };
                    egress.write_sound(&mut slot.stream, &head, &payload)
                }
                Kind::Video => {
                    let Some(outgoing) = slot.video_for(packet) else { return false };
                    let fits = egress.push_picture(place, slot.stream.ssrc, outgoing);
                    if !fits && let Some(consumer) = &mut slot.consumer {
                        consumer.layer = None;
                    }
                    fits
                }
            }
        })
    }

    /// Writes what is due to be said about what is sent.
    pub(crate) fn report(&mut self, now: Instant) -> Result<(), Fault> {
        self.guard_all(|transport| {
            let Self { slots, egress, .. } = transport;
            egress.report(now, slots.iter_mut().map(|slot| &mut slot.stream));
        })
    }

    /// Lets go of the pictures that have their turn; returns when to come again.
    pub(crate) fn pace(&mut self, now: Instant) -> Result<Option<Instant>, Fault> {
        self.guard_all(|transport| {
            let Self { slots, egress, .. } = transport;
            egress.pace(now, slots)
        })
    }

    /// What is to go out beside str0m.
    pub(crate) fn take_sealed(&mut self) -> impl Iterator<Item = Output> {
        self.egress.take_sealed().into_iter().flat_map(|((via, local, remote), sealed)| {
            sealed.map(move |bytes| Output::Transmit { via, local, remote, bytes })
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
            let Self { slots, egress, .. } = transport;
            egress.say_goodbye(slots.iter());
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
