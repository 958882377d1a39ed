// @ts-check
/**
 * The door to the WebAssembly core: `parlor-connect`, which takes every decision about connections. Here are only the
 * glue of its C ABI and the types of what goes in and out. Who executes its orders is `connection-manager.js`.
 *
 * @module
 */

/** @typedef {import('./messages.js').IceCandidateInit} IceCandidateInit */
/** @typedef {import('./messages.js').TrackLabel} TrackLabel */

/**
 * How far the connection with someone is.
 * @typedef {'disconnected'|'waiting'|'connecting'|'connected'|'failed'|'failed-permanent'} Status
 */

/**
 * The state of the connection with someone. `retryTimeout`: while `failed`, milliseconds from the failure to the retry.
 * @typedef {{status: Status, retryCount: number, retryTimeout: number|null, isPolite: boolean, makingOffer: boolean,
 *   ignoreOffer: boolean}} PeerState
 */

/** @typedef {{peer: string, attempt: number}} Which an RTCPeerConnection */

/**
 * What the core is told. Each value but the strings is an object with one key.
 * @typedef {'signalingUp'|'signalingDown'|'closeAll'
 *   |{media: 'pending'|'ready'|'none'}
 *   |{turnAvailable: boolean}
 *   |{leaveRoom: {roomId: string}}
 *   |{retry: {peer: string}}
 *   |{closePeer: {peer: string}}
 *   |{signal: {type: string, data: unknown}}
 *   |{negotiationNeeded: Which}
 *   |{localDescriptionSet: Which & {sdp: string, tracks?: TrackLabel[]}}
 *   |{localDescriptionFailed: Which & {reason: string}}
 *   |{rolledBack: Which}
 *   |{rollbackFailed: Which & {reason: string}}
 *   |{remoteDescriptionSet: Which}
 *   |{remoteDescriptionFailed: Which & {reason: string}}
 *   |{localCandidate: Which & {candidate: RTCIceCandidateInit|null}}
 *   |{stateChanged: Which & {ice: RTCIceConnectionState, connection: RTCPeerConnectionState}}} Input
 */

/**
 * What the core wants done, or tells. Exactly one key is there.
 * @typedef {object} Output
 * @property {{type: 'offer'|'answer'|'ice-candidate', data: any}} [send] for the server, as it is
 * @property {Which & {relayOnly: boolean}} [open]
 * @property {Which & {restartIce: boolean}} [createOffer]
 * @property {Which} [createAnswer]
 * @property {Which} [rollback]
 * @property {Which & {type: 'offer'|'answer', sdp: string, tracks?: TrackLabel[]}} [setRemoteDescription]
 * @property {Which & {candidate: RTCIceCandidateInit|null}} [addCandidate]
 * @property {Which} [close]
 * @property {{remotePeerId: string, state: PeerState}} [connectionStateChanged]
 * @property {{remotePeerId: string, reason: string}} [connectionFailed]
 * @property {{peer: string}} [peerRemoved]
 * @property {{message: string}} [warning]
 */

/** @typedef {{outputs: Output[], timeout: number|null}} Step `timeout`: when to call again, in ms since the epoch */

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
   * @param {{id: string, instance: string, seed: number, settings?: Record<string, number>}} options whose connections;
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
   * @param {Input|undefined} input what; undefined: time passed
   * @param {number} now in ms since the epoch; must not go back
   * @returns {Step}
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
