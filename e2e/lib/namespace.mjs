/**
 * The network that the tests run in: a namespace of their own, with loopback, one more address, and nothing outside.
 * A namespace of processes comes with it, so that whatever a crashed test leaves behind dies with the run.
 */

import { execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { Socket } from 'node:net';

/** The address beside loopback; a browser on an island reaches the server here. */
export const stageAddress = '10.99.0.1';

const insideMark = 'PARLOR_E2E_INSIDE';

/** Whether this process already runs in the namespace. */
export function isInside() {
  return process.env[insideMark] !== undefined;
}

/**
 * Runs this same script again inside a new namespace, and ends as it ends.
 *
 * @returns {Promise<number>} the exit code
 */
export function runInside() {
  const isRoot = process.getuid?.() === 0;
  const child = spawn(
    'unshare',
    [
      ...(isRoot ? [] : ['--user', '--map-root-user']),
      '--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc',
      process.execPath, ...process.argv.slice(1),
    ],
    // The pipe is never written: its end tells the inside that the outside is gone, however that came about.
    { stdio: ['inherit', 'inherit', 'inherit', 'pipe'], env: { ...process.env, [insideMark]: '1' } },
  );
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => child.kill('SIGKILL'));
  }
  return new Promise((resolve) => {
    child.on('error', (error) => {
      console.error(`e2e: cannot make a network namespace: ${error.message}`);
      resolve(1);
    });
    child.on('close', (code) => resolve(code ?? 1));
  });
}

/**
 * Brings the network up: loopback, and a bridge with {@link stageAddress} and a default route. Firefox gathers no
 * candidates without a default route. Islands are plugged into the bridge: with an address for each here, every
 * connection would have dozens of candidate pairs.
 */
export function raiseNetwork() {
  new Socket({ fd: 3 }).on('close', () => process.exit(1)).on('error', () => process.exit(1)).resume().unref();
  delete process.env[insideMark];
  // IPv6 would double the candidates and adds nothing to what is tested.
  for (const scope of ['all', 'default']) writeFileSync(`/proc/sys/net/ipv6/conf/${scope}/disable_ipv6`, '1');
  ip('link set lo up');
  ip('link add stage type bridge');
  ip(`addr add ${stageAddress}/24 dev stage`);
  ip('link set stage up');
  ip('route add default via 10.99.0.2 dev stage');
}

/** @param {string} command the words after `ip` */
export function ip(command) {
  execFileSync('ip', command.split(' '), { stdio: ['ignore', 'ignore', 'pipe'] });
}
