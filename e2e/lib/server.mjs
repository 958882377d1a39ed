/**
 * The server under test: started on a port of its own, stopped, killed, started again on the same port, its log kept.
 */

import { spawn } from 'node:child_process';
import http from 'node:http';
import https from 'node:https';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { stageAddress } from './namespace.mjs';
import { until } from './wait.mjs';

/** The binary under test. */
export const serverPath = process.env.PARLOR_BIN ?? fileURLToPath(new URL('../../target/debug/parlor', import.meta.url));

export class ParlorServer {
  /** Everything that the server wrote, over all its lives. */
  log = '';

  /** @type {import('node:child_process').ChildProcess | undefined} */
  #process;
  /** @type {string[]} */
  #flags;
  #port;

  /**
   * @param {number} port
   * @param {string[]} flags
   */
  constructor(port, flags) {
    this.#port = port;
    this.#flags = flags;
  }

  /**
   * Starts a server on loopback and on {@link stageAddress}.
   *
   * @param {string[]} [flags] more flags of the command line
   */
  static async start(flags = []) {
    const server = new ParlorServer(await freePort(), flags);
    await server.start();
    return server;
  }

  /** The process' id, while it runs. */
  get pid() {
    const pid = this.#process?.pid;
    if (pid === undefined) throw new Error('the server does not run');
    return pid;
  }

  get #scheme() {
    return this.#flags.some((flag) => flag.startsWith('--tls')) ? 'https' : 'http';
  }

  /** Where a browser of the main network finds it: a secure origin. */
  get origin() {
    return `${this.#scheme}://127.0.0.1:${this.#port}`;
  }

  /** Where a browser on an island finds it, and to every browser an insecure origin. */
  get remoteOrigin() {
    return `${this.#scheme}://${stageAddress}:${this.#port}`;
  }

  /** Starts it (again), on the same port, and waits until it is ready. */
  async start() {
    const child = spawn(
      serverPath,
      ['--listen', `127.0.0.1:${this.#port}`, '--listen', `${stageAddress}:${this.#port}`, '--open',
        '--log-level', 'debug', ...this.#flags],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.#process = child;
    for (const output of [child.stdout, child.stderr]) {
      output?.setEncoding('utf8').on('data', (/** @type {string} */ text) => { this.log += text; });
    }
    let startFailure = '';
    child.on('error', (error) => { startFailure = error.message; });
    await until('the server is ready', async () => {
      if (startFailure !== '' || child.exitCode !== null) {
        return { ended: startFailure || `exit code ${child.exitCode}: ${this.log.slice(-2_000)}` };
      }
      return { ready: (await this.#ask('/readyz')).statusCode === 200 };
    }, { good: (answer) => 'ended' in answer || answer.ready }).then((answer) => {
      if ('ended' in answer) throw new Error(`the server did not start: ${answer.ended}`);
    });
  }

  /** Asks it to stop (SIGTERM) and waits until it is gone. */
  async stop() {
    await this.#end('SIGTERM');
  }

  /** Kills it, as a crash would. */
  async kill() {
    await this.#end('SIGKILL');
  }

  /** @returns {Promise<string>} the metrics page */
  async metrics() {
    const response = await this.#ask('/metrics');
    let page = '';
    for await (const part of response.setEncoding('utf8')) page += part;
    return page;
  }

  /**
   * @param {string} path
   * @returns {Promise<import('node:http').IncomingMessage>}
   */
  #ask(path) {
    return new Promise((resolve, reject) => {
      // A certificate of the server's own is known to nobody.
      const options = { rejectUnauthorized: false, agent: false };
      const onResponse = (/** @type {import('node:http').IncomingMessage} */ response) => resolve(path === '/metrics' ? response : response.resume());
      const request = this.#scheme === 'https' ? https.get(this.origin + path, options, onResponse) : http.get(this.origin + path, { agent: false }, onResponse);
      request.on('error', reject);
    });
  }

  /** @param {NodeJS.Signals} signal */
  async #end(signal) {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await gone;
  }
}

/** @returns {Promise<number>} a port that nothing listens on right now */
export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (probe.address());
      probe.close(() => resolve(port));
    });
  });
}
