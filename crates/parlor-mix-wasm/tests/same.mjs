// Runs a node of the module over the sound on its standard input (two channels of 32-bit floats, one after the other), and
// writes what came out, and the node's readings behind it. For same.rs.

import { readFileSync, writeSync } from 'node:fs';

const BLOCK = 128;
const [, , path, kind] = process.argv;
const { exports } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(path)));
const handle = {
  limiter: () => exports.create_limiter(48_000, -1),
  loudness: () => exports.create_loudness(48_000),
  leveller: () => exports.create_leveller(48_000, -23),
}[kind]();
if (!handle) throw new Error(`there is no ${kind}`);
if (kind === 'leveller') exports.set_leveller(handle, 1, -23);

const bytes = readFileSync(0);
const sound = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
const frames = sound.length / 2;
const length = exports.frames_max();
const grown = exports.memory.buffer;
const channels = [0, 1].map((channel) => new Float32Array(grown, exports.samples() + 4 * channel * length, length));
for (let from = 0; from < frames; from += BLOCK) {
  for (const [channel, samples] of channels.entries()) samples.set(sound.subarray(channel * frames + from, channel * frames + from + BLOCK));
  exports.process(handle, BLOCK);
  for (const [channel, samples] of channels.entries()) sound.set(samples.subarray(0, BLOCK), channel * frames + from);
}
if (exports.memory.buffer !== grown) throw new Error('the memory has grown while sound was processed');

let readings = [];
if (kind === 'limiter') readings = [exports.take_reduction_db(handle)];
if (kind === 'leveller') readings = [exports.leveller_gain_db(handle)];
if (kind === 'loudness') {
  exports.read_loudness(handle);
  readings = [...channels[0].subarray(0, 4)];
}
const out = new Float32Array([...sound, ...readings]);
const rest = new Uint8Array(out.buffer);
for (let written = 0; written < rest.length; ) written += writeSync(1, rest, written);
