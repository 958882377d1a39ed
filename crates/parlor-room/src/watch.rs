//! Who watches the room list, and when they are sent what: at once after a quiet time, then merged to one in
//! `list_merge_ms`; again every `list_repeat_ms`; large lists only then, and only if changed (RR-4, RR-11). How the
//! texts are made is in `list.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use parlor_proto::Time;

use crate::config::Config;
use crate::io::FrameKind;
use crate::list::RoomList;
use crate::outbound::Outbound;
use crate::rooms::Rooms;
use crate::session::{Session, SessionKey, Watch};
use crate::sessions::Sessions;

/// The watchers and their clock.
#[derive(Debug, Default)]
pub(crate) struct Watchers {
    keys: BTreeSet<SessionKey>,
    /// There are watchers who were shown nothing yet.
    is_wanted: bool,
    /// When everyone was sent something last.
    sent_at: Option<Time>,
    /// What they were shown then. One who asked in between may have been shown more.
    sent_version: u64,
    /// When everyone is sent it again. None while nobody watches.
    repeat_at: Option<Time>,
}

impl Watchers {
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// A session watches from now on. True if it did not before.
    pub(crate) fn insert(
        &mut self,
        key: SessionKey,
        session: &mut Session,
        config: &Config,
        now: Time,
    ) -> bool {
        let is_new = session.watch == Watch::No;
        if is_new {
            session.watch = Watch::Lists { seen: 0 };
            self.keys.insert(key);
            self.repeat_at.get_or_insert(now + config.list_repeat_ms);
        }
        is_new
    }

    /// There is a watcher who was shown nothing yet, and need not be shown it in this moment.
    pub(crate) fn want(&mut self) {
        self.is_wanted = true;
    }

    pub(crate) fn remove(&mut self, key: SessionKey) {
        self.keys.remove(&key);
        if self.keys.is_empty() {
            self.repeat_at = None;
            self.is_wanted = false;
        }
    }

    /// When something is to be sent.
    pub(crate) fn wake_at(&self, list: &RoomList, config: &Config) -> Option<Time> {
        if self.keys.is_empty() {
            return None;
        }
        let merged_at = self.sent_at.map_or(Time::default(), |at| at + config.list_merge_ms);
        if self.is_wanted || list.has_changes() || list.version() != self.sent_version {
            return Some(merged_at);
        }
        [self.repeat_at, list.late_at()].into_iter().flatten().min().map(|at| at.max(merged_at))
    }

    /// Sends the list at once to one session, which has asked for it.
    pub(crate) fn answer(
        key: SessionKey,
        list: &mut RoomList,
        rooms: &Rooms,
        sessions: &mut Sessions,
        outbound: &mut Outbound,
        config: &Config,
        now: Time,
    ) {
        list.update(rooms, config, now);
        let Some(session) = sessions.at_mut(key) else { return };
        match &mut session.watch {
            Watch::No => return,
            Watch::Lists { seen } | Watch::Deltas { seen } => *seen = list.version(),
        }
        if let Some(conn) = session.link.conn() {
            outbound.send(conn, list.whole(), FrameKind::List);
        }
    }

    /// Sends what is due.
    pub(crate) fn on_time(
        &mut self,
        list: &mut RoomList,
        rooms: &Rooms,
        sessions: &mut Sessions,
        outbound: &mut Outbound,
        config: &Config,
        now: Time,
    ) {
        if self.keys.is_empty() {
            list.settle(rooms);
            list.on_deltas_sent();
            self.sent_version = list.version();
            return;
        }
        if self.wake_at(list, config).is_none_or(|at| at > now) {
            return;
        }
        let is_repeat = self.repeat_at.is_some_and(|at| at <= now);
        if is_repeat {
            self.repeat_at = Some(now + config.list_repeat_ms);
        }
        self.is_wanted = false;
        self.sent_at = Some(now);
        list.update(rooms, config, now);
        self.sent_version = list.version();
        let mut sending = Sending::new(list, rooms, is_repeat, config);
        for key in &self.keys {
            if let Some(session) = sessions.at_mut(*key) {
                sending.send(session, outbound);
            }
        }
        list.on_deltas_sent();
    }
}

/// One round to all watchers.
struct Sending<'a> {
    list: &'a mut RoomList,
    rooms: &'a Rooms,
    is_repeat: bool,
    is_large: bool,
    /// Differences by where they start. Watchers who asked in between start elsewhere than the others.
    deltas: BTreeMap<u64, Arc<str>>,
    digest: Option<Arc<str>>,
}

impl<'a> Sending<'a> {
    fn new(list: &'a mut RoomList, rooms: &'a Rooms, is_repeat: bool, config: &Config) -> Self {
        let is_large = list.bytes() > config.list_bytes_large;
        Self { list, rooms, is_repeat, is_large, deltas: BTreeMap::new(), digest: None }
    }

    fn send(&mut self, session: &mut Session, outbound: &mut Outbound) {
        // Who is away is not sent any: whoever comes back is shown the list then.
        let Some(conn) = session.link.conn() else { return };
        let version = self.list.version();
        match &mut session.watch {
            Watch::No => {}
            Watch::Lists { seen } => {
                let is_due = match (self.is_repeat, self.is_large) {
                    (true, false) => true,
                    (true, true) | (false, false) => *seen != version,
                    (false, true) => *seen == 0,
                };
                if is_due {
                    *seen = version;
                    outbound.send(conn, self.list.whole(), FrameKind::List);
                }
            }
            Watch::Deltas { seen } => {
                if *seen != version {
                    let text = match self.deltas.get(seen) {
                        Some(text) => Arc::clone(text),
                        None => {
                            let text = self.list.delta(*seen, self.rooms);
                            self.deltas.insert(*seen, Arc::clone(&text));
                            text
                        }
                    };
                    *seen = version;
                    outbound.send(conn, text, FrameKind::Delta);
                }
                if self.is_repeat {
                    let digest = self.digest.get_or_insert_with(|| self.list.digest());
                    outbound.send(conn, Arc::clone(digest), FrameKind::Delta);
                }
            }
        }
    }
}
