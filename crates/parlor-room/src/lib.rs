//! The registry: sessions, rooms, participants and the room list, as a pure state machine.
