/**
 * The way to the audio thread: what is loaded for it (`parlor_mix.wasm`, `mix-processor.js`), and one worklet node, from when
 * it can be made until it is closed or fails. An AudioWorklet needs a secure context.
 */

import { SWAPPED_MS } from './mix-way.js';

/** @typedef {{ module: WebAssembly.Module, bytes: ArrayBuffer }} Code */

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
export class Worklet {
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
