/**
 * The desk's nodes in the audio thread: each is a handle of `parlor_mix.wasm` (crates/parlor-mix-wasm) and the glue
 * between it and the browser's blocks. Loaded as an AudioWorklet module by `mix-nodes.js`, which has the other ends.
 *
 * Nothing here may silence anybody: whatever fails, the sound goes on as it came, and the other end is told.
 */

/**
 * What the audio thread has beyond a page's own globals (Web Audio API, section 1.32). TypeScript's library doesn't have it.
 * @typedef {object} WorkletScope
 * @property {new () => { port: MessagePort }} AudioWorkletProcessor
 * @property {(name: string, processor: Function) => void} registerProcessor
 * @property {number} sampleRate
 */

/**
 * @typedef {object} Exports
 * @property {WebAssembly.Memory} memory
 * @property {() => number} samples
 * @property {() => number} frames_max
 * @property {(rate_hz: number, ceiling_db: number) => number} create_limiter
 * @property {(rate_hz: number) => number} create_loudness
 * @property {(rate_hz: number, target_lufs: number) => number} create_leveller
 * @property {(handle: number) => void} free_node
 * @property {(handle: number, frames: number) => void} process
 * @property {(handle: number) => number} take_reduction_db
 * @property {(handle: number) => void} read_loudness
 * @property {(handle: number) => void} reset_loudness
 * @property {(handle: number, isOn: number, target_lufs: number) => void} set_leveller
 * @property {(handle: number) => number} leveller_gain_db
 */

/**
 * @typedef {object} Options
 * @property {WebAssembly.Module} [module]
 * @property {ArrayBuffer} bytes the same, not yet compiled
 * @property {number} [ceiling_db]
 * @property {number} [target_lufs]
 */

const scope = /** @type {WorkletScope} */ (/** @type {unknown} */ (globalThis));

/** Readings are told this often. */
const REPORTS_PER_S = 10;

/** The module's instance: one for all nodes of this thread. */
class Desk {
  exports;
  /** @type {Float32Array[]} */
  #channels = [];

  /** @param {Options} options */
  constructor({ module, bytes }) {
    // A module that did not survive the way here is made anew.
    const usable = module instanceof WebAssembly.Module ? module : new WebAssembly.Module(bytes);
    this.exports = /** @type {Exports} */ (/** @type {unknown} */ (new WebAssembly.Instance(usable).exports));
  }

  /** The buffer, channel by channel. It stays where it is, but is looked at afresh when the memory has grown. */
  get channels() {
    if (!this.#channels[0]?.byteLength) {
      const { memory, samples, frames_max } = this.exports;
      const length = frames_max();
      this.#channels = [0, 1].map((channel) => new Float32Array(memory.buffer, samples() + 4 * channel * length, length));
    }
    return this.#channels;
  }
}

/** @type {Desk | undefined} */
let desk;

/** What the processors share: the desk, when to report, what to do when something fails, how to end. */
class MixProcessor extends scope.AudioWorkletProcessor {
  #desk;
  #handle;
  #isOpen = true;
  #isFaulty = false;
  #framesToReport = 0;

  /**
   * @param {Options} options
   * @param {(exports: Exports) => number} create gives a handle, or 0
   */
  constructor(options, create) {
    super();
    this.#desk = desk ??= new Desk(options);
    this.#handle = create(this.#desk.exports);
    if (!this.#handle) throw new RangeError(`there are too many nodes, or none works at ${scope.sampleRate} Hz`);
    this.port.onmessage = ({ data }) => {
      if (data.close) this.#close();
      else this.#guarded(({ exports }) => this.command(exports, this.#handle, data));
    };
  }

  /**
   * Web Audio API, section 1.32.5.3.
   * @param {Float32Array[][]} inputs
   * @param {Float32Array[][]} outputs
   * @returns {boolean} whether this is to be called again
   */
  process([input = []], [output = []]) {
    if (!this.#isOpen) return false;
    this.#guarded((desk) => this.#work(desk, input, output));
    if (this.#isFaulty) for (const [channel, samples] of output.entries()) samples.set(input[channel] ?? input[0] ?? []);
    return true;
  }

  /**
   * Something the other end wants.
   * @param {Exports} _exports
   * @param {number} _handle
   * @param {any} _data
   */
  command(_exports, _handle, _data) {}

  /**
   * What to tell the other end, if anything.
   * @param {Desk} _desk
   * @param {number} _handle
   * @returns {object | undefined}
   */
  report(_desk, _handle) {
    return undefined;
  }

  /**
   * @param {Desk} desk
   * @param {Float32Array[]} input no channels: nothing is connected, or nothing sounds
   * @param {Float32Array[]} output
   */
  #work(desk, input, output) {
    const frames = input[0]?.length ?? output[0]?.length ?? 128;
    const { channels } = desk;
    for (const [channel, samples] of channels.entries()) {
      const sound = input[channel] ?? input[0];
      if (sound) samples.set(sound);
      else samples.fill(0, 0, frames);
    }
    desk.exports.process(this.#handle, frames);
    for (const [channel, samples] of output.entries()) samples.set(channels[channel].subarray(0, frames));
    this.#framesToReport -= frames;
    if (this.#framesToReport > 0) return;
    this.#framesToReport += scope.sampleRate / REPORTS_PER_S;
    const report = this.report(desk, this.#handle);
    if (report) this.port.postMessage(report);
  }

  #close() {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#guarded(({ exports }) => exports.free_node(this.#handle));
  }

  /** @param {(desk: Desk) => void} work */
  #guarded(work) {
    if (this.#isFaulty) return;
    try {
      work(this.#desk);
    } catch (error) {
      this.#isFaulty = true;
      // A trap is final for an instance and all its nodes. Those that are made from now on get another.
      if (desk === this.#desk) desk = undefined;
      this.port.postMessage({ fault: String(error) });
    }
  }
}

class LimiterProcessor extends MixProcessor {
  #reductionDb = 0;

  /** @param {{ processorOptions: Options }} options */
  constructor({ processorOptions }) {
    super(processorOptions, (exports) => exports.create_limiter(scope.sampleRate, processorOptions.ceiling_db ?? -1));
  }

  /** @param {Desk} desk @param {number} handle */
  report({ exports }, handle) {
    const reductionDb = exports.take_reduction_db(handle);
    if (reductionDb === this.#reductionDb) return undefined;
    this.#reductionDb = reductionDb;
    return { reductionDb };
  }
}

class LoudnessProcessor extends MixProcessor {
  /** @param {{ processorOptions: Options }} options */
  constructor({ processorOptions }) {
    super(processorOptions, (exports) => exports.create_loudness(scope.sampleRate));
  }

  /** @param {Exports} exports @param {number} handle @param {{ reset?: boolean }} data */
  command(exports, handle, { reset }) {
    if (reset) exports.reset_loudness(handle);
  }

  /** @param {Desk} desk @param {number} handle */
  report({ exports, channels }, handle) {
    exports.read_loudness(handle);
    const [momentary, shortTerm, integrated, truePeak] = channels[0];
    return { momentary, shortTerm, integrated, truePeak };
  }
}

class LevellerProcessor extends MixProcessor {
  #gainDb = 0;

  /** @param {{ processorOptions: Options }} options */
  constructor({ processorOptions }) {
    super(processorOptions, (exports) => exports.create_leveller(scope.sampleRate, processorOptions.target_lufs ?? -23));
  }

  /** @param {Exports} exports @param {number} handle @param {{ isOn: boolean, target_lufs: number }} data */
  command(exports, handle, { isOn, target_lufs }) {
    exports.set_leveller(handle, Number(isOn), target_lufs);
  }

  /** @param {Desk} desk @param {number} handle */
  report({ exports }, handle) {
    const gainDb = exports.leveller_gain_db(handle);
    if (gainDb === this.#gainDb) return undefined;
    this.#gainDb = gainDb;
    return { gainDb };
  }
}

scope.registerProcessor('parlor-limiter', LimiterProcessor);
scope.registerProcessor('parlor-loudness', LoudnessProcessor);
scope.registerProcessor('parlor-leveller', LevellerProcessor);
