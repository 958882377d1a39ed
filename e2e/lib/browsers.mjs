/**
 * Browsers: how Chromium and Firefox are started so that calls work here, and how one is killed whole.
 * What happens in a page lives in `page.mjs`.
 */

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import puppeteer from 'puppeteer-core';
import { chromiumPath, firefoxPath } from './needs.mjs';

const chromiumFlags = [
  '--no-sandbox',
  '--disable-gpu',
  '--allow-loopback-in-peer-connection',
  '--autoplay-policy=no-user-gesture-required',
  '--disable-component-update',
  // Candidates with .local names would need multicast DNS, which the namespace does not have.
  '--disable-features=WebRtcHideLocalIpsWithMdns',
];

/**
 * @typedef {object} ChromiumOptions
 * @property {boolean} [hasDevices] fake microphone and camera, granted without asking (default)
 * @property {string[]} [secureOrigins] origins beyond loopback that count as secure
 * @property {string} [inNamespace] the file of the network namespace to run in (default: that of this process)
 * @property {string[]} [flags] more flags
 */

/**
 * @param {ChromiumOptions} [options]
 * @returns {Promise<import('puppeteer-core').Browser>}
 */
export async function launchChromium({ hasDevices = true, secureOrigins = [], inNamespace, flags = [] } = {}) {
  const executablePath = inNamespace === undefined ? chromiumPath : programInside(inNamespace, chromiumPath);
  return puppeteer.launch({
    executablePath,
    headless: true,
    // A pipe reaches into another network namespace, a debugging port does not.
    pipe: true,
    acceptInsecureCerts: true,
    args: [
      ...chromiumFlags,
      ...(hasDevices ? ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'] : []),
      ...(secureOrigins.length > 0 ? [`--unsafely-treat-insecure-origin-as-secure=${secureOrigins.join(',')}`] : []),
      ...flags,
    ],
    defaultViewport: { width: 1_280, height: 800 },
  });
}

/** @returns {Promise<import('puppeteer-core').Browser>} */
export function launchFirefox() {
  return puppeteer.launch({
    browser: 'firefox',
    executablePath: firefoxPath,
    headless: true,
    acceptInsecureCerts: true,
    extraPrefsFirefox: {
      'media.navigator.streams.fake': true,
      'media.navigator.permission.disabled': true,
      'media.autoplay.default': 0,
      // Without a sound card an AudioContext would stay suspended for ever: a pretended one keeps time.
      'media.cubeb.force_mock_context': true,
      'media.peerconnection.ice.loopback': true,
      'media.peerconnection.ice.obfuscate_host_addresses': false,
    },
    defaultViewport: { width: 1_280, height: 800 },
  });
}

/**
 * Kills a browser with all its processes at once, so that nothing of it can say goodbye.
 *
 * @param {import('puppeteer-core').Browser} browser
 */
export async function killBrowser(browser) {
  const main = browser.process();
  if (main?.pid === undefined) throw new Error('this browser was not started here');
  if (main.exitCode !== null || main.signalCode !== null) return;
  const gone = new Promise((resolve) => main.once('exit', resolve));
  // puppeteer starts browsers as leaders of their own process groups.
  process.kill(-main.pid, 'SIGKILL');
  await gone;
}

/**
 * @param {string} namespace
 * @param {string} program
 * @returns {string} a script that runs the program in that namespace; puppeteer takes a path, not a command
 */
function programInside(namespace, program) {
  const folder = mkdtempSync(join(tmpdir(), 'parlor-e2e-'));
  const path = join(folder, 'run');
  writeFileSync(path, `#!/bin/sh\nexec nsenter --net=${namespace} ${program} "$@"\n`);
  chmodSync(path, 0o755);
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return path;
}
