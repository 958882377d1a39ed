// The debug view's door: opens and closes it (Ctrl+Shift+D, `?debug`, the keys' list), and saves reports. While the view is
// closed nothing of it runs.

import { saveFile } from '../save-file.js';
import { createPanel } from './panel.js';
import { fileName, makeReport } from './report.js';

/** Up to this width, in CSS pixels, the view covers the page instead of standing beside it. */
const COVERS = '(max-width: 74.99rem)';

export class DebugView {
  #session;
  #isLive;
  #signaling;
  #page;
  #covers = matchMedia(COVERS);
  /** @type {import('../types.js').View|null} */
  #panel = null;
  /** Where the focus was. @type {Element|null} */
  #before = null;

  /**
   * @param {{
   *   session: () => import('../live-session.js').LiveSession|null,
   *   isLive: () => boolean,
   *   signaling: import('../../sdk/index.js').SignalingClient,
   *   page: HTMLElement,
   * }} options `session`: the live one, or the last one; `page`: what the view stands beside
   */
  constructor({ session, isLive, signaling, page }) {
    this.#session = session;
    this.#isLive = isLive;
    this.#signaling = signaling;
    this.#page = page;
    document.addEventListener('keydown', (event) => this.#onKey(event));
    this.#covers.addEventListener('change', () => this.#place());
  }

  get isOpen() {
    return this.#panel !== null;
  }

  /** @param {{takesFocus?: boolean}} [options] `takesFocus`: not where the page opens it by itself */
  open({ takesFocus = true } = {}) {
    if (this.#panel !== null) return;
    this.#before = document.activeElement;
    this.#panel = createPanel({
      session: this.#session,
      isLive: this.#isLive,
      signaling: this.#signaling,
      onSave: () => void this.save(),
      onClose: () => this.close(),
    });
    document.body.append(this.#panel.element);
    this.#place();
    if (takesFocus) this.#panel.element.querySelector('h2')?.focus();
  }

  close() {
    if (this.#panel === null) return;
    const hadFocus = this.#panel.element.contains(document.activeElement);
    this.#panel.close();
    this.#panel.element.remove();
    this.#panel = null;
    this.#place();
    if (hadFocus && this.#before instanceof HTMLElement && this.#before.isConnected) this.#before.focus();
  }

  /** The report as an object (docs/debugging.md). */
  report() {
    return makeReport({ session: this.#session(), signaling: this.#signaling });
  }

  /** Has the browser save the report as a file. */
  async save() {
    const text = JSON.stringify(await this.report());
    saveFile(new Blob([text], { type: 'application/json' }), fileName('report', 'json'));
  }

  /** Beside the page, or over it; what is covered is out of reach for keys and screen readers too. */
  #place() {
    const covers = this.#panel !== null && this.#covers.matches;
    document.body.classList.toggle('has-debug', this.#panel !== null);
    this.#page.inert = covers;
    const element = this.#panel?.element;
    element?.setAttribute('role', covers ? 'dialog' : 'complementary');
    if (covers) element?.setAttribute('aria-modal', 'true');
    else element?.removeAttribute('aria-modal');
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (!event.ctrlKey || !event.shiftKey || event.altKey || event.metaKey || event.code !== 'KeyD') return;
    // Browsers have a meaning of their own for it.
    event.preventDefault();
    if (event.repeat) return;
    if (this.isOpen) this.close();
    else this.open();
  }
}
