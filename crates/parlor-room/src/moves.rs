//! How a room moves between mesh and hub: `prepare` to all, `commit` when those who are waited for are ready or time is up. Where it
//! belongs is judged in `mode.rs`. Section of the contract: Moving between mesh and hub.

use parlor_proto::{Mode, Phase, ServerMessage, Time, TopologyChange, TopologyReady};

use crate::config::Config;
use crate::log::{MoveCause, RoomEvent};
use crate::refusal::NotInRoom;
use crate::registry::Registry;
use crate::room::{Member, Room, RoomKey};
use crate::session::SessionKey;
use crate::timers::Timer;

/// What a room stands on, and where it goes.
#[derive(Debug)]
pub(crate) struct Footing {
    /// The mode in force.
    pub(crate) mode: Mode,
    moving: Option<Move>,
    /// How many moves have begun.
    changes: u32,
    /// Since when those around the hub have been few enough for a mesh.
    few_since: Option<Time>,
    /// When the hub frees what it holds for a room that no longer needs it.
    hub_freed_at: Option<Time>,
}

/// A move that is under way. It is the last one that has begun.
#[derive(Clone, Copy, Debug)]
struct Move {
    to: Mode,
    since: Time,
}

/// What a room has to do next.
enum Step {
    /// A move begins, also in the place of another.
    Begin(Mode, MoveCause),
    /// The move is done.
    Commit,
    /// The hub has nothing to hold any more.
    FreeHub,
}

impl Footing {
    pub(crate) fn new(mode: Mode) -> Self {
        Self { mode, moving: None, changes: 0, few_since: None, hub_freed_at: None }
    }

    pub(crate) fn is_moving(&self) -> bool {
        self.moving.is_some()
    }

    /// When something is to be done that nobody asks for.
    fn wake_at(&self, config: &Config) -> Option<Time> {
        let at = match self.moving {
            Some(moving) => Some(moving.since + config.move_ms),
            None => self.few_since.map(|since| since + config.back_after_ms),
        };
        [at, self.hub_freed_at].into_iter().flatten().min()
    }
}

impl Room {
    /// Whether its participants may have a path to the hub: also while they come from there, or go.
    pub(crate) fn may_reach_hub(&self) -> bool {
        let is_going_up = self.footing.moving.is_some_and(|moving| moving.to == Mode::Sfu);
        self.fixed_mode() != Some(Mode::Mesh) || self.mode() == Mode::Sfu || is_going_up
    }

    /// How many a move waits for. One who is alone has nobody to go without; who is lost is not waited for.
    fn missing(&self) -> usize {
        let is_missing =
            |member: &&Member| !member.participant.suspect && member.ready != self.footing.changes;
        if self.members().len() > 1 { self.members().iter().filter(is_missing).count() } else { 0 }
    }

    /// What is to be done now. Also sees since when they have been few.
    fn next_step(&mut self, config: &Config, now: Time) -> Option<Step> {
        let (fixed, mode) = (self.fixed_mode(), self.mode());
        if let Some(Move { to, since }) = self.footing.moving {
            // Whatever else has changed is looked at when they have arrived.
            if let Some(fixed) = fixed.filter(|fixed| *fixed != to) {
                return Some(Step::Begin(fixed, MoveCause::Settings));
            }
            let is_done = self.missing() == 0 || since + config.move_ms <= now;
            return is_done.then_some(Step::Commit);
        }
        let crowd = self.crowd();
        let is_few = fixed.is_none() && mode == Mode::Sfu && crowd.fits_mesh(config);
        let few_since = is_few.then(|| self.footing.few_since.unwrap_or(now));
        self.footing.few_since = few_since;
        let wanted = match fixed {
            Some(fixed) => Some((fixed, MoveCause::Settings)),
            None if mode == Mode::Mesh => crowd.outgrows_mesh(config).map(|cause| (Mode::Sfu, cause)),
            None => few_since
                .filter(|since| *since + config.back_after_ms <= now)
                .map(|_| (Mode::Mesh, MoveCause::Few)),
        };
        if let Some((to, cause)) = wanted.filter(|(to, _)| *to != mode) {
            return Some(Step::Begin(to, cause));
        }
        // Who has come back closes their path to the hub; what they leave there goes a little later.
        let has_no_use = !self.may_reach_hub() && self.members().iter().any(|member| member.is_at_hub);
        let freed_at =
            has_no_use.then(|| self.footing.hub_freed_at.unwrap_or_else(|| now + config.hub_kept_ms));
        self.footing.hub_freed_at = freed_at;
        freed_at.filter(|at| *at <= now).map(|_| Step::FreeHub)
    }

    /// The move that is under way, or the last one, as its frame.
    fn topology(&self, phase: Phase) -> ServerMessage {
        let mode = match phase {
            Phase::Prepare => self.footing.moving.map_or(self.mode(), |moving| moving.to),
            Phase::Commit => self.mode(),
        };
        let (room_id, change) = (self.id.clone(), self.footing.changes);
        ServerMessage::Topology(TopologyChange { room_id, mode, change, phase })
    }
}

impl Registry {
    pub(crate) fn on_topology_ready(&mut self, key: SessionKey, m: &TopologyReady) -> Result<(), NotInRoom> {
        let room_key = self.room_of(key, &m.room_id)?;
        if let Some(room) = self.rooms.at_mut(room_key)
            && room.footing.is_moving()
            && room.footing.changes == m.change
        {
            room.set_ready(key, m.change);
            self.review(room_key);
        }
        Ok(())
    }

    /// Something about a room has changed, or its timer has fired: it goes as far towards where it belongs as it can now.
    pub(crate) fn review(&mut self, room_key: RoomKey) {
        // There is nowhere to go without a hub.
        if self.hub_instance.is_some() {
            while let Some(step) =
                self.rooms.at_mut(room_key).and_then(|room| room.next_step(&self.config, self.now))
            {
                match step {
                    Step::Begin(to, cause) => self.begin_move(room_key, to, cause),
                    Step::Commit => self.commit_move(room_key),
                    Step::FreeHub => self.free_at_hub(room_key),
                }
            }
        }
        let Some(room) = self.rooms.at_mut(room_key) else { return };
        let wake_at = [room.ends_at, room.footing.wake_at(&self.config)].into_iter().flatten().min();
        self.timers.set(Timer::Room(room_key), &mut room.armed, wake_at);
    }

    /// Who comes in during a move hears of it.
    pub(crate) fn tell_of_move(&mut self, key: SessionKey, room_key: RoomKey) {
        if let Some(room) = self.rooms.at(room_key).filter(|room| room.footing.is_moving()) {
            let prepare = room.topology(Phase::Prepare);
            self.send(key, &prepare);
        }
    }

    fn begin_move(&mut self, room_key: RoomKey, to: Mode, cause: MoveCause) {
        let Some(room) = self.rooms.at_mut(room_key) else { return };
        let footing = &mut room.footing;
        footing.changes = footing.changes.saturating_add(1);
        footing.moving = Some(Move { to, since: self.now });
        (footing.few_since, footing.hub_freed_at) = (None, None);
        let (change, present) = (footing.changes, room.members().len());
        let prepare = room.topology(Phase::Prepare);
        self.record(room_key, RoomEvent::MoveBegan { to, change, cause, present });
        self.send_to_room(room_key, None, &prepare);
    }

    fn commit_move(&mut self, room_key: RoomKey) {
        let Some(room) = self.rooms.at_mut(room_key) else { return };
        let missing = room.missing();
        let Some(Move { to, since }) = room.footing.moving.take() else { return };
        room.footing.mode = to;
        let (change, took_ms) = (room.footing.changes, self.now.ms_since(since));
        let commit = room.topology(Phase::Commit);
        self.record(room_key, RoomEvent::Moved { to, change, took_ms, missing });
        self.send_to_room(room_key, None, &commit);
    }
}
