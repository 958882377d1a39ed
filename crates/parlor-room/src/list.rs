//! The room list: its version, and its text, made once for all who watch it (RR-11). When it is sent to whom is in
//! `watch.rs`.
//!
//! Each room's part of the text is kept and made anew only when that room has changed; a list or a difference is put
//! together from the parts. A room with a large part is taken in anew at most every `list_repeat_ms`: whoever watches would else be sent
//! all who are in it each time that one comes or goes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use parlor_proto::server::RoomListDigest;
use parlor_proto::{RoomId, ServerMessage, Time};

use crate::config::Config;
use crate::room::RoomKey;
use crate::rooms::Rooms;

/// Text around the rooms of a list, with the longest version.
const FRAME_BYTES: usize = 80;

/// The listed rooms as text.
#[derive(Debug)]
pub(crate) struct RoomList {
    /// Grows with each change that anyone was shown. The first list has 1.
    version: u64,
    /// In order of making.
    parts: BTreeMap<RoomKey, Part>,
    /// Bytes of all parts, with a comma each.
    bytes: usize,
    /// Rooms that may look other than their parts.
    stale: BTreeSet<RoomKey>,
    /// Rooms in which peers came or went. There may be thousands of them: looked at only when somebody watches.
    crowded: BTreeSet<RoomKey>,
    /// Large rooms that changed since they were taken in.
    late: BTreeSet<RoomKey>,
    /// From when on these are taken in.
    late_at: Time,
    /// Rooms that changed since the watchers of differences were all told, with the version that did it.
    recent: BTreeMap<RoomId, u64>,
    /// The whole list of the present version.
    whole: Option<Arc<str>>,
    /// Whole lists encoded.
    pub(crate) lists_encoded: u64,
    /// Differences and digests encoded.
    pub(crate) deltas_encoded: u64,
}

#[derive(Debug)]
struct Part {
    id: RoomId,
    json: Box<str>,
}

impl RoomList {
    pub(crate) fn new() -> Self {
        Self {
            version: 1,
            parts: BTreeMap::new(),
            bytes: 0,
            stale: BTreeSet::new(),
            crowded: BTreeSet::new(),
            late: BTreeSet::new(),
            late_at: Time::default(),
            recent: BTreeMap::new(),
            whole: None,
            lists_encoded: 0,
            deltas_encoded: 0,
        }
    }

    /// A room was made, changed or ended.
    pub(crate) fn on_change(&mut self, room: RoomKey) {
        self.crowded.remove(&room);
        self.stale.insert(room);
    }

    /// Peers came into a room, or went.
    pub(crate) fn on_peers(&mut self, room: RoomKey) {
        if !self.stale.contains(&room) {
            self.crowded.insert(room);
        }
    }

    /// Whether there may be something that no watcher was shown, and that need not wait for its time.
    pub(crate) fn has_changes(&self) -> bool {
        !self.stale.is_empty() || !self.crowded.is_empty()
    }

    /// When what waits for its time can be taken in; none if nothing does.
    pub(crate) fn late_at(&self) -> Option<Time> {
        (!self.late.is_empty()).then_some(self.late_at)
    }

    /// The version that [`Self::update`] led to.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// How many rooms it has.
    pub(crate) fn len(&self) -> usize {
        self.parts.len()
    }

    /// About how many bytes the whole list has, without encoding it.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.saturating_add(FRAME_BYTES)
    }

    /// Takes the rooms' changes in. The version grows if the list looks other than before. Large rooms that were taken in a short time
    /// ago wait, but for those that are gone.
    pub(crate) fn update(&mut self, rooms: &Rooms, config: &Config, now: Time) {
        let Self { parts, stale, crowded, late, .. } = self;
        let bytes = |key: &RoomKey| match parts.get(key) {
            Some(part) if rooms.at(*key).is_some() => part.json.len(),
            _ => 0,
        };
        // Peers are many, and come and go in shoals.
        let large = stale.extract_if(.., |key| bytes(key) > config.list_bytes_large);
        late.extend(large);
        late.extend(crowded.extract_if(.., |key| bytes(key) > config.list_peers_bytes_large));
        stale.append(crowded);
        if !late.is_empty() && self.late_at <= now {
            stale.append(late);
            self.late_at = now + config.list_repeat_ms;
        }
        self.settle(rooms);
    }

    /// As [`Self::update`], but for what costs much and nobody watches.
    pub(crate) fn settle(&mut self, rooms: &Rooms) {
        let version = self.version.saturating_add(1);
        while let Some(key) = self.stale.pop_first() {
            let part = rooms.at(key).filter(|room| room.is_listed).map(|room| Part {
                id: room.id.clone(),
                // A summary has no map with keys that are no strings: it can't fail.
                json: serde_json::to_string(&room.summary()).unwrap_or_default().into(),
            });
            let is_same = match (self.parts.get(&key), &part) {
                (Some(old), Some(new)) => old.json == new.json,
                (None, None) => true,
                _ => false,
            };
            if is_same {
                continue;
            }
            self.version = version;
            self.whole = None;
            if let Some(part) = &part {
                self.bytes = self.bytes.saturating_add(part.json.len()).saturating_add(1);
                self.recent.insert(part.id.clone(), version);
            }
            let old = match part {
                Some(part) => self.parts.insert(key, part),
                None => self.parts.remove(&key),
            };
            if let Some(old) = old {
                self.bytes = self.bytes.saturating_sub(old.json.len()).saturating_sub(1);
                self.recent.insert(old.id, version);
            }
        }
    }

    /// All watchers of differences have been told: what they know need not be kept.
    pub(crate) fn on_deltas_sent(&mut self) {
        self.recent.clear();
    }

    /// `server-room-list`: the same text until the version changes.
    pub(crate) fn whole(&mut self) -> Arc<str> {
        if let Some(text) = &self.whole {
            return Arc::clone(text);
        }
        let mut text = String::with_capacity(self.bytes());
        open(&mut text, "server-room-list", self.version, "");
        push_list(&mut text, "rooms", self.parts.values().map(|part| &*part.json));
        text.push_str("}}");
        self.lists_encoded = self.lists_encoded.saturating_add(1);
        let text: Arc<str> = text.into();
        self.whole = Some(Arc::clone(&text));
        text
    }

    /// `room-list-delta` from an earlier version to the present one.
    pub(crate) fn delta(&mut self, from: u64, rooms: &Rooms) -> Arc<str> {
        let changed_since = || self.recent.iter().filter(|(_, version)| **version > from);
        let part = |id: &RoomId| rooms.with_id(id).and_then(|key| self.parts.get(&key));
        let mut text = String::new();
        open(&mut text, "room-list-delta", self.version, &format!(",\"from\":{from}"));
        push_list(&mut text, "changed", changed_since().filter_map(|(id, _)| Some(&*part(id)?.json)));
        let removed: Vec<String> =
            changed_since().filter(|(id, _)| part(id).is_none()).map(|(id, _)| format!("\"{id}\"")).collect();
        push_list(&mut text, "removed", removed.iter().map(String::as_str));
        text.push_str("}}");
        self.deltas_encoded = self.deltas_encoded.saturating_add(1);
        text.into()
    }

    /// `room-list-digest` of the present version.
    pub(crate) fn digest(&mut self) -> Arc<str> {
        self.deltas_encoded = self.deltas_encoded.saturating_add(1);
        let count = u32::try_from(self.parts.len()).unwrap_or(u32::MAX);
        ServerMessage::RoomListDigest(RoomListDigest { version: self.version, count }).encode().text()
    }
}

fn open(text: &mut String, kind: &str, version: u64, rest: &str) {
    // Writing into a string can't fail.
    let _ = write!(text, "{{\"type\":\"{kind}\",\"data\":{{\"version\":{version}{rest}");
}

fn push_list<'a>(text: &mut String, name: &str, items: impl Iterator<Item = &'a str>) {
    let _ = write!(text, ",\"{name}\":[");
    for (at, item) in items.enumerate() {
        if at > 0 {
            text.push(',');
        }
        text.push_str(item);
    }
    text.push(']');
}
