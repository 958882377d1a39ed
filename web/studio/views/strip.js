// One participant's strip: name, role, status text of AU-6, what happens to the connection, level, and for the others quality,
// gain and mute, and for hosts their menu. One's own strip has none of these; it says how one's microphone is. While cameras
// are on, its tile stands above.

import { h, setAttribute, setText } from '../dom.js';
import { icon } from '../icons.js';
import { initials, statusText } from '../roster.js';
import { texts } from '../texts.js';
import { secondsUntil } from '../time.js';
import { createGainRow } from './gain-row.js';
import { createHostMenu } from './host-menu.js';
import { createQualityMark } from './quality-mark.js';
import { createTile } from './tile.js';

/** @typedef {import('../types.js').Participant} Participant */

/** So long after coming in, whoever named no microphone has none, in ms. */
const SETTLED_MS = 3000;

/**
 * A strip on the page. `update` shows the participant as they are now, `place` counts the remote strips from 1 (0: one's
 * own). `showPictures`: `video` is the camera's, unless it is shown large; `hasSmallScreen`: a screen could be shown.
 * @typedef {{
 *   element: HTMLElement,
 *   update(participant: Participant, place: number): void,
 *   tick(): void,
 *   showQuality(): void,
 *   showPictures(pictures: {video: HTMLVideoElement|null, isLarge: boolean, hasSmallScreen: boolean}): void,
 *   focusPicture(): void,
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
 *   onPicture(key: import('../pictures.js').PictureKey): void,
 * }} options `onPicture`: a person wants one large
 * @returns {Strip}
 */
export function createStrip({ id, session, meters, onPicture }) {
  const isOwn = id === session.ownId;
  const cameAt = performance.now();
  /** @type {Participant|null} */
  let shown = null;
  let shownName = '';

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
  const tile = createTile({ onEnlarge: () => onPicture({ id, source: 'camera' }) });
  const onScreen = () => onPicture({ id, source: 'screen' });
  const screen = h('button', { type: 'button', class: 'icon-button', hidden: true, onclick: onScreen }, icon('screen'));
  const quality = isOwn ? null : createQualityMark();
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
        onRole: (newRole) => session.setRole(id, newRole),
        onMuteAtSource: () => session.requestMute(id),
        onRemove: () => session.remove(id),
      });

  element.append(
    tile.element,
    h(
      'div',
      { class: 'strip-head' },
      avatar,
      h('div', { class: 'strip-who' }, h('div', { class: 'strip-line' }, name, you || '', role), h('div', { class: 'strip-line facts' }, status, microphone, word)),
      retry,
      screen,
      menu?.element ?? '',
      key,
    ),
    h('div', { class: 'meter-row' }, meterPlace, quality?.element ?? ''),
    gain?.element ?? '',
    note,
  );

  /** @param {string} newName */
  const rename = (newName) => {
    shownName = newName;
    setText(name, newName);
    setText(avatar, initials(newName));
    gain?.rename(newName);
    tile.rename(newName);
    setAttribute(screen, 'aria-label', texts.strip.showScreen(newName));
    screen.title = texts.strip.showScreen(newName);
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

  /** Shows what may change without the roster: connection, quality, microphone, countdown. */
  const tick = () => {
    if (shown === null) return;
    const connection = session.connection(id);
    setText(status, statusText(connection.status));
    setAttribute(status, 'data-status', connection.status);
    element.classList.toggle('suspect', shown.suspect);
    const isGivenUp = connection.status === 'failed-permanent';
    setText(word, isOwn || isGivenUp ? '' : remoteWord(session, shown, connection));
    setText(note, isOwn ? ownNote(session) : isGivenUp ? texts.strip.failed(shownName, session.failure(id) ?? texts.strip.failedPlain) : '');
    note.hidden = note.textContent === '';
    note.classList.toggle('fault', isGivenUp || (isOwn && session.microphone.problem !== null));
    retry.hidden = !isGivenUp;
    showMicrophone(shown);
    showQuality();
  };
  const showQuality = () => quality?.update(shownName, session.quality(id));

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
      const newName = session.nameOf(id) ?? participant.name;
      if (newName !== shownName) rename(newName);
      shown = participant;
      setText(role, texts.roles[participant.role] ?? participant.role);
      role.classList.toggle('is-host', participant.role === 'host');
      setText(key, place >= 1 && place <= 9 ? String(place) : '');
      if (menu !== null) {
        menu.update({ name: shownName, role: participant.role });
        menu.element.hidden = session.you?.role !== 'host';
      }
      tick();
    },
    tick,
    showQuality,
    showPictures({ video, isLarge, hasSmallScreen }) {
      tile.show(video, isLarge);
      screen.hidden = !hasSmallScreen;
    },
    focusPicture: () => (screen.hidden ? tile.focus() : screen.focus()),
    nudge: (steps) => gain?.nudge(steps),
    toggleMute: () => gain?.toggleMute(),
    close() {
      meter?.close();
      menu?.close();
      element.remove();
    },
  };
}

/**
 * How one's own microphone is, and whether one shares a screen.
 * @param {import('../live-session.js').LiveSession} session
 * @returns {string}
 */
export function ownNote(session) {
  if (session.you?.role === 'listener') return texts.microphone.listener;
  const { status, problem } = session.microphone;
  if (problem !== null) {
    const mayHelp = problem !== 'insecure' && problem !== 'unsupported';
    return `${texts.microphone.problems[problem]}${mayHelp ? ` ${texts.microphone.thenUnmute}` : ''}`;
  }
  if (status === 'asking') return texts.microphone.asking;
  const { isLive } = session.microphone;
  const sharing = session.screen.isOn ? ` · ${texts.screen.on}` : '';
  if (status === 'on' && session.devices.settings.pushToTalk) return (isLive ? texts.microphone.talking : texts.microphone.hold) + sharing;
  return (isLive ? texts.microphone.on : texts.microphone.off) + sharing;
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
