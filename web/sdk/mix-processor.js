/**
 * The desk's nodes in the audio thread: each is one instance of `parlor_mix.wasm` (crates/parlor-mix-wasm) and the glue
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
 * @property {(frames: number) => void} process
 * @property {() => number} take_reduction_db
 * @property {() => void} read_loudness
 * @property {() => void} reset_loudness
 * @property {(isOn: number, target_lufs: number) => void} set_leveller
 * @property {() => number} leveller_gain_db
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

/** @type {WebAssembly.Module | undefined} */
let compiled;

/** What the processors share: the instance, its buffer, when to report, how to end. */
class MixProcessor extends scope.AudioWorkletProcessor {
  /** @type {Exports} */
  exports;
  #isOpen = true;
  #isFaulty = false;
  #framesToReport = 0;
  /** @type {Float32Array[]} */
  #channels = [];

  /** @param {{ processorOptions: Options }} options */
  constructor({ processorOptions: { module, bytes } }) {
    super();
    // A module that did not survive the way here is made anew, once for this thread.
    const usable = module instanceof WebAssembly.Module ? module : (compiled ??= new WebAssembly.Module(bytes));
    this.exports = /** @type {Exports} */ (/** @type {unknown} */ (new WebAssembly.Instance(usable).exports));
    this.port.onmessage = ({ data }) => {
      if (data.close) this.#isOpen = false;
      else if (!this.#isFaulty) this.#guarded(() => this.command(data));
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
    const frames = input[0]?.length ?? output[0]?.length ?? 128;
    if (!this.#isFaulty) this.#guarded(() => this.#work(input, output, frames));
    if (this.#isFaulty) for (const [channel, samples] of output.entries()) samples.set(input[channel] ?? input[0] ?? []);
    return true;
  }

  /**
   * Something the other end wants.
   * @param {any} _data
   */
  command(_data) {}

  /**
   * What to tell the other end, if anything.
   * @returns {object | undefined}
   */
  report() {
    return undefined;
  }

  /**
   * @param {Float32Array[]} input no channels: nothing is connected, or nothing sounds
   * @param {Float32Array[]} output
   * @param {number} frames
   */
  #work(input, output, frames) {
    const channels = this.#look();
    for (const [channel, samples] of channels.entries()) {
      const sound = input[channel] ?? input[0];
      if (sound) samples.set(sound);
      else samples.fill(0, 0, frames);
    }
    this.exports.process(frames);
    for (const [channel, samples] of output.entries()) samples.set(channels[channel].subarray(0, frames));
    this.#framesToReport -= frames;
    if (this.#framesToReport > 0) return;
    this.#framesToReport += scope.sampleRate / REPORTS_PER_S;
    const report = this.report();
    if (report) this.port.postMessage(report);
  }

  /** The first samples, as the instance left them after a reading. @returns {Float32Array} */
  get readings() {
    return this.#look()[0];
  }

  /** The buffer, channel by channel. It stays where it is, but is looked at afresh when the memory has grown. */
  #look() {
    if (!this.#channels[0]?.byteLength) {
      const { memory, samples, frames_max } = this.exports;
      const length = frames_max();
      this.#channels = [0, 1].map((channel) => new Float32Array(memory.buffer, samples() + 4 * channel * length, length));
    }
    return this.#channels;
  }

  /** @param {() => void} work */
  #guarded(work) {
    try {
      work();
    } catch (error) {
      this.#isFaulty = true;
      this.port.postMessage({ fault: String(error) });
    }
  }
}

class LimiterProcessor extends MixProcessor {
  #reductionDb = 0;

  /** @param {{ processorOptions: Options }} options */
  constructor(options) {
    super(options);
    mustBe(this.exports.create_limiter(scope.sampleRate, options.processorOptions.ceiling_db ?? -1));
  }

  report() {
    const reductionDb = this.exports.take_reduction_db();
    if (reductionDb === this.#reductionDb) return undefined;
    this.#reductionDb = reductionDb;
    return { reductionDb };
  }
}

class LoudnessProcessor extends MixProcessor {
  /** @param {{ processorOptions: Options }} options */
  constructor(options) {
    super(options);
    mustBe(this.exports.create_loudness(scope.sampleRate));
  }

  /** @param {{ reset?: boolean }} data */
  command({ reset }) {
    if (reset) this.exports.reset_loudness();
  }

  report() {
    this.exports.read_loudness();
    const [momentary, shortTerm, integrated, truePeak] = this.readings;
    return { momentary, shortTerm, integrated, truePeak };
  }
}

class LevellerProcessor extends MixProcessor {
  #gainDb = 0;

  /** @param {{ processorOptions: Options }} options */
  constructor(options) {
    super(options);
    mustBe(this.exports.create_leveller(scope.sampleRate, options.processorOptions.target_lufs ?? -23));
  }

  /** @param {{ isOn: boolean, target_lufs: number }} data */
  command({ isOn, target_lufs }) {
    this.exports.set_leveller(Number(isOn), target_lufs);
  }

  report() {
    const gainDb = this.exports.leveller_gain_db();
    if (gainDb === this.#gainDb) return undefined;
    this.#gainDb = gainDb;
    return { gainDb };
  }
}

/** @param {number} isMade */
function mustBe(isMade) {
  if (!isMade) throw new RangeError(`no node works at ${scope.sampleRate} Hz`);
}

scope.registerProcessor('parlor-limiter', LimiterProcessor);
scope.registerProcessor('parlor-loudness', LoudnessProcessor);
scope.registerProcessor('parlor-leveller', LevellerProcessor);
