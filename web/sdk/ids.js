/**
 * Random ids of the contract's alphabet, and who this tab is: a user id that survives a reload (sessionStorage), and
 * an instance that does not.
 */

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';
const USER_ID_KEY = 'parlor.userId';
const RESUME_TOKEN_KEY = 'parlor.resumeToken';

/** @typedef {Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>} IdentityStorage */

/**
 * A random id such as `u-7f3kq0v1x8mz2c4n`: 16 characters of 36, about 82 bits.
 * @param {string} prefix says what it names: `u` a participant, `r` a room, `c` a chat message
 * @returns {string}
 */
export function randomId(prefix) {
  let text = `${prefix}-`;
  // 252 is the largest multiple of 36 in a byte: what lies above it would favour the first letters.
  const bytes = new Uint8Array(1);
  for (let count = 0; count < 16; ) {
    const byte = crypto.getRandomValues(bytes)[0] ?? 255;
    if (byte < 252) {
      text += ALPHABET[byte % 36];
      count += 1;
    }
  }
  return text;
}

/**
 * The document that owns the RTCPeerConnections, made anew on each load. One for all clients of a document would let
 * two of them pass for one another, so each client makes its own.
 * @returns {string}
 */
export function newInstance() {
  return randomId('i');
}

/** What a tab keeps over a reload. Without storage (private modes, no browser) it is kept in memory. */
export class TabIdentity {
  #storage;

  /** @param {IdentityStorage} [storage] default: sessionStorage, where there is one */
  constructor(storage) {
    this.#storage = storage ?? sessionStorageOrMemory();
  }

  /** @returns {string} */
  get userId() {
    return this.#storage.getItem(USER_ID_KEY) ?? this.renew();
  }

  /**
   * Makes and keeps a new user id: another tab has the one kept so far.
   * @returns {string}
   */
  renew() {
    const userId = randomId('u');
    this.#storage.setItem(USER_ID_KEY, userId);
    this.#storage.removeItem(RESUME_TOKEN_KEY);
    return userId;
  }

  /** The token of this tab's last session. It lets a reloaded page take its own id back. */
  get resumeToken() {
    return this.#storage.getItem(RESUME_TOKEN_KEY) ?? undefined;
  }

  /** @param {string | undefined} token */
  set resumeToken(token) {
    if (token === undefined) this.#storage.removeItem(RESUME_TOKEN_KEY);
    else this.#storage.setItem(RESUME_TOKEN_KEY, token);
  }
}

/** @returns {IdentityStorage} */
function sessionStorageOrMemory() {
  try {
    const storage = globalThis.sessionStorage;
    storage.setItem('parlor.probe', '1');
    storage.removeItem('parlor.probe');
    return storage;
  } catch {
    return memoryStorage();
  }
}

/** @returns {IdentityStorage} */
function memoryStorage() {
  const kept = new Map();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  };
}
