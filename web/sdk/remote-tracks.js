/**
 * The tracks of the others, by whichever path they come: directly, or through the hub of a room. Tells of each source of
 * somebody the one to be played. While a room moves both paths bring it; the one that is not played yet is kept going, so
 * that it can take over without a gap.
 */

/**
 * @import { Memberships } from './memberships.js'
 * @import { Mode, Source } from './messages.d.ts'
 */

/**
 * A track of somebody, alone in its stream.
 * @typedef {object} Arrival
 * @property {string} remotePeerId
 * @property {MediaStream} stream
 * @property {Source} source
 * @property {MediaStreamTrack | null} track null: nothing comes of that source now, and the stream is empty
 */

/** One path of a source. @typedef {{ arrival: Arrival, isByHub: boolean }} Way */

export class RemoteTracks {
  #memberships;
  #tell;
  /** What came directly, by whom and source. @type {Map<string, Map<Source, Arrival>>} */
  #direct = new Map();
  /** What a room's hub brings now. @type {Map<string, Arrival[]>} */
  #byHub = new Map();
  /** Rooms that are heard through their hub. @type {Set<string>} */
  #stars = new Set();
  /** What is played, by whom and source. @type {Map<string, Map<Source, { arrival: Arrival, isByHub: boolean }>>} */
  #played = new Map();
  /** Elements that keep what is not played yet going. @type {Map<MediaStream, HTMLAudioElement>} */
  #standby = new Map();
  #onFirst = () => this.look();

  /**
   * @param {Memberships} memberships
   * @param {(arrival: Arrival) => void} tell play this
   */
  constructor(memberships, tell) {
    this.#memberships = memberships;
    this.#tell = tell;
  }

  /**
   * Through which room's hub somebody is heard. Whoever shares a mesh is heard directly.
   * @param {string} id
   * @returns {string | undefined} `undefined`: directly, or not at all
   */
  hubRoomOf(id) {
    const shared = this.#memberships.sharedRooms(id);
    return shared.every((roomId) => this.#stars.has(roomId)) ? shared[0] : undefined;
  }

  /** @param {Arrival} arrival over a direct connection */
  arrived(arrival) {
    const known = this.#direct.get(arrival.remotePeerId) ?? new Map();
    this.#direct.set(arrival.remotePeerId, known.set(arrival.source, arrival));
    this.#awaitFirst([arrival]);
    this.look();
  }

  /**
   * The direct connection with somebody was closed, as at the end of a move. What came over it is over, and must not be
   * played when the room moves back; what is played now stays so, for a next connection to take its place.
   * @param {string} id
   */
  directClosed(id) {
    if (this.#direct.delete(id)) this.#keepGoing();
  }

  /** @param {string} roomId @param {Arrival[]} arrivals all that its hub brings now */
  broughtByHub(roomId, arrivals) {
    this.#byHub.set(roomId, arrivals);
    this.#awaitFirst(arrivals);
    this.look();
  }

  /** @param {string} roomId @param {Mode} plays */
  setPath(roomId, plays) {
    if (plays === 'sfu') this.#stars.add(roomId);
    else this.#stars.delete(roomId);
    this.look();
  }

  /** A room was left. @param {string} roomId */
  forgetRoom(roomId) {
    this.#stars.delete(roomId);
    this.#byHub.delete(roomId);
    this.look();
  }

  /** Somebody left. @param {string} id */
  forget(id) {
    this.#direct.delete(id);
    this.#played.delete(id);
    this.#keepGoing();
  }

  /** Nothing is played any more. */
  clear() {
    for (const map of [this.#direct, this.#byHub, this.#played]) map.clear();
    this.#stars.clear();
    this.#keepGoing();
  }

  /** Looks again at whose tracks come by which path. */
  look() {
    for (const id of new Set([...this.#memberships.others(), ...this.#direct.keys()])) {
      const ways = this.#waysTo(id);
      const played = this.#played.get(id) ?? new Map();
      this.#played.set(id, played);
      for (const { arrival, isByHub } of ways) {
        if (played.get(arrival.source)?.arrival.track === arrival.track) continue;
        played.set(arrival.source, { arrival, isByHub });
        this.#tell(arrival);
      }
      for (const [source, { isByHub: wasByHub }] of played) {
        // A slot that somebody else is in now must not be heard as this one's.
        if (!wasByHub || ways.some(({ arrival }) => arrival.source === source)) continue;
        played.delete(source);
        this.#tell({ remotePeerId: id, source, stream: new MediaStream(), track: null });
      }
    }
    this.#keepGoing();
  }

  /**
   * What there is of somebody, each source by one path. A track that nothing came on yet gives way to the same source by
   * the other path as long as that brings something: paths are said to be ready before every track has begun.
   * @param {string} id
   * @returns {Way[]}
   */
  #waysTo(id) {
    const room = this.hubRoomOf(id);
    const rooms = room === undefined ? this.#memberships.sharedRooms(id) : [room];
    const byHub = rooms.flatMap((roomId) => this.#byHub.get(roomId) ?? [])
      .filter(({ remotePeerId }) => remotePeerId === id)
      .map((arrival) => ({ arrival, isByHub: true }));
    const direct = [...(this.#direct.get(id)?.values() ?? [])].map((arrival) => ({ arrival, isByHub: false }));
    if (room !== undefined) return byHub.map((way) => flowing(way, direct));
    // Until it comes directly, what a hub still brings is better than nothing.
    const missing = byHub.filter(({ arrival: { source } }) => !direct.some(({ arrival }) => arrival.source === source));
    const found = new Map(missing.map((way) => [way.arrival.source, way]));
    return [...direct.map((way) => flowing(way, byHub)), ...found.values()];
  }

  /** Looks again when something comes on a track on which nothing came yet. @param {Arrival[]} arrivals */
  #awaitFirst(arrivals) {
    for (const { track } of arrivals) {
      if (track?.muted) track.addEventListener('unmute', this.#onFirst, { once: true });
    }
  }

  /** Chromium decodes no sound that no element plays, and would begin with a gap. */
  #keepGoing() {
    const all = [...this.#direct.values()].flatMap((known) => [...known.values()]).concat(...this.#byHub.values());
    const played = new Set([...this.#played.values()].flatMap((sources) => [...sources.values()].map(({ arrival }) => arrival.stream)));
    const waiting = new Set(all.filter(({ track, stream }) => track?.kind === 'audio' && !played.has(stream)).map(({ stream }) => stream));
    for (const [stream, element] of this.#standby) {
      if (waiting.has(stream)) continue;
      element.srcObject = null;
      this.#standby.delete(stream);
    }
    for (const stream of waiting) {
      if (this.#standby.has(stream) || typeof Audio === 'undefined') continue;
      const element = new Audio();
      element.muted = true;
      element.srcObject = stream;
      element.play().catch(() => {});
      this.#standby.set(stream, element);
    }
  }
}

/**
 * @param {Way} way
 * @param {Way[]} others of the other path
 * @returns {Way} the way; or another of the same source, if only that brings something
 */
function flowing(way, others) {
  if (!way.arrival.track?.muted) return way;
  return others.find(({ arrival: { source, track } }) => source === way.arrival.source && track?.muted === false) ?? way;
}
