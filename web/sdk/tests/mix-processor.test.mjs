// The audio thread's end of the desk, with the committed WebAssembly, in node instead of a worklet.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { before, beforeEach, test } from 'node:test';

const BLOCK = 128;

/** @type {Map<string, new (options: object) => any>} */
const registered = new Map();
let bytes;
let module;
let told;

before(async () => {
  globalThis.sampleRate = 48_000;
  globalThis.registerProcessor = (name, processor) => registered.set(name, processor);
  globalThis.AudioWorkletProcessor = class {
    port = { postMessage: (message) => told.push(message), onmessage: undefined };
  };
  await import('../mix-processor.js');
  const file = await readFile(new URL('../parlor_mix.wasm', import.meta.url));
  bytes = file.buffer.slice(file.byteOffset, file.byteOffset + file.length);
  module = await WebAssembly.compile(bytes);
});

beforeEach(() => {
  told = [];
});

/** A processor as the browser makes it. */
function processor(name, options = {}) {
  const Processor = registered.get(`parlor-${name}`);
  return new Processor({ processorOptions: { module, bytes, ...options } });
}

/** What comes out when a constant (or a tone) of so many channels goes in for so many blocks. */
function run(node, value, { channels = 2, blocks = 375, hz = 0, outputs = 2 } = {}) {
  const out = Array.from({ length: outputs }, () => new Float32Array(blocks * BLOCK));
  for (let block = 0; block < blocks; block += 1) {
    const sample = (n) => (hz ? value * Math.sin((2 * Math.PI * hz * n) / 48_000) : value);
    const input = Array.from({ length: channels }, () => Float32Array.from({ length: BLOCK }, (_, n) => sample(block * BLOCK + n)));
    const output = Array.from({ length: outputs }, () => new Float32Array(BLOCK));
    assert.equal(node.process([input], outputs ? [output] : [], {}), true);
    output.forEach((samples, channel) => out[channel].set(samples, block * BLOCK));
  }
  return out;
}

const peak = (samples) => samples.reduce((highest, sample) => Math.max(highest, Math.abs(sample)), 0);

test('AU-2 the limiter keeps its ceiling and tells by how much it turns down', () => {
  const node = processor('limiter', { ceiling_db: -6 });
  const [left, right] = run(node, 2, { hz: 440 });
  assert.ok(peak(left) <= 10 ** (-6 / 20) && peak(left) > 0.49, `${peak(left)}`);
  assert.deepEqual(left, right);
  assert.ok(Math.abs(told.at(-1).reductionDb - 12.04) < 0.1, JSON.stringify(told.at(-1)));
  const reports = told.length;
  run(node, 0, { blocks: 750 });
  assert.equal(told.at(-1).reductionDb, 0);
  assert.ok(told.length - reports < 21, 'what has not changed is not told again and again');
});

test('AU-2 a mono voice comes out of both sides, and when nothing is connected there is silence', () => {
  const node = processor('limiter');
  const mono = run(node, 0.5, { channels: 1, blocks: 2 });
  assert.deepEqual([mono[0][200], mono[1][200]], [0.5, 0.5]);
  const none = run(node, 0, { channels: 0, blocks: 2 });
  assert.deepEqual([none[0][71], none[0][72], none[1][255]], [0.5, 0, 0], 'what was under way still comes');
});

test('AU-3 a stereo tone of -23 dBFS reads -23.0 LUFS, in each reading, ten times a second', () => {
  const node = processor('loudness');
  run(node, 10 ** (-23 / 20), { hz: 1_000, blocks: 375 * 4, outputs: 0 });
  const { momentary, shortTerm, integrated, truePeak } = told.at(-1);
  for (const reading of [momentary, shortTerm, integrated, truePeak]) assert.ok(Math.abs(reading + 23) < 0.05, `${reading}`);
  assert.ok(told.length >= 39 && told.length <= 41, `${told.length} reports in 4 s`);
  node.port.onmessage({ data: { reset: true } });
  run(node, 0, { blocks: 40, outputs: 0 });
  assert.deepEqual(told.at(-1), { momentary: -Infinity, shortTerm: -Infinity, integrated: -Infinity, truePeak: -Infinity });
});

test('the leveller does what it is told', () => {
  const node = processor('leveller', { target_lufs: -23 });
  const amplitude = 10 ** (-33 / 20);
  const off = run(node, amplitude, { hz: 1_000, blocks: 375 * 3 });
  assert.ok(peak(off[0]) <= Math.fround(amplitude));
  node.port.onmessage({ data: { isOn: true, target_lufs: -28 } });
  run(node, amplitude, { hz: 1_000, blocks: 375 * 5 });
  assert.ok(Math.abs(told.at(-1).gainDb - 5) < 0.2, JSON.stringify(told.at(-1)));
});

test('a module that did not arrive is made of the bytes', () => {
  breakDesk();
  const node = processor('limiter', { module: undefined });
  assert.ok(peak(run(node, 2, { hz: 440 })[0]) < 0.9);
});

/** Has the instance that all nodes share trap. */
function breakDesk() {
  const node = processor('limiter');
  // More than a block may have: the view throws as a trap would.
  assert.equal(node.process([[new Float32Array(5_000)]], [[new Float32Array(5_000)]], {}), true);
  return node;
}

test('after a fault the sound goes through as it comes, and the fault is told once', () => {
  const node = breakDesk();
  const [left, right] = run(node, 2, { channels: 1, blocks: 10 });
  assert.deepEqual([left[0], right[1_279]], [2, 2]);
  assert.equal(told.length, 1);
  assert.match(told[0].fault, /RangeError/);
  assert.ok(peak(run(processor('limiter'), 2, { hz: 440 })[0]) < 0.9, 'the next one is not touched by it');
});

test('a sample rate that nothing works at is refused at once', () => {
  globalThis.sampleRate = 3_000;
  try {
    for (const name of ['limiter', 'loudness', 'leveller']) assert.throws(() => processor(name), RangeError);
  } finally {
    globalThis.sampleRate = 48_000;
  }
});

test('a closed node ends and makes room for another, however often', () => {
  for (let turn = 0; turn < 500; turn += 1) {
    const node = processor('limiter');
    for (const _twice of [1, 2]) node.port.onmessage({ data: { close: true } });
    assert.equal(node.process([[new Float32Array(BLOCK)]], [[new Float32Array(BLOCK)]], {}), false);
  }
  assert.deepEqual(told, []);
});

test('nodes do not hear each other', () => {
  const [loud, quiet] = [processor('limiter'), processor('limiter')];
  for (let turn = 0; turn < 50; turn += 1) {
    run(loud, 4, { hz: 440, blocks: 1 });
    const [left] = run(quiet, 0.5, { blocks: 1 });
    if (turn > 0) assert.deepEqual([...left], Array(BLOCK).fill(0.5));
  }
});
