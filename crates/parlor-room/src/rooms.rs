//! All rooms, and the ways to find one: by key, by id.

use std::collections::BTreeMap;
use std::ops::Bound;

use parlor_proto::RoomId;

use crate::hash::{KeyedMap, KeyedState};
use crate::room::{Room, RoomKey};

/// The rooms of the server.
#[derive(Debug)]
pub(crate) struct Rooms {
    by_key: BTreeMap<RoomKey, Room>,
    by_id: KeyedMap<RoomId, RoomKey>,
    last_key: RoomKey,
}

impl Rooms {
    pub(crate) fn new(hash_key: &KeyedState) -> Self {
        Self { by_key: BTreeMap::new(), by_id: KeyedMap::with_hasher(hash_key.clone()), last_key: RoomKey(0) }
    }

    pub(crate) fn at(&self, key: RoomKey) -> Option<&Room> {
        self.by_key.get(&key)
    }

    pub(crate) fn at_mut(&mut self, key: RoomKey) -> Option<&mut Room> {
        self.by_key.get_mut(&key)
    }

    pub(crate) fn with_id(&self, id: &RoomId) -> Option<RoomKey> {
        self.by_id.get(id).copied()
    }

    pub(crate) fn len(&self) -> usize {
        self.by_key.len()
    }

    /// In order of making.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (RoomKey, &Room)> {
        self.by_key.iter().map(|(key, room)| (*key, room))
    }

    /// In order of making, from behind one of them if it is given.
    pub(crate) fn after(&self, key: Option<RoomKey>) -> impl Iterator<Item = &Room> {
        let from = key.map_or(Bound::Unbounded, Bound::Excluded);
        self.by_key.range((from, Bound::Unbounded)).map(|(_, room)| room)
    }

    /// A new room. Its id is free.
    pub(crate) fn insert(&mut self, room: Room) -> RoomKey {
        self.last_key = RoomKey(self.last_key.0.saturating_add(1));
        self.by_id.insert(room.id.clone(), self.last_key);
        self.by_key.insert(self.last_key, room);
        self.last_key
    }

    pub(crate) fn remove(&mut self, key: RoomKey) -> Option<Room> {
        let room = self.by_key.remove(&key)?;
        self.by_id.remove(&room.id);
        Some(room)
    }
}
