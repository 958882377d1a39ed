#!/usr/bin/env node
/**
 * Runs the browser suite of the `peerjs` client, as it is, with parlor as its server:
 *
 *     node e2e/peerjs-suite.mjs PATH
 *
 * PATH is a checkout of the repository peers/peerjs beside this project. Its pages name the public server, so Chromium is told
 * that this name is here; its specs are written for WebdriverIO, of which as much is stood in for as they use. The client is
 * that of node_modules (npm `peerjs`), and what the pages import from a CDN (chai) is a stand-in with the words they use.
 * PARLOR_BIN names the server's binary. Prints a line for each test; exit codes: 0 all passed, 1 something failed, 2 wrong usage.
 */

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { extname, join, normalize, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { launchChromium } from './lib/browsers.mjs';
import { freePort, serverPath } from './lib/server.mjs';
import { pauseMs, until } from './lib/wait.mjs';

const publicHost = '0.peerjs.com';
const checkout = process.argv[2] ?? '';
if (!existsSync(join(checkout, 'e2e/peer/peer.spec.ts'))) {
  console.error('node e2e/peerjs-suite.mjs PATH: a checkout of peers/peerjs');
  process.exit(2);
}

/** The words of chai that the pages use. */
const chai = `
const alike = (a, b) => {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Object.prototype.toString.call(a) !== Object.prototype.toString.call(b)) return false;
  if (b instanceof Date) return a.getTime() === b.getTime();
  if (b instanceof ArrayBuffer) return alike(new Uint8Array(a), new Uint8Array(b));
  const keys = Object.keys(b);
  return Object.keys(a).length === keys.length && keys.every((key) => alike(a[key], b[key]));
};
const must = (holds, what) => { if (!holds) throw new Error(what); };
export const expect = (value) => {
  const kind = (type) => must(value instanceof type, 'another kind: ' + Object.prototype.toString.call(value));
  const an = Object.assign(() => ({ with: { lengthOf: (n) => must(value.length === n, 'another length: ' + value.length) } }), { instanceof: kind });
  return { to: { be: { an, instanceOf: kind }, deep: { equal: (wanted) => must(alike(value, wanted), 'not equal') } } };
};
`;

const scratch = mkdtempSync(join(tmpdir(), 'peerjs-suite-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));

const pages = await servePages();
const port = await freePort();
const flags = ['--listen', `127.0.0.1:${port}`, '--tls-self-signed', '--public-host', publicHost, '--media-threads', '0',
  '--peerjs-path', '/', '--peerjs-key', '*', '--log-level', 'warn'];
const parlor = spawn(serverPath, flags, { stdio: ['ignore', 'inherit', 'inherit'] });
process.on('exit', () => parlor.kill());
await until('parlor is ready', () => new Promise((resolve) => {
  https.get({ port, path: '/readyz', rejectUnauthorized: false }, (answer) => resolve(answer.resume().statusCode === 200)).on('error', () => resolve(false));
}));

const chromium = await launchChromium({ flags: [`--host-resolver-rules=MAP ${publicHost}:443 127.0.0.1:${port}`, '--ignore-certificate-errors'] });
const outcome = { passed: 0, failed: 0 };
try {
  for (const spec of translate()) await runSpec(spec);
} finally {
  await chromium.close();
  pages.close();
}
console.log(`${outcome.passed} passed, ${outcome.failed} failed`);
process.exit(outcome.failed > 0 || outcome.passed === 0 ? 1 : 0);

/** Serves the checkout's pages, with the client of node_modules as its build. */
async function servePages() {
  const types = /** @type {Record<string, string>} */ ({ '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.css': 'text/css' });
  const client = fileURLToPath(new URL('./node_modules/peerjs/dist', import.meta.url));
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://localhost').pathname);
    const file = path.startsWith('/dist/') ? join(client, path.slice('/dist/'.length)) : join(checkout, path);
    if (path !== '/chai.js' && !existsSync(file)) {
      response.writeHead(404).end();
      return;
    }
    const text = path === '/chai.js' ? chai : readFileSync(file, 'utf8').replace(/https:\/\/esm\.sh\/[^"']*chai[^"']*/g, '/chai.js');
    response.writeHead(200, { 'content-type': types[extname(path)] ?? 'text/plain' }).end(text);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  return { origin: `http://localhost:${address.port}`, close: () => server.close() };
}

/** Makes JavaScript of the specs, beside each other as they are. @returns {string[]} the specs */
function translate() {
  const root = join(checkout, 'e2e');
  const globals = join(scratch, 'globals.mjs');
  writeFileSync(globals, 'export const { browser, $, expect } = globalThis.wdio;');
  writeFileSync(join(scratch, 'package.json'), '{"type":"module"}');
  const folders = ['peer', 'mediachannel', 'datachannel'];
  const sources = folders.flatMap((folder) => readdirSync(join(root, folder)).filter((file) => file.endsWith('.ts')).map((file) => join(folder, file)));
  // Types are only taken off: what they name is not here.
  const tsc = fileURLToPath(new URL('../web/node_modules/.bin/tsc', import.meta.url));
  const options = ['--ignoreConfig', '--noCheck', '--noResolve', '--module', 'esnext', '--moduleResolution', 'bundler', '--target', 'es2022', '--rootDir', root, '--outDir', scratch];
  spawnSync(tsc, [...options, ...sources.map((file) => join(root, file))], { cwd: scratch });
  const made = sources.map((file) => join(scratch, file.replace(/\.ts$/, '.js')));
  for (const file of made) {
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replaceAll('"@wdio/globals"', JSON.stringify(pathToFileURL(globals).href)));
  }
  return made.filter((file) => file.endsWith('.spec.js'));
}

/** Runs one spec, with windows of its own. @param {string} file */
async function runSpec(file) {
  const context = await chromium.createBrowserContext();
  const windows = [await context.newPage()];
  let current = windows[0];
  const tests = /** @type {{ name: string, run: () => Promise<void> }[]} */ ([]);
  const before = { all: /** @type {(() => Promise<void>)[]} */ ([]), each: /** @type {(() => Promise<void>)[]} */ ([]) };
  const load = async (/** @type {import('puppeteer-core').Page} */ page, /** @type {string} */ path) => {
    // What differs in the fragment alone would be no navigation.
    await page.goto('about:blank');
    await page.goto(pages.origin + path, { waitUntil: 'load' });
  };
  const browser = {
    capabilities: { browserName: 'chrome', browserVersion: (await chromium.version()).split('/')[1] },
    url: (/** @type {string} */ path) => load(current, path),
    newWindow: async (/** @type {string} */ path) => {
      current = await context.newPage();
      windows.push(current);
      await load(current, path);
    },
    switchWindow: async (/** @type {string} */ wanted) => {
      for (const page of windows) {
        if ((await page.title()).includes(wanted) || page.url().includes(wanted)) {
          current = page;
          await page.bringToFront();
          return;
        }
      }
      throw new Error(`no window ${wanted}`);
    },
    getTitle: () => current.title(),
    pause: pauseMs,
    waitUntil: (/** @type {() => Promise<boolean>} */ ask, { timeout = 10_000, timeoutMsg = 'a condition' } = {}) => until(timeoutMsg, ask, { timeoutMs: timeout }),
  };
  const $ = (/** @type {string} */ selector) => {
    const page = current;
    return {
      getText: () => page.$eval(selector, (element) => /** @type {HTMLElement} */ (element).innerText),
      click: () => page.click(selector),
      setValue: (/** @type {string} */ value) => page.$eval(selector, (element, text) => { /** @type {HTMLInputElement} */ (element).value = text; }, value),
      waitForEnabled: () => page.waitForSelector(`${selector}:enabled`, { timeout: 10_000 }),
    };
  };
  const expect = (/** @type {unknown} */ value) => ({
    toBe: (/** @type {unknown} */ wanted) => {
      if (value !== wanted) throw new Error(`${JSON.stringify(value)} is not ${JSON.stringify(wanted)}`);
    },
  });
  Object.assign(globalThis, {
    wdio: { browser, $, expect },
    jasmine: { DEFAULT_TIMEOUT_INTERVAL: 60_000 },
    describe: (/** @type {string} */ _, /** @type {() => void} */ body) => body(),
    it: (/** @type {string} */ name, /** @type {() => Promise<void>} */ run) => tests.push({ name, run }),
    beforeAll: (/** @type {() => Promise<void>} */ run) => before.all.push(run),
    beforeEach: (/** @type {() => Promise<void>} */ run) => before.each.push(run),
  });
  // What they import of each other reads these as it is loaded: each spec gets its own.
  await importAnew(file);
  for (const run of before.all) await run();
  for (const { name, run } of tests) {
    try {
      for (const first of before.each) await first();
      await run();
      outcome.passed += 1;
      console.log(`✔ ${relative(scratch, file)}: ${name}`);
    } catch (error) {
      outcome.failed += 1;
      console.log(`✘ ${relative(scratch, file)}: ${name}: ${error instanceof Error ? error.message : error}`);
    }
  }
  await context.close();
}

/** Modules are kept by their addresses: a copy of all of them has others. @param {string} file */
async function importAnew(file) {
  const copy = mkdtempSync(join(scratch, 'run-'));
  const folder = join(file, '..');
  const globals = join(copy, 'globals.mjs');
  writeFileSync(globals, 'export const { browser, $, expect } = globalThis.wdio;');
  for (const name of readdirSync(folder)) {
    const text = readFileSync(join(folder, name), 'utf8');
    writeFileSync(join(copy, name), text.replace(/"file:[^"]*globals\.mjs"/g, JSON.stringify(pathToFileURL(globals).href)));
  }
  await import(pathToFileURL(join(copy, file.slice(folder.length + 1))).href);
}
