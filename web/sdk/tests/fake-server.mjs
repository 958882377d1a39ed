/**
 * The other end of a SignalingClient, for tests: sockets whose server side the test plays, frame by frame, with the
 * contract's frames. No server logic lives here.
 */

/** Collects the sockets that a client opens. */
export class FakeServer {
  /** @type {FakeSocket[]} */
  sockets = [];
  /** Whether sockets open by themselves. */
  isUp = true;

  constructor() {
    const server = this;
    this.WebSocket = class extends FakeSocket {
      constructor(url) {
        super(url);
        server.sockets.push(this);
        queueMicrotask(() => (server.isUp ? this.open() : this.closeBy(1006, '')));
      }
    };
  }

  /** The newest socket. */
  get socket() {
    return this.sockets.at(-1);
  }
}

class FakeSocket {
  readyState = 0;
  /** What the client sent, parsed. */
  received = [];
  /** How the client closed it. */
  closed;

  constructor(url) {
    this.url = url;
  }

  send(text) {
    this.received.push(JSON.parse(text));
  }

  close(code, reason) {
    this.closed ??= { code, reason };
    this.readyState = 3;
  }

  /** The server's side. */
  open() {
    if (this.readyState !== 0) return;
    this.readyState = 1;
    this.onopen?.();
  }

  say(type, data = {}, rest = {}) {
    this.onmessage?.({ data: JSON.stringify({ type, data, ...rest }) });
  }

  closeBy(code, reason = '') {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }

  /** The frames of one type that the client sent. */
  all(type) {
    return this.received.filter((frame) => frame.type === type);
  }

  last(type) {
    return this.all(type).at(-1);
  }
}

/** A `welcome` as the server sends it. */
export function welcome(rest = {}) {
  return {
    userId: 'ann',
    userName: 'Ann',
    sessionId: 's-1',
    resumeToken: 't-1',
    resumed: false,
    lastCseq: 0,
    protocol: 1,
    iceServers: [],
    limits: { chatCharacters: 4000 },
    ...rest,
  };
}

export function participant(id, rest = {}) {
  const joinedAt = '2026-11-21T10:00:00.000Z';
  return { id, name: id, role: 'caller', instance: `i-${id}`, joinedAt, suspect: false, tracks: [], ...rest };
}

export function summary(id, people = [], rest = {}) {
  return {
    id,
    name: id.toUpperCase(),
    host: 'Ann',
    hostId: 'ann',
    createdAt: '2026-11-21T10:00:00.000Z',
    capacity: 10,
    topology: 'auto',
    participants: people.map((one) => ({ id: one, name: one, role: 'caller' })),
    ...rest,
  };
}

/** A `room-joined` about `ids`, of whom the first is oneself. */
export function roomJoined(id, ids, rest = {}) {
  const participants = ids.map((one) => participant(one));
  const room = { ...summary(id, ids), mix: 'direct', listed: true, locked: false };
  return { room, you: participants[0], participants, topology: 'mesh', mix: 'direct', recording: [], epoch: 1, ...rest };
}

export function userJoined(roomId, ids, who, epoch = 1) {
  const participants = ids.map((one) => participant(one));
  return { roomId, userId: who, userName: who, participant: participant(who), participants, epoch };
}

export function userLeft(roomId, ids, who, reason, rest = {}) {
  return { roomId, userId: who, userName: who, reason, participants: ids.map((one) => participant(one)), epoch: 1, ...rest };
}

/** Lets everything that waits for a promise go on. */
export async function settle() {
  for (let i = 0; i < 20; i += 1) await Promise.resolve();
}

/** Storage as a tab has it. */
export function storage(entries = {}) {
  const kept = new Map(Object.entries(entries));
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  };
}
