//! Who records what they hear: everybody in the room is told, and whoever joins. It ends with their being there.

use parlor_proto::ServerMessage;
use parlor_proto::client::Recording;
use parlor_proto::server::RecordingNow;

use crate::log::RoomEvent;
use crate::refusal::NotInRoom;
use crate::registry::Registry;
use crate::room::RoomKey;
use crate::session::SessionKey;

impl Registry {
    pub(crate) fn on_recording(&mut self, key: SessionKey, m: &Recording) -> Result<(), NotInRoom> {
        let room_key = self.room_of(key, &m.room_id)?;
        let Some(room) = self.rooms.at_mut(room_key) else { return Ok(()) };
        if !room.set_recording(key, m.active) {
            return Ok(());
        }
        if let Some(member) = room.member(key) {
            let participant = member.participant.id.clone();
            self.record(room_key, RoomEvent::RecordingChanged { participant, is_recording: m.active });
        }
        self.tell_recording(room_key);
        Ok(())
    }

    /// Tells those in a room who records now.
    pub(crate) fn tell_recording(&mut self, room_key: RoomKey) {
        let Some(room) = self.rooms.at(room_key) else { return };
        let now =
            RecordingNow { room_id: room.id.clone(), recording: room.recording(), epoch: self.config.epoch };
        self.send_to_room(room_key, None, &ServerMessage::Recording(now));
    }
}
