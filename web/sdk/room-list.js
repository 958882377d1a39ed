/**
 * The room list as the server has it: replaced by a whole list, advanced by differences. It says when it no longer
 * fits the server's, and then only a whole list helps.
 */

/**
 * @import { RoomListDelta, RoomListDigest, RoomSummary, ServerRoomList } from './messages.d.ts'
 */

export class RoomList {
  /** @type {number | undefined} `undefined` before the first list, and after a gap */
  #version;
  /** @type {RoomSummary[]} in order of making */
  #rooms = [];

  get rooms() {
    return this.#rooms;
  }

  /** @param {ServerRoomList} list */
  replace({ version, rooms }) {
    this.#version = version;
    this.#rooms = rooms;
  }

  /**
   * @param {RoomListDelta} delta
   * @returns {boolean} false: a difference is missing, ask for the whole list
   */
  advance({ version, from, changed, removed }) {
    // A whole list that overtook it tells all this already.
    if (this.#version !== undefined && version <= this.#version) return true;
    if (from !== this.#version) return this.#doubt();
    const news = new Map(changed.map((room) => [room.id, room]));
    const gone = new Set(removed);
    const known = this.#rooms.filter(({ id }) => !gone.has(id)).map((room) => news.get(room.id) ?? room);
    const knownIds = new Set(known.map(({ id }) => id));
    this.#rooms = [...known, ...changed.filter(({ id }) => !knownIds.has(id))];
    this.#version = version;
    return true;
  }

  /**
   * @param {RoomListDigest} digest
   * @returns {boolean} false: the list is not what it should be, ask for the whole
   */
  matches({ version, count }) {
    if (version === this.#version && count === this.#rooms.length) return true;
    return this.#doubt();
  }

  #doubt() {
    this.#version = undefined;
    return false;
  }
}
