// Recording as the desk does it, over a fake server and encoder: nothing is recorded of which nobody is told.

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Emitter } from '../../sdk/emitter.js';
import { SignalingError } from '../../sdk/signaling-error.js';
import { Desk } from '../desk.js';

/** Encoders that were made. @type {FakeRecorder[]} */
let recorders;
/** Why encoders don't start. @type {DOMException|null} */
let refusal;

class FakeRecorder extends EventTarget {
  static isTypeSupported = () => true;
  state = 'inactive';
  mimeType = 'audio/webm';

  constructor() {
    super();
    recorders.push(this);
  }

  start() {
    if (refusal) throw refusal;
    this.state = 'recording';
  }

  stop() {
    this.state = 'inactive';
    queueMicrotask(() => this.dispatchEvent(new Event('stop')));
  }
}

class FakeMemberships extends Emitter {
  recorders = [];
  role = 'host';
  recording = () => this.recorders;
  room = () => undefined;
  roster = () => [{ id: 'ada', role: this.role }];
  tell = (type, detail) => this.emit(type, detail);
}

// What saves a file frees it a minute later: no test waits for that.
const { setTimeout: later } = globalThis;
globalThis.setTimeout = (work, ms) => (ms >= 60_000 ? later(work, ms).unref() : later(work, ms));

beforeEach(() => {
  recorders = [];
  refusal = null;
  const window = new EventTarget();
  const document = { createElement: () => ({ click() {} }) };
  Object.assign(globalThis, { window, document, MediaRecorder: FakeRecorder });
  URL.createObjectURL = () => 'blob:none';
});

function setUp() {
  const memberships = new FakeMemberships();
  /** @type {{type: string, data: any, resolve(data?: object): void, reject(error: Error): void}[]} */
  const requests = [];
  const signaling = {
    state: 'open',
    memberships,
    request: (type, data) => new Promise((resolve, reject) => requests.push({ type, data, resolve, reject })),
  };
  const rtcManager = new Emitter();
  const connectionManager = Object.assign(new Emitter(), { peerId: 'ada' });
  const audioGraph = { programStream: {}, resetLoudness() {}, playReturn() {}, hears: 'direct', isRunning: true };
  const desk = new Desk({ roomId: 'tea', signaling, rtcManager, connectionManager, audioGraph });
  const notices = [];
  desk.addEventListener('notice', (event) => notices.push(event.detail.text));
  let changes = 0;
  desk.addEventListener('change', () => (changes += 1));
  const rejoin = () => memberships.tell('joined', { room: { id: 'tea' }, you: { id: 'ada' }, again: true });
  return { desk, signaling, memberships, requests, notices, rejoin, changes: () => changes };
}

const refused = (code = 'forbidden') => new SignalingError({ code, message: 'No.', type: 'recording' });
const settled = () => new Promise((resolve) => setTimeout(resolve, 5));
const told = ({ requests }) => requests.map(({ data }) => data.active);

/** @returns {Promise<ReturnType<typeof setUp>>} while it records */
async function recording() {
  const all = setUp();
  all.desk.toggleRecording();
  all.requests[0].resolve({});
  await settled();
  assert.equal(all.desk.isRecording, true);
  return all;
}

test('AU-2 everybody is told first, then it is recorded', async () => {
  const { desk, requests } = setUp();
  desk.toggleRecording();
  desk.toggleRecording();
  await settled();
  assert.deepEqual(requests.map(({ type, data }) => [type, data]), [['recording', { roomId: 'tea', active: true }]]);
  assert.equal(recorders.length, 0);
  requests[0].resolve({});
  await settled();
  assert.deepEqual([desk.isRecording, recorders.length], [true, 1]);
});

test('AU-2 nothing is recorded while the server is away, nor when it refuses', async () => {
  const all = setUp();
  const { desk, signaling, requests, notices } = all;
  signaling.state = 'reconnecting';
  desk.toggleRecording();
  await settled();
  assert.deepEqual([requests.length, recorders.length, notices.length], [0, 0, 1]);
  signaling.state = 'open';
  desk.toggleRecording();
  requests[0].reject(refused());
  await settled();
  assert.deepEqual([desk.isRecording, recorders.length], [false, 0]);
  assert.match(notices[1], /No\./);
  desk.toggleRecording();
  requests[1].resolve({});
  await settled();
  assert.equal(desk.isRecording, true, 'a refusal is not for ever');
});

test('AU-2 AU-7 what was announced and does not begin is taken back: no encoder, a listener by now', async () => {
  const all = setUp();
  const { desk, memberships, requests, notices } = all;
  refusal = new DOMException('no encoder', 'NotSupportedError');
  desk.toggleRecording();
  requests[0].resolve({});
  await settled();
  assert.deepEqual([desk.isRecording, ...told(all)], [false, true, false]);
  assert.match(notices[0], /no encoder/);
  refusal = null;
  desk.toggleRecording();
  memberships.role = 'listener';
  requests[2].resolve({});
  await settled();
  assert.deepEqual([desk.isRecording, ...told(all)], [false, true, false, true, false]);
});

test('AU-2 a session that ends before the answer records nothing', async () => {
  const { desk, requests, notices } = setUp();
  desk.toggleRecording();
  desk.end();
  requests[0].resolve({});
  await settled();
  assert.deepEqual([desk.isRecording, recorders.length, notices.length], [false, 0, 0]);
});

test('AU-2 after a lost session it is announced again; refused, it ends; lost once more, it waits for the next', async () => {
  const all = await recording();
  const { desk, requests, notices, rejoin } = all;
  rejoin();
  requests[1].reject(refused('lost'));
  await settled();
  assert.equal(desk.isRecording, true);
  rejoin();
  requests[2].reject(refused('not-in-room'));
  await settled();
  assert.equal(desk.isRecording, false);
  assert.deepEqual(told(all), [true, true, true, false]);
  assert.match(notices[0], /No\./);
});

test('AU-2 a recording that runs goes on while the server is away', async () => {
  const { desk, signaling } = await recording();
  signaling.state = 'reconnecting';
  await settled();
  assert.equal(desk.isRecording, true);
});

test('AU-2 leaving the page is asked about while it records, also by browsers that look at the value alone', async () => {
  const leave = () => {
    const event = new Event('beforeunload', { cancelable: true });
    Object.defineProperty(event, 'returnValue', { value: '', writable: true });
    window.dispatchEvent(event);
    return [event.defaultPrevented, event.returnValue];
  };
  const { desk } = await recording();
  assert.deepEqual(leave(), [true, true]);
  desk.toggleRecording();
  await settled();
  assert.equal(leave()[0], false);
});

test('AU-4 a refused choice of who mixes is told as a change, so that the choice goes back to what is', async () => {
  const { desk, requests, notices, changes } = setUp();
  desk.setMix('host');
  assert.equal(changes(), 0);
  requests[0].reject(refused());
  await settled();
  assert.deepEqual([changes(), notices], [1, ['No.']]);
});
