/**
 * Who mixes, who gets a return, and what is heard, in a room whose mix may be `host` (AU-4). All of it is decided here
 * from what is known and the time; nothing is carried out. `host-mix.js` asks about ten times a second.
 *
 * There is exactly one mixer: the host who has been there longest. Callers and listeners are its clients: they play its
 * return as long as it brings packets, and everybody directly otherwise. Other hosts play directly.
 */

/** @import { Mix, Participant } from './messages.d.ts' */

/** A return that brings nothing for this long is not played. */
export const SILENT_MS = 500;
/** A return is played after packets came at so many looks in a row: one packet that was late is no return. */
export const ARRIVALS_MIN = 3;
/** A return goes on for this long when it is no longer asked for, so that whoever hears of it later has no gap. */
export const LINGER_MS = 500;

/**
 * @typedef {object} Seen
 * @property {number} now_ms
 * @property {Mix} mode
 * @property {Pick<Participant, 'id' | 'role'>[]} participants everybody, in order of joining
 * @property {string | undefined} mark changes when packets of the mixer's return arrive; `undefined`: there is none
 */

/**
 * @typedef {object} Plan
 * @property {string | undefined} mixerId whoever mixes; `undefined`: nobody does
 * @property {boolean} isClient whether this participant is to play the mixer's return, once it comes
 * @property {'direct' | 'return'} hears what to play
 * @property {string[]} sendTo who is to get a return from here
 */

/**
 * @param {Mix} mode
 * @param {Pick<Participant, 'id' | 'role'>[]} participants in order of joining
 * @returns {string | undefined} whoever mixes
 */
export function mixerOf(mode, participants) {
  return mode === 'host' ? participants.find(({ role }) => role === 'host')?.id : undefined;
}

export class MixPlan {
  #ownId;
  /** Whose return is waited for or played. @type {string | undefined} */
  #mixerId;
  /** @type {string | undefined} */
  #mark;
  #arrivals = 0;
  #arrivedAt_ms = 0;
  /** @type {'direct' | 'return'} */
  #hears = 'direct';
  /** Until when somebody gets a return. @type {Map<string, number>} */
  #sendUntil_ms = new Map();

  /** @param {string} ownId */
  constructor(ownId) {
    this.#ownId = ownId;
  }

  /**
   * @param {Seen} seen
   * @returns {Plan}
   */
  step({ now_ms, mode, participants, mark }) {
    const mixerId = mixerOf(mode, participants);
    const own = participants.find(({ id }) => id === this.#ownId);
    const isClient = mixerId !== undefined && own !== undefined && own.role !== 'host';
    this.#hear(now_ms, isClient ? mixerId : undefined, mark);
    this.#send(now_ms, mixerId === this.#ownId, participants);
    return { mixerId, isClient, hears: this.#hears, sendTo: [...this.#sendUntil_ms.keys()] };
  }

  /**
   * @param {number} now_ms
   * @param {string | undefined} mixerId
   * @param {string | undefined} mark
   */
  #hear(now_ms, mixerId, mark) {
    if (mixerId === undefined || mixerId !== this.#mixerId) {
      // What came from another one before, or long ago, says nothing about this one's return.
      this.#mixerId = mixerId;
      this.#mark = mark;
      this.#arrivals = 0;
    } else if (mark !== undefined && mark !== this.#mark) {
      this.#mark = mark;
      this.#arrivals += 1;
      this.#arrivedAt_ms = now_ms;
    } else if (now_ms - this.#arrivedAt_ms >= SILENT_MS) {
      this.#arrivals = 0;
    }
    if (this.#arrivals === 0) this.#hears = 'direct';
    else if (this.#arrivals >= ARRIVALS_MIN) this.#hears = 'return';
  }

  /**
   * @param {number} now_ms
   * @param {boolean} isMixer
   * @param {Seen['participants']} participants
   */
  #send(now_ms, isMixer, participants) {
    const clients = isMixer ? participants.filter(({ role }) => role !== 'host') : [];
    for (const id of this.#sendUntil_ms.keys()) {
      if (!participants.some((participant) => participant.id === id)) this.#sendUntil_ms.delete(id);
    }
    for (const { id } of clients) this.#sendUntil_ms.set(id, Infinity);
    for (const [id, until_ms] of this.#sendUntil_ms) {
      if (clients.some((client) => client.id === id)) continue;
      if (until_ms === Infinity) this.#sendUntil_ms.set(id, now_ms + LINGER_MS);
      else if (until_ms <= now_ms) this.#sendUntil_ms.delete(id);
    }
  }
}
