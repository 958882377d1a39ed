//! A packet's way: from the transport it came by, to its producer, to the producer's consumers. And the way back of what consumers
//! ask for: key frames.

use parlor_proto::Kind;
use str0m::media::{Mid, Rid};
use str0m::rtp::RtpPacket;

use crate::codec::picture;
use crate::hub::Hub;
use crate::io::RoomKey;
use crate::packet::Packet;
use crate::transport::Phase;
use crate::transports::TransportKey;

impl Hub {
    pub(crate) fn on_packet(&mut self, key: TransportKey, packet: RtpPacket) {
        let now = self.now;
        self.totals.packets_in = self.totals.packets_in.saturating_add(1);
        let Some(transport) = self.transports.get_mut(key) else { return };
        let room_key = transport.seat.room;
        transport.path.on_packet(packet.header.ssrc, *packet.seq_no);
        let (mid, rid) = match transport.route(packet.header.ssrc) {
            Ok(Some(route)) => route,
            Ok(None) => return,
            Err(fault) => return self.doom(key, fault),
        };
        let Some((id, codec)) = transport.own_codec(mid, *packet.header.payload_type) else { return };
        let Some(producer) = self.rooms.get_mut(&room_key).and_then(|room| room.producers.get_mut(&id))
        else {
            return;
        };
        let Some(layer) = producer.layer_with(rid) else { return };
        let values = &packet.header.ext_vals;
        let packet = Packet {
            producer: id,
            kind: producer.kind,
            layer,
            codec,
            seq: *packet.seq_no,
            timestamp: packet.header.timestamp,
            marker: packet.header.marker,
            received_at: packet.timestamp,
            picture: picture(codec, &packet.payload),
            audio_level: values.audio_level,
            voice_activity: values.voice_activity,
            video_orientation: values.video_orientation,
            payload: packet.payload,
        };
        if packet.kind == Kind::Audio {
            producer.loudness.on_packet(now, packet.audio_level);
        }
        if packet.picture.starts_key_frame
            && let Some(layer) = producer.layers.get_mut(layer)
        {
            layer.on_key_frame();
        }
        let has_begun = producer.on_packet(now, layer, packet.payload.len(), packet.picture.height);
        if has_begun {
            // Whoever has a slot for it gets it from its first packet on.
            self.assign_room(room_key);
        }
        self.write_to_consumers(room_key, &packet);
        if has_begun {
            self.ask_for_key_frames(room_key);
        }
    }

    fn write_to_consumers(&mut self, room_key: RoomKey, packet: &Packet) {
        let Some(producer) = self.rooms.get(&room_key).and_then(|room| room.producers.get(&packet.producer))
        else {
            return;
        };
        let mut faults = Vec::new();
        for consumer in &producer.consumers {
            let Some(transport) = self.transports.get_mut(consumer.transport) else { continue };
            match transport.forward(consumer.slot, packet) {
                Ok(false) => {}
                Ok(true) => {
                    self.totals.packets_forwarded = self.totals.packets_forwarded.saturating_add(1);
                    transport.queue(consumer.transport, &mut self.sending);
                }
                Err(fault) => faults.push((consumer.transport, fault)),
            }
        }
        for (key, fault) in faults {
            self.doom(key, fault);
        }
    }

    /// A receiver asks for key frames of what is in some of its slots.
    pub(crate) fn on_key_frame_requests(&mut self, key: TransportKey, mids: &[Mid]) {
        let now = self.now;
        let Some(transport) = self.transports.get(key).filter(|_| !mids.is_empty()) else { return };
        let Some(room) = self.rooms.get_mut(&transport.seat.room) else { return };
        let mut asked = Vec::new();
        for slot in transport.slots.iter().filter(|slot| mids.contains(&slot.mid)) {
            let Some(consumer) = &slot.consumer else { continue };
            let Some(producer) = room.producers.get_mut(&consumer.producer) else { continue };
            let wanted = consumer.layer.or(consumer.target);
            let Some(layer) = wanted.and_then(|wanted| producer.layers.get_mut(wanted)) else { continue };
            layer.want_key_frame();
            if layer.is_flowing(now) && layer.take_key_frame_request(now) {
                asked.push((producer.transport, producer.mid, layer.rid));
            }
        }
        self.request_key_frames(asked);
    }

    /// A receiver that begins needs a key frame of all it receives.
    pub(crate) fn want_all_key_frames(&mut self, key: TransportKey) {
        let Some(transport) = self.transports.get_mut(key) else { return };
        let room_key = transport.seat.room;
        for slot in transport.slots.iter_mut().filter(|slot| slot.kind == Kind::Video) {
            if let Some(consumer) = slot.consumer.as_mut() {
                consumer.layer = None;
            }
        }
        self.ask_for_key_frames(room_key);
    }

    /// Asks for the key frames that consumers of a room wait for, each producer no more often than it should be asked.
    pub(crate) fn ask_for_key_frames(&mut self, room_key: RoomKey) {
        let now = self.now;
        let Some(room) = self.rooms.get_mut(&room_key) else { return };
        let mut asked = Vec::new();
        for producer in room.producers.values_mut().filter(|producer| producer.kind == Kind::Video) {
            for consumer in &producer.consumers {
                let receiver =
                    self.transports.get(consumer.transport).filter(|t| t.phase == Phase::Connected);
                let slot = receiver.and_then(|receiver| receiver.slots.get(consumer.slot));
                let Some(consumer) = slot.and_then(|slot| slot.consumer.as_ref()) else { continue };
                if consumer.target != consumer.layer
                    && let Some(layer) = consumer.target.and_then(|target| producer.layers.get_mut(target))
                {
                    layer.want_key_frame();
                }
            }
            for layer in &mut producer.layers {
                if layer.is_flowing(now) && layer.take_key_frame_request(now) {
                    asked.push((producer.transport, producer.mid, layer.rid));
                }
            }
        }
        self.request_key_frames(asked);
    }

    /// Asks those who send for key frames of layers.
    fn request_key_frames(&mut self, asked: Vec<(TransportKey, Mid, Option<Rid>)>) {
        for (key, mid, rid) in asked {
            let Some(transport) = self.transports.get_mut(key) else { continue };
            self.totals.key_frames_asked = self.totals.key_frames_asked.saturating_add(1);
            match transport.request_key_frame(mid, rid) {
                Ok(()) => self.touch(key),
                Err(fault) => self.doom(key, fault),
            }
        }
    }
}
