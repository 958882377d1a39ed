// One participant's strip: name, role, status text of AU-6, what happens to the connection, level, and for the others gain
// and mute, and for hosts their menu. One's own strip has neither; it says how one's microphone is.

import { h, setAttribute, setText } from '../dom.js';
import { icon } from '../icons.js';
import { initials, statusText } from '../roster.js';
import { texts } from '../texts.js';
import { secondsUntil } from '../time.js';
import { createGainRow } from './gain-row.js';
import { createHostMenu } from './host-menu.js';

/** @typedef {import('../types.js').Participant} Participant */

/** So long after coming in, whoever named no microphone has none, in ms. */
const SETTLED_MS = 3000;

/**
 * A strip on the page. `update` shows the participant as they are now, `place` counts the remote strips from 1 (0: one's
 * own).
 * @typedef {{
 *   element: HTMLElement,
 *   update(participant: Participant, place: number): void,
 *   tick(): void,
 *   nudge(steps: number): void,
 *   toggleMute(): void,
 *   close(): void,
 * }} Strip
 */

/**
 * @param {{
 *   id: string,
 *   session: import('../live-session.js').LiveSession,
 *   meters: import('../meter.js').MeterBank,
 * }} options
 * @returns {Strip}
 */
export function createStrip({ id, session, meters }) {
  const isOwn = id === session.ownId;
  const cameAt = performance.now();
  /** @type {Participant|null} */
  let shown = null;

  const avatar = h('span', { class: 'avatar', 'aria-hidden': 'true' });
  const name = h('span', { class: 'strip-name' });
  const role = h('span', { class: 'tag' });
  const you = isOwn && h('span', { class: 'tag you' }, texts.strip.you);
  const status = h('span', { class: 'status' });
  const microphone = h('span', { class: 'strip-mic' });
  const retry = h('button', { type: 'button', class: 'button small', hidden: true, onclick: () => session.retry(id) }, texts.strip.tryAgain);
  // A short word stays in the status line; only what a person must read whole gets a line of its own.
  const word = h('span', { class: 'strip-word' });
  const note = h('p', { class: 'strip-note' });
  const picture = h('video', { class: 'picture', muted: true, autoplay: true, playsinline: true, hidden: true });
  picture.muted = true;
  const key = h('kbd', { class: 'strip-key', 'aria-hidden': 'true' });
  const element = h('li', { class: isOwn ? 'strip own' : 'strip', 'data-participant-id': id, tabindex: -1 });
  /** @type {{element: HTMLElement, close(): void}|null} */
  let meter = null;
  const meterPlace = h('div', { class: 'meter-place' });

  const gain = isOwn
    ? null
    : createGainRow({
        gainPercent: session.mixer.gainPercent(id),
        isMuted: session.mixer.isMuted(id),
        onGain: (percent) => session.mixer.setGainPercent(id, percent),
        onMute: (isMuted) => {
          session.mixer.setMuted(id, isMuted);
          tick();
        },
      });
  const menu = isOwn
    ? null
    : createHostMenu({
        name: '',
        onRole: (newRole) => session.setRole(id, newRole),
        onMuteAtSource: () => session.requestMute(id),
        onRemove: () => session.remove(id),
      });

  element.append(
    picture,
    h(
      'div',
      { class: 'strip-head' },
      avatar,
      h('div', { class: 'strip-who' }, h('div', { class: 'strip-line' }, name, you || '', role), h('div', { class: 'strip-line' }, status, microphone, word)),
      retry,
      menu?.element ?? '',
      key,
    ),
    meterPlace,
    gain?.element ?? '',
    note,
  );

  /** @param {string} newName */
  const rename = (newName) => {
    setText(name, newName);
    setText(avatar, initials(newName));
    gain?.rename(newName);
    setAttribute(picture, 'aria-label', texts.strip.picture(newName));
    if (meter !== null) {
      setAttribute(meter.element, 'aria-label', texts.strip.level(newName));
      return;
    }
    meter = meters.add(
      texts.strip.level(newName),
      () => session.level(id),
      (speaking) => element.classList.toggle('speaking', speaking),
    );
    meterPlace.append(meter.element);
  };

  /** Shows what may change without the roster: connection, microphone, picture, countdown. */
  const tick = () => {
    if (shown === null) return;
    const connection = session.connection(id);
    setText(status, statusText(connection.status));
    setAttribute(status, 'data-status', connection.status);
    element.classList.toggle('suspect', shown.suspect);
    const isGivenUp = connection.status === 'failed-permanent';
    setText(word, isOwn || isGivenUp ? '' : remoteWord(session, shown, connection));
    setText(note, isOwn ? ownNote(session) : isGivenUp ? texts.strip.failed(shown.name, session.failure(id) ?? texts.strip.failedPlain) : '');
    note.hidden = note.textContent === '';
    note.classList.toggle('fault', isGivenUp || (isOwn && session.microphone.problem !== null));
    retry.hidden = !isGivenUp;
    showMicrophone(shown);
    const stream = session.picture(id);
    if (picture.srcObject !== stream) picture.srcObject = stream;
    picture.hidden = stream === null;
  };

  /** @param {Participant} participant */
  const showMicrophone = (participant) => {
    const track = participant.tracks.find((one) => one.source === 'microphone');
    // Who has just come in says what they publish in a moment.
    const isSettled = performance.now() - cameAt > SETTLED_MS;
    const isMissing = track === undefined && participant.role !== 'listener' && isSettled;
    // One's own strip says it in its note.
    const text = isOwn ? '' : isMissing ? texts.strip.noMicrophone : track?.enabled === false ? texts.strip.microphoneOff : '';
    if (microphone.dataset.text === text) return;
    microphone.dataset.text = text;
    microphone.replaceChildren(...(text === '' ? [] : [icon('microphoneOff'), h('span', {}, text)]));
  };

  return {
    element,
    update(participant, place) {
      if (shown?.name !== participant.name) rename(participant.name);
      shown = participant;
      setText(role, texts.roles[participant.role] ?? participant.role);
      role.classList.toggle('is-host', participant.role === 'host');
      setText(key, place >= 1 && place <= 9 ? String(place) : '');
      if (menu !== null) {
        menu.update({ name: participant.name, isHost: participant.role === 'host' });
        menu.element.hidden = session.you?.role !== 'host';
      }
      tick();
    },
    tick,
    nudge: (steps) => gain?.nudge(steps),
    toggleMute: () => gain?.toggleMute(),
    close() {
      meter?.close();
      menu?.close();
      picture.srcObject = null;
      element.remove();
    },
  };
}

/** @param {import('../live-session.js').LiveSession} session */
function ownNote(session) {
  if (session.you?.role === 'listener') return texts.microphone.listener;
  const { status, problem } = session.microphone;
  if (problem !== null) {
    const mayHelp = problem !== 'insecure' && problem !== 'unsupported';
    return `${texts.microphone.problems[problem]}${mayHelp ? ` ${texts.microphone.thenUnmute}` : ''}`;
  }
  if (status === 'asking') return texts.microphone.asking;
  return session.microphone.isLive ? texts.microphone.on : texts.microphone.off;
}

/**
 * What happens to a connection, beside the status text.
 * @param {import('../live-session.js').LiveSession} session
 * @param {Participant} participant
 * @param {import('../live-session.js').Connection} connection
 */
function remoteWord(session, participant, connection) {
  if (participant.suspect) return texts.strip.suspect;
  if (connection.attempt > 1 && connection.status !== 'connected') {
    return texts.strip.attempt(connection.attempt, session.attemptsMax, secondsUntil(connection.retryAt, Date.now()));
  }
  return session.mixer.isMuted(participant.id) ? texts.strip.mutedByYou : '';
}
