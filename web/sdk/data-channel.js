/**
 * The data channel of a pair: label `parlor`, negotiated, id 0, ordered; JSON frames `{"type", "data"}` as the server
 * would send them, whose sender the connection tells.
 */

/**
 * @typedef {object} DataFrame
 * @property {string} type
 * @property {Record<string, unknown>} data
 */

/** What waits in the channel at most; with more, the channel counts as shut, and the server is the way. */
const BUFFERED_BYTES_MAX = 1024 * 1024;
/** As large as a frame of the server's socket, in UTF-16 units. */
const FRAME_LENGTH_MAX = 256 * 1024;

export class DataChannel {
  #channel;

  /**
   * @param {RTCPeerConnection} pc
   * @param {{ opened: () => void, received: (frame: DataFrame) => void }} listener
   */
  constructor(pc, listener) {
    this.#channel = pc.createDataChannel('parlor', { negotiated: true, id: 0, ordered: true });
    this.#channel.onopen = () => listener.opened();
    this.#channel.onmessage = (event) => {
      const frame = parseDataFrame(event.data);
      if (frame) {
        console.debug(`parlor ← ${frame.type} (data channel)`);
        listener.received(frame);
      } else console.warn('parlor: a frame of a data channel could not be read');
    };
  }

  get isOpen() {
    return this.#channel.readyState === 'open' && this.#channel.bufferedAmount <= BUFFERED_BYTES_MAX;
  }

  /**
   * @param {DataFrame} frame
   * @returns {boolean} false: the channel is not open, or full
   */
  send(frame) {
    if (!this.isOpen) return false;
    try {
      this.#channel.send(JSON.stringify(frame));
      console.debug(`parlor → ${frame.type} (data channel)`);
      return true;
    } catch {
      // Closed between the look and the call, or the frame is larger than the other side takes.
      return false;
    }
  }

  close() {
    this.#channel.onopen = null;
    this.#channel.onmessage = null;
    this.#channel.close();
  }
}

/**
 * @param {unknown} text
 * @returns {DataFrame | undefined}
 */
export function parseDataFrame(text) {
  if (typeof text !== 'string' || text.length > FRAME_LENGTH_MAX) return undefined;
  try {
    const frame = JSON.parse(text);
    const { type, data } = frame ?? {};
    const isFrame = typeof type === 'string' && typeof data === 'object' && data !== null && !Array.isArray(data);
    return isFrame ? { type, data } : undefined;
  } catch {
    return undefined;
  }
}
