// What a person sets about the others' sound: gain and mute (AU-1), kept while they are in the room, also while a connection
// is made anew or not there yet. The sound itself is the SDK's AudioGraph.

/** @typedef {import('../sdk/index.js').AudioGraph} AudioGraph */

/** Unity, in percent. */
const UNITY_PERCENT = 100;
/** So long the sound may take to start before it counts as held back, in ms. */
const STARTING_MS = 1500;

/** Gains, mutes and levels of the others, and one's own level. */
export class Mixer {
  /** @type {Map<string, {gainPercent: number, isMuted: boolean}>} */
  #settings = new Map();
  /** When it was to start, in ms since 1970. @type {number|null} */
  #askedAt = null;

  /** @param {AudioGraph} audioGraph belongs to the mixer from now on */
  constructor(audioGraph) {
    /** The sound itself. */
    this.audioGraph = audioGraph;
  }

  /**
   * Somebody's sound came, for the first time or anew.
   * @param {string} id
   * @param {MediaStream} stream
   * @param {import('../sdk/messages.d.ts').Source} source
   */
  add(id, stream, source) {
    this.audioGraph.addParticipant(id, stream, source);
    const { gainPercent, isMuted } = this.#of(id);
    this.audioGraph.setGainPercent(id, gainPercent);
    this.audioGraph.setMuted(id, isMuted);
  }

  /** Somebody left for good: nothing of theirs stays. @param {string} id */
  remove(id) {
    this.audioGraph.removeParticipant(id);
    this.#settings.delete(id);
  }

  /** 0 to 200. @param {string} id */
  gainPercent(id) {
    return this.#of(id).gainPercent;
  }

  /** @param {string} id @param {number} gainPercent 0 to 200; heard at once unless muted */
  setGainPercent(id, gainPercent) {
    this.#settings.set(id, { ...this.#of(id), gainPercent });
    this.audioGraph.setGainPercent(id, gainPercent);
  }

  /** Whether somebody is muted for this person alone. @param {string} id */
  isMuted(id) {
    return this.#of(id).isMuted;
  }

  /** @param {string} id @param {boolean} isMuted the gain is kept */
  setMuted(id, isMuted) {
    this.#settings.set(id, { ...this.#of(id), isMuted });
    this.audioGraph.setMuted(id, isMuted);
  }

  /** The level of somebody, behind the gain. @param {string} id */
  level(id) {
    return this.audioGraph.level(id);
  }

  /** The level of the sum that is heard. */
  programLevel() {
    return this.audioGraph.programLevel();
  }

  /** The level of one's own microphone. */
  ownLevel() {
    return this.audioGraph.localLevel();
  }

  /** Whose level `ownLevel` tells. @param {MediaStream|null} stream */
  setOwn(stream) {
    this.audioGraph.setLocalStream(stream);
  }

  /** Whether the browser holds the sound back until a click. */
  get isHeldBack() {
    return this.#askedAt !== null && !this.audioGraph.isRunning && Date.now() - this.#askedAt > STARTING_MS;
  }

  /** Lets the sound go on. Without a click or a key on the page before, the browser may hold it back. */
  resume() {
    this.#askedAt ??= Date.now();
    this.audioGraph.resume().catch((error) => console.warn(`parlor: no sound: ${error.message}`));
  }

  /** Ends all sound. */
  close() {
    this.#settings.clear();
    this.audioGraph.close();
  }

  /** @param {string} id */
  #of(id) {
    return this.#settings.get(id) ?? { gainPercent: UNITY_PERCENT, isMuted: false };
  }
}
