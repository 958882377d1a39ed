// What a connection manager's history says, sorted for the debug view: the states and figures of each participant, and the
// lines of the event log. It reads each step once. Pure: nothing here shows anything or asks the browser.

/** @import { Step } from '../../sdk/history.js' */
/** @import { CoreInput, CoreOutput, PeerState, Quality } from '../../sdk/core-types.d.ts' */

/** @typedef {{at: number, state: PeerState}} StateChange */
/** @typedef {{at: number, quality: Quality}} QualityChange */

/**
 * One line of the log. `peer`: the other one's id, empty where it concerns nobody in particular. `isFigure`: comes every
 * second, so that it is shown only on demand.
 * @typedef {{at: number, peer: string, text: string, isFigure: boolean}} Entry
 */

/**
 * What happened with one participant.
 * @typedef {object} Story
 * @property {string} id
 * @property {StateChange[]} states oldest first
 * @property {QualityChange[]} qualities oldest first
 * @property {string|null} failure why they were given up
 * @property {boolean} isGone they left
 */

/** Some 20 ms of work. */
const STEPS_AT_ONCE = 4_000;
const GONE_MAX = 32;
const STATES_MAX = 200;
const QUALITIES_MAX = 120;
const ENTRIES_MAX = 5_000;

export class Digest {
  /** By id, in the order in which they came up. @type {Map<string, Story>} */
  stories = new Map();
  /** Oldest first. @type {Entry[]} */
  log = [];
  /** How many entries there ever were; those before `log` were too many. */
  logged = 0;
  #read = 0;

  /**
   * Reads what is new, of much only some: hours of it would hold the page up.
   * @param {import('../../sdk/history.js').History|undefined} history
   * @returns {boolean} whether there is more
   */
  take(history) {
    if (history === undefined) return false;
    this.#read = Math.max(this.#read, history.dropped);
    const steps = history.since(this.#read, STEPS_AT_ONCE);
    this.#read += steps.length;
    for (const step of steps) this.#step(step);
    this.log.splice(0, Math.max(this.log.length - ENTRIES_MAX, 0));
    return this.#read < history.count;
  }

  /** @param {Step} step */
  #step({ at, input, said = [], did = [], error }) {
    if (input !== undefined) {
      const isFigure = typeof input === 'object' && 'statsSampled' in input;
      this.#write(at, peerOf(input), inputText(input), isFigure);
    }
    if (error !== undefined) this.#write(at, '', error);
    for (const order of did) this.#order(at, order);
    for (const event of said) this.#event(at, event);
  }

  /** @param {number} at @param {CoreOutput} event */
  #event(at, event) {
    if ('connectionStateChanged' in event) {
      const { remotePeerId, state } = event.connectionStateChanged;
      const story = this.#story(remotePeerId);
      story.isGone = false;
      if (state.status !== 'failed-permanent') story.failure = null;
      keep(story.states, { at, state }, STATES_MAX);
      this.#write(at, remotePeerId, `= ${stateText(state)}`);
    } else if ('qualityChanged' in event) {
      const { remotePeerId, quality } = event.qualityChanged;
      const story = this.#story(remotePeerId);
      const isSame = story.qualities.at(-1)?.quality.grade === quality.grade;
      keep(story.qualities, { at, quality }, QUALITIES_MAX);
      this.#write(at, remotePeerId, `= quality ${quality.grade}`, isSame);
    } else if ('connectionFailed' in event) {
      const { remotePeerId, reason } = event.connectionFailed;
      this.#story(remotePeerId).failure = reason;
      this.#write(at, remotePeerId, `= given up: ${reason}`);
    } else if ('peerRemoved' in event) {
      this.#onGone(event.peerRemoved.peer);
      this.#write(at, event.peerRemoved.peer, '= gone');
    } else if ('pathChanged' in event) {
      const { roomId, plays, sendsToHub } = event.pathChanged;
      this.#write(at, '', `= ${roomId} plays ${plays === 'sfu' ? 'its hub' : 'directly'}${sendsToHub ? ', sends to the hub' : ''}`);
    } else if ('warning' in event) {
      this.#write(at, '', event.warning.message);
    }
  }

  /** Of those who left the last ones are remembered. @param {string} id */
  #onGone(id) {
    const story = this.stories.get(id);
    if (story === undefined) return;
    story.isGone = true;
    const gone = [...this.stories.values()].filter(({ isGone }) => isGone);
    for (const { id: oldest } of gone.slice(0, -GONE_MAX)) this.stories.delete(oldest);
  }

  /** @param {number} at @param {string} order as `createOffer ann 1` */
  #order(at, order) {
    const parts = order.split(' ');
    const isSend = parts[0] === 'send';
    const peer = parts[isSend ? 2 : 1] ?? '';
    this.#write(at, peer, isSend ? `→ ${parts[1] ?? ''}` : `· ${[parts[0], ...parts.slice(2)].join(' ')}`);
  }

  /** @param {string} id */
  #story(id) {
    const story = this.stories.get(id) ?? { id, states: [], qualities: [], failure: null, isGone: false };
    this.stories.set(id, story);
    return story;
  }

  /** @param {number} at @param {string} peer @param {string} text @param {boolean} [isFigure] */
  #write(at, peer, text, isFigure = false) {
    this.log.push({ at, peer, text, isFigure });
    this.logged += 1;
  }
}

/**
 * How an edge, a mark or a row stands for a connection: its grade while it is connected and graded, else its status.
 * @param {Story|undefined} story
 * @returns {'good'|'fair'|'poor'|'lost'|import('../../sdk/core-types.d.ts').ConnectionStatus}
 */
export function kindOf(story) {
  const status = story?.states.at(-1)?.state.status ?? 'disconnected';
  return status === 'connected' ? (qualityOf(story)?.grade ?? 'connected') : status;
}

/**
 * The newest figures of a connection that is connected; null before the first ones.
 * @param {Story|undefined} story
 * @returns {Quality|null}
 */
export function qualityOf(story) {
  const newest = story?.qualities.at(-1);
  if (newest === undefined || story?.states.at(-1)?.state.status !== 'connected') return null;
  return newest.at >= connectedSince(story) ? newest.quality : null;
}

/** @param {Story} story @returns {number} since when it has been connected without a break */
function connectedSince({ states }) {
  let since = Infinity;
  for (let place = states.length - 1; states[place]?.state.status === 'connected'; place -= 1) since = states[place]?.at ?? since;
  return since;
}

/** @template T @param {T[]} list @param {T} item @param {number} most */
function keep(list, item, most) {
  list.push(item);
  if (list.length > most) list.shift();
}

/** @param {PeerState} state */
export function stateText({ status, retryCount, retryTimeout, makingOffer, ignoreOffer }) {
  /** @type {string[]} */
  const parts = [status];
  if (retryCount > 0) parts.push(`retryCount ${retryCount}`);
  if (retryTimeout !== null) parts.push(`retryTimeout ${retryTimeout} ms`);
  if (makingOffer) parts.push('makingOffer');
  if (ignoreOffer) parts.push('ignoreOffer');
  return parts.join(', ');
}

/** @param {CoreInput} input @returns {string} */
function peerOf(input) {
  if (typeof input === 'string') return '';
  const [fields] = /** @type {any[]} */ (Object.values(input));
  const { data } = fields ?? {};
  return fields?.peer ?? data?.from ?? data?.userId ?? data?.participant?.id ?? '';
}

/** @param {CoreInput} input @returns {string} */
function inputText(input) {
  if (typeof input === 'string') return input;
  const [[name, fields] = ['', undefined]] = /** @type {[string, any][]} */ (Object.entries(input));
  if (name === 'signal') {
    const { room, roomId, attempt, n, reason, candidate } = fields.data;
    return ['←', fields.type, room?.id, roomId, attempt, n, reason, candidate?.candidate].filter(isSaid).join(' ');
  }
  if (typeof fields !== 'object' || fields === null) return `${name} ${fields}`;
  const { attempt, ice, connection, reason, roomId, candidate } = fields;
  return [name, attempt, ice, connection, reason, roomId, candidate?.candidate].filter(isSaid).join(' ');
}

/** @param {unknown} part */
function isSaid(part) {
  return part !== undefined && part !== null && part !== '';
}
