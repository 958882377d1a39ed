// The microphone: asked for, had, lost, given back. Whether it is open or muted is its track's `enabled`, which who uses it sets.

import { problemOf, stopCapture } from '../sdk/capture-problem.js';

/** @typedef {import('../sdk/capture-problem.js').CaptureProblem} Problem why there is none */

const TREATMENT = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

/** Emits `change`. */
export class Microphone extends EventTarget {
  /** @type {MediaStream | null} */
  stream = null;
  /** @type {Problem | null} */
  problem = null;
  /** Whether the browser's question may be open. */
  isAsking = false;
  /** Grows with each `close`, so that a question answered later opens nothing. */
  #closings = 0;

  get track() {
    return this.stream?.getAudioTracks()[0] ?? null;
  }

  /** Asks for it. @returns {Promise<boolean>} whether there is one now */
  async open() {
    if (this.stream || this.isAsking) return this.stream !== null;
    const closings = this.#closings;
    this.isAsking = true;
    this.problem = null;
    this.#changed();
    try {
      const stream = await capture();
      if (closings !== this.#closings) {
        stopCapture(stream);
        return false;
      }
      this.#take(stream);
    } catch (error) {
      if (closings !== this.#closings) return false;
      this.problem = problemOf(error);
    }
    this.isAsking = false;
    this.#changed();
    return this.stream !== null;
  }

  /** Gives it back. It may be asked for again. */
  close() {
    this.#closings += 1;
    stopCapture(this.stream);
    this.stream = null;
    this.problem = null;
    this.isAsking = false;
    this.#changed();
  }

  /** @param {MediaStream} stream */
  #take(stream) {
    this.stream = stream;
    this.track?.addEventListener('ended', () => {
      if (this.stream !== stream) return;
      // Unplugged: the system's next one takes its place.
      this.stream = null;
      void this.open();
    });
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}

function capture() {
  // An insecure page has no `mediaDevices`, whatever the declarations say.
  const { mediaDevices } = /** @type {Partial<Navigator>} */ (navigator);
  if (mediaDevices) return mediaDevices.getUserMedia({ audio: TREATMENT });
  throw new DOMException('', window.isSecureContext ? 'NotSupportedError' : 'InsecureError');
}
