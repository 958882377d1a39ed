// The bar above a session: room, how many, elapsed time, who records, program meter and desk, Copy link, and how oneself
// is connected.

import { h, Listeners, setAttribute, setText } from '../dom.js';
import { icon } from '../icons.js';
import { texts } from '../texts.js';
import { duration, secondsUntil } from '../time.js';
import { createDeskPanel } from './desk-panel.js';
import { createRecording } from './recording.js';

/**
 * @param {{
 *   session: import('../live-session.js').LiveSession,
 *   server: import('../server-state.js').ServerState,
 *   meters: import('../meter.js').MeterBank,
 *   onCopyLink(): void,
 * }} options
 * @returns {import('../types.js').View}
 */
export function createTopBar({ session, server, meters, onCopyLink }) {
  const listeners = new Listeners();
  const name = h('h1', { class: 'bar-room' });
  const count = h('span', { class: 'bar-count' });
  const elapsed = h('time', { class: 'bar-elapsed', role: 'timer' });
  const own = h('span', { class: 'bar-state-text' });
  const state = h('p', { class: 'bar-state', role: 'status' }, own);
  const countdown = h('span', { class: 'bar-countdown', 'aria-hidden': 'true' });
  state.append(countdown);
  const meter = meters.add(texts.session.program, () => session.mixer.programLevel());
  const desk = createDeskPanel({ session, meter: meter.element });
  const recording = createRecording({ session });
  const element = h(
    'header',
    { class: 'top-bar' },
    h('div', { class: 'bar-title' }, name, h('div', { class: 'bar-facts' }, count, elapsed, state, recording.mark)),
    desk.element,
    recording.button,
    h('button', { type: 'button', class: 'button copy-link', onclick: onCopyLink }, icon('link'), h('span', {}, texts.session.copyLink)),
  );

  const showRoom = () => {
    setText(name, session.roomName);
    setText(count, texts.rooms.count(session.participants.length, session.capacity));
  };
  const showTime = () => {
    const time = duration(Date.now() - session.startedAt);
    setText(elapsed, time);
    setAttribute(elapsed, 'aria-label', texts.session.elapsed(time));
    showServer();
  };
  const showServer = () => {
    setAttribute(state, 'data-state', server.isOnline ? 'online' : 'away');
    if (server.isOnline) {
      setText(own, texts.session.online);
      setText(countdown, '');
    } else {
      // The words are a live region and change once per attempt; the seconds count silently beside them.
      const seconds = secondsUntil(server.retryAt, Date.now());
      const reconnecting = session.isStar ? texts.session.reconnectingStar : texts.session.reconnecting;
      setText(own, server.attempt > 0 ? reconnecting(server.attempt) : texts.session.connecting);
      setText(countdown, server.attempt > 0 && seconds !== null ? ` ${texts.session.inSeconds(seconds)}` : '');
    }
  };
  listeners.on(session, 'change', showRoom);
  listeners.on(server, 'change', showServer);
  listeners.every(showTime, 1000);
  showRoom();
  showTime();
  return {
    element,
    close() {
      listeners.close();
      desk.close();
      recording.close();
      meter.close();
    },
  };
}
