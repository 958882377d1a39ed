/**
 * What can go wrong in a game room: the seven kinds that a player's page tells apart, each with what is done about it, and
 * what can go wrong with a camera or microphone.
 */

/**
 * `peer-unavailable`: another player can't be reached. `network`: the server can't be reached. `browser-incompatible`: the
 * browser lacks something. `unavailable-id`: somebody else has the id. `server-error`: the server refuses. `socket-error`: the
 * socket could not be opened. `socket-closed`: it was lost.
 * @typedef {'peer-unavailable' | 'network' | 'browser-incompatible' | 'unavailable-id' | 'server-error' | 'socket-error'
 *   | 'socket-closed'} GameRoomErrorType
 */

/**
 * What is done: `retry` and `reconnect` happen by themselves after `delayMs`; `wait-for-network` when the network is back;
 * `try-again` when somebody asks for it (`GameRoom.retry`); `reload` and `upgrade` are for the person to do.
 * @typedef {'retry' | 'reconnect' | 'wait-for-network' | 'try-again' | 'reload' | 'upgrade'} Recovery
 */

/** Before the first, second and third try, in milliseconds. After these a person decides. */
export const RETRY_DELAYS_MS = Object.freeze([0, 2_000, 4_000]);

/** @type {Record<GameRoomErrorType, { recovery: Recovery, message: string }>} */
const KINDS = {
  'peer-unavailable': { recovery: 'retry', message: 'This player can’t be reached.' },
  network: { recovery: 'wait-for-network', message: 'The network is away. The room goes on when it is back.' },
  'browser-incompatible': { recovery: 'upgrade', message: 'This browser can’t do video calls. Please upgrade it.' },
  'unavailable-id': { recovery: 'try-again', message: 'This player is already connected elsewhere. Close the other page, then try again.' },
  'server-error': { recovery: 'reload', message: 'The server refused the connection. Reloading the page may help.' },
  'socket-error': { recovery: 'reconnect', message: 'The server could not be reached. Trying again.' },
  'socket-closed': { recovery: 'reconnect', message: 'The connection to the server was lost. Reconnecting.' },
};

/**
 * @typedef {object} ErrorDetails
 * @property {string} [remotePeerId] whom it is about
 * @property {number} [attempt] which of the tries comes next, from 1; without it nothing more happens by itself
 * @property {unknown} [cause] what the client said
 */

export class GameRoomError extends Error {
  /**
   * @param {GameRoomErrorType} type
   * @param {ErrorDetails} [details]
   */
  constructor(type, { remotePeerId, attempt, cause } = {}) {
    super(KINDS[type].message, { cause });
    this.name = 'GameRoomError';
    this.type = type;
    /** Whom it is about; null: oneself. @type {string | null} */
    this.remotePeerId = remotePeerId ?? null;
    /** Which of the three tries comes next, from 1; 0: none. */
    this.attempt = attempt ?? 0;
    /** How long until then, from when the error came. @type {number | null} */
    this.delayMs = RETRY_DELAYS_MS[this.attempt - 1] ?? null;
    const { recovery } = KINDS[type];
    /** @type {Recovery} */
    this.recovery = recovery === 'retry' && this.attempt === 0 ? 'try-again' : recovery;
    Object.freeze(this);
  }
}

/**
 * The kind of what the client reports for the peer itself, or null for what is no kind of its own: `network` says either
 * that a socket was lost or that it could not be opened, `webrtc` and `disconnected` show at the calls concerned.
 * @param {string} type
 * @returns {GameRoomErrorType | null}
 */
export function kindOf(type) {
  if (type === 'webrtc' || type === 'disconnected' || type === 'network') return null;
  if (type in KINDS) return /** @type {GameRoomErrorType} */ (type);
  // `invalid-key`, `invalid-id`, `ssl-unavailable`, and kinds of clients to come.
  return 'server-error';
}

/**
 * `unknown-device`: no such device is there. `denied`: the person or the browser refuses. `missing`: there is none. `busy`:
 * another program has it. `insecure`: the page was not loaded by HTTPS. `unsupported`: the browser can't. `nothing-asked`:
 * neither picture nor sound was asked for.
 * @typedef {'unknown-device' | 'denied' | 'missing' | 'busy' | 'insecure' | 'unsupported' | 'nothing-asked'} DeviceErrorCode
 */

/** @type {Record<DeviceErrorCode, string>} */
const DEVICE_MESSAGES = {
  'unknown-device': 'There is no such device.',
  denied: 'Camera and microphone are not allowed for this page.',
  missing: 'No camera or microphone was found.',
  busy: 'Another program uses the camera or microphone.',
  insecure: 'Camera and microphone need a page that is loaded by HTTPS.',
  unsupported: 'This browser offers neither camera nor microphone.',
  'nothing-asked': 'At least one of picture and sound must be asked for.',
};

export class DeviceError extends Error {
  /**
   * @param {DeviceErrorCode} code
   * @param {unknown} [cause]
   */
  constructor(code, cause) {
    super(DEVICE_MESSAGES[code], { cause });
    this.name = 'DeviceError';
    this.code = code;
  }

  /**
   * @param {unknown} error of getUserMedia (W3C Media Capture and Streams, section 10.2)
   * @returns {DeviceError}
   */
  static of(error) {
    if (error instanceof DeviceError) return error;
    const name = error instanceof Error ? error.name : '';
    return new DeviceError(CODES[name] ?? 'unsupported', error);
  }
}

/** @type {Record<string, DeviceErrorCode>} */
const CODES = {
  NotAllowedError: 'denied',
  SecurityError: 'denied',
  NotFoundError: 'missing',
  OverconstrainedError: 'missing',
  NotReadableError: 'busy',
  AbortError: 'busy',
};
