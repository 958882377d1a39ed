// The line that says the server can't be reached, where no session's bar says it: on the front, in the lobby, while joining.

import { h, setText } from '../dom.js';
import { texts } from '../texts.js';
import { secondsUntil } from '../time.js';

/** @param {import('../server-state.js').ServerState} server @returns {{element: HTMLElement}} */
export function createServerLine(server) {
  const words = h('span', {});
  // The seconds count silently: a screen reader hears each attempt once.
  const countdown = h('span', { 'aria-hidden': 'true' });
  const element = h('p', { class: 'server-line' }, h('span', { role: 'status' }, words), countdown);
  /** @type {ReturnType<typeof setInterval>|undefined} */
  let timer;
  const show = () => {
    const isAway = !server.isOnline && server.attempt > 0;
    element.classList.toggle('is-away', isAway);
    if (server.refusal !== null) setText(words, texts.session.serverRefuses(server.refusal));
    else setText(words, isAway ? texts.session.serverAway(server.attempt) : '');
    const seconds = isAway ? secondsUntil(server.retryAt, Date.now()) : null;
    setText(countdown, seconds === null ? '' : ` ${texts.session.inSeconds(seconds)}`);
    if (isAway) timer ??= setInterval(show, 500);
    else {
      clearInterval(timer);
      timer = undefined;
    }
  };
  server.addEventListener('change', show);
  show();
  return { element };
}
