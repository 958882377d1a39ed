/**
 * The rooms on the server and those one is in (RR-1 to RR-6). The list is always the server's; which rooms were made
 * here is remembered beside it.
 */

import { Emitter } from './emitter.js';
import { randomId } from './ids.js';
import { RoomList } from './room-list.js';
import { SignalingError } from './signaling-error.js';

/**
 * @import { Participant, RoomCreated, RoomDetails, RoomJoined, RoomSummary, UserJoinedRoom } from './messages.d.ts'
 * @import { Left } from './memberships.js'
 * @import { SignalingClient } from './signaling-client.js'
 */

/**
 * @typedef {object} RoomsEvents
 * @property {{ rooms: RoomSummary[] }} changed the list came anew
 * @property {RoomJoined & { again: boolean }} joined one is in a room; `again`: after a reconnect or a second join
 * @property {Left} left one is no longer in a room, and why
 * @property {{ roomId: string, participants: Participant[] }} participants who is in a room one is in
 * @property {{ roomId: string, room: RoomDetails }} room its settings changed
 */

/** @extends {Emitter<RoomsEvents>} */
export class Rooms extends Emitter {
  #signaling;
  #list = new RoomList();
  #isAsking = false;
  /** @type {(() => void)[]} */
  #offs;

  /** @param {SignalingClient} signaling */
  constructor(signaling) {
    super();
    this.#signaling = signaling;
    /**
     * Ids of the rooms made here: `pending` until the list has them; forgotten when it no longer does.
     * @type {Map<string, 'pending' | 'present'>}
     */
    this.own = new Map();
    const { memberships } = signaling;
    this.#offs = [
      signaling.on('server-room-list', (list) => {
        this.#list.replace(list);
        this.#onList();
      }),
      signaling.on('room-list-delta', (delta) => (this.#list.advance(delta) ? this.#onList() : this.#ask())),
      signaling.on('room-list-digest', (digest) => void (this.#list.matches(digest) || this.#ask())),
      // A resumed watcher is sent the list by itself; a new session must ask.
      signaling.on('welcome', ({ resumed }) => void (resumed || this.#ask())),
      memberships.on('joined', (joined) => this.emit('joined', joined)),
      memberships.on('left', (left) => this.emit('left', left)),
      memberships.on('participants', (detail) => this.emit('participants', detail)),
      memberships.on('room', (detail) => this.emit('room', detail)),
      whenVisible(() => this.#ask()),
    ];
    if (signaling.state === 'open') this.#ask();
  }

  /** All listed rooms, in order of making. @returns {RoomSummary[]} */
  get list() {
    return this.#list.rooms;
  }

  /** Ids of the rooms one is in, in order of joining. */
  get joinedIds() {
    return this.#signaling.memberships.roomIds;
  }

  /**
   * A room one is in, with everyone in it.
   * @param {string} roomId
   * @returns {RoomJoined | undefined}
   */
  joined(roomId) {
    return this.#signaling.memberships.room(roomId);
  }

  /**
   * Everyone in a room one is in, oneself included, in order of joining.
   * @param {string} roomId
   * @returns {Participant[]}
   */
  participants(roomId) {
    return this.#signaling.memberships.roster(roomId);
  }

  /**
   * Makes a room and is in it.
   * @param {RoomCreated} settings without `id` it gets a random one
   * @returns {Promise<RoomJoined>} rejected with a `SignalingError`: `room-exists`, `forbidden`, `bad-message`
   */
  async create(settings) {
    const id = settings.id ?? randomId('r');
    this.own.set(id, 'pending');
    try {
      await this.#signaling.request('room-created', { ...settings, id });
    } catch (error) {
      this.own.delete(id);
      throw error;
    }
    return this.#confirmed(id);
  }

  /**
   * Enters a room; with `create` a missing one is made.
   * @param {string} roomId
   * @param {Omit<UserJoinedRoom, 'roomId' | 'userId'>} [options]
   * @returns {Promise<RoomJoined>} rejected with a `SignalingError`: `room-not-found`, `room-full`, `wrong-password`, `forbidden`
   */
  async join(roomId, options = {}) {
    const { userName = this.#signaling.userName, ...rest } = options;
    await this.#signaling.request('user-joined-room', { roomId, ...(userName ? { userName } : {}), ...rest });
    const joined = this.#confirmed(roomId);
    const isMaker = options.create !== undefined && joined.room.hostId === joined.you.id && joined.participants.length === 1;
    if (isMaker && !this.own.has(roomId)) this.own.set(roomId, this.#isListed(roomId) ? 'present' : 'pending');
    return joined;
  }

  /**
   * Leaves a room: at once here, and at the server as soon as it is reached.
   * @param {string} roomId
   * @returns {Promise<void>}
   */
  async leave(roomId) {
    try {
      await this.#signaling.request('user-left-room', { roomId });
    } catch (error) {
      // Whoever is not in it has left it.
      const isDone = error instanceof SignalingError && ['not-in-room', 'room-not-found', 'closed'].includes(error.code);
      if (!isDone) throw error;
    }
  }

  /** Asks for the list now. @returns {Promise<void>} settles when it came, or will not come */
  async refresh() {
    try {
      await this.#signaling.request('room-list-request', { deltas: true });
    } catch (error) {
      console.debug('parlor: no room list', error);
    }
  }

  /** Listens no longer. */
  destroy() {
    for (const off of this.#offs) off();
  }

  /** One question at a time, and none while the server is away: a new session asks by itself. */
  #ask() {
    if (this.#isAsking || this.#signaling.state !== 'open') return;
    this.#isAsking = true;
    void this.refresh().finally(() => {
      this.#isAsking = false;
    });
  }

  #onList() {
    for (const [id, presence] of this.own) {
      if (this.#isListed(id)) this.own.set(id, 'present');
      else if (presence === 'present') this.own.delete(id);
    }
    this.emit('changed', { rooms: this.list });
  }

  /** @param {string} roomId */
  #isListed(roomId) {
    return this.#list.rooms.some(({ id }) => id === roomId);
  }

  /**
   * @param {string} roomId
   * @returns {RoomJoined}
   */
  #confirmed(roomId) {
    const joined = this.joined(roomId);
    // The server says `room-joined` before `ok`; only leaving in between takes it away.
    if (!joined) throw new SignalingError({ code: 'not-in-room', message: 'Left before the answer came.', roomId });
    return joined;
  }
}

/**
 * @param {() => void} listener called when the tab becomes visible (RR-5)
 * @returns {() => void}
 */
function whenVisible(listener) {
  if (typeof document === 'undefined') return () => {};
  const onChange = () => {
    if (document.visibilityState === 'visible') listener();
  };
  document.addEventListener('visibilitychange', onChange);
  return () => document.removeEventListener('visibilitychange', onChange);
}
