//! One room: its settings, who is in it, who left it a short time ago, and its log. Who may change what is decided
//! elsewhere; how it is found is in `rooms.rs`.

use std::collections::{BTreeMap, VecDeque};

use parlor_proto::client::{RoomSettings, UpdateRoom};
use parlor_proto::{
    Grade, LeaveReason, Mix, Mode, Name, Participant, Receive, Role, RoomDetails, RoomId, RoomSummary,
    SummaryParticipant, Time, Timestamp, Topology, UserId, Via, limits,
};

use crate::config::Config;
use crate::log::RoomLog;
use crate::mode::{self, Crowd};
use crate::moves::Footing;
use crate::password::Password;
use crate::roster::Roster;
use crate::session::SessionKey;

/// A room, for as long as the server runs; a later room of the same id has another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RoomKey(pub(crate) u64);

/// A participant, the session behind, and what of them the roster does not show.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) session: SessionKey,
    pub(crate) participant: Participant,
    pub(crate) is_recording: bool,
    /// Whether they have offered to the hub, which holds something for them since.
    pub(crate) is_at_hub: bool,
    /// What they want to receive of the hub.
    pub(crate) wishes: Option<Receive>,
    /// How well their path to the hub works, as the hub said last.
    pub(crate) hub_grade: Option<Grade>,
    /// The last move of the room for which they said that they are ready; 0: none.
    pub(crate) ready: u32,
    /// No other stay in any room has this number.
    pub(crate) stay: u64,
}

/// Who is in a room by PeerJS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guest {
    /// Who.
    pub id: UserId,
    /// The name that is shown: the id, as the client has it.
    pub name: Name,
    /// Since when.
    pub joined_at: Timestamp,
}

/// Who is in a room, by whichever door they came.
#[derive(Clone, Debug, PartialEq)]
pub enum Present {
    /// By `/ws`.
    Participant(Participant),
    /// By PeerJS: the server knows nothing of what they publish.
    Guest(Guest),
}

/// Who left, and what they would come back as.
#[derive(Clone, Debug)]
struct Departed {
    user_id: UserId,
    at: Time,
    /// None for someone who was removed.
    role: Option<Role>,
}

/// Who is to be host, and whether that gave them the role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostChange {
    pub(crate) from: UserId,
    pub(crate) to: UserId,
    /// The new host as they are now, if their role changed.
    pub(crate) promoted: Option<Participant>,
}

/// A room.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) id: RoomId,
    name: Name,
    host_id: UserId,
    host_name: Name,
    created_at: Timestamp,
    capacity: u16,
    topology: Topology,
    mix: Mix,
    pub(crate) is_listed: bool,
    pub(crate) is_locked: bool,
    pub(crate) password: Option<Password>,
    /// Who may be in it, by an operator's word; none: everybody.
    pub(crate) roster: Option<Roster>,
    members: Vec<Member>,
    /// By which door one gets in, if none but peers made it.
    pub(crate) via: Option<Via>,
    /// Who is here by PeerJS, by the numbers of their stays.
    peers: BTreeMap<u64, Guest>,
    pub(crate) footing: Footing,
    /// Whether anybody ever offered to the hub.
    pub(crate) had_hub: bool,
    departed: VecDeque<Departed>,
    pub(crate) log: RoomLog,
    /// When it ends unless someone comes.
    pub(crate) ends_at: Option<Time>,
    /// Where its timer stands.
    pub(crate) armed: Option<Time>,
}

impl Room {
    /// An empty room; its maker is named as host and comes in next.
    pub(crate) fn new(
        id: RoomId,
        name: Name,
        host: (UserId, Name),
        settings: &RoomSettings,
        config: &Config,
        now: Time,
    ) -> Self {
        let topology = settings.topology.unwrap_or(Topology::Auto);
        let mix = settings.mix.unwrap_or(Mix::Direct);
        Self {
            id,
            name,
            host_id: host.0,
            host_name: host.1,
            created_at: Timestamp(now),
            capacity: settings.capacity.unwrap_or(limits::CAPACITY_DEFAULT),
            topology,
            mix,
            is_listed: settings.listed.unwrap_or(true),
            is_locked: false,
            password: Password::from_setting(settings.password.as_deref()),
            roster: None,
            members: Vec::new(),
            via: None,
            peers: BTreeMap::new(),
            footing: Footing::new(mode::fixed(topology, mix).unwrap_or(Mode::Mesh)),
            had_hub: false,
            departed: VecDeque::new(),
            log: RoomLog::new(config.room_log_entries_max),
            ends_at: None,
            armed: None,
        }
    }

    pub(crate) fn name(&self) -> &Name {
        &self.name
    }

    pub(crate) fn host_id(&self) -> &UserId {
        &self.host_id
    }

    pub(crate) fn capacity(&self) -> u16 {
        self.capacity
    }

    pub(crate) fn mix(&self) -> Mix {
        self.mix
    }

    /// In order of joining.
    pub(crate) fn members(&self) -> &[Member] {
        &self.members
    }

    pub(crate) fn member(&self, session: SessionKey) -> Option<&Member> {
        self.members.iter().find(|member| member.session == session)
    }

    pub(crate) fn participant_mut(&mut self, session: SessionKey) -> Option<&mut Participant> {
        self.members.iter_mut().find(|member| member.session == session).map(|member| &mut member.participant)
    }

    /// Who records, in order of joining.
    pub(crate) fn recording(&self) -> Vec<UserId> {
        let recording = self.members.iter().filter(|member| member.is_recording);
        recording.map(|member| member.participant.id.clone()).collect()
    }

    /// Someone begins or ends a recording. True if they did not before.
    pub(crate) fn set_recording(&mut self, session: SessionKey, is_recording: bool) -> bool {
        let member = self.members.iter_mut().find(|member| member.session == session);
        member.is_some_and(|member| change(&mut member.is_recording, Some(is_recording)))
    }

    /// From now on the hub holds something for them; what they want of it.
    pub(crate) fn enter_hub(&mut self, session: SessionKey) -> Option<Receive> {
        self.had_hub = true;
        let member = self.members.iter_mut().find(|member| member.session == session)?;
        member.is_at_hub = true;
        member.wishes.clone()
    }

    pub(crate) fn set_wishes(&mut self, session: SessionKey, wishes: Receive) {
        if let Some(member) = self.members.iter_mut().find(|member| member.session == session) {
            member.wishes = Some(wishes);
        }
    }

    pub(crate) fn has(&self, user_id: &UserId) -> bool {
        self.members.iter().any(|member| member.participant.id == *user_id)
    }

    /// The mode in force.
    pub(crate) fn mode(&self) -> Mode {
        self.footing.mode
    }

    /// The mode that the settings hold it in; none if that depends.
    pub(crate) fn fixed_mode(&self) -> Option<Mode> {
        mode::fixed(self.topology, self.mix)
    }

    /// Who of it counts for its mode.
    pub(crate) fn crowd(&self) -> Crowd {
        Crowd::of(self.members.iter().map(|member| &member.participant))
    }

    /// Someone is ready for a move.
    pub(crate) fn set_ready(&mut self, session: SessionKey, change: u32) {
        if let Some(member) = self.members.iter_mut().find(|member| member.session == session) {
            member.ready = change;
        }
    }

    /// How well the hub says that somebody's path works; the participant, if that is shown.
    pub(crate) fn set_hub_grade(&mut self, session: SessionKey, grade: Grade) -> Option<Participant> {
        let is_star = self.mode() == Mode::Sfu;
        let member = self.members.iter_mut().find(|member| member.session == session)?;
        member.hub_grade = Some(grade);
        (is_star && change(&mut member.participant.grade, Some(Some(grade))))
            .then(|| member.participant.clone())
    }

    /// The mode in force is another one. A path that is not in force has no grade, and one that is has what the hub said of
    /// it. Returns those of whom there is something to tell: clients begin with nothing.
    pub(crate) fn on_mode(&mut self, mode: Mode) -> Vec<Participant> {
        self.footing.mode = mode;
        for member in &mut self.members {
            member.participant.grade = member.hub_grade.filter(|_| mode == Mode::Sfu);
        }
        let is_worse = |grade: Option<Grade>| grade.is_some_and(|grade| grade != Grade::Good);
        let participants = self.members.iter().map(|member| &member.participant);
        participants.filter(|participant| is_worse(participant.grade)).cloned().collect()
    }

    /// Those who are at the hub, and no longer are.
    pub(crate) fn take_from_hub(&mut self) -> Vec<(UserId, u64)> {
        let at_hub = self.members.iter_mut().filter(|member| member.is_at_hub);
        at_hub
            .map(|member| {
                (member.is_at_hub, member.hub_grade) = (false, None);
                (member.participant.id.clone(), member.stay)
            })
            .collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty() && self.peers.is_empty()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.members.len().saturating_add(self.peers.len()) >= usize::from(self.capacity)
    }

    /// How many are here by PeerJS.
    pub(crate) fn peers(&self) -> usize {
        self.peers.len()
    }

    /// A peer comes in. In a room without participants it stands for the host.
    pub(crate) fn seat(&mut self, stay: u64, guest: Guest) {
        if self.is_empty() {
            (self.host_id, self.host_name) = (guest.id.clone(), guest.name.clone());
        }
        self.peers.insert(stay, guest);
    }

    /// A peer goes. If it stood for the host, the one that has been here longest does.
    pub(crate) fn unseat(&mut self, stay: u64) {
        let Some(Guest { id, .. }) = self.peers.remove(&stay) else { return };
        if self.members.is_empty()
            && self.host_id == id
            && let Some(Guest { id, name, .. }) = self.peers.values().next()
        {
            (self.host_id, self.host_name) = (id.clone(), name.clone());
        }
    }

    pub(crate) fn participants(&self) -> Vec<Participant> {
        self.members.iter().map(|member| member.participant.clone()).collect()
    }

    /// Everybody, in order of joining.
    pub(crate) fn present(&self) -> Vec<Present> {
        let members =
            self.members.iter().map(|member| (member.stay, Present::Participant(member.participant.clone())));
        let peers = self.peers.iter().map(|(stay, guest)| (*stay, Present::Guest(guest.clone())));
        let mut present: Vec<_> = members.chain(peers).collect();
        present.sort_by_key(|(stay, _)| *stay);
        present.into_iter().map(|(_, present)| present).collect()
    }

    pub(crate) fn summary(&self) -> RoomSummary {
        let members = self.members.iter().map(|Member { participant, stay, .. }| {
            let Participant { id, name, role, .. } = participant.clone();
            (*stay, SummaryParticipant { id, name, role, via: None })
        });
        let peers = self.peers.iter().map(|(stay, Guest { id, name, .. })| {
            let (id, name) = (id.clone(), name.clone());
            (*stay, SummaryParticipant { id, name, role: Role::Caller, via: Some(Via::Peerjs) })
        });
        let mut participants: Vec<_> = members.chain(peers).collect();
        participants.sort_by_key(|(stay, _)| *stay);
        RoomSummary {
            id: self.id.clone(),
            name: self.name.clone(),
            host: self.host_name.clone(),
            host_id: self.host_id.clone(),
            created_at: self.created_at,
            capacity: self.capacity,
            topology: self.topology,
            via: self.via,
            participants: participants.into_iter().map(|(_, participant)| participant).collect(),
        }
    }

    pub(crate) fn details(&self) -> RoomDetails {
        RoomDetails { summary: self.summary(), mix: self.mix, listed: self.is_listed, locked: self.is_locked }
    }

    /// Someone comes in. In an empty room they are the host whatever their role; where the host does not have the
    /// role and they do, it is theirs too.
    pub(crate) fn admit(&mut self, member: Member) -> Option<HostChange> {
        let is_host_in_role = self
            .members
            .iter()
            .any(|other| other.participant.id == self.host_id && other.participant.role == Role::Host);
        let takes_over =
            self.members.is_empty() || (member.participant.role == Role::Host && !is_host_in_role);
        let host = (member.participant.id.clone(), member.participant.name.clone());
        self.departed.retain(|departed| departed.user_id != member.participant.id);
        self.members.push(member);
        takes_over.then(|| self.name_host(host)).flatten()
    }

    /// Someone goes; what they were is remembered for a while, unless they were removed.
    pub(crate) fn dismiss(
        &mut self,
        session: SessionKey,
        reason: LeaveReason,
        config: &Config,
        now: Time,
    ) -> Option<Member> {
        let at = self.members.iter().position(|member| member.session == session)?;
        let member = self.members.remove(at);
        let kept_ms = config.role_kept_ms.max(config.stale_candidate_ms);
        self.departed.retain(|departed| now.ms_since(departed.at) < kept_ms);
        while self.departed.len() >= usize::from(limits::CAPACITY_MAX) {
            self.departed.pop_front();
        }
        self.departed.push_back(Departed {
            user_id: member.participant.id.clone(),
            at: now,
            role: (reason != LeaveReason::Kicked).then_some(member.participant.role),
        });
        Some(member)
    }

    /// The role with which someone left a short time ago.
    pub(crate) fn kept_role(&self, user_id: &UserId, config: &Config, now: Time) -> Option<Role> {
        let departed = self.departed.iter().find(|departed| departed.user_id == *user_id)?;
        departed.role.filter(|_| now.ms_since(departed.at) < config.role_kept_ms)
    }

    /// Whether candidates to someone may still be on their way.
    pub(crate) fn has_just_left(&self, user_id: &UserId, config: &Config, now: Time) -> bool {
        self.departed.iter().any(|departed| {
            departed.user_id == *user_id && now.ms_since(departed.at) < config.stale_candidate_ms
        })
    }

    /// RR-9: someone takes over from a host who is gone. None if the host is there, or nobody is.
    pub(crate) fn hand_over(&mut self) -> Option<HostChange> {
        let is_host_here = self.members.iter().any(|member| member.participant.id == self.host_id);
        if is_host_here { None } else { self.promote(self.heir(None)?) }
    }

    /// Someone takes over from the host, who stays in the room. None if there is nobody else.
    pub(crate) fn hand_over_from(&mut self, session: SessionKey) -> Option<HostChange> {
        self.promote(self.heir(Some(session))?)
    }

    /// Changes what is given. True if anything is other than before.
    pub(crate) fn update(&mut self, update: &UpdateRoom) -> bool {
        let UpdateRoom { room_id: _, name, capacity, topology, mix, locked } = update;
        let changes = [
            change(&mut self.name, name.clone()),
            change(&mut self.capacity, *capacity),
            change(&mut self.topology, *topology),
            change(&mut self.mix, *mix),
            change(&mut self.is_locked, *locked),
        ];
        changes.contains(&true)
    }

    /// What the capacity and the topology would be after an update.
    pub(crate) fn shape_after(&self, update: &UpdateRoom) -> (u16, Topology) {
        (update.capacity.unwrap_or(self.capacity), update.topology.unwrap_or(self.topology))
    }

    /// Whether those who are around the hub would have to come back to a mesh after an update.
    pub(crate) fn would_come_back(&self, update: &UpdateRoom) -> bool {
        let topology = update.topology.unwrap_or(self.topology);
        let mix = update.mix.unwrap_or(self.mix);
        self.mode() == Mode::Sfu && mode::fixed(topology, mix) == Some(Mode::Mesh)
    }

    /// Of those with the role who has been there longest, else who has been there longest.
    fn heir(&self, except: Option<SessionKey>) -> Option<usize> {
        let candidates =
            || self.members.iter().enumerate().filter(|(_, member)| Some(member.session) != except);
        candidates()
            .find(|(_, member)| member.participant.role == Role::Host)
            .or_else(|| candidates().next())
            .map(|(at, _)| at)
    }

    fn promote(&mut self, at: usize) -> Option<HostChange> {
        let participant = &mut self.members.get_mut(at)?.participant;
        let has_new_role = participant.role != Role::Host;
        participant.role = Role::Host;
        let promoted = has_new_role.then(|| participant.clone());
        let host = (participant.id.clone(), participant.name.clone());
        self.name_host(host).map(|change| HostChange { promoted, ..change })
    }

    /// The name changes also where the person stays the same: they may come back under another.
    fn name_host(&mut self, (id, name): (UserId, Name)) -> Option<HostChange> {
        self.host_name = name;
        if self.host_id == id {
            return None;
        }
        let from = std::mem::replace(&mut self.host_id, id.clone());
        Some(HostChange { from, to: id, promoted: None })
    }
}

fn change<T: PartialEq>(setting: &mut T, to: Option<T>) -> bool {
    match to {
        Some(to) if to != *setting => {
            *setting = to;
            true
        }
        _ => false,
    }
}
