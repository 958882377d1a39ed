// Parts of the audio graph where a browser refuses something, or is slow: the rest goes on. Over fakes of Web Audio.

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { Emitter } from '../emitter.js';
import { HostMix } from '../host-mix.js';
import { OwnSound } from '../own-sound.js';
import { ProgramRecorder } from '../program-recorder.js';
import { Speaker } from '../speaker.js';
import { StreamInput } from '../stream-input.js';

/** Media elements that were made. @type {FakeElement[]} */
let elements;
/** What each call of an element waits for, by name. @type {Record<string, () => Promise<void>>} */
let answers;

class FakeNode {
  /** @type {Set<object>} */
  targets = new Set();

  constructor(context) {
    this.context = context;
    this.stream = { isOf: this };
  }

  connect(target) {
    this.targets.add(target);
  }

  disconnect(target) {
    if (target) this.targets.delete(target);
    else this.targets.clear();
  }

  start() {}
  stop() {}
}

class FakeElement {
  sinkId = '';
  isPlaying = false;
  srcObject = null;

  constructor() {
    elements.push(this);
  }

  async setSinkId(id) {
    await answers.setSinkId();
    this.sinkId = id;
  }

  async play() {
    await answers.play();
    this.isPlaying = true;
  }

  pause() {
    this.isPlaying = false;
  }
}

beforeEach(() => {
  elements = [];
  answers = { setSinkId: async () => {}, play: async () => {} };
  Object.assign(globalThis, {
    Audio: FakeElement,
    HTMLMediaElement: FakeElement,
    AnalyserNode: FakeNode,
    ConstantSourceNode: FakeNode,
    GainNode: FakeNode,
    MediaStreamAudioDestinationNode: FakeNode,
  });
});

const settled = () => new Promise((resolve) => setTimeout(resolve, 5));
const refuses = () => {
  throw new DOMException('another sample rate', 'NotSupportedError');
};

test('AU-2 a recorder whose encoder does not start is idle, and starts when asked again', () => {
  let start = refuses;
  globalThis.MediaRecorder = class extends EventTarget {
    static isTypeSupported = () => true;
    start() {
      start();
    }
  };
  const recorder = new ProgramRecorder({ programStream: {} });
  assert.throws(() => recorder.start(), { name: 'NotSupportedError' });
  assert.deepEqual([recorder.state, recorder.startedAt], ['idle', undefined]);
  start = () => {};
  recorder.start();
  assert.equal(recorder.state, 'recording');
});

test('one’s own sound that the browser can’t take in is left out with a warning, and the next one is taken in', (t) => {
  const warned = t.mock.method(console, 'warn', () => {});
  const context = { createMediaStreamSource: refuses };
  const own = new OwnSound(new FakeNode(context));
  const stream = { getAudioTracks: () => [{}] };
  own.setInput(stream, 'microphone');
  assert.equal(warned.mock.callCount(), 1);
  assert.deepEqual(own.level('microphone'), { rms: -Infinity, peak: -Infinity });
  const node = new FakeNode(context);
  context.createMediaStreamSource = () => node;
  own.setInput(stream, 'microphone');
  assert.equal(node.targets.size, 2, 'the program and its meter');
});

test('a remote stream that can’t be taken in leaves no element behind that plays', () => {
  assert.throws(() => new StreamInput({ createMediaStreamSource: refuses }, {}, new FakeNode()), { name: 'NotSupportedError' });
  assert.equal(elements.length, 0);
});

/** A speaker in a browser that chooses devices for media elements alone. */
function elementSpeaker() {
  const context = { destination: { name: 'destination' } };
  const heard = new FakeNode(context);
  return { speaker: new Speaker(context, heard), heard, destination: context.destination };
}

test('GP-5 two choices of a speaker in a row: one element plays, on the second', async () => {
  const { speaker, heard, destination } = elementSpeaker();
  // The first answer comes last.
  const delays = [8, 1];
  answers.setSinkId = () => new Promise((resolve) => setTimeout(resolve, delays.shift() ?? 0));
  await Promise.all([speaker.setDevice('one'), speaker.setDevice('two')]);
  assert.deepEqual(elements.map(({ sinkId, isPlaying }) => [sinkId, isPlaying]), [['two', true]]);
  assert.equal(heard.targets.size, 1);
  assert.equal(heard.targets.has(destination), false);
  await speaker.setDevice('');
  assert.equal(elements[0].sinkId, '');
});

test('GP-5 a speaker that is refused leaves all as it was, and the next choice counts', async () => {
  const { speaker, heard, destination } = elementSpeaker();
  answers.play = async () => refuses();
  await assert.rejects(speaker.setDevice('one'), { name: 'NotSupportedError' });
  assert.deepEqual([...heard.targets], [destination]);
  answers.play = async () => {};
  await speaker.setDevice('two');
  assert.deepEqual(elements.map(({ isPlaying, srcObject }) => [isPlaying, srcObject !== null]), [[false, false], [true, true]]);
});

for (const call of ['setSinkId', 'play']) {
  test(`GP-5 a speaker that is closed while ${call} is under way plays nothing any more`, async () => {
    const { speaker, heard } = elementSpeaker();
    answers[call] = () => new Promise((resolve) => setTimeout(resolve, 3));
    const choosing = speaker.setDevice('one');
    await Promise.resolve();
    speaker.close();
    await choosing;
    await speaker.setDevice('two');
    assert.deepEqual(elements.map(({ isPlaying, srcObject }) => [isPlaying, srcObject]), [[false, null]]);
    assert.equal(heard.targets.size, 0);
  });
}

test('AU-4 a mixer whose sound does not run sends no returns, and does as soon as it runs', async () => {
  const memberships = Object.assign(new Emitter(), {
    room: () => ({ room: { mix: 'host' } }),
    roster: () => [{ id: 'ada', role: 'host' }, { id: 'ben', role: 'caller' }],
  });
  const sent = new Map();
  const audioGraph = {
    isRunning: false,
    hears: 'direct',
    createReturn: (id) => ({ for: id }),
    endReturn() {},
    playReturn() {},
  };
  const rtc = { packetMark: () => undefined, setPeerTrack: (id, _source, track) => sent.set(id, track) };
  const connections = Object.assign(new Emitter(), { peerId: 'ada' });
  const mix = new HostMix({ roomId: 'tea', signaling: { memberships }, rtc, connections, audioGraph });
  try {
    assert.deepEqual([mix.isMixer, mix.sendsTo, sent.size], [true, [], 0]);
    audioGraph.isRunning = true;
    await new Promise((resolve) => setTimeout(resolve, 250));
    assert.deepEqual([mix.sendsTo, sent.get('ben')], [['ben'], { for: 'ben' }]);
    audioGraph.isRunning = false;
    await new Promise((resolve) => setTimeout(resolve, 250));
    assert.deepEqual([mix.sendsTo, sent.get('ben')], [[], null]);
  } finally {
    mix.stop();
  }
  await settled();
});
