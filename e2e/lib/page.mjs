/**
 * A person at the studio page: opens it, finds things by role and accessible name as the contract's section "The
 * page" gives them, and reads what the page shows. What the page complains about on its console is kept, and fails
 * the test unless it was forgiven beforehand.
 */

import { installProbe, toneAmplitude } from './probe.mjs';
import { patienceMs, until } from './wait.mjs';

/**
 * @typedef {object} StudioOptions
 * @property {string} name what the person is called
 * @property {string} origin where the page is
 * @property {number | null} [toneHz] the tone that the microphone plays; null: the browser's own fake microphone
 * @property {number} [amplitude] of that tone
 * @property {string | null} [microphoneError] the DOMException with which the microphone is refused, or `pending`: the
 *   question is never answered
 * @property {string[]} [missing] globals that the browser lacks
 * @property {RegExp[]} [forgiven] complaints of the browser that belong to the test
 */

/**
 * @typedef {object} ShownParticipant
 * @property {string} id
 * @property {string} name
 * @property {string} status one of the three texts of AU-6, or '' where none is shown
 * @property {string} text all that the item says
 * @property {boolean} hasGain
 */

/**
 * @typedef {object} Shown
 * @property {string} text all that the page says
 * @property {string[]} alerts what it says aloud
 * @property {{ text: string, count: string }[]} rooms
 * @property {ShownParticipant[]} participants
 * @property {string[]} chat
 */

export class Studio {
  /** What the browser complained about. */
  complaints = /** @type {string[]} */ ([]);
  /** The console, for the artifacts of a failed test. */
  console = /** @type {string[]} */ ([]);
  /** The person's name. */
  name;
  /** The frequency of their microphone, in Hz. */
  toneHz;
  /** puppeteer's page. */
  page;

  #forgiven;
  #isSlowTree;
  #origin;

  /**
   * @param {import('puppeteer-core').Page} page
   * @param {StudioOptions} options
   */
  constructor(page, { name, origin, toneHz = 440, forgiven = [] }) {
    this.page = page;
    this.name = name;
    this.toneHz = toneHz ?? 440;
    this.#origin = origin;
    this.#forgiven = [...forgiven];
    this.#isSlowTree = page.browser().process()?.spawnfile.includes('firefox') ?? false;
  }

  /**
   * Makes a page with microphone and ears; it shows nothing yet.
   *
   * @param {import('puppeteer-core').BrowserContext} context
   * @param {StudioOptions} options
   */
  static async create(context, options) {
    const { toneHz = 440, amplitude = toneAmplitude, microphoneError = null, missing = [] } = options;
    const page = await context.newPage();
    const studio = new Studio(page, options);
    page.on('console', (message) => {
      studio.console.push(`${message.type()}: ${message.text()}`);
      if (message.type() === 'error') studio.complaints.push(`console: ${message.text()} (${message.location().url ?? ''})`);
    });
    page.on('pageerror', (error) => studio.complaints.push(`uncaught: ${error instanceof Error ? error.stack ?? error.message : error}`));
    page.setDefaultTimeout(patienceMs);
    await page.evaluateOnNewDocument(installProbe, { toneHz, microphoneError, missing, amplitude });
    return studio;
  }

  /** From now on these complaints belong to the test. @param {RegExp[]} patterns */
  forgive(...patterns) {
    this.#forgiven.push(...patterns);
  }

  /** @returns {Promise<string[]>} complaints that nobody forgave, violations of the security policy among them */
  async unforgiven() {
    const violations = this.page.isClosed()
      ? []
      : await this.page.evaluate(() => window.parlorProbe?.violations ?? []).catch(() => []);
    return [...this.complaints, ...violations.map((violation) => `policy: ${violation}`)]
      .filter((complaint) => !this.#forgiven.some((pattern) => pattern.test(complaint)));
  }

  /** @param {string} [path] what follows the origin */
  async goto(path = '/') {
    await this.page.goto(`${this.#origin}${path}`, { waitUntil: 'domcontentloaded' });
  }

  /**
   * Joins a room by the address alone, making it if need be, and waits until the page shows the session.
   *
   * @param {string} room the room's id
   * @param {{ role?: string }} [options]
   */
  async autostart(room, { role } = {}) {
    await this.goto(`/?${new URLSearchParams({ name: this.name, ...(role && { role }), autostart: '1' })}#${room}`);
    await this.inSession();
  }

  /** Waits until the page shows the session with oneself in it. */
  async inSession() {
    await until(`${this.name} sees the session`, async () => {
      const { participants, text } = await this.shown();
      return { present: participants.some(({ name }) => name === this.name), text };
    }, { good: ({ present }) => present });
  }

  /**
   * @param {string} role an ARIA role
   * @param {string} name the accessible name, exactly
   * @returns {Promise<import('puppeteer-core').ElementHandle<HTMLElement>>} waited for
   */
  async find(role, name) {
    if (!this.#isSlowTree) {
      const handle = await this.page.waitForSelector(selectorOf(role, name));
      if (handle === null) throw new Error(`${this.name}: no ${role} "${name}"`);
      return /** @type {import('puppeteer-core').ElementHandle<HTMLElement>} */ (handle);
    }
    const found = await until(`${this.name} finds the ${role} "${name}"`, () => this.#findNear(role, name));
    return /** @type {import('puppeteer-core').ElementHandle<HTMLElement>} */ (found);
  }

  /** @param {string} role @param {string} name @returns {Promise<boolean>} whether it is there now */
  async has(role, name) {
    if (this.#isSlowTree) return (await this.#findNear(role, name)) !== undefined;
    const handle = await this.page.$(selectorOf(role, name));
    return handle !== null && handle.isVisible();
  }

  /**
   * Firefox takes a second or more to search the accessibility tree of a page. So the page says where something is shown
   * that may have this name, and the tree is asked about that place alone: it still has the last word on role and name.
   *
   * @param {string} role
   * @param {string} name
   * @returns {Promise<import('puppeteer-core').ElementHandle<HTMLElement> | undefined>}
   */
  async #findNear(role, name) {
    const place = (await this.page.evaluateHandle(placeOf, name)).asElement();
    const found = await /** @type {import('puppeteer-core').ElementHandle<Element> | null} */ (place)?.$(selectorOf(role, name));
    return /** @type {import('puppeteer-core').ElementHandle<HTMLElement> | null | undefined} */ (found) ?? undefined;
  }

  /** @param {string} name of the button */
  async press(name) {
    const button = await this.find('button', name);
    await button.click();
  }

  /** @param {string} name of the text box @param {string} text */
  async fill(name, text) {
    const box = await this.find('textbox', name);
    await box.evaluate((element) => /** @type {HTMLInputElement} */ (element).select());
    await this.page.keyboard.press('Delete');
    await box.type(text);
  }

  /** Moves a slider as a person's drag ends up. @param {string} name @param {number} value */
  async slide(name, value) {
    const slider = await this.find('slider', name);
    await slider.evaluate((element, wanted) => {
      const input = /** @type {HTMLInputElement} */ (element);
      input.value = String(wanted);
      input.dispatchEvent(new Event('input', { bubbles: true }));
      input.dispatchEvent(new Event('change', { bubbles: true }));
    }, value);
  }

  /** @returns {Promise<Shown>} what the page shows now */
  shown() {
    return this.page.evaluate(readPage);
  }

  /**
   * Waits until what the page shows is as wanted.
   *
   * @param {string} what
   * @param {(shown: Shown) => unknown} good
   * @param {{ timeoutMs?: number }} [options]
   */
  sees(what, good, options = {}) {
    return until(`${this.name} sees ${what}`, () => this.shown(), { good, ...options });
  }

  /**
   * Waits until the list of participants is exactly these.
   *
   * @param {...string} names oneself included
   */
  seesExactly(...names) {
    const wanted = [...names].sort().join();
    return this.sees(`exactly ${names.join(', ')}`, ({ participants }) => participants.map(({ name }) => name).sort().join() === wanted);
  }

  /** Waits until these are shown as connected. @param {...Studio} others */
  seesConnected(...others) {
    return this.sees(`${others.map(({ name }) => name).join(' and ')} connected`, ({ participants }) =>
      others.every((other) => participants.some(({ name, status }) => name === other.name && status === 'Connected')));
  }

  /** @returns {Promise<string>} the participant's id, out of the list that the page shows */
  async ownId() {
    const { participants } = await this.shown();
    const own = participants.find(({ name }) => name === this.name);
    if (own === undefined) throw new Error(`${this.name} is not in their own list`);
    return own.id;
  }

  /** @returns {Promise<{ remotePeerId: string, status: string, retryCount: number }[]>} the connection manager's word */
  connections() {
    return this.page.evaluate(() => window.parlor.connectionManager.getConnectionsInfo());
  }

  /** @returns {Promise<number>} how many RTCPeerConnections this document ever made, those with the hub aside */
  connectionsMade() {
    return this.page.evaluate(() => {
      const { connections, frames } = window.parlorProbe;
      const toHub = frames.filter(({ way, type, data }) => way === 'out' && type === 'offer' && data.to === 'hub');
      return connections.length - new Set(toHub.map(({ data }) => `${data.roomId} ${data.attempt}`)).size;
    });
  }

  /** @returns {Promise<{ at: number, way: string, type: string, data: any }[]>} the signalling of this document */
  frames() {
    return this.page.evaluate(() => window.parlorProbe.frames);
  }

  /** Closes the tab. */
  close() {
    return this.page.close();
  }
}

/** @param {string} role @param {string} name @returns {string} puppeteer's selector by the accessibility tree */
function selectorOf(role, name) {
  return `::-p-aria([name="${name}"][role="${role}"])`;
}

/**
 * Runs in the page.
 *
 * @param {string} name
 * @returns {Element | null} the parent of what is shown and may be called so by its label, its attributes or its text
 */
function placeOf(name) {
  const textOf = (/** @type {Element | null} */ element) => element?.textContent?.replace(/\s+/g, ' ').trim();
  const isNamed = (/** @type {Element} */ element) =>
    element.getAttribute('aria-label') === name ||
    (element.getAttribute('aria-labelledby')?.split(' ').some((id) => textOf(document.getElementById(id)) === name) ?? false) ||
    [.../** @type {HTMLInputElement} */ (element).labels ?? []].some((label) => textOf(label) === name) ||
    (element.matches('button, a, summary, [role]') && textOf(element) === name);
  const shown = [...document.querySelectorAll('body *')].find((element) => isNamed(element) && element.checkVisibility({ visibilityProperty: true }));
  return shown?.parentElement ?? null;
}

/** Reads the page, in the page: what a person sees, by roles and names.
 * @returns {Shown}
 */
function readPage() {
  const nameOf = (/** @type {Element} */ element) => {
    const labels = element.getAttribute('aria-labelledby')?.split(/\s+/).map((id) => document.getElementById(id)?.textContent ?? '');
    return (labels?.join(' ') ?? element.getAttribute('aria-label') ?? '').trim();
  };
  const isShown = (/** @type {Element} */ element) => element.checkVisibility({ visibilityProperty: true });
  const find = (/** @type {string} */ selector, /** @type {string} */ name) =>
    [...document.querySelectorAll(selector)].find((element) => nameOf(element) === name && isShown(element));
  const itemsOf = (/** @type {Element | undefined} */ list) =>
    [...(list?.querySelectorAll('li, [role="listitem"]') ?? [])].filter(isShown);
  const leafTexts = (/** @type {Element} */ element) =>
    [...element.querySelectorAll('*')].filter((leaf) => leaf.childElementCount === 0 && isShown(leaf)).map((leaf) => (leaf.textContent ?? '').trim());
  const textOf = (/** @type {Element} */ element) => /** @type {HTMLElement} */ (element).innerText.replace(/\s+/g, ' ').trim();

  const statuses = ['Connected', 'Connecting…', 'Disconnected'];
  return {
    text: textOf(document.body).slice(0, 4_000),
    alerts: [...document.querySelectorAll('[role="alert"], [role="status"]')].filter(isShown).map(textOf).filter(Boolean),
    rooms: itemsOf(find('ul, ol, [role="list"]', 'Rooms')).map((item) => ({
      text: textOf(item),
      count: /\d+\/\d+/.exec(textOf(item))?.[0] ?? '',
    })),
    participants: itemsOf(find('ul, ol, [role="list"]', 'Participants'))
      .filter((item) => item.hasAttribute('data-participant-id'))
      .map((item) => {
        const texts = leafTexts(item);
        const meter = item.querySelector('meter, [role="meter"]');
        return {
          id: item.getAttribute('data-participant-id') ?? '',
          name: (meter && /^Level of (.*)$/s.exec(nameOf(meter))?.[1]) ?? '',
          status: texts.find((text) => statuses.includes(text)) ?? '',
          text: textOf(item),
          hasGain: item.querySelector('input[type="range"], [role="slider"]') !== null,
        };
      }),
    chat: [...(find('[role="log"]', 'Chat')?.children ?? [])].map(textOf),
  };
}
