// The debug view itself, from its opening to its closing (CM-20): graph, connections, event log. It looks at what the
// session's connection manager has kept once a second, and at once when a state changes; it asks getStats only of those
// connections that are unfolded.

import { hubRoom } from '../../sdk/rtc-manager.js';
import { arrange, h, Listeners, setText } from '../dom.js';
import { icon } from '../icons.js';
import { texts } from '../texts.js';
import { Digest } from './digest.js';
import { createLogView } from './log-view.js';
import { createOverview } from './overview.js';
import { createPeerCard } from './peer-card.js';

/** @typedef {import('../live-session.js').LiveSession} LiveSession */

const LOOK_MS = 1000;

/**
 * @param {{
 *   session: () => LiveSession|null,
 *   isLive: () => boolean,
 *   signaling: import('../../sdk/index.js').SignalingClient,
 *   onSave(): void,
 *   onClose(): void,
 * }} options `session`: the live one, or the last one
 * @returns {import('../types.js').View}
 */
export function createPanel({ session: sessionNow, isLive, signaling, onSave, onClose }) {
  const words = texts.debug;
  const listeners = new Listeners();
  /** Those of the session that is shown. */
  const heard = new Listeners();
  let digest = new Digest();
  /** Whose digest that is. @type {LiveSession|null} */
  let session = null;
  let isOpen = true;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let soon;
  /** @type {Map<string, import('./peer-card.js').PeerCard>} */
  const cards = new Map();
  /** What somebody who left was called. @type {Map<string, string>} */
  const names = new Map();

  const facts = h('p', { class: 'debug-note' });
  const overview = createOverview();
  const list = h('div', { class: 'debug-peers' });
  const log = createLogView();
  const save = h('button', { type: 'button', class: 'button small primary', onclick: onSave }, words.saveReport);
  const close = h('button', { type: 'button', class: 'icon-button', 'aria-label': words.closeView, onclick: onClose }, icon('close'));
  const body = h('div', { class: 'debug-body' }, overview.element, h('section', { 'aria-labelledby': 'debug-peers-title' }, h('h3', { id: 'debug-peers-title' }, words.peersHeading), list), log.element);
  const element = h(
    'div',
    { class: 'debug', role: 'complementary', 'aria-labelledby': 'debug-title' },
    h('div', { class: 'panel-head' }, h('h2', { id: 'debug-title', tabindex: '-1' }, words.heading), h('span', { class: 'debug-head-tools' }, save, close)),
    facts,
    h('p', { class: 'debug-note' }, words.privacy),
    body,
  );

  const nameOf = (/** @type {string} */ id) => {
    if (hubRoom(id) !== undefined) return texts.debug.hub;
    const name = session?.nameOf(id);
    if (name !== undefined) names.set(id, name);
    return name ?? names.get(id) ?? id;
  };
  const look = () => {
    const now = sessionNow();
    if (now !== session) {
      session = now;
      heard.close();
      for (const type of ['change', 'connection']) {
        if (session !== null) heard.on(session, type, () => look());
      }
      digest = new Digest();
      for (const card of cards.values()) card.element.remove();
      cards.clear();
    }
    const isBehind = digest.take(session?.connectionManager.history);
    clearTimeout(soon);
    if (isBehind && isOpen) soon = setTimeout(look, 0);
    setText(facts, factsText());
    body.hidden = session === null;
    if (session === null) return;
    const { ownId } = session;
    for (const id of cards.keys()) {
      if (!digest.stories.has(id)) cards.delete(id);
    }
    const others = [...digest.stories.values()].map((story) => ({ id: story.id, name: nameOf(story.id), story }));
    overview.show(nameOf(ownId), others.filter(({ story }) => !story.isGone));
    // Who is gone stands behind those who are here.
    const ordered = [...others].sort((a, b) => Number(a.story.isGone) - Number(b.story.isGone));
    arrange(list, ordered.map(({ id, name, story }) => {
      const card = cards.get(id) ?? makeCard(id);
      card.show(story.isGone ? words.gone(name) : name, story);
      return card.element;
    }));
    log.show(digest, nameOf);
  };
  const factsText = () => {
    if (session === null) return words.noSession;
    const state = isLive() ? words.signaling(signaling.state) : words.ended;
    return `${words.room(session.roomId)} · ${words.ownId(session.ownId)} · ${state}`;
  };
  /** @param {string} id */
  const makeCard = (id) => {
    const card = createPeerCard({
      id,
      onRetry: () => session?.connectionManager.retry(id),
      onClose: () => session?.connectionManager.closeConnection(id),
    });
    card.element.addEventListener('toggle', () => card.isOpen && tick());
    cards.set(id, card);
    return card;
  };
  const measure = () => {
    for (const [id, card] of cards) {
      if (card.isOpen) void measureOne(id, card);
    }
  };
  /** @param {string} id @param {import('./peer-card.js').PeerCard} card */
  const measureOne = async (id, card) => {
    const rtc = session?.rtcManager;
    // A connection that is closed meanwhile has nothing to say any more.
    const stats = await rtc?.getStats(id).catch(() => undefined);
    if (rtc !== session?.rtcManager) return;
    /** @type {any[]} */
    const entries = stats === undefined ? [] : [...stats.values()];
    card.showStats(entries, rtc?.getDetails(id));
  };
  const tick = () => {
    look();
    measure();
  };
  listeners.every(tick, LOOK_MS);
  listeners.on(element, 'keydown', (event) => {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    onClose();
  });
  tick();
  return {
    element,
    close() {
      isOpen = false;
      clearTimeout(soon);
      listeners.close();
      heard.close();
    },
  };
}
