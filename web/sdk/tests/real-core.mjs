/** The core as the page has it: the committed WebAssembly. */

import { readFile } from 'node:fs/promises';
import { Core } from '../core.js';

/** @returns {Promise<import('../core-types.d.ts').CoreClass>} for `new ConnectionManager(…, { Core })` */
export async function realCore() {
  const wasm = await readFile(new URL('../parlor_connect.wasm', import.meta.url));
  const { instance } = await WebAssembly.instantiate(wasm);
  return { create: (options) => Core.create(options, instance.exports) };
}
