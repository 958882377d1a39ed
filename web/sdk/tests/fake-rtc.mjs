/**
 * RTCPeerConnections whose promises settle when the test says so, for what a browser does at its own pace. What real
 * ones do is tested in real browsers (`e2e/`).
 */

export class FakePeerConnection extends EventTarget {
  /** All that were made, in order. @type {FakePeerConnection[]} */
  static made = [];

  isClosed = false;
  iceConnectionState = 'new';
  connectionState = 'new';
  localDescription = null;
  calls = [];
  transceivers = [];

  constructor(config) {
    super();
    this.config = config;
    FakePeerConnection.made.push(this);
  }

  createDataChannel(label, options) {
    this.channel = { label, options, readyState: 'connecting', bufferedAmount: 0, sent: [], close() {}, send: (text) => this.channel.sent.push(JSON.parse(text)) };
    return this.channel;
  }

  addTrack(track) {
    const sender = { track, replaceTrack: async (next) => void (sender.track = next) };
    const receiver = { track: new FakeTrack(track.kind) };
    this.transceivers.push({ mid: String(this.transceivers.length), sender, receiver, direction: 'sendrecv' });
    return sender;
  }

  addTransceiver(trackOrKind, { direction, sendEncodings, streams }) {
    const track = typeof trackOrKind === 'string' ? null : trackOrKind;
    let encodings = sendEncodings ?? [{}];
    const sender = {
      track,
      replaceTrack: async (next) => void (sender.track = next),
      getParameters: () => ({ encodings: encodings.map((one) => ({ ...one })) }),
      setParameters: async (parameters) => void ({ encodings } = parameters),
    };
    const receiver = { track: new FakeTrack(track?.kind ?? trackOrKind) };
    const transceiver = { mid: String(this.transceivers.length), sender, receiver, direction, sendEncodings, streams };
    this.transceivers.push(transceiver);
    return transceiver;
  }

  getTransceivers() {
    return this.transceivers;
  }

  getReceivers() {
    return this.transceivers.map(({ receiver }) => receiver);
  }

  /** Every call waits for `settleCall`. */
  #call(name, argument) {
    return new Promise((resolve, reject) => this.calls.push({ name, argument, resolve, reject }));
  }

  async createOffer() {
    await this.#call('createOffer');
    return { type: 'offer', sdp: this.createdSdp ?? 'offer-sdp' };
  }

  async createAnswer() {
    await this.#call('createAnswer');
    return { type: 'answer', sdp: this.createdSdp ?? 'answer-sdp' };
  }

  async setLocalDescription(description) {
    await this.#call('setLocalDescription', description);
    this.localDescription = description;
  }

  setRemoteDescription(description) {
    return this.#call('setRemoteDescription', description);
  }

  addIceCandidate(candidate) {
    return this.#call('addIceCandidate', candidate);
  }

  /** What the browser would report, by id. @type {Map<string, object>} */
  stats = new Map();

  async getStats() {
    return this.stats;
  }

  getConfiguration() {
    return this.config;
  }

  setConfiguration(config) {
    this.config = config;
  }

  restartIce() {
    this.restarted = true;
  }

  close() {
    this.isClosed = true;
  }

  openChannel() {
    this.channel.readyState = 'open';
    this.channel.onopen?.();
  }

  receive(type, data) {
    this.channel.onmessage?.({ data: JSON.stringify({ type, data }) });
  }
}

/** The oldest call that still waits. */
export function nextCall(pc) {
  return pc.calls.shift();
}

export class FakeTrack extends EventTarget {
  static count = 0;
  enabled = true;
  muted = false;
  readyState = 'live';

  constructor(kind) {
    super();
    this.kind = kind;
    this.id = `${kind}-${(FakeTrack.count += 1)}`;
  }

  getSettings() {
    return this.kind === 'video' ? { width: 1_280, height: 720 } : {};
  }

  stop() {
    this.readyState = 'ended';
  }
}

export class FakeStream {
  constructor(tracks) {
    this.tracks = tracks;
  }

  getTracks() {
    return this.tracks;
  }
}
