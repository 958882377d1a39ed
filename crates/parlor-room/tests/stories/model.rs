//! The registry's rules once more, as plainly as they can be said: lists of people and rooms that are searched from
//! front to back. No frames, no numbers, no timers; only who is where, who is host, how rooms connect, and who is told what.

use std::collections::BTreeMap;

pub const GRACE_MS: u64 = 10_000;
pub const EMPTY_MS: u64 = 60_000;
pub const ROLE_KEPT_MS: u64 = 60_000;
pub const MOVE_MS: u64 = 5_000;
pub const BACK_AFTER_MS: u64 = 30_000;
/// Smaller than the contract's, for few people: to the hub above, and back at or below; with video, and with sound or without it.
pub const MESH_MAX: (u16, u16) = (2, 3);
pub const BACK_MAX: (u16, u16) = (1, 2);

pub type Answer = Result<(), &'static str>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Host,
    Caller,
    Listener,
}

impl Role {
    pub fn word(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Caller => "caller",
            Self::Listener => "listener",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Person {
    /// Sessions are numbered as they begin.
    pub number: u64,
    /// Since when they are suspect.
    pub suspect_since: Option<u64>,
    /// What the others said to them, in order.
    pub heard: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct Room {
    pub id: &'static str,
    pub capacity: usize,
    pub is_locked: bool,
    pub host: String,
    pub members: Vec<(String, Role)>,
    left: Vec<(String, u64, Option<Role>)>,
    empty_since: Option<u64>,
    /// How its settings want it to connect; none: as it needs.
    fixed: Option<&'static str>,
    /// How it connects.
    pub mode: &'static str,
    pub moving: Option<Moving>,
    /// How many moves have begun.
    pub change: u32,
    /// Who has sound, and who has a camera on.
    tracks: BTreeMap<String, (bool, bool)>,
    few_since: Option<u64>,
}

#[derive(Clone, Debug)]
pub struct Moving {
    pub to: &'static str,
    since: u64,
    ready: Vec<String>,
}

#[derive(Default)]
pub struct Model {
    pub now: u64,
    /// When time itself ended something last.
    pub expired_at: u64,
    pub people: BTreeMap<String, Person>,
    pub rooms: Vec<Room>,
    sessions: u64,
}

impl Model {
    pub fn hello(&mut self, who: &str) -> Answer {
        if self.people.contains_key(who) {
            return Err("unavailable-id");
        }
        self.sessions += 1;
        self.people
            .insert(who.to_owned(), Person { number: self.sessions, suspect_since: None, heard: vec![] });
        Ok(())
    }

    pub fn create(&mut self, who: &str, id: &'static str, capacity: usize) -> Answer {
        if self.rooms.iter().any(|room| room.id == id) {
            return Err("room-exists");
        }
        self.rooms.push(Room {
            id,
            capacity,
            is_locked: false,
            host: who.to_owned(),
            members: vec![(who.to_owned(), Role::Host)],
            left: vec![],
            empty_since: None,
            fixed: None,
            mode: "mesh",
            moving: None,
            change: 0,
            tracks: BTreeMap::new(),
            few_since: None,
        });
        Ok(())
    }

    /// With a capacity: the room is made if it is missing.
    pub fn join(
        &mut self,
        who: &str,
        id: &'static str,
        asked: Option<Role>,
        capacity: Option<usize>,
    ) -> Answer {
        let now = self.now;
        let is_missing = !self.rooms.iter().any(|room| room.id == id);
        if let (true, Some(capacity)) = (is_missing, capacity) {
            self.create(who, id, capacity)?;
            self.rooms.last_mut().unwrap().members[0].1 = asked.unwrap_or(Role::Host);
            return Ok(());
        }
        let room = self.rooms.iter_mut().find(|room| room.id == id).ok_or("room-not-found")?;
        if room.has(who) {
            return Ok(());
        }
        let kept = room
            .left
            .iter()
            .rev()
            .find(|(other, _, _)| other == who)
            .filter(|(_, at, _)| now - at < ROLE_KEPT_MS)
            .and_then(|(_, _, role)| *role);
        if room.is_locked && kept != Some(Role::Host) {
            return Err("forbidden");
        }
        if room.members.len() >= room.capacity {
            return Err("room-full");
        }
        let usual = if room.members.is_empty() { Role::Host } else { Role::Caller };
        let role = asked.or(kept).unwrap_or(usual);
        let has_host = room.members.iter().any(|(other, role)| *other == room.host && *role == Role::Host);
        if room.members.is_empty() || (role == Role::Host && !has_host) {
            room.host = who.to_owned();
        }
        room.members.push((who.to_owned(), role));
        room.empty_since = None;
        Ok(())
    }

    pub fn leave(&mut self, who: &str, id: &str) -> Answer {
        let now = self.now;
        let room = self.room_with(who, id)?;
        room.remove(who, true, now);
        Ok(())
    }

    pub fn kick(&mut self, who: &str, id: &str, target: &str) -> Answer {
        let now = self.now;
        let room = self.ruled(who, id)?;
        if !room.has(target) {
            return Err("peer-unavailable");
        }
        room.remove(target, false, now);
        Ok(())
    }

    pub fn set_role(&mut self, who: &str, id: &str, target: &str, role: Role) -> Answer {
        let room = self.ruled(who, id)?;
        if !room.has(target) {
            return Err("peer-unavailable");
        }
        let was = room.members.iter().find(|(other, _)| other == target).unwrap().1;
        for (other, old) in &mut room.members {
            if other == target {
                *old = role;
            }
        }
        if target == room.host && role != Role::Host && was != role {
            room.elect(Some(target));
        }
        Ok(())
    }

    pub fn lock(&mut self, who: &str, id: &str, is_locked: bool) -> Answer {
        self.ruled(who, id)?.is_locked = is_locked;
        Ok(())
    }

    pub fn set_topology(&mut self, who: &str, id: &str, topology: &'static str) -> Answer {
        self.ruled(who, id)?.fixed = Some(topology).filter(|topology| *topology != "auto");
        Ok(())
    }

    pub fn publish(&mut self, who: &str, id: &str, audio: bool, video: bool) -> Answer {
        self.room_with(who, id)?.tracks.insert(who.to_owned(), (audio, video));
        Ok(())
    }

    pub fn ready(&mut self, who: &str, id: &str, change: u32) -> Answer {
        let room = self.room_with(who, id)?;
        let current = room.change;
        if let Some(moving) = room.moving.as_mut().filter(|_| current == change) {
            moving.ready.push(who.to_owned());
        }
        Ok(())
    }

    pub fn end(&mut self, who: &str, id: &str) -> Answer {
        self.ruled(who, id)?;
        self.rooms.retain(|room| room.id != id);
        Ok(())
    }

    /// To one, or to all others of the room.
    pub fn say(&mut self, who: &str, id: &str, to: Option<&str>, what: &str) -> Answer {
        let members = self.room_with(who, id)?.members.clone();
        let others: Vec<&String> =
            members.iter().map(|(other, _)| other).filter(|other| *other != who).collect();
        match to {
            Some(to) if !others.iter().any(|other| *other == to) => return Err("peer-unavailable"),
            _ => {}
        }
        for other in others.into_iter().filter(|other| to.is_none_or(|to| *other == to)) {
            self.people.get_mut(other).unwrap().heard.push(what.to_owned());
        }
        Ok(())
    }

    pub fn offer(&mut self, who: &str, to: &str, what: &str) -> Answer {
        if who == to || !self.rooms.iter().any(|room| room.has(who) && room.has(to)) {
            return Err("peer-unavailable");
        }
        self.people.get_mut(to).unwrap().heard.push(what.to_owned());
        Ok(())
    }

    /// A session ends.
    pub fn gone(&mut self, who: &str) {
        self.people.remove(who);
        let now = self.now;
        for room in &mut self.rooms {
            if room.has(who) {
                room.remove(who, true, now);
            }
        }
    }

    pub fn pass_until(&mut self, end: u64) {
        loop {
            let graces = self.people.iter().filter_map(|(id, person)| {
                Some((person.suspect_since? + GRACE_MS, 0, person.number, id.clone()))
            });
            let empties = self
                .rooms
                .iter()
                .filter_map(|room| Some((room.empty_since? + EMPTY_MS, 1, 0, room.id.to_owned())));
            let moves =
                self.rooms.iter().filter_map(|room| Some((room.moves_at()?, 2, 0, room.id.to_owned())));
            match graces.chain(empties).chain(moves).min().filter(|(at, ..)| *at <= end) {
                None => break,
                Some((at, kind, _, name)) => {
                    self.now = at;
                    match kind {
                        0 => self.gone(&name),
                        1 => self.rooms.retain(|room| room.id != name),
                        _ => {}
                    }
                    if kind < 2 {
                        self.expired_at = at;
                    }
                    self.settle();
                }
            }
        }
        self.now = end;
    }

    /// Rooms go as far as they can now.
    pub fn settle(&mut self) {
        let suspect = |who: &str| self.people.get(who).is_none_or(|person| person.suspect_since.is_some());
        for room in &mut self.rooms {
            while room.step(self.now, suspect) {}
        }
    }

    /// As [`super::world::World::shown`], with roles.
    pub fn shown(&self) -> Vec<String> {
        self.rooms.iter().map(Room::shown).collect()
    }

    pub fn rooms_of(&self, who: &str) -> Vec<&Room> {
        self.rooms.iter().filter(|room| room.has(who)).collect()
    }

    fn room_with(&mut self, who: &str, id: &str) -> Result<&mut Room, &'static str> {
        self.rooms.iter_mut().find(|room| room.id == id && room.has(who)).ok_or("not-in-room")
    }

    fn ruled(&mut self, who: &str, id: &str) -> Result<&mut Room, &'static str> {
        let room = self.room_with(who, id)?;
        let is_host = room.members.iter().any(|(other, role)| other == who && *role == Role::Host);
        if is_host { Ok(room) } else { Err("forbidden") }
    }
}

impl Room {
    pub fn has(&self, who: &str) -> bool {
        self.members.iter().any(|(other, _)| other == who)
    }

    /// When time alone moves it.
    fn moves_at(&self) -> Option<u64> {
        match &self.moving {
            Some(moving) => Some(moving.since + MOVE_MS),
            None => Some(self.few_since? + BACK_AFTER_MS),
        }
    }

    /// False if there is nothing to do now.
    fn step(&mut self, now: u64, suspect: impl Fn(&str) -> bool) -> bool {
        let present = self.members.len();
        let has_video = self.tracks.values().any(|(_, video)| *video);
        let has_audio = self.tracks.values().any(|(audio, _)| *audio);
        let above = |max: u16| present > usize::from(max);
        let wanted = if let Some(Moving { to, since, ready }) = &self.moving {
            let awaited = |who: &String| !suspect(who) && !ready.contains(who);
            if self.fixed.is_none_or(|fixed| fixed == *to) {
                let waits = present > 1 && self.members.iter().any(|(who, _)| awaited(who));
                if waits && now < since + MOVE_MS {
                    return false;
                }
                self.mode = to;
                self.moving = None;
                return true;
            }
            self.fixed.unwrap()
        } else {
            let is_few = self.fixed.is_none()
                && self.mode == "sfu"
                && !above(if has_video { BACK_MAX.0 } else { BACK_MAX.1 });
            self.few_since = is_few.then(|| self.few_since.unwrap_or(now));
            let is_back = self.few_since.is_some_and(|since| now >= since + BACK_AFTER_MS);
            let goes_up = has_video && above(MESH_MAX.0) || has_audio && above(MESH_MAX.1);
            let wanted = match self.fixed {
                Some(fixed) => fixed,
                None if is_back => "mesh",
                None if goes_up => "sfu",
                None => self.mode,
            };
            if wanted == self.mode {
                return false;
            }
            wanted
        };
        self.change += 1;
        self.moving = Some(Moving { to: wanted, since: now, ready: vec![] });
        self.few_since = None;
        true
    }

    fn remove(&mut self, who: &str, keeps_role: bool, now: u64) {
        self.tracks.remove(who);
        let role = self.members.iter().find(|(other, _)| other == who).map(|(_, role)| *role);
        self.members.retain(|(other, _)| other != who);
        self.left.push((who.to_owned(), now, role.filter(|_| keeps_role)));
        if self.host == who {
            self.elect(None);
        }
        if self.members.is_empty() {
            self.empty_since = Some(now);
        }
    }

    fn elect(&mut self, except: Option<&str>) {
        let others =
            || self.members.iter().enumerate().filter(|(_, (other, _))| Some(other.as_str()) != except);
        let heir = others().find(|(_, (_, role))| *role == Role::Host).or_else(|| others().next());
        if let Some(at) = heir.map(|(at, _)| at) {
            self.members[at].1 = Role::Host;
            self.host = self.members[at].0.clone();
        }
    }

    fn shown(&self) -> String {
        let names: Vec<String> = self
            .members
            .iter()
            .map(|(who, role)| format!("{who}:{}{}", role.word(), if *who == self.host { "*" } else { "" }))
            .collect();
        format!("{} {}/{}", self.id, names.join(" "), self.capacity)
    }
}
