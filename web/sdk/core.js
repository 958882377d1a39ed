/**
 * The door to the WebAssembly core: `parlor-connect`, which takes every decision about connections. Here is only the
 * glue of its C ABI; what goes in and out is in `core-types.d.ts`, who executes its orders in `connection-manager.js`.
 */

/** @import { CoreInput, CoreOutput, PeerState, Quality } from './core-types.d.ts' */

/**
 * @typedef {object} Exports
 * @property {WebAssembly.Memory} memory
 * @property {(length: number) => number} input_buffer
 * @property {() => number} call
 * @property {() => number} output_buffer
 */

/** @type {Promise<Exports>|undefined} */
let loading;

/** Loads the module once for the document. @returns {Promise<Exports>} */
function load() {
  loading ??= instantiate().catch((error) => {
    loading = undefined; // the next one tries again
    throw error;
  });
  return loading;
}

async function instantiate() {
  const response = await fetch(new URL('./parlor_connect.wasm', import.meta.url));
  if (!response.ok) throw new Error(`parlor_connect.wasm: the server says ${response.status}`);
  const { instance } = await WebAssembly.instantiate(await response.arrayBuffer());
  return /** @type {Exports} */ (/** @type {unknown} */ (instance.exports));
}

/** One connection manager's core. A trap in it is final: everything later throws. */
export class Core {
  #exports;
  #handle;

  /**
   * @param {Exports} exports the module's
   * @param {number} handle which manager
   */
  constructor(exports, handle) {
    this.#exports = exports;
    this.#handle = handle;
  }

  /**
   * Makes a core.
   * @param {{id: string, instance: string, seed: number, settings?: object}} options whose connections;
   *   `seed`: a whole number below 2³², for the jitter of retries; `settings`: figures other than the defaults, named as
   *   in `parlor-connect`'s `Settings`
   * @param {Exports} [exports] the module, where it does not come over the network (tests)
   */
  static async create(options, exports) {
    const module = exports ?? (await load());
    const { handle } = ask(module, { new: options });
    return new Core(module, handle);
  }

  /**
   * Something happened.
   * @param {CoreInput | undefined} input what; undefined: time passed
   * @param {number} now in ms since the epoch; must not go back
   * @returns {{ outputs: CoreOutput[], timeout: number | null }} `timeout`: when to call again, in ms since the epoch
   */
  handle(input, now) {
    return ask(this.#exports, { handle: this.#handle, now: Math.floor(now), input });
  }

  /** The states of all connections. @returns {(PeerState & {remotePeerId: string})[]} */
  connections() {
    return ask(this.#exports, { handle: this.#handle, connections: true }).connections;
  }

  /** The state of one. @param {string} id @returns {PeerState} */
  connection(id) {
    return ask(this.#exports, { handle: this.#handle, connection: id }).connection;
  }

  /** How well the connection with one works. @param {string} id @returns {Quality | null} */
  quality(id) {
    return ask(this.#exports, { handle: this.#handle, quality: id }).quality;
  }

  /** Forgets this core. */
  free() {
    ask(this.#exports, { handle: this.#handle, free: true });
  }
}

/**
 * One request, one answer.
 * @param {Exports} exports
 * @param {object} request
 */
function ask(exports, request) {
  const bytes = new TextEncoder().encode(JSON.stringify(request));
  const address = exports.input_buffer(bytes.length);
  new Uint8Array(exports.memory.buffer, address, bytes.length).set(bytes);
  const length = exports.call();
  // The call may have moved the memory: look at it afresh.
  const answer = new Uint8Array(exports.memory.buffer, exports.output_buffer(), length);
  const value = JSON.parse(new TextDecoder().decode(answer));
  if (value.error !== undefined) throw new Error(`parlor core: ${value.error}`);
  return value;
}
