/**
 * The `peerjs` client and a browser's media as far as a game room sees them, with everything at the test's command: who hears of
 * what when, and which socket is dead. Calls between fakes go through a `FakeBroker` that delivers only when it is told to.
 * What the real client does is tested in real browsers (`e2e/`).
 */

export class FakeTrack extends EventTarget {
  static made = [];
  enabled = true;
  readyState = 'live';
  constructor(kind, settings = {}) {
    super();
    this.kind = kind;
    this.settings = settings;
    FakeTrack.made.push(this);
  }
  getSettings() { return this.settings; }
  stop() { this.readyState = 'ended'; }
  /** As a browser does when the device goes. */
  unplug() {
    this.readyState = 'ended';
    this.dispatchEvent(new Event('ended'));
  }
}

export class FakeMediaStream {
  #tracks;
  constructor(tracks = []) { this.#tracks = [...tracks]; }
  getTracks() { return [...this.#tracks]; }
  addTrack(track) { this.#tracks.push(track); }
  removeTrack(track) { this.#tracks = this.#tracks.filter((one) => one !== track); }
}

export class FakeSender {
  parameters = { encodings: [{}] };
  constructor(track) { this.track = track; }
  async replaceTrack(track) { this.track = track; }
  getParameters() { return this.parameters; }
  async setParameters(parameters) { this.parameters = parameters; }
}

export class FakeRTCPeerConnection {
  static open = 0;
  iceConnectionState = 'new';
  signalingState = 'stable';
  #senders = [];
  stats = [];
  constructor() { FakeRTCPeerConnection.open += 1; }
  addTransceiver(kind) { return { receiver: { track: new FakeTrack(kind) } }; }
  addTrack(track) { this.#senders.push(new FakeSender(track)); }
  getSenders() { return this.#senders; }
  async getStats() { return new Map(this.stats.map((one) => [one.id, one])); }
  close() {
    if (this.signalingState !== 'closed') FakeRTCPeerConnection.open -= 1;
    this.signalingState = 'closed';
  }
}

class Emitter {
  #listeners = new Map();
  on(name, listener) { this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener]); }
  emit(name, detail) { for (const listener of this.#listeners.get(name) ?? []) listener(detail); }
}

let connections = 0;

class FakeConnection extends Emitter {
  open = false;
  peerConnection = null;
  constructor(owner, peer, options, connectionId) {
    super();
    this.owner = owner;
    this.peer = peer;
    this.metadata = options?.metadata;
    this.options = options;
    this.connectionId = connectionId ?? `c_${(connections += 1)}`;
  }
  /** The same connection at the other end. */
  get far() { return this.owner.broker.find(this.peer, this.connectionId, this); }
  close() {
    const wasOpen = this.open;
    const { far } = this;
    this.open = false;
    this.isClosed = true;
    this.peerConnection?.close();
    this.peerConnection = null;
    this.owner.connections.delete(this);
    // The other end's data channel closes, when there is a path for it to hear.
    if (wasOpen && far?.open && this.owner.broker.hasPath(this.owner.id, this.peer)) far.close();
    if (wasOpen) this.emit('close');
  }
}

export class FakeCall extends FakeConnection {
  constructor(owner, peer, stream, options, connectionId) {
    super(owner, peer, options, connectionId);
    if (stream) this.#start(stream);
  }
  #start(stream) {
    this.peerConnection = new FakeRTCPeerConnection();
    for (const track of stream.getTracks()) this.peerConnection.addTrack(track);
  }
  answer(stream) {
    this.#start(stream);
    this.open = true;
    this.owner.send({ type: 'ANSWER', dst: this.peer, connectionId: this.connectionId });
    this.#hear();
  }
  onAnswer() {
    this.open = true;
    this.#hear();
  }
  #hear() {
    const stream = new FakeMediaStream([new FakeTrack('audio'), new FakeTrack('video')]);
    queueMicrotask(() => this.emit('stream', stream));
  }
  /** @param {string} state */
  setIce(state) {
    if (!this.peerConnection) return;
    this.peerConnection.iceConnectionState = state;
    if (state === 'failed') {
      this.emit('error', Object.assign(new Error('Negotiation failed'), { type: 'negotiation-failed' }));
      this.close();
    }
    this.emit('iceStateChanged', state);
  }
}

export class FakeData extends FakeConnection {
  sent = [];
  send(data) {
    this.sent.push(data);
    const { far } = this;
    if (far?.open) far.emit('data', structuredClone(data));
  }
}

/** A server of `peerjs` clients: messages wait until `deliver`. */
export class FakeBroker {
  /** Every client that was made, the newest last. */
  made = [];
  online = new Map();
  #queue = [];
  cuts = new Set();
  isReachable = true;

  /** The class to give to a `GameRoom`. */
  get Peer() {
    const broker = this;
    return class extends FakePeer {
      constructor(id, options) { super(id, options, broker); }
    };
  }

  hasPath(a, b) { return !this.cuts.has(a) && !this.cuts.has(b); }

  find(id, connectionId, not) {
    for (const client of this.made) {
      if (client.id !== id && client.lastId !== id) continue;
      for (const one of client.connections) if (one.connectionId === connectionId && one !== not) return one;
    }
    return undefined;
  }

  post(message) { this.#queue.push(message); }

  get waiting() { return this.#queue.length; }

  /** Takes the next message of that kind (or any) to where it goes. */
  deliverOne(filter = () => true) {
    const place = this.#queue.findIndex(filter);
    if (place < 0) return false;
    const [message] = this.#queue.splice(place, 1);
    this.online.get(message.dst)?.receive(message);
    return true;
  }

  /** Everything, and what comes of it; then every answered call has a path, if there is one. */
  deliver() {
    for (let steps = 0; this.deliverOne() || this.#connect(); steps += 1) if (steps > 1_000) throw new Error('it never ends');
  }

  #connect() {
    let has = false;
    for (const client of this.made) {
      for (const one of client.connections) {
        const { far } = one;
        if (!far || !this.hasPath(client.id ?? client.lastId, one.peer)) continue;
        if (one instanceof FakeCall && one.open && far.open && one.peerConnection?.iceConnectionState === 'new') {
          one.setIce('connected');
          has = true;
        }
      }
    }
    return has;
  }

  /** The server says that nobody has that id. */
  expire(from, id) {
    this.#queue = this.#queue.filter(({ src, dst }) => src !== from || dst !== id);
    this.online.get(from)?.raise('peer-unavailable', `Could not connect to peer ${id}`);
  }
}

export class FakePeer extends Emitter {
  open = false;
  disconnected = false;
  destroyed = false;
  connections = new Set();
  reconnects = 0;

  constructor(id, options, broker) {
    super();
    this.id = id;
    this.lastId = null;
    this.options = options;
    this.broker = broker;
    broker.made.push(this);
  }

  /** The server's OPEN. */
  accept() {
    this.open = true;
    this.lastId = this.id;
    this.broker.online.set(this.id, this);
    this.emit('open', this.id);
  }

  /** As the client's `_abort`, or `network`, which only disconnects. */
  raise(type, message = type) {
    this.emit('error', Object.assign(new Error(message), { type }));
    if (type === 'peer-unavailable' || type === 'webrtc' || type === 'disconnected') return;
    if (type !== 'network' && this.lastId === null) this.destroy();
    else this.disconnect();
  }

  send(message) {
    if (this.open) this.broker.post({ ...message, src: this.id });
  }

  receive(message) {
    const { type, src, connectionId } = message;
    if (type === 'ANSWER') {
      for (const one of this.connections) if (one.connectionId === connectionId) one.onAnswer();
    } else if (type === 'OFFER') {
      const call = new FakeCall(this, src, null, { metadata: message.metadata }, connectionId);
      this.connections.add(call);
      this.emit('call', call);
    } else if (type === 'DATA-OFFER') {
      const data = new FakeData(this, src, message.options, connectionId);
      this.connections.add(data);
      this.emit('connection', data);
      const { far } = data;
      if (!far) return;
      data.open = far.open = true;
      data.emit('open');
      far.emit('open');
    }
  }

  call(id, stream, options) {
    if (this.disconnected) return void this.raise('disconnected');
    const call = new FakeCall(this, id, stream, options);
    this.connections.add(call);
    this.send({ type: 'OFFER', dst: id, connectionId: call.connectionId, metadata: options?.metadata });
    return call;
  }

  connect(id, options) {
    if (this.disconnected) return void this.raise('disconnected');
    const data = new FakeData(this, id, options);
    this.connections.add(data);
    this.send({ type: 'DATA-OFFER', dst: id, connectionId: data.connectionId, options });
    return data;
  }

  disconnect() {
    if (this.disconnected) return;
    const { id } = this;
    this.disconnected = true;
    this.open = false;
    this.lastId = id;
    this.id = null;
    if (this.broker.online.get(id) === this) this.broker.online.delete(id);
    this.emit('disconnected', id);
  }

  reconnect() {
    if (this.destroyed || !this.disconnected) throw new Error('not disconnected');
    this.disconnected = false;
    this.id = this.lastId;
    this.reconnects += 1;
  }

  destroy() {
    if (this.destroyed) return;
    this.disconnect();
    for (const one of [...this.connections]) one.close();
    this.destroyed = true;
    this.emit('close');
  }
}

/** Devices whose questions are answered when the test says so. */
export class FakeDevices extends EventTarget {
  list = [
    { kind: 'videoinput', deviceId: 'cam-1', label: 'Front' },
    { kind: 'videoinput', deviceId: 'cam-2', label: 'Back' },
    { kind: 'audioinput', deviceId: 'mic-1', label: 'Built in' },
    { kind: 'audiooutput', deviceId: 'out-1', label: 'Speaker' },
  ];
  /** Constraints of each question. */
  asked = [];
  /** Given out and not yet stopped. */
  get live() { return this.given.filter(({ readyState }) => readyState === 'live'); }
  given = [];
  isHeld = false;
  /** Kinds that are refused, with the name of the DOMException. */
  refused = {};
  #held = [];

  async enumerateDevices() { return this.list; }

  async getUserMedia(constraints) {
    this.asked.push(constraints);
    if (this.isHeld) await new Promise((resolve) => this.#held.push(resolve));
    const kinds = ['audio', 'video'].filter((kind) => constraints[kind]);
    for (const kind of kinds) {
      const name = this.refused[kind];
      if (name) throw Object.assign(new Error(name), { name });
    }
    const tracks = kinds.map((kind) => {
      const wanted = constraints[kind].deviceId?.exact;
      const device = this.list.find((one) => one.kind === `${kind}input` && (wanted === undefined || one.deviceId === wanted));
      if (!device) throw Object.assign(new Error('none'), { name: 'NotFoundError' });
      return new FakeTrack(kind, { deviceId: device.deviceId, width: constraints[kind].width?.ideal, height: constraints[kind].height?.ideal });
    });
    this.given.push(...tracks);
    return new FakeMediaStream(tracks);
  }

  /** The person answers. */
  answer() {
    for (const resolve of this.#held.splice(0)) resolve();
  }
}

/** Puts the fakes where the SDK looks for a browser's. */
export function installFakes() {
  Object.assign(globalThis, { MediaStream: FakeMediaStream, RTCPeerConnection: FakeRTCPeerConnection, RTCRtpSender: FakeSender });
  globalThis.WebSocket ??= class {};
}
