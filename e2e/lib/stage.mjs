/**
 * A scenario: one story in real browsers, with the people and faults it needs. Browsers and server are shared by the
 * scenarios of a file unless one wants its own; people are not. When a scenario fails, what can explain it is kept in
 * `artifacts/`.
 */

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { killBrowser, launchChromium, launchFirefox } from './browsers.mjs';
import { Island } from './faults.mjs';
import { Studio } from './page.mjs';
import { ParlorServer } from './server.mjs';

const artifactsFolder = fileURLToPath(new URL('../artifacts/', import.meta.url));

/** Each person has a tone of their own, so that one can tell who is heard. In Hz. */
const tones = [440, 660, 880, 1_100, 1_320, 1_540, 1_760, 1_980];

/** @type {Map<string, Promise<any>>} */
const shared = new Map();

after(async () => {
  for (const thing of shared.values()) {
    const made = await thing.catch(() => undefined);
    if (made instanceof ParlorServer) await made.stop();
    else if (made !== undefined) await end(made);
  }
});

/**
 * Declares a test.
 *
 * @param {string} title with the ids of the requirements that it proves
 * @param {(stage: Stage) => Promise<void>} play
 * @param {{ ownServer?: boolean, serverFlags?: string[], timeoutMs?: number }} [options]
 */
export function scenario(title, play, { ownServer = false, serverFlags = [], timeoutMs = 240_000 } = {}) {
  void test(title, { timeout: timeoutMs }, async () => {
    const isOwn = ownServer || serverFlags.length > 0;
    const server = isOwn ? await ParlorServer.start(serverFlags) : await once('server', () => ParlorServer.start());
    const stage = new Stage(server);
    try {
      await play(stage);
      await stage.assertNoComplaints();
    } catch (error) {
      await stage.keepArtifacts(title, error);
      throw error;
    } finally {
      await stage.clear();
      if (isOwn) await server.stop();
    }
  });
}

export class Stage {
  /** The server under test. */
  server;
  /** A room that nobody else uses. */
  room = `room-${Math.random().toString(36).slice(2, 10)}`;

  #people = /** @type {Studio[]} */ ([]);
  #contexts = /** @type {import('puppeteer-core').BrowserContext[]} */ ([]);
  #browsers = /** @type {import('puppeteer-core').Browser[]} */ ([]);
  #islands = /** @type {Island[]} */ ([]);

  /** @param {ParlorServer} server */
  constructor(server) {
    this.server = server;
  }

  /**
   * A person at a page of their own, which shows nothing yet.
   *
   * @param {string} name
   * @param {Partial<import('./page.mjs').StudioOptions> & { browser?: 'chromium' | 'firefox' | import('puppeteer-core').Browser,
   *   context?: import('puppeteer-core').BrowserContext }} [options]
   */
  async person(name, { browser = 'chromium', context, ...options } = {}) {
    const toneHz = tones[this.#people.length % tones.length];
    const studio = await Studio.create(context ?? (await this.context(browser)), {
      name, origin: this.server.origin, toneHz, ...options,
    });
    this.#people.push(studio);
    return studio;
  }

  /**
   * A person who is in the room.
   *
   * @param {string} name
   * @param {Parameters<Stage['person']>[1] & { role?: string }} [options]
   */
  async join(name, { role, ...options } = {}) {
    const studio = await this.person(name, options);
    await studio.autostart(this.room, { role });
    return studio;
  }

  /** A browser's separate storage. @param {'chromium' | 'firefox' | import('puppeteer-core').Browser} browser */
  async context(browser = 'chromium') {
    const made = await (await this.browser(browser)).createBrowserContext();
    this.#contexts.push(made);
    return made;
  }

  /** @param {'chromium' | 'firefox' | import('puppeteer-core').Browser} kind */
  async browser(kind) {
    if (kind === 'chromium') return once('chromium', () => launchChromium());
    if (kind === 'firefox') return once('firefox', () => launchFirefox());
    return kind;
  }

  /** @param {'chromium' | 'firefox' | import('puppeteer-core').Browser} kind @returns {Promise<number>} its main process' id */
  async browserPid(kind) {
    const pid = (await this.browser(kind)).process()?.pid;
    if (pid === undefined) throw new Error('this browser was not started here');
    return pid;
  }

  /** A browser for this scenario only. @param {import('./browsers.mjs').ChromiumOptions} [options] */
  async ownChromium(options) {
    const browser = await launchChromium(options);
    this.#browsers.push(browser);
    return browser;
  }

  /**
   * An island, and a browser on it that takes the server's other address for secure.
   *
   * @param {string[]} [flags] more flags of the browser
   */
  async island(flags = []) {
    const island = Island.take();
    this.#islands.push(island);
    const browser = await this.ownChromium({ inNamespace: island.namespace, secureOrigins: [this.server.remoteOrigin], flags });
    return { island, browser };
  }

  /** No page complained, about errors or the security policy, other than what its scenario forgave. */
  async assertNoComplaints() {
    for (const person of this.#people) {
      assert.deepEqual(await person.unforgiven(), [], `what the browser of ${person.name} complains about`);
    }
  }

  /** @param {string} title @param {unknown} error */
  async keepArtifacts(title, error) {
    const folder = join(artifactsFolder, title.replace(/[^A-Za-z0-9]+/g, '-').slice(0, 80));
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'failure.txt'), String(error instanceof Error ? error.stack : error));
    await writeFile(join(folder, 'server.log'), this.server.log);
    for (const [index, person] of this.#people.entries()) {
      const base = join(folder, `${index}-${person.name.replace(/[^A-Za-z0-9]+/g, '-')}`);
      await writeFile(`${base}-console.txt`, [...person.console, '', ...person.complaints].join('\n'));
      if (person.page.isClosed()) continue;
      await within(3_000, person.page.screenshot({ path: `${base}.png` }));
      const state = await within(15_000, person.page.evaluate(() => JSON.stringify({
        connections: window.parlor?.connectionManager?.getConnectionsInfo(),
        history: window.parlor?.connectionManager?.history,
        frames: window.parlorProbe?.frames,
      }, null, 1)));
      if (typeof state === 'string') await writeFile(`${base}-state.json`, state);
    }
  }

  /** Everybody goes home. */
  async clear() {
    for (const browser of this.#browsers) await end(browser);
    for (const context of this.#contexts) await within(5_000, context.close());
    for (const island of this.#islands) island.leave();
  }
}

/**
 * @template T
 * @param {string} key
 * @param {() => Promise<T>} make
 * @returns {Promise<T>}
 */
function once(key, make) {
  const made = shared.get(key) ?? make();
  shared.set(key, made);
  return made;
}

/** @param {import('puppeteer-core').Browser} browser */
async function end(browser) {
  await within(5_000, browser.close());
  await killBrowser(browser);
}

/**
 * Waits no longer than that, and never fails: for tidying up after a failure.
 *
 * @template T
 * @param {number} durationMs
 * @param {Promise<T>} work
 * @returns {Promise<T | undefined>}
 */
async function within(durationMs, work) {
  let timer;
  const late = new Promise((resolve) => { timer = setTimeout(resolve, durationMs); });
  try {
    return /** @type {T | undefined} */ (await Promise.race([work, late]));
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
