// One capture device, microphone or camera: asking for it, having it, switching it off and on, changing to another one,
// losing it, giving it back. It knows nothing of connections: own-media.js publishes the track.

import { problemOf, stopCapture } from '../sdk/capture-problem.js';

/**
 * Why there is no track. `missing`: none plugged in; `busy`: another program holds it; `lost`: unplugged while in use.
 * @typedef {import('../sdk/capture-problem.js').CaptureProblem|'lost'} DeviceProblem
 */

/**
 * `idle`: not asked for; `asking`: the browser's prompt may be open; `on`: there is a track (it may be muted).
 * @typedef {'idle'|'asking'|'on'|'failed'} DeviceStatus
 */

/** `id`: '' for the system's default. @typedef {{id: string, constraints: MediaTrackConstraints}} Wanted */

/**
 * Emits `change` whenever a property of it changed, `fell-back` {lost, now} (labels) when it was unplugged and another one
 * took its place, and `refused` {problem, now} when the one that was chosen can't be had and the former one (`now`) goes on.
 */
export class Device extends EventTarget {
  /** @type {'audio'|'video'} */
  #kind;
  /** @type {Wanted} */
  #wanted;
  /** @type {DeviceStatus} */
  #status = 'idle';
  /** @type {DeviceProblem|null} */
  #problem = null;
  /** @type {MediaStream|null} */
  #stream = null;
  /** Whether tracks are unmuted, the present one and those to come. */
  #isEnabled = true;
  /** @type {Promise<boolean>|null} */
  #opening = null;
  /** Changes come one after the other, in the order in which they were asked for. @type {Promise<unknown>} */
  #turn = Promise.resolve();
  /** Grows with each `close`, so that a prompt answered later opens nothing. */
  #closings = 0;

  /** @param {'audio'|'video'} kind @param {MediaTrackConstraints} constraints @param {string} [wantedId] one remembered, if it is there */
  constructor(kind, constraints, wantedId = '') {
    super();
    this.#kind = kind;
    this.#wanted = { id: wantedId, constraints };
  }

  /** Where it stands. */
  get status() {
    return this.#status;
  }

  /** Why it failed, if it did. */
  get problem() {
    return this.#problem;
  }

  /** What it captures, while it is on. */
  get stream() {
    return this.#stream;
  }

  /** Its one track, while it is on. @returns {MediaStreamTrack|null} */
  get track() {
    return this.#stream?.getTracks()[0] ?? null;
  }

  /** Whether it is on and not muted. */
  get isLive() {
    return this.track?.enabled === true;
  }

  /** What the system calls the one in use; empty while there is none. */
  get label() {
    return this.track?.label ?? '';
  }

  /**
   * Asks for the device. Asking again while the prompt is open waits for the same answer.
   * @param {{isMuted?: boolean}} [options] whether its track starts muted; without it, as it was last
   * @returns {Promise<boolean>} whether there is a track now
   */
  open({ isMuted } = {}) {
    if (this.#status === 'on') return Promise.resolve(true);
    if (isMuted !== undefined) this.#isEnabled = !isMuted;
    return this.#askOnce();
  }

  /** Mutes (false) or unmutes the track; without one, the next one. @param {boolean} isEnabled */
  setEnabled(isEnabled) {
    this.#isEnabled = isEnabled;
    const { track } = this;
    if (track === null || track.enabled === isEnabled) return;
    track.enabled = isEnabled;
    this.#changed();
  }

  /**
   * Changes to another device: at once if this one is on, else when it is opened; while the prompt is open, behind its
   * answer. What can't be had changes nothing.
   * @param {string} id '' for the system's default
   * @returns {Promise<boolean>} whether it is the wanted one now
   */
  choose(id) {
    return this.#inTurn(async () => {
      if (id === this.#wanted.id) return true;
      const before = this.#wanted;
      this.#wanted = { ...before, id };
      return this.#status !== 'on' || this.#swap(before);
    });
  }

  /**
   * Asks the same device for something else, such as no echo cancellation: at once if it is on.
   * @param {MediaTrackConstraints} constraints
   * @returns {Promise<boolean>} whether it does so now
   */
  retune(constraints) {
    return this.#inTurn(async () => {
      const before = this.#wanted;
      this.#wanted = { ...before, constraints };
      return this.#reopen(before);
    });
  }

  /** Gives the device back. */
  close() {
    this.#closings += 1;
    this.#opening = null;
    this.#release();
    this.#become('idle', null);
  }

  /** Whoever asks while the prompt is open shares its answer: two prompts would open two tracks. */
  #askOnce() {
    if (this.#opening !== null) return this.#opening;
    const opening = this.#ask().finally(() => {
      if (this.#opening === opening) this.#opening = null;
    });
    this.#opening = opening;
    return opening;
  }

  async #ask() {
    const problem = obstacle();
    if (problem !== null) return this.#become('failed', problem);
    const closings = this.#closings;
    const asked = this.#wanted;
    this.#become('asking', null);
    try {
      const stream = await this.#captureWanted(asked);
      if (closings !== this.#closings) {
        stopCapture(stream);
        return false;
      }
      this.#take(stream);
      void this.#inTurn(() => this.#catchUp(asked));
      return this.#become('on', null);
    } catch (error) {
      return closings === this.#closings && this.#become('failed', problemOf(error));
    }
  }

  /** What was chosen or set while the prompt was open is done now. @param {Wanted} asked what the prompt was about */
  async #catchUp(asked) {
    if (this.#status !== 'on' || JSON.stringify(asked) === JSON.stringify(this.#wanted)) return;
    if (asked.id === this.#wanted.id) await this.#reopen(asked);
    else await this.#swap(asked);
  }

  /**
   * The device in use, if there is one, opened again as it is wanted now.
   * @param {Wanted} before what to go on with if that can't be had
   */
  async #reopen(before) {
    const { track } = this;
    if (track === null) return true;
    // Browsers settle size and treatment when a device is opened, and give a second opening what the first one has.
    const { deviceId } = track.getSettings();
    stopCapture(this.#stream);
    return this.#swap(before, deviceId);
  }

  /**
   * Another track in the place of the present one, which stops when the new one is there.
   * @param {Wanted} before what to go on with if that can't be had
   * @param {string} [id] which device; the wanted one unless said otherwise
   */
  async #swap(before, id = this.#wanted.id) {
    const closings = this.#closings;
    const { label } = this;
    try {
      const stream = await this.#captureAnother(id);
      if (closings !== this.#closings) {
        stopCapture(stream);
        return false;
      }
      const former = this.#stream;
      this.#take(stream);
      this.#become('on', null);
      stopCapture(former);
      return true;
    } catch (error) {
      this.#wanted = before;
      if (closings !== this.#closings) return false;
      if (this.track?.readyState !== 'live') await this.#askOnce();
      this.#tell('refused', { problem: problemOf(error), now: this.label || label });
      return false;
    }
  }

  /** Telephones open one camera at a time: what is busy may be free once the present one is given back. */
  async #captureAnother(/** @type {string} */ id) {
    try {
      return await this.#capture(id);
    } catch (error) {
      if (problemOf(error) !== 'busy') throw error;
      stopCapture(this.#stream);
      return this.#capture(id);
    }
  }

  /** A remembered one that is not plugged in today is no reason to have none. */
  async #captureWanted(/** @type {Wanted} */ { id, constraints }) {
    try {
      return await this.#capture(id, constraints);
    } catch (error) {
      if (id === '' || problemOf(error) !== 'missing') throw error;
      return this.#capture('', constraints);
    }
  }

  /** @param {string} id '' for the system's default @param {MediaTrackConstraints} [constraints] */
  #capture(id, constraints = this.#wanted.constraints) {
    // Exact: an ideal device loses against another one that fits a size better.
    const which = id === '' ? {} : { deviceId: { exact: id } };
    return navigator.mediaDevices.getUserMedia({ [this.#kind]: { ...constraints, ...which } });
  }

  /** @param {MediaStream} stream */
  #take(stream) {
    this.#stream = stream;
    const { track } = this;
    if (track === null) return;
    track.enabled = this.#isEnabled;
    track.addEventListener('ended', () => void this.#onEnded(stream, track.label));
  }

  /** Unplugged, or taken away: the system's default takes its place. @param {MediaStream} stream @param {string} lost */
  async #onEnded(stream, lost) {
    if (stream !== this.#stream) return;
    this.#release();
    this.#wanted = { ...this.#wanted, id: '' };
    const closings = this.#closings;
    if (await this.#askOnce()) this.#tell('fell-back', { lost, now: this.label });
    else if (closings === this.#closings && this.#problem !== 'denied') this.#become('failed', 'lost');
  }

  /** @template T @param {() => Promise<T>} work @returns {Promise<T>} */
  #inTurn(work) {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  #release() {
    stopCapture(this.#stream);
    this.#stream = null;
  }

  /** @param {DeviceStatus} status @param {DeviceProblem|null} problem @returns {boolean} whether it is on */
  #become(status, problem) {
    this.#status = status;
    this.#problem = problem;
    this.#changed();
    return status === 'on';
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }

  /** @param {string} type @param {object} detail */
  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** What stands in the way before anybody is asked. @returns {DeviceProblem|null} */
function obstacle() {
  // Insecure pages have no `mediaDevices`, whatever the declarations say.
  if (/** @type {Partial<Navigator>} */ (navigator).mediaDevices) return null;
  return window.isSecureContext ? 'unsupported' : 'insecure';
}
