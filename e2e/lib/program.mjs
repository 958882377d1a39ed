/**
 * A participant without a browser: `parlor join`, with what it says on stderr.
 */

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { serverPath } from './server.mjs';
import { until } from './wait.mjs';

/** A file with 4 s of a tone, and which. */
export const tone = { file: fileURLToPath(new URL('../fixtures/tone-990.opus', import.meta.url)), hz: 990 };

export class Program {
  /** All that it said. */
  said = '';
  #process;

  /**
   * @param {import('./stage.mjs').Stage} stage whose room it joins
   * @param {string[]} flags
   */
  constructor(stage, flags) {
    this.#process = spawn(serverPath, ['join', stage.server.origin, stage.room, ...flags], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#process.stderr?.setEncoding('utf8').on('data', (/** @type {string} */ text) => { this.said += text; });
  }

  /** Waits until it has said something. @param {RegExp} pattern */
  async says(pattern) {
    return until(`the program says ${pattern}`, () => ({ match: pattern.exec(this.said), ended: this.#process.exitCode, said: this.said }), {
      good: ({ match, ended }) => match !== null || ended !== null,
    }).then(({ match, ended, said }) => {
      if (match === null) throw new Error(`the program ended (${ended}) without saying ${pattern}: ${said}`);
      return match;
    });
  }

  /** Ends it as Ctrl-C does. @returns {Promise<number | null>} its exit code */
  async interrupt() {
    this.#process.kill('SIGINT');
    await until('the program ends', () => this.#process.exitCode !== null || this.#process.signalCode !== null);
    return this.#process.exitCode;
  }

  /** Ends it whatever it does. */
  kill() {
    this.#process.kill('SIGKILL');
  }
}
