/**
 * The desk's nodes as the page has them: limiter, loudness meter, leveller. What they do is `parlor_mix.wasm`'s, in the
 * audio thread (`mix-processor.js`); here is what they are connected with, and what happens while it is not there:
 * being loaded, failed, or not to be had (an AudioWorklet needs a secure context). Then sound goes another way, and never stops.
 */

/** A way round is taken, and left, within this time: no click. */
const SWAP_S = 0.02;
/** After this a change is over for sure, on the page's clock: late costs only some work for nothing. */
const SWAPPED_MS = 1_000;

/** @typedef {{ module: WebAssembly.Module, bytes: ArrayBuffer }} Code */

/**
 * @typedef {object} Readings
 * @property {number} momentary of the newest 400 ms, in LUFS; -Infinity is silence
 * @property {number} shortTerm of the newest 3 s, in LUFS
 * @property {number} integrated gated, since the beginning or the last reset, in LUFS
 * @property {number} truePeak the highest since then, in dBTP
 */

/** @type {Promise<Code> | undefined} */
let fetching;

/** @type {WeakMap<BaseAudioContext, Promise<void>>} */
const loading = new WeakMap();

/** The contexts that have it. @type {WeakMap<BaseAudioContext, Code>} */
const loaded = new WeakMap();

/**
 * Brings what the nodes need into a context, once; after a failure it may be tried again. The nodes call this themselves.
 * @param {BaseAudioContext} context
 * @returns {Promise<void>} rejected where there is no AudioWorklet or no WebAssembly, or it can't be loaded
 */
export function loadMix(context) {
  let promise = loading.get(context);
  if (!promise) {
    promise = load(context);
    loading.set(context, promise);
    promise.catch(() => loading.delete(context));
  }
  return promise;
}

/** @param {BaseAudioContext} context */
async function load(context) {
  if (!context.audioWorklet) throw new Error('There is no AudioWorklet here; it needs a secure context.');
  fetching ??= fetchCode();
  fetching.catch(() => (fetching = undefined));
  const [code] = await Promise.all([
    fetching,
    context.audioWorklet.addModule(new URL('./mix-processor.js', import.meta.url)),
  ]);
  loaded.set(context, code);
}

/** @returns {Promise<Code>} */
async function fetchCode() {
  const response = await fetch(new URL('./parlor_mix.wasm', import.meta.url));
  if (!response.ok) throw new Error(`parlor_mix.wasm: the server says ${response.status}`);
  const bytes = await response.arrayBuffer();
  return { module: await WebAssembly.compile(bytes), bytes };
}

/**
 * A worklet node, from when its context has been loaded until it is closed or fails.
 * @template {object} Report
 */
class Worklet {
  /** @type {AudioWorkletNode | undefined} */
  node;
  #isClosed = false;

  /**
   * @param {BaseAudioContext} context
   * @param {string} name of the processor
   * @param {object} options the processor's
   * @param {object} events
   * @param {(node: AudioWorkletNode, isLate: boolean) => void} events.onReady `isLate`: not within the constructor
   * @param {(report: Report) => void} events.onReport
   * @param {(node: AudioWorkletNode) => void} [events.onFault] it is ready no more
   * @param {AudioWorkletNodeOptions} [wiring]
   */
  constructor(context, name, options, { onReady, onReport, onFault = () => {} }, wiring = {}) {
    const fail = (/** @type {unknown} */ reason) => {
      const { node } = this;
      if (!node) return;
      console.warn(`${name}:`, reason);
      this.node = undefined;
      // A processor that has failed in its work lets the sound through; it goes when nobody hears it any more.
      onFault(node);
      setTimeout(() => end(node), SWAPPED_MS);
    };
    const make = (/** @type {boolean} */ isLate) => {
      const code = loaded.get(context);
      if (this.#isClosed || !code) return;
      const node = makeNode(context, name, options, code, wiring);
      this.node = node;
      node.onprocessorerror = () => fail('the processor failed');
      node.port.onmessage = ({ data }) => ('fault' in data ? fail(data.fault) : onReport(data));
      onReady(node, isLate);
    };
    if (loaded.has(context)) make(false);
    else {
      loadMix(context)
        .then(() => make(true))
        .catch((reason) => console.debug(`${name}:`, reason));
    }
  }

  /** @param {object} command */
  send(command) {
    this.node?.port.postMessage(command);
  }

  close() {
    this.#isClosed = true;
    const { node } = this;
    this.node = undefined;
    if (node) end(node);
  }
}

/** Lets the processor end. @param {AudioWorkletNode} node */
function end(node) {
  node.onprocessorerror = null;
  node.port.onmessage = null;
  node.port.postMessage({ close: true });
  node.disconnect();
}

/**
 * @param {BaseAudioContext} context
 * @param {string} name
 * @param {object} options
 * @param {Code} code
 * @param {AudioWorkletNodeOptions} wiring
 */
function makeNode(context, name, options, { module, bytes }, wiring) {
  // Always stereo. A mono sound is heard from both sides, so it is measured and limited as both, and nothing has to
  // change, or to click, when a stereo voice joins mono ones.
  /** @param {object} code */
  const make = (code) =>
    new AudioWorkletNode(context, name, {
      channelCount: 2,
      channelCountMode: 'explicit',
      channelInterpretation: 'speakers',
      outputChannelCount: [2],
      ...wiring,
      processorOptions: { ...options, ...code },
    });
  try {
    return make({ module, bytes });
  } catch (error) {
    // A browser that can't hand a module to another thread compiles it there.
    if (error instanceof DOMException && error.name === 'DataCloneError') return make({ bytes });
    throw error;
  }
}

/**
 * Keeps what goes through it below a ceiling (AU-2); what stays below passes unchanged, 1.5 ms later. `AudioNode`s are
 * connected with its `input` and `output`, which stay the same whatever happens behind them.
 */
export class Limiter {
  #worklet;
  #way;
  #fallback;

  /** By how much it turned down at most in the last tenth of a second, in dB; 0: nothing. */
  reductionDb = 0;

  /**
   * @param {BaseAudioContext} context
   * @param {object} [options]
   * @param {number} [options.ceiling_db] in dBFS
   * @param {{ input: AudioNode, output: AudioNode, close?: () => void }} [options.fallback] what the sound goes through
   *   instead while there is no worklet; it is closed with the limiter. Without it, it goes straight
   */
  constructor(context, { ceiling_db = -1, fallback } = {}) {
    this.#fallback = fallback;
    this.#way = new Way(context, fallback);
    this.#worklet = /** @type {Worklet<{ reductionDb: number }>} */ (
      new Worklet(context, 'parlor-limiter', { ceiling_db }, {
        onReady: (node, isLate) => this.#way.through(node, isLate),
        onReport: ({ reductionDb }) => (this.reductionDb = reductionDb),
        onFault: (node) => {
          this.reductionDb = 0;
          this.#way.round(node);
        },
      })
    );
  }

  /** @returns {AudioNode} */
  get input() {
    return this.#way.input;
  }

  /** @returns {AudioNode} */
  get output() {
    return this.#way.output;
  }

  /** Whether sound goes round the worklet. */
  get isBypassed() {
    return this.#worklet.node === undefined;
  }

  close() {
    this.#worklet.close();
    this.#way.close();
    this.#fallback?.close?.();
  }
}

/** Silence, and what a meter reads that isn't there. @type {Readonly<Readings>} */
const NOTHING = { momentary: -Infinity, shortTerm: -Infinity, integrated: -Infinity, truePeak: -Infinity };

/** Loudness by ITU-R BS.1770-5 and EBU R 128 (AU-3), of both channels. */
export class LoudnessMeter {
  #worklet;
  #measured;
  /** @type {Readonly<Readings>} */
  #readings = NOTHING;

  /** @param {AudioNode} measured */
  constructor(measured) {
    this.#measured = measured;
    this.#worklet = /** @type {Worklet<Readings>} */ (
      new Worklet(
        measured.context,
        'parlor-loudness',
        {},
        {
          onReady: (node) => measured.connect(node),
          onReport: (readings) => (this.#readings = readings),
          onFault: (node) => {
            part(measured, node);
            this.#readings = NOTHING;
          },
        },
        { numberOfOutputs: 0, outputChannelCount: [] },
      )
    );
  }

  /** What it read last; new about ten times a second. @returns {Readonly<Readings>} */
  loudness() {
    return this.#readings;
  }

  /** Forgets what it heard: integrated loudness and true peak begin anew. */
  reset() {
    this.#readings = NOTHING;
    this.#worklet.send({ reset: true });
  }

  close() {
    const { node } = this.#worklet;
    // The node would be kept, and called, for as long as something leads into it.
    if (node) part(this.#measured, node);
    this.#worklet.close();
    this.#readings = NOTHING;
  }
}

/**
 * Takes one node out of another, if the other's owner has not done so.
 * @param {AudioNode} from
 * @param {AudioNode} to
 */
function part(from, to) {
  try {
    from.disconnect(to);
  } catch (error) {
    if (!(error instanceof DOMException && error.name === 'InvalidAccessError')) throw error;
  }
}

/** Brings one voice slowly to a loudness. Off, which it is at first, it is exactly unity. */
export class Leveller {
  #worklet;
  #way;
  #isOn = false;
  #targetLufs;

  /** What it adds at present, in dB. */
  gainDb = 0;

  /**
   * @param {BaseAudioContext} context
   * @param {object} [options]
   * @param {number} [options.target_lufs] where to bring the voice
   */
  constructor(context, { target_lufs = -23 } = {}) {
    this.#targetLufs = target_lufs;
    this.#way = new Way(context);
    this.#worklet = /** @type {Worklet<{ gainDb: number }>} */ (
      new Worklet(context, 'parlor-leveller', { target_lufs }, {
        onReady: (node, isLate) => {
          this.#way.through(node, isLate);
          if (this.#isOn) node.port.postMessage(this.#settings);
        },
        onReport: ({ gainDb }) => (this.gainDb = gainDb),
        onFault: (node) => {
          this.gainDb = 0;
          this.#way.round(node);
        },
      })
    );
  }

  /** @returns {AudioNode} */
  get input() {
    return this.#way.input;
  }

  /** @returns {AudioNode} */
  get output() {
    return this.#way.output;
  }

  get isOn() {
    return this.#isOn;
  }

  set isOn(isOn) {
    this.#isOn = isOn;
    this.#worklet.send(this.#settings);
  }

  get targetLufs() {
    return this.#targetLufs;
  }

  set targetLufs(target_lufs) {
    if (!Number.isFinite(target_lufs)) throw new RangeError(`A target is a number of LUFS, not ${target_lufs}.`);
    this.#targetLufs = target_lufs;
    this.#worklet.send(this.#settings);
  }

  close() {
    this.#worklet.close();
    this.#way.close();
  }

  get #settings() {
    return { isOn: this.#isOn, target_lufs: this.#targetLufs };
  }
}

/** From an input to an output, through a worklet or round it; changes are crossfades. */
class Way {
  #context;
  #fallback;
  /** How much of what comes out went round. */
  #round;
  #isRoundOpen = false;
  /** How much went through. @type {GainNode | undefined} */
  #through;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {BaseAudioContext} context
   * @param {{ input: AudioNode, output: AudioNode }} [fallback]
   */
  constructor(context, fallback) {
    this.#context = context;
    this.#fallback = fallback;
    this.input = new GainNode(context);
    this.output = new GainNode(context);
    this.#round = new GainNode(context);
    this.#round.connect(this.output);
    fallback?.output.connect(this.#round);
    this.#openRound();
  }

  /**
   * @param {AudioNode} worklet
   * @param {boolean} isLate sound may be going round already
   */
  through(worklet, isLate) {
    const through = new GainNode(this.#context, { gain: isLate ? 0 : 1 });
    this.#through = through;
    this.input.connect(worklet).connect(through).connect(this.output);
    if (!isLate) {
      this.#round.gain.value = 0;
      this.#closeRound();
      return;
    }
    this.#fade(through, 1);
    this.#fade(this.#round, 0);
    this.#timer = setTimeout(() => this.#closeRound(), SWAPPED_MS);
  }

  /**
   * The worklet has failed.
   * @param {AudioNode} worklet
   */
  round(worklet) {
    clearTimeout(this.#timer);
    const through = this.#through;
    this.#openRound();
    this.#fade(this.#round, 1);
    if (!through) return;
    this.#fade(through, 0);
    this.#timer = setTimeout(() => {
      this.input.disconnect(worklet);
      through.disconnect();
    }, SWAPPED_MS);
  }

  close() {
    clearTimeout(this.#timer);
    this.input.disconnect();
    this.#isRoundOpen = false;
    this.#fallback?.output.disconnect();
    this.#round.disconnect();
    this.#through?.disconnect();
    this.output.disconnect();
  }

  #openRound() {
    if (this.#isRoundOpen) return;
    this.#isRoundOpen = true;
    this.input.connect(this.#fallback?.input ?? this.#round);
  }

  #closeRound() {
    if (!this.#isRoundOpen) return;
    this.#isRoundOpen = false;
    this.input.disconnect(this.#fallback?.input ?? this.#round);
  }

  /**
   * @param {GainNode} node
   * @param {number} gain
   */
  #fade(node, gain) {
    const { currentTime } = this.#context;
    node.gain.cancelScheduledValues(currentTime);
    node.gain.setValueAtTime(node.gain.value, currentTime);
    node.gain.linearRampToValueAtTime(gain, currentTime + SWAP_S);
  }
}
