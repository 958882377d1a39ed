#!/usr/bin/env node
/**
 * The tests in real browsers: checks what they need, makes a network of their own, runs them in it, and counts.
 *
 *     node e2e/run.mjs [--full] [--times N] [FILE…]
 *
 * Without files these are tests/*.test.mjs, and with --full also tests/full/*.test.mjs, one at a time, which take
 * minutes. --times repeats the whole. PARLOR_BIN names the server's binary (default: target/debug/parlor).
 * Ends with one line `N passed, N failed`; exit codes: 0 all passed, 1 something failed, 2 something is missing.
 */

import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { raiseIslands } from './lib/faults.mjs';
import { isInside, raiseNetwork, runInside } from './lib/namespace.mjs';
import { missingNeeds } from './lib/needs.mjs';
import { serverPath } from './lib/server.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));

/**
 * Two or three pages with sound keep two cores busy: what listens closely has the machine to itself, and only files that
 * don't (they import none of these) run two at a time.
 */
const listens = /lib\/(audio|flows|mesh)\.mjs/;

const { values: options, positionals } = parseArgs({
  options: { full: { type: 'boolean', default: false }, times: { type: 'string', default: '1' } },
  allowPositionals: true,
});

const named = positionals.map((file) => resolve(file));
const missing = [...missingNeeds({ serverPath, e2ePath: here }), ...named.filter((file) => !existsSync(file))];
if (missing.length > 0) {
  console.error(`e2e: missing here:\n${missing.map((need) => `  - ${need}`).join('\n')}`);
  process.exit(2);
}
if (!isInside()) process.exit(await runInside());

raiseNetwork();
await raiseIslands();
rmSync(join(here, 'artifacts'), { recursive: true, force: true });

const total = { passed: 0, failed: 0, failures: /** @type {string[]} */ ([]) };
for (let round = 0; round < Number(options.times); round += 1) {
  const files = named.length > 0 ? named : testFiles('tests');
  const alone = files.filter((file) => file.includes('tests/full/') || listens.test(readFileSync(file, 'utf8')));
  await runFiles(files.filter((file) => !alone.includes(file)), 2);
  await runFiles(alone, 1);
  if (named.length === 0 && options.full) await runFiles(testFiles('tests/full'), 1);
}

for (const failure of total.failures) console.log(`failed: ${failure}`);
if (total.failed > 0) console.log(`What can explain it is in ${relative(process.cwd(), join(here, 'artifacts'))}/`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed > 0 || total.passed === 0 ? 1 : 0);

/** @param {string[]} paths @param {number} concurrency */
async function runFiles(paths, concurrency) {
  if (paths.length === 0) return;
  const events = run({ files: paths, concurrency });
  events.on('test:pass', (result) => {
    if (isTest(result)) total.passed += 1;
  });
  events.on('test:fail', (result) => {
    if (!isTest(result)) return;
    total.failed += 1;
    total.failures.push(result.name);
  });
  const report = events.compose(new spec());
  report.pipe(process.stdout, { end: false });
  await new Promise((done) => report.on('end', done));
}

/**
 * A file that ends badly is reported like a test, with its path as the name: that is a failure, but a file that ends
 * well is not a test passed.
 *
 * @param {{ name: string, details: { type?: string }, todo?: unknown, skip?: unknown }} result
 */
function isTest(result) {
  return result.details.type !== 'suite' && result.skip === undefined;
}

/** @param {string} folder below e2e/ */
function testFiles(folder) {
  return readdirSync(join(here, folder)).filter((name) => name.endsWith('.test.mjs')).sort().map((name) => join(here, folder, name));
}
