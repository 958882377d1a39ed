// One capture device, microphone or camera: asking for it, having it, switching it off and on, losing it, giving it back.
// It knows nothing of connections: live-session.js publishes the track.

/**
 * Why there is no track. `missing`: none plugged in; `busy`: another program holds it; `lost`: unplugged while in use.
 * @typedef {'denied'|'missing'|'busy'|'insecure'|'unsupported'|'lost'} DeviceProblem
 */

/**
 * `idle`: not asked for; `asking`: the browser's prompt may be open; `on`: there is a track (it may be muted).
 * @typedef {'idle'|'asking'|'on'|'failed'} DeviceStatus
 */

/** What speech wants. Tests and studios that bring tones replace the track. @type {MediaTrackConstraints} */
export const MICROPHONE = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

/** A picture that a mesh of a few people can carry; sizes by layout come with the tiles. @type {MediaTrackConstraints} */
export const CAMERA = { width: { ideal: 640 }, height: { ideal: 360 }, frameRate: { ideal: 30, max: 30 } };

/** Emits `change` whenever a property of it changed. */
export class Device extends EventTarget {
  /** @type {'audio'|'video'} */
  #kind;
  /** @type {MediaTrackConstraints} */
  #constraints;
  /** @type {DeviceStatus} */
  #status = 'idle';
  /** @type {DeviceProblem|null} */
  #problem = null;
  /** @type {MediaStream|null} */
  #stream = null;
  /** @type {Promise<boolean>|null} */
  #opening = null;
  /** Grows with each `close`, so that a prompt answered later opens nothing. */
  #closings = 0;

  /** @param {'audio'|'video'} kind @param {MediaTrackConstraints} constraints */
  constructor(kind, constraints) {
    super();
    this.#kind = kind;
    this.#constraints = constraints;
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

  /**
   * Asks for the device. Asking again while the prompt is open waits for the same answer.
   * @returns {Promise<boolean>} whether there is a track now
   */
  open() {
    if (this.#status === 'on') return Promise.resolve(true);
    this.#opening ??= this.#ask().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  /** Mutes (false) or unmutes the track; nothing without one. @param {boolean} enabled */
  setEnabled(enabled) {
    const track = this.track;
    if (track === null || track.enabled === enabled) return;
    track.enabled = enabled;
    this.#changed();
  }

  /** Gives the device back. */
  close() {
    this.#closings += 1;
    this.#opening = null;
    this.#release();
    this.#become('idle', null);
  }

  async #ask() {
    const problem = obstacle();
    if (problem !== null) return this.#become('failed', problem);
    const closings = this.#closings;
    this.#become('asking', null);
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ [this.#kind]: this.#constraints });
      if (closings !== this.#closings) {
        for (const track of stream.getTracks()) track.stop();
        return false;
      }
      this.#stream = stream;
      this.track?.addEventListener('ended', () => this.#onEnded(stream));
      return this.#become('on', null);
    } catch (error) {
      return closings === this.#closings && this.#become('failed', problemOf(error));
    }
  }

  /** @param {MediaStream} stream */
  #onEnded(stream) {
    if (stream !== this.#stream) return;
    this.#release();
    this.#become('failed', 'lost');
  }

  #release() {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
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
}

/** What stands in the way before anybody is asked. @returns {DeviceProblem|null} */
function obstacle() {
  // Insecure pages have no `mediaDevices`, whatever the declarations say.
  if (/** @type {Partial<Navigator>} */ (navigator).mediaDevices) return null;
  return window.isSecureContext ? 'unsupported' : 'insecure';
}

/**
 * The problem behind what getUserMedia threw (W3C Media Capture and Streams, section 10.2).
 * @param {unknown} error
 * @returns {DeviceProblem}
 */
export function problemOf(error) {
  switch (error instanceof Error ? error.name : '') {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'denied';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'missing';
    case 'NotReadableError':
    case 'AbortError':
      return 'busy';
    default:
      return 'unsupported';
  }
}
