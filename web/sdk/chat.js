/**
 * Chat in a room (RR-10): over data channels, and through the server for those without one. A line that comes on both
 * ways is told once. There is no history.
 */

import { Emitter } from './emitter.js';
import { randomId } from './ids.js';
import { Seen } from './seen.js';

/**
 * @import { ChatFrom } from './messages.d.ts'
 * @import { ConnectionManager } from './connection-manager.js'
 * @import { SignalingClient } from './signaling-client.js'
 */

/** @typedef {{ chat: ChatFrom & { isOwn: boolean } }} ChatEvents */

/** What the server takes, unless it says otherwise. */
const CHARACTERS_MAX = 4_000;
/** Direct lines of somebody whom the roster does not show yet: the server's word of their joining is on its way. */
const HELD_MAX = 50;
const HELD_MS = 5_000;

/** @extends {Emitter<ChatEvents>} */
export class Chat extends Emitter {
  #signaling;
  #connections;
  #seen = new Seen();
  /** @type {{ userId: string, data: Record<string, unknown>, until_ms: number }[]} */
  #held = [];
  /** @type {(() => void)[]} */
  #offs;

  /**
   * @param {SignalingClient} signaling
   * @param {ConnectionManager} connections
   */
  constructor(signaling, connections) {
    super();
    this.#signaling = signaling;
    this.#connections = connections;
    this.#offs = [
      signaling.on('chat', (chat) => this.#tell(chat)),
      connections.on('data', ({ remotePeerId, frame }) => {
        if (frame.type === 'chat') this.#onDirect(remotePeerId, frame.data, Date.now() + HELD_MS);
      }),
      signaling.memberships.on('participants', () => this.#lookAgain()),
    ];
  }

  /**
   * Says something to everybody else in a room. One's own line comes as event `chat` too, with `isOwn`.
   * @param {string} roomId
   * @param {string} text 1 to 4,000 characters
   * @returns {ChatFrom}
   */
  send(roomId, text) {
    const max = this.#signaling.limits?.chatCharacters ?? CHARACTERS_MAX;
    const length = [...text].length;
    if (length === 0 || length > max) throw new RangeError(`A line has 1 to ${max} characters, this one has ${length}.`);
    const { userId, memberships } = this.#signaling;
    const chat = { roomId, userId, text, chatId: randomId('c'), sentAt: new Date().toISOString() };
    // Who has a data channel with the hub nobody knows: the server tells those who have none.
    let isEveryoneDirect = true;
    this.#connections.sendToHub(roomId, { type: 'chat', data: { ...chat } });
    for (const { id } of memberships.roster(roomId)) {
      if (id === userId) continue;
      const isDirect = this.#connections.sendFrame(id, { type: 'chat', data: { ...chat } });
      isEveryoneDirect &&= isDirect;
    }
    if (!isEveryoneDirect) this.#signaling.send('chat', { roomId, text, chatId: chat.chatId });
    this.#tell(chat);
    return chat;
  }

  /** Listens no longer. */
  destroy() {
    for (const off of this.#offs) off();
  }

  /**
   * @param {string} userId whom the connection belongs to
   * @param {Record<string, unknown>} data
   * @param {number} until_ms how long it may wait for the roster
   */
  #onDirect(userId, data, until_ms) {
    const { roomId, text, chatId, sentAt } = data;
    const { limits, memberships } = this.#signaling;
    if (typeof roomId !== 'string' || typeof text !== 'string' || !memberships.room(roomId)) return;
    // As long in UTF-16 units as the longest allowed text can be.
    if (text.length === 0 || text.length > 2 * (limits?.chatCharacters ?? CHARACTERS_MAX)) return;
    if (!memberships.roster(roomId).some(({ id }) => id === userId)) {
      this.#held.push({ userId, data, until_ms });
      if (this.#held.length > HELD_MAX) this.#held.shift();
      return;
    }
    this.#tell({
      roomId,
      userId,
      text,
      chatId: typeof chatId === 'string' ? chatId : randomId('c'),
      sentAt: typeof sentAt === 'string' && !Number.isNaN(Date.parse(sentAt)) ? sentAt : new Date().toISOString(),
    });
  }

  #lookAgain() {
    const held = this.#held;
    this.#held = [];
    for (const { userId, data, until_ms } of held) {
      if (until_ms > Date.now()) this.#onDirect(userId, data, until_ms);
    }
  }

  /** @param {ChatFrom} chat */
  #tell(chat) {
    if (!this.#seen.add(`${chat.userId} ${chat.chatId}`)) return;
    this.emit('chat', { ...chat, isOwn: chat.userId === this.#signaling.userId });
  }
}
