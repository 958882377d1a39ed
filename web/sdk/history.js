/**
 * What a connection manager's core was told, and what it said: enough to tell the same to another build of it and see
 * the same states (`cargo xtask replay`). Only what the core reads is kept, so neither names nor chat are in it; addresses
 * are, in candidates and descriptions. What becomes of it (debug view, report) is for those who read it.
 */

/** @import { CoreInput, CoreOutput } from './core-types.d.ts' */

/** How the core was made, as `Core.create` takes it. @typedef {{ id: string, instance: string, seed: number, settings: object }} CoreOptions */

/**
 * One call of the core.
 * @typedef {object} Step
 * @property {number} at ms since the Unix epoch
 * @property {CoreInput} [input] missing: time passed
 * @property {CoreOutput[]} [said] what it told, as against what it ordered
 * @property {string[]} [did] what it ordered, in short: `createOffer ann 1`
 * @property {string} [error] the core could not read the input, and nothing changed
 */

/**
 * The kept steps in the form that a report has them (docs/debugging.md).
 * @typedef {object} Recorded
 * @property {CoreOptions} core
 * @property {boolean} truncated the first steps are missing, so that a replay can't show the same states
 * @property {number} dropped how many are missing
 * @property {Step[]} steps
 */

/** Steps kept at most. */
const STEPS_MAX = 250_000;
/** What they may take in UTF-16 units of JSON. With seven others, each measured once a second, that is three hours. */
const LENGTH_MAX = 32 * 1024 * 1024;
/** Orders that come each second and say nothing. */
const ROUTINE = new Set(['sampleStats']);
const TOLD = new Set(['connectionStateChanged', 'connectionFailed', 'peerRemoved', 'pathChanged', 'qualityChanged', 'warning']);

export class History {
  #stepsMax;
  #lengthMax;
  /** As JSON: small, and nobody changes them later. @type {string[]} */
  #steps = [];
  #length = 0;
  #dropped = 0;

  /**
   * @param {CoreOptions} core
   * @param {{ stepsMax?: number, lengthMax?: number }} [bounds]
   */
  constructor(core, { stepsMax = STEPS_MAX, lengthMax = LENGTH_MAX } = {}) {
    this.core = core;
    this.#stepsMax = stepsMax;
    this.#lengthMax = lengthMax;
  }

  /** How many steps there ever were. */
  get count() {
    return this.#dropped + this.#steps.length;
  }

  /** How many of these, the oldest, had to go. */
  get dropped() {
    return this.#dropped;
  }

  /**
   * @param {number} at_ms
   * @param {CoreInput | undefined} input
   * @param {CoreOutput[]} outputs
   * @param {string} [error] why the core could not read the input
   */
  add(at_ms, input, outputs, error) {
    /** @type {Step} */
    const step = { at: at_ms };
    if (input !== undefined) step.input = essential(input);
    const said = outputs.filter((output) => TOLD.has(nameOf(output)));
    if (said.length > 0) step.said = said;
    const did = outputs.filter((output) => !TOLD.has(nameOf(output)) && !ROUTINE.has(nameOf(output))).map(inShort);
    if (did.length > 0) step.did = did;
    if (error !== undefined) step.error = error;
    const text = JSON.stringify(step);
    this.#steps.push(text);
    this.#length += text.length;
    if (this.#steps.length > this.#stepsMax || this.#length > this.#lengthMax) this.#drop();
  }

  /**
   * @param {number} [place] counted from the first step there ever was
   * @param {number} [most] how many at most
   * @returns {Step[]} that step and later ones, as far as they are still there
   */
  since(place = 0, most = Infinity) {
    const first = Math.max(place - this.#dropped, 0);
    return this.#steps.slice(first, first + most).map((text) => JSON.parse(text));
  }

  /** @returns {Recorded} */
  toJSON() {
    return { core: this.core, truncated: this.#dropped > 0, dropped: this.#dropped, steps: this.since() };
  }

  /** The older half goes at once: taking away one with each that comes would move all of them each time. */
  #drop() {
    const gone = this.#steps.splice(0, Math.ceil(this.#steps.length / 2));
    this.#dropped += gone.length;
    for (const text of gone) this.#length -= text.length;
  }
}

/** @param {CoreOutput} output */
function nameOf(output) {
  return Object.keys(output)[0] ?? '';
}

/** @param {CoreOutput} output an order */
function inShort(output) {
  if ('send' in output) {
    const { type, data } = output.send;
    return `send ${type} ${'to' in data ? data.to : data.roomId}`;
  }
  const { peer, attempt } = /** @type {{ peer?: string, attempt?: number }} */ (Object.values(output)[0] ?? {});
  return [nameOf(output), peer, attempt].filter((part) => part !== undefined).join(' ');
}

/**
 * An input without what the core does not read: of a frame about a room, the names in it.
 * @param {CoreInput} input
 * @returns {CoreInput}
 */
function essential(input) {
  if (typeof input === 'string' || !('signal' in input)) return input;
  const { type, data } = input.signal;
  const bare = Object.fromEntries(Object.entries(data).flatMap(([name, value]) => {
    const kept = Object.prototype.hasOwnProperty.call(READ, name) ? READ[name]?.(value) : undefined;
    return kept === undefined ? [] : [[name, kept]];
  }));
  return /** @type {CoreInput} */ ({ signal: { type, data: bare } });
}

/** @param {any} value */
const whole = (value) => value;

/** @param {any} participant */
const bareParticipant = (participant) => {
  const { id, instance, role, suspect, grade, tracks } = participant ?? {};
  return { id, instance, role, suspect, grade, tracks };
};

/** The fields of signalling frames that the core reads. @type {Record<string, (value: any) => unknown>} */
const READ = {
  room: (room) => ({ id: room?.id, topology: room?.topology, mix: room?.mix }),
  topology: whole,
  mode: whole,
  change: whole,
  phase: whole,
  code: whole,
  message: whole,
  to: whole,
  participants: (all) => (Array.isArray(all) ? all.map(bareParticipant) : undefined),
  participant: bareParticipant,
  roomId: whole,
  userId: whole,
  epoch: whole,
  reason: whole,
  from: whole,
  instance: whole,
  sdp: whole,
  tracks: whole,
  attempt: whole,
  n: whole,
  candidate: whole,
};
