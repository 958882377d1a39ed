// The page's end of the desk: which way sound goes, while the audio thread's end is being loaded, works, fails or is closed.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, mock, test } from 'node:test';

import { Leveller, Limiter, LoudnessMeter, loadMix } from '../mix-nodes.js';

const SWAPPED_MS = 1_000;

let worklets;

class FakeNode {
  to = new Set();
  constructor(context) {
    this.context = context;
  }
  connect(node) {
    this.to.add(node);
    return node;
  }
  disconnect(node) {
    if (!node) this.to.clear();
    else if (!this.to.delete(node)) throw new DOMException('not connected', 'InvalidAccessError');
  }
}

/** Its automation has happened as soon as it is written. */
class FakeGain extends FakeNode {
  constructor(context, { gain = 1 } = {}) {
    super(context);
    const param = {
      value: gain,
      cancelScheduledValues: () => {},
      setValueAtTime: (value) => (param.value = value),
      linearRampToValueAtTime: (value) => (param.value = value),
    };
    this.gain = param;
  }
}

class FakeWorklet extends FakeNode {
  told = [];
  port = { postMessage: (message) => this.told.push(message), onmessage: null };
  constructor(context, name, options) {
    super(context);
    Object.assign(this, { name, options });
    worklets.push(this);
  }
  tell(data) {
    this.port.onmessage?.({ data });
  }
}

/** How much of what enters one node leaves another, over all ways. */
function flow(from, to) {
  const here = from.gain?.value ?? 1;
  return from === to ? here : here * [...from.to].reduce((sum, next) => sum + flow(next, to), 0);
}

function fakeContext() {
  return { currentTime: 0, audioWorklet: { addModule: mock.fn(async () => {}) } };
}

/** A context in which everything is loaded. */
async function readyContext() {
  const context = fakeContext();
  await loadMix(context);
  return context;
}

beforeEach(async () => {
  worklets = [];
  globalThis.GainNode = FakeGain;
  globalThis.AudioWorkletNode = FakeWorklet;
  const wasm = await readFile(new URL('../parlor_mix.wasm', import.meta.url));
  mock.method(globalThis, 'fetch', async () => new Response(wasm));
  mock.method(console, 'warn', () => {});
  mock.method(console, 'debug', () => {});
  mock.timers.enable({ apis: ['setTimeout'] });
});

afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

test('AU-2 with everything loaded sound goes through the limiter, and only through it', async () => {
  const context = await readyContext();
  const fallback = { input: new FakeGain(context), output: new FakeGain(context) };
  const limiter = new Limiter(context, { ceiling_db: -3, fallback });
  const [worklet] = worklets;
  assert.equal(worklet.name, 'parlor-limiter');
  assert.equal(worklet.options.processorOptions.ceiling_db, -3);
  assert.ok(worklet.options.processorOptions.module instanceof WebAssembly.Module);
  assert.equal(limiter.isBypassed, false);
  assert.equal(flow(limiter.input, worklet) * flow(worklet, limiter.output), 1);
  assert.equal(flow(limiter.input, fallback.input), 0);
  worklet.tell({ reductionDb: 4 });
  assert.equal(limiter.reductionDb, 4);
});

test('AU-2 while it is being loaded sound goes through the fallback, then over to the limiter, and the fallback rests', async () => {
  const context = fakeContext();
  const way = new FakeGain(context);
  const limiter = new Limiter(context, { fallback: { input: way, output: way } });
  assert.equal(limiter.isBypassed, true);
  assert.equal(flow(limiter.input, limiter.output), 1);
  await loadMix(context);
  await new Promise(setImmediate);
  const [worklet] = worklets;
  assert.equal(limiter.isBypassed, false);
  assert.equal(flow(worklet, limiter.output), 1);
  assert.equal(flow(way, limiter.output), 0, 'the other way is closed');
  assert.equal(flow(limiter.input, way), 1, 'but until then it hears');
  mock.timers.tick(SWAPPED_MS);
  assert.equal(flow(limiter.input, way), 0);
  assert.equal(flow(limiter.input, limiter.output), 1);
});

test('AU-2 a fault in the audio thread sends sound through the fallback', async () => {
  const context = await readyContext();
  for (const fail of [(worklet) => worklet.tell({ fault: 'a trap' }), (worklet) => worklet.onprocessorerror?.({})]) {
    const way = new FakeGain(context);
    const limiter = new Limiter(context, { fallback: { input: way, output: way } });
    const worklet = worklets.at(-1);
    worklet.tell({ reductionDb: 4 });
    fail(worklet);
    assert.deepEqual([limiter.isBypassed, limiter.reductionDb], [true, 0]);
    assert.equal(flow(way, limiter.output), 1);
    assert.equal(flow(limiter.input, way), 1);
    assert.ok(!worklet.told.some((message) => 'close' in message), 'while the sound goes over, the processor lets it through');
    mock.timers.tick(SWAPPED_MS);
    assert.deepEqual(worklet.told, [{ close: true }]);
    assert.equal(flow(limiter.input, worklet), 0);
    assert.equal(flow(limiter.input, limiter.output), 1);
    fail(worklet);
    assert.equal(flow(limiter.input, limiter.output), 1, 'a second word about it changes nothing');
  }
});

test('where there is no AudioWorklet sound goes straight, and asking is refused with a sentence', async () => {
  const context = { currentTime: 0 };
  const limiter = new Limiter(context);
  const leveller = new Leveller(context);
  const meter = new LoudnessMeter(leveller.output);
  leveller.isOn = true;
  await assert.rejects(loadMix(context), /secure context/);
  await new Promise(setImmediate);
  assert.deepEqual([limiter.isBypassed, leveller.gainDb, meter.loudness().integrated], [true, 0, -Infinity]);
  assert.equal(flow(limiter.input, limiter.output), 1);
  assert.equal(flow(leveller.input, leveller.output), 1);
  for (const node of [limiter, leveller, meter]) node.close();
  assert.equal(console.warn.mock.callCount(), 0);
});

test('a context is loaded once, and again after a failure', async () => {
  const context = fakeContext();
  await Promise.all([loadMix(context), loadMix(context)]);
  assert.equal(context.audioWorklet.addModule.mock.callCount(), 1);
  const unlucky = fakeContext();
  unlucky.audioWorklet.addModule.mock.mockImplementationOnce(async () => {
    throw new Error('no network');
  });
  await assert.rejects(loadMix(unlucky), /no network/);
  await loadMix(unlucky);
});

test('AU-3 the meter shows what it was told last, and nothing after a reset or a fault', async () => {
  const context = await readyContext();
  const measured = new FakeGain(context);
  const meter = new LoudnessMeter(measured);
  const [worklet] = worklets;
  assert.equal(worklet.options.numberOfOutputs, 0);
  assert.ok(measured.to.has(worklet));
  const readings = { momentary: -20, shortTerm: -21, integrated: -22, truePeak: -3 };
  worklet.tell(readings);
  assert.deepEqual(meter.loudness(), readings);
  meter.reset();
  assert.equal(meter.loudness().integrated, -Infinity);
  assert.deepEqual(worklet.told, [{ reset: true }]);
  worklet.tell(readings);
  worklet.tell({ fault: 'a trap' });
  assert.equal(meter.loudness().integrated, -Infinity);
  assert.ok(!measured.to.has(worklet));
});

test('the leveller is told what it was set to before there was anybody to tell', async () => {
  const context = fakeContext();
  const leveller = new Leveller(context);
  leveller.isOn = true;
  leveller.targetLufs = -16;
  await loadMix(context);
  await new Promise(setImmediate);
  const [worklet] = worklets;
  assert.deepEqual(worklet.told, [{ isOn: true, target_lufs: -16 }]);
  leveller.isOn = false;
  assert.deepEqual(worklet.told.at(-1), { isOn: false, target_lufs: -16 });
  worklet.tell({ gainDb: 3 });
  assert.equal(leveller.gainDb, 3);
  assert.throws(() => (leveller.targetLufs = NaN), RangeError);
});

test('closing ends the processor and every connection, whoever was first, loaded or not', async () => {
  const context = await readyContext();
  const close = mock.fn();
  const way = new FakeGain(context);
  const limiter = new Limiter(context, { fallback: { input: way, output: way, close } });
  const leveller = new Leveller(context);
  const meter = new LoudnessMeter(limiter.output);
  const nodes = [...worklets];
  for (const node of [limiter, leveller, meter]) node.close();
  assert.equal(close.mock.callCount(), 1);
  for (const worklet of nodes) {
    assert.deepEqual(worklet.told.at(-1), { close: true });
    assert.equal(worklet.to.size, 0);
  }
  for (const node of [limiter.input, limiter.output, leveller.input, leveller.output, way]) assert.equal(node.to.size, 0);
  const late = fakeContext();
  const never = new Limiter(late);
  never.close();
  await loadMix(late);
  await new Promise(setImmediate);
  assert.equal(worklets.length, nodes.length, 'what was closed before it was ready is not made');
});

test('a browser that cannot hand a module to another thread gets the bytes', async () => {
  const context = await readyContext();
  globalThis.AudioWorkletNode = class extends FakeWorklet {
    constructor(of, name, options) {
      if (options.processorOptions.module) throw new DOMException('no', 'DataCloneError');
      super(of, name, options);
    }
  };
  const limiter = new Limiter(context);
  assert.equal(limiter.isBypassed, false);
  assert.ok(worklets[0].options.processorOptions.bytes.byteLength > 10_000);
});
