// How the page stands with the server: online, or on the way back with the count of attempts. Read from the signalling
// client's `state` events.

/** Emits `change`. */
export class ServerState extends EventTarget {
  /** Whether the socket is open. */
  isOnline = false;
  /** Which attempt to come back this is, from 1; 0 at the very first connecting. */
  attempt = 0;
  /** When the next attempt begins, in ms since 1970; null while one runs. @type {number|null} */
  retryAt = null;

  /** Why the session ended for good, if it did. @type {string|null} */
  refusal = null;

  /** @param {import('../sdk/index.js').SignalingClient} signaling */
  constructor(signaling) {
    super();
    signaling.on('state', ({ state, attempt, retryInMs, reason }) => {
      this.isOnline = state === 'open';
      this.attempt = this.isOnline ? 0 : attempt;
      this.retryAt = retryInMs > 0 ? Date.now() + retryInMs : null;
      this.refusal = state === 'closed' ? (reason ?? '') : null;
      this.dispatchEvent(new Event('change'));
    });
  }
}
