/**
 * The rooms this session is in, with everyone in them, as the server's frames tell. Also what to say to be in them
 * again after the server lost the session. Knows no socket; `SignalingClient` feeds it.
 */

import { Emitter } from './emitter.js';

/**
 * @import { LeaveReason, Participant, Refusal, RoomDetails, RoomJoined, ServerData, TrackState, Track, UserJoinedRoom, UserLeft, ClientData } from './messages.d.ts'
 */

/**
 * @typedef {object} Left
 * @property {string} roomId
 * @property {LeaveReason | 'refused'} reason `refused`: after a reconnect the server did not let us in again
 * @property {string} [by] by whose hand
 * @property {{ code: string, message: string }} [error] with `refused`: why
 */

/**
 * @typedef {object} MembershipEvents
 * @property {RoomJoined & { again: boolean }} joined `again`: one was in it before, in this document
 * @property {Left} left
 * @property {{ roomId: string, participants: Participant[] }} participants
 * @property {{ roomId: string, room: RoomDetails }} room its settings changed
 * @property {{ roomId: string, recording: string[] }} recording who records now, by id, in order of joining
 */

/** A participant missing after a reconnect may still be on the way back for this long. */
const MISSING_MS = 10_000;
/** Rooms left lately whose late `room-joined` must not bring them back. */
const LEFT_KEPT_MAX = 64;

/**
 * @typedef {object} Membership
 * @property {RoomJoined} joined as last told; its `participants` are kept up to date
 * @property {boolean} isConfirmed whether the present session is in it
 * @property {string} [password]
 * @property {Map<string, { participant: Participant, until_ms: number }>} missing
 */

/** @extends {Emitter<MembershipEvents>} */
export class Memberships extends Emitter {
  /** @type {Map<string, Membership>} */
  #rooms = new Map();
  /** @type {Map<string, string | undefined>} passwords by room, of joins without an answer yet */
  #passwords = new Map();
  /** @type {Set<string>} */
  #left = new Set();
  /** @type {(() => void)[]} */
  #news = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #sweep;

  /** Ids of the rooms, in order of joining. */
  get roomIds() {
    return [...this.#rooms.keys()];
  }

  /**
   * @param {string} roomId
   * @returns {RoomJoined | undefined} as it is now, `undefined` if one is not in it
   */
  room(roomId) {
    const membership = this.#rooms.get(roomId);
    return membership && { ...membership.joined, participants: rosterOf(membership) };
  }

  /**
   * Everyone in a room, oneself included, in order of joining. After a reconnect those who are not back yet are in it
   * for 10 s, as `suspect`.
   * @param {string} roomId
   * @returns {Participant[]}
   */
  roster(roomId) {
    const membership = this.#rooms.get(roomId);
    return membership ? rosterOf(membership) : [];
  }

  /**
   * Who records in a room.
   * @param {string} roomId
   * @returns {string[]} their ids, in order of joining
   */
  recording(roomId) {
    return this.#rooms.get(roomId)?.joined.recording ?? [];
  }

  /**
   * The rooms shared with somebody, in order of joining.
   * @param {string} userId
   * @returns {string[]}
   */
  sharedRooms(userId) {
    return this.roomIds.filter((roomId) => this.roster(roomId).some(({ id }) => id === userId));
  }

  /** Everybody else in any of the rooms, once each. @returns {Set<string>} */
  others() {
    const others = new Set();
    for (const membership of this.#rooms.values()) {
      for (const { id } of rosterOf(membership)) {
        if (id !== membership.joined.you.id) others.add(id);
      }
    }
    return others;
  }

  /**
   * Takes note of what this side asks for.
   * @template {keyof ClientData} Type
   * @param {Type} type
   * @param {ClientData[Type]} data
   */
  asked(type, data) {
    if (type === 'user-left-room') {
      const { roomId } = /** @type {ClientData['user-left-room']} */ (data);
      this.#remember(roomId);
      if (!this.#rooms.delete(roomId)) return;
      this.emit('left', { roomId, reason: 'left' });
    } else if (type === 'user-joined-room') {
      const { roomId, password, create } = /** @type {UserJoinedRoom} */ (data);
      this.#left.delete(roomId);
      this.#passwords.set(roomId, password ?? create?.password);
    } else if (type === 'room-created') {
      const { id, password } = /** @type {ClientData['room-created']} */ (data);
      if (id === undefined) return;
      this.#left.delete(id);
      this.#passwords.set(id, password);
    } else if (type === 'track-state') {
      // The server tells the others only.
      const state = /** @type {TrackState} */ (data);
      const you = this.#rooms.get(state.roomId)?.joined.you;
      if (you) this.applyTrackState(you.id, state);
    }
  }

  /**
   * Takes in a frame of the server. The news follow with `announce`, after the frame's own event.
   * @template {keyof ServerData} Type
   * @param {Type} type
   * @param {ServerData[Type]} data
   * @returns {boolean} false: the frame is of an older epoch or a room one has left, and means nothing any more
   */
  apply(type, data) {
    switch (type) {
      case 'room-joined':
        return this.#applyJoined(/** @type {RoomJoined} */ (data));
      case 'user-joined-room': {
        const { roomId, epoch, participants } = /** @type {ServerData['user-joined-room']} */ (data);
        return this.#applyRoster(roomId, epoch, () => participants);
      }
      case 'user-left-room':
        return this.#applyLeft(/** @type {UserLeft} */ (data));
      case 'user-updated': {
        const { roomId, epoch, participant } = /** @type {ServerData['user-updated']} */ (data);
        return this.#applyRoster(roomId, epoch, (old) => {
          return old.map((one) => (one.id === participant.id ? participant : one));
        });
      }
      case 'room-updated': {
        const { roomId, epoch, room } = /** @type {ServerData['room-updated']} */ (data);
        const membership = this.#current(roomId, epoch);
        if (!membership) return false;
        membership.joined = { ...membership.joined, room, mix: room.mix };
        this.#news.push(() => this.emit('room', { roomId, room }));
        return true;
      }
      case 'topology': {
        const { roomId, mode, phase } = /** @type {ServerData['topology']} */ (data);
        const membership = this.#rooms.get(roomId);
        if (!membership || phase !== 'commit') return membership !== undefined;
        membership.joined = { ...membership.joined, topology: mode };
        // What the hub said of anybody before was about another path.
        return this.#applyRoster(roomId, membership.joined.epoch, (old) => old.map(({ grade: _, ...one }) => one));
      }
      case 'recording': {
        const { roomId, epoch, recording } = /** @type {ServerData['recording']} */ (data);
        const membership = this.#current(roomId, epoch);
        if (!membership) return false;
        membership.joined = { ...membership.joined, recording };
        this.#news.push(() => this.emit('recording', { roomId, recording }));
        return true;
      }
      default:
        return true;
    }
  }

  /** Tells what `apply` found new. */
  announce() {
    const news = this.#news;
    this.#news = [];
    for (const tell of news) tell();
  }

  /**
   * Somebody's track states, which came directly, or one's own: the roster shows them at once.
   * @param {string} userId
   * @param {TrackState} state
   */
  applyTrackState(userId, { roomId, audioEnabled, videoEnabled, tracks }) {
    const membership = this.#rooms.get(roomId);
    if (!membership) return;
    this.#applyRoster(roomId, membership.joined.epoch, (old) => {
      return old.map((one) => {
        if (one.id !== userId) return one;
        return { ...one, tracks: tracks ?? plainTracks(audioEnabled, videoEnabled) };
      });
    });
    this.announce();
  }

  /**
   * The server knows nothing of the old session.
   * @returns {UserJoinedRoom[]} what to say to be in the same rooms again, making them if they are gone
   */
  sessionLost() {
    return [...this.#rooms.values()].map((membership) => {
      membership.isConfirmed = false;
      const { room, you } = membership.joined;
      const { name, capacity, topology, mix, listed } = room;
      const { password } = membership;
      const secret = password === undefined ? {} : { password };
      const create = { name, capacity, topology, mix, listed, ...secret };
      return { roomId: room.id, userName: you.name, role: you.role, ...secret, create };
    });
  }

  /**
   * The server does not let us in again.
   * @param {string} roomId
   * @param {Pick<Refusal, 'message'> & { code: string }} error
   */
  refused(roomId, error) {
    const membership = this.#rooms.get(roomId);
    if (!membership || membership.isConfirmed) return;
    this.#rooms.delete(roomId);
    const { code, message } = error;
    this.emit('left', { roomId, reason: 'refused', error: { code, message } });
  }

  /**
   * The end of all of them.
   * @param {LeaveReason} reason
   */
  clear(reason) {
    const roomIds = this.roomIds;
    this.#rooms.clear();
    this.#passwords.clear();
    this.#left.clear();
    clearTimeout(this.#sweep);
    for (const roomId of roomIds) this.emit('left', { roomId, reason });
  }

  /** @param {RoomJoined} joined */
  #applyJoined(joined) {
    const roomId = joined.room.id;
    if (this.#left.has(roomId)) return false;
    const before = this.#rooms.get(roomId);
    /** @type {Membership} */
    const membership = { joined, isConfirmed: true, missing: before?.missing ?? new Map() };
    const password = this.#passwords.get(roomId) ?? before?.password;
    if (password !== undefined) membership.password = password;
    this.#passwords.delete(roomId);
    if (before && !before.isConfirmed) {
      const until_ms = Date.now() + MISSING_MS;
      for (const participant of before.joined.participants) {
        membership.missing.set(participant.id, { participant, until_ms });
      }
    }
    this.#rooms.set(roomId, membership);
    this.#settleMissing(membership);
    this.#news.push(() => {
      const participants = rosterOf(membership);
      this.emit('joined', { ...membership.joined, participants, again: before !== undefined });
      this.emit('participants', { roomId, participants });
      this.emit('recording', { roomId, recording: membership.joined.recording });
    });
    return true;
  }

  /** @param {UserLeft} data */
  #applyLeft({ roomId, userId, reason, by, epoch, participants }) {
    const membership = this.#current(roomId, epoch);
    if (!membership) return false;
    if (userId !== membership.joined.you.id) {
      membership.missing.delete(userId);
      return this.#applyRoster(roomId, epoch, () => participants);
    }
    // A server that stops takes nobody's room away: its successor is asked for it.
    if (reason === 'server-stopping') {
      membership.isConfirmed = false;
      return true;
    }
    this.#rooms.delete(roomId);
    this.#news.push(() => this.emit('left', { roomId, reason, ...(by === undefined ? {} : { by }) }));
    return true;
  }

  /**
   * @param {string} roomId
   * @param {number} epoch
   * @param {(old: Participant[]) => Participant[]} change
   */
  #applyRoster(roomId, epoch, change) {
    const membership = this.#current(roomId, epoch);
    if (!membership) return false;
    const participants = change(membership.joined.participants);
    const you = participants.find(({ id }) => id === membership.joined.you.id) ?? membership.joined.you;
    membership.joined = { ...membership.joined, participants, you };
    this.#settleMissing(membership);
    this.#news.push(() => this.emit('participants', { roomId, participants: rosterOf(membership) }));
    return true;
  }

  /**
   * @param {string} roomId
   * @param {number} epoch
   */
  #current(roomId, epoch) {
    const membership = this.#rooms.get(roomId);
    return membership && epoch >= membership.joined.epoch ? membership : undefined;
  }

  /**
   * Those who are back are missing no longer; for the others a time is set.
   * @param {Membership} membership
   */
  #settleMissing({ missing, joined }) {
    for (const { id } of joined.participants) missing.delete(id);
    if (missing.size === 0) return;
    clearTimeout(this.#sweep);
    this.#sweep = setTimeout(() => this.#sweepMissing(), MISSING_MS);
  }

  #sweepMissing() {
    const now_ms = Date.now();
    let isAnyLeft = false;
    for (const [roomId, membership] of this.#rooms) {
      const before = membership.missing.size;
      for (const [id, { until_ms }] of membership.missing) {
        if (until_ms <= now_ms) membership.missing.delete(id);
      }
      isAnyLeft ||= membership.missing.size > 0;
      if (membership.missing.size === before) continue;
      this.emit('participants', { roomId, participants: rosterOf(membership) });
    }
    if (isAnyLeft) this.#sweep = setTimeout(() => this.#sweepMissing(), 1_000);
  }

  /** @param {string} roomId */
  #remember(roomId) {
    this.#left.add(roomId);
    this.#passwords.delete(roomId);
    for (const oldest of this.#left) {
      if (this.#left.size <= LEFT_KEPT_MAX) break;
      this.#left.delete(oldest);
    }
  }
}

/**
 * @param {Membership} membership
 * @returns {Participant[]}
 */
function rosterOf({ joined, missing }) {
  const away = [...missing.values()].map(({ participant }) => ({ ...participant, suspect: true }));
  return [...joined.participants, ...away];
}

/**
 * What `track-state` means without `tracks`: a microphone and a camera.
 * @param {boolean} audioEnabled
 * @param {boolean} videoEnabled
 * @returns {Track[]}
 */
function plainTracks(audioEnabled, videoEnabled) {
  return [
    { source: 'microphone', kind: 'audio', enabled: audioEnabled },
    { source: 'camera', kind: 'video', enabled: videoEnabled },
  ];
}
