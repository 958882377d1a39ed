// The chat of one session as data: lines in order, each once, and how many are unread. No history reaches back before one
// joined (RR-10), and the log is bounded.

/** Lines kept; the oldest go first. */
const LINES_MAX = 500;

/**
 * A line. `note`: what the page itself says; `message`: what a participant wrote.
 * @typedef {{kind: 'note', text: string, at: Date}
 *   | {kind: 'message', text: string, at: Date, userId: string, name: string, isOwn: boolean, chatId: string}} ChatLine
 */

/** Emits `line` {line} for each new line, and `unread` when the count changed. */
export class ChatLog extends EventTarget {
  /** @type {ChatLine[]} */
  #lines = [];
  #unread = 0;
  #isOpen = false;

  /** The lines, oldest first. @returns {readonly ChatLine[]} */
  get lines() {
    return this.#lines;
  }

  /** Messages of others that came while the chat was folded. */
  get unread() {
    return this.#unread;
  }

  /** Whether somebody looks at it: then nothing is unread. */
  get isOpen() {
    return this.#isOpen;
  }

  set isOpen(isOpen) {
    this.#isOpen = isOpen;
    if (isOpen) this.#setUnread(0);
  }

  /** Adds a line of the page itself. @param {string} text @param {Date} [at] */
  note(text, at = new Date()) {
    this.#add({ kind: 'note', text, at });
  }

  /**
   * Adds a message, unless this very message is there already (it may come on two paths).
   * @param {{text: string, at: Date, userId: string, name: string, isOwn: boolean, chatId: string}} message
   * @returns {boolean} whether it is new
   */
  message(message) {
    const isKnown = this.#lines.some((line) => line.kind === 'message' && line.chatId === message.chatId && line.userId === message.userId);
    if (isKnown) return false;
    this.#add({ kind: 'message', ...message });
    if (!message.isOwn && !this.#isOpen) this.#setUnread(this.#unread + 1);
    return true;
  }

  /** @param {ChatLine} line */
  #add(line) {
    this.#lines.push(line);
    if (this.#lines.length > LINES_MAX) this.#lines.shift();
    this.dispatchEvent(new CustomEvent('line', { detail: { line } }));
  }

  /** @param {number} unread */
  #setUnread(unread) {
    if (unread === this.#unread) return;
    this.#unread = unread;
    this.dispatchEvent(new Event('unread'));
  }
}
