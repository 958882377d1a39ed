/**
 * Carries out requests on a WebAssembly module of parlor-wasm: `node replay.mjs MODULE REQUESTS`. REQUESTS has one JSON
 * request a line; the answers go to stdout, one a line, as they are. Whether they are right is for `replay.rs`.
 */

import { readFileSync, writeSync } from 'node:fs';

const [modulePath, requestsPath] = process.argv.slice(2);
const { instance } = await WebAssembly.instantiate(readFileSync(modulePath));
const { memory, input_buffer, call, output_buffer } = instance.exports;

/** @param {Uint8Array} request */
function answer(request) {
  const address = input_buffer(request.length); // may move the memory
  new Uint8Array(memory.buffer, address, request.length).set(request);
  const length = call();
  // The call may have moved it again: look at it afresh, and copy before the next call overwrites it.
  return Buffer.from(new Uint8Array(memory.buffer, output_buffer(), length));
}

/** All of it: a pipe may take less than it is given. @param {Buffer} bytes */
function write(bytes) {
  let done = 0;
  while (done < bytes.length) {
    try {
      done += writeSync(1, bytes, done);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
}

const requests = readFileSync(requestsPath);
const answers = [];
let start = 0;
for (let end = requests.indexOf(10); end !== -1; start = end + 1, end = requests.indexOf(10, start)) {
  answers.push(answer(requests.subarray(start, end)), Buffer.from('\n'));
}
write(Buffer.concat(answers));
