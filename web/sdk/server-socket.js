/**
 * One WebSocket to the server, from its opening to its end: JSON in and out, and a watch for silence. A socket that is
 * no longer wanted tells nothing any more. Sessions, resume and back-off are `SignalingClient`'s.
 */

/**
 * @import { ServerFrame } from './messages.d.ts'
 */

/**
 * @typedef {object} SocketListener
 * @property {() => void} opened
 * @property {(frame: ServerFrame) => void} received
 * @property {(code: number, reason: string) => void} closed also when it never opened, or fell silent (code 0)
 */

/** How long a socket may take to open. */
const OPEN_MS = 10_000;
/** How often the silence is looked at. */
const WATCH_MS = 2_000;
/** Silence after which the server is asked for a sign: with the room list every 5 s, it is rare. */
const SILENCE_MS = 6_000;
/** How long it may take to give one. */
const ANSWER_MS = 4_000;

const OPEN = 1;

export class ServerSocket {
  #socket;
  /** @type {SocketListener | undefined} `undefined` once nobody listens */
  #listener;
  #heard_ms = 0;
  /** When the server was asked for a sign; 0: it owes none. */
  #asked_ms = 0;
  /** @type {ReturnType<typeof setTimeout> | ReturnType<typeof setInterval> | undefined} */
  #timer;

  /**
   * @param {string} url
   * @param {SocketListener} listener
   * @param {typeof WebSocket} WebSocketClass
   */
  constructor(url, listener, WebSocketClass) {
    this.#listener = listener;
    this.#socket = new WebSocketClass(url);
    this.#timer = setTimeout(() => this.#end(0, 'the server does not answer'), OPEN_MS);
    this.#socket.onopen = () => this.#onOpen();
    this.#socket.onmessage = (event) => this.#onMessage(event.data);
    this.#socket.onclose = (event) => this.#end(event.code, event.reason);
  }

  /**
   * @param {{ type: string, data: object, id?: string, cseq?: number }} frame
   * @returns {boolean} whether it went into the socket
   */
  write(frame) {
    if (!this.#listener || this.#socket.readyState !== OPEN) return false;
    console.debug(`parlor → ${frame.type}`);
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /** Asks the server for a sign now: the network has changed, and silence may not be long enough yet. */
  probe() {
    if (this.#asked_ms > 0) return;
    if (this.write({ type: 'ping', data: {} })) this.#asked_ms = Date.now();
  }

  /**
   * Closes it, and tells nothing any more.
   * @param {number} code
   * @param {string} reason
   */
  close(code, reason) {
    this.#listener = undefined;
    clearInterval(this.#timer);
    this.#socket.onopen = null;
    this.#socket.onmessage = null;
    this.#socket.onclose = null;
    this.#socket.close(code, reason);
  }

  #onOpen() {
    clearTimeout(this.#timer);
    this.#heard_ms = Date.now();
    this.#timer = setInterval(() => this.#watch(), WATCH_MS);
    this.#listener?.opened();
  }

  /** @param {unknown} text */
  #onMessage(text) {
    this.#heard_ms = Date.now();
    this.#asked_ms = 0;
    const frame = parseFrame(text);
    if (!frame) {
      console.warn('parlor: a frame of the server could not be read');
      return;
    }
    console.debug(`parlor ← ${frame.type}`);
    this.#listener?.received(frame);
  }

  #watch() {
    const now_ms = Date.now();
    if (this.#asked_ms > 0) {
      if (now_ms - this.#asked_ms >= ANSWER_MS) this.#end(0, 'the server has fallen silent');
    } else if (now_ms - this.#heard_ms >= SILENCE_MS) this.probe();
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #end(code, reason) {
    const listener = this.#listener;
    // 4000 says "I come back": a server that does hear this keeps our place.
    this.close(4000, 'reconnecting');
    listener?.closed(code, reason);
  }
}

/**
 * @param {unknown} text
 * @returns {ServerFrame | undefined}
 */
function parseFrame(text) {
  if (typeof text !== 'string') return undefined;
  try {
    const frame = JSON.parse(text);
    const isFrame = typeof frame?.type === 'string' && typeof (frame.data ?? {}) === 'object';
    return isFrame ? { ...frame, data: frame.data ?? {} } : undefined;
  } catch {
    return undefined;
  }
}
