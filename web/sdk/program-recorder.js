/**
 * Records the program of an `AudioGraph` into one file. What the encoder gives once a second is kept in memory until
 * the end: 58 MB an hour at 128 kbit/s. A page that is closed or crashes meanwhile loses it.
 */

import { Emitter } from './emitter.js';

/** @import { AudioGraph } from './audio-graph.js' */

/** @typedef {{ blob: Blob, fileName: string }} Recording `fileName`: such as `evening-show-2026-11-21T10-00-00.webm` */

/**
 * @typedef {object} RecorderEvents
 * @property {ProgramRecorder} change it began or ended
 * @property {Recording} recorded what came of it, whatever ended it
 */

const BITS_PER_SECOND = 128_000;
/** How often the encoder gives what it has. */
const SLICE_MS = 1_000;
/** At this size a recording ends by itself: 18 hours. */
export const RECORDING_BYTES_MAX = 2 ** 30;

/** What browsers can record, best first, and how such files end. */
const FORMATS = [
  { mimeType: 'audio/webm;codecs=opus', ending: 'webm' },
  { mimeType: 'audio/ogg;codecs=opus', ending: 'ogg' },
  { mimeType: 'audio/mp4', ending: 'm4a' },
];

/** @extends {Emitter<RecorderEvents>} */
export class ProgramRecorder extends Emitter {
  #audioGraph;
  /** @type {{ recorder: MediaRecorder, done: Promise<Recording>, startedAt: Date } | undefined} */
  #running;

  /** @param {AudioGraph} audioGraph */
  constructor(audioGraph) {
    super();
    this.#audioGraph = audioGraph;
  }

  /** Whether this browser can record at all. */
  static get isSupported() {
    return formatHere() !== undefined;
  }

  /** @returns {'idle' | 'recording'} */
  get state() {
    return this.#running ? 'recording' : 'idle';
  }

  /** Since when it records. @returns {Date | undefined} */
  get startedAt() {
    return this.#running?.startedAt;
  }

  /**
   * Begins; while it records, nothing.
   * @param {string} [name] of what is recorded, for the file's name
   * @throws {DOMException} `NotSupportedError`: this browser can't record, or not this; then nothing is recorded
   */
  start(name = 'program') {
    if (this.#running) return;
    const format = formatHere();
    if (!format) throw new DOMException('This browser can’t record.', 'NotSupportedError');
    const options = { mimeType: format.mimeType, audioBitsPerSecond: BITS_PER_SECOND };
    const recorder = new MediaRecorder(this.#audioGraph.programStream, options);
    const startedAt = new Date();
    const fileName = `${name}-${startedAt.toISOString().slice(0, 19).replaceAll(':', '-')}.${format.ending}`;
    const done = this.#collect(recorder, fileName);
    recorder.start(SLICE_MS);
    this.#running = { recorder, startedAt, done };
    this.emit('change', this);
  }

  /**
   * Ends it. What was recorded also comes as event `recorded`.
   * @returns {Promise<Recording>} rejected when nothing was being recorded
   */
  async stop() {
    const running = this.#running;
    if (!running) throw new DOMException('Nothing is being recorded.', 'InvalidStateError');
    if (running.recorder.state !== 'inactive') running.recorder.stop();
    return running.done;
  }

  /**
   * @param {MediaRecorder} recorder
   * @param {string} fileName
   * @returns {Promise<Recording>}
   */
  #collect(recorder, fileName) {
    /** @type {Blob[]} */
    const slices = [];
    let bytes = 0;
    recorder.addEventListener('dataavailable', ({ data }) => {
      if (data.size > 0) slices.push(data);
      bytes += data.size;
      if (bytes >= RECORDING_BYTES_MAX && recorder.state === 'recording') recorder.stop();
    });
    return new Promise((resolve) => {
      // It also stops by itself: when the graph is closed, or the encoder fails. What there is is kept.
      recorder.addEventListener('stop', () => {
        const recording = { blob: new Blob(slices, { type: recorder.mimeType }), fileName };
        this.#running = undefined;
        resolve(recording);
        this.emit('change', this);
        this.emit('recorded', recording);
      });
    });
  }
}

function formatHere() {
  if (typeof MediaRecorder === 'undefined') return undefined;
  return FORMATS.find(({ mimeType }) => MediaRecorder.isTypeSupported(mimeType));
}
