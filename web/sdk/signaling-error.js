/** What a request that was not done is rejected with. */

/**
 * @import { ErrorCode, Refusal } from './messages.d.ts'
 */

/**
 * The contract's codes, and three of this side: `closed` (the client was closed before the answer came), `overflow`
 * (too many frames were waiting for the server), `lost` (the session ended, and the request makes no sense in a new one).
 * @typedef {ErrorCode | 'closed' | 'overflow' | 'lost'} SignalingErrorCode
 */

export class SignalingError extends Error {
  /**
   * @param {Omit<Refusal, 'code'> & { code: SignalingErrorCode }} refusal
   */
  constructor(refusal) {
    super(refusal.message);
    this.name = 'SignalingError';
    /** For programs. @type {SignalingErrorCode} */
    this.code = refusal.code;
    /** The request's type, where known. */
    this.type = refusal.type;
    /** To whom it was addressed. */
    this.to = refusal.to;
    /** The room it named. */
    this.roomId = refusal.roomId;
    /** The attempt it belonged to. */
    this.attempt = refusal.attempt;
  }
}
