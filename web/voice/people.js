// Who is in the channel, as a list: name, connection, whether muted, and a ring that moves with the voice. Rows are kept, so
// that nothing jumps and a reader keeps its place.

import { Speech } from './talk.js';
import { texts } from './texts.js';

/** @typedef {import('./call.js').Call} Call */
/** @typedef {import('../sdk/messages.d.ts').Participant} Participant */

const FLOOR_DBFS = -60;
/** From one step of the rings to the asking for the next frame, in ms: every second or third of a 60 Hz display. */
const REST_MS = 30;
/** How often screen readers are told levels, in ms. */
const TELL_MS = 250;

export class People {
  #list;
  #template;
  /** @type {Map<string, Row>} */
  #rows = new Map();
  /** @type {Call | null} */
  #call = null;
  #isMoving = false;

  /** @param {HTMLElement} list @param {HTMLTemplateElement} template of one row */
  constructor(list, template) {
    this.#list = list;
    this.#template = template;
    document.addEventListener('visibilitychange', () => this.#run());
  }

  /** @param {Call | null} call null: nobody */
  show(call) {
    this.#call = call;
    const participants = call?.participants ?? [];
    for (const [id, row] of this.#rows) {
      if (participants.some((one) => one.id === id)) continue;
      row.element.remove();
      this.#rows.delete(id);
    }
    participants.forEach((participant, index) => {
      const row = this.#rows.get(participant.id) ?? this.#add(participant.id);
      if (this.#list.children[index] !== row.element) this.#list.insertBefore(row.element, this.#list.children[index] ?? null);
      if (call) row.show(call, participant);
    });
    this.#run();
  }

  /** @param {string} id */
  #add(id) {
    const row = new Row(/** @type {DocumentFragment} */ (this.#template.content.cloneNode(true)), () => this.#call?.retry(id));
    this.#rows.set(id, row);
    return row;
  }

  #run() {
    if (this.#isMoving || document.hidden || this.#rows.size === 0) return;
    this.#isMoving = true;
    requestAnimationFrame((now_ms) => this.#onFrame(now_ms));
  }

  /** @param {number} now_ms */
  #onFrame(now_ms) {
    for (const [id, row] of this.#rows) row.move(now_ms, this.#call?.level(id) ?? FLOOR_DBFS);
    this.#isMoving = !document.hidden && this.#rows.size > 0;
    if (this.#isMoving) setTimeout(() => requestAnimationFrame((next_ms) => this.#onFrame(next_ms)), REST_MS);
  }
}

class Row {
  #avatar;
  #name;
  #status;
  #grade;
  #speaking;
  #muted;
  #retry;
  #speech = new Speech();
  #toldAt_ms = 0;
  #shown = '';

  /** @param {DocumentFragment} copy @param {() => void} onRetry */
  constructor(copy, onRetry) {
    const find = (/** @type {string} */ part) => /** @type {HTMLElement} */ (copy.querySelector(part));
    this.element = find('.person');
    this.#avatar = find('.avatar');
    this.#name = find('.name');
    this.#status = find('.status');
    this.#grade = find('.grade');
    this.#speaking = find('.speaking');
    this.#muted = find('.muted');
    this.#retry = find('.retry');
    this.#retry.addEventListener('click', onRetry);
  }

  /** @param {Call} call @param {Participant} participant */
  show(call, participant) {
    const { id, name } = participant;
    const isOwn = id === call.ownId;
    const { status, hasFailed } = call.connection(participant);
    const grade = status === 'connected' ? call.grade(id) : null;
    this.element.dataset.participantId = id;
    this.element.dataset.status = status;
    this.element.dataset.grade = grade ?? '';
    setText(this.#avatar, [...name.trim()].at(0)?.toUpperCase() ?? '·');
    this.#avatar.setAttribute('aria-label', texts.levelOf(name));
    setText(this.#name, isOwn ? texts.you(name) : name);
    setText(this.#status, texts.statuses[status]);
    setText(this.#grade, grade === null ? '' : texts.grades[grade]);
    this.#muted.toggleAttribute('hidden', !call.isMuted(participant));
    this.#retry.hidden = !hasFailed;
    this.#retry.setAttribute('aria-label', texts.retryWith(name));
  }

  /** @param {number} now_ms @param {number} dbfs */
  move(now_ms, dbfs) {
    const level = Math.min(Math.max(1 - dbfs / FLOOR_DBFS, 0), 1);
    const isSpeaking = this.#speech.hear(now_ms, dbfs);
    const shown = isSpeaking ? level.toFixed(2) : '';
    if (shown !== this.#shown) {
      this.#shown = shown;
      this.#avatar.style.setProperty('--level', shown || '0');
      this.element.classList.toggle('is-speaking', isSpeaking);
      setText(this.#speaking, isSpeaking ? texts.speaking : '');
    }
    if (now_ms - this.#toldAt_ms < TELL_MS) return;
    this.#toldAt_ms = now_ms;
    const told = Math.max(FLOOR_DBFS, Math.min(0, Math.round(Number.isFinite(dbfs) ? dbfs : FLOOR_DBFS)));
    this.#avatar.setAttribute('aria-valuenow', String(told));
    this.#avatar.setAttribute('aria-valuetext', texts.level(told));
  }
}

/** Writes only what differs, so that readers stay quiet. @param {Node} node @param {string} text */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
