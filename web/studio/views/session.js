// The session's view: bars above and below, strips in order, chat or rooms at the side. It shows what LiveSession knows
// and hands presses over to it.

import { arrange, h, Listeners } from '../dom.js';
import { icon } from '../icons.js';
import { inOrder } from '../roster.js';
import { texts } from '../texts.js';
import { createBottomBar } from './bottom-bar.js';
import { createChat } from './chat.js';
import { createDeskNote } from './desk-note.js';
import { createPictures } from './pictures.js';
import { createRoomsList } from './rooms-list.js';
import { createStrip } from './strip.js';
import { createTopBar } from './top-bar.js';

/** How often the strips' countdowns and states are looked at beside events, in ms. */
const TICK_MS = 1000;

/**
 * @param {{
 *   session: import('../live-session.js').LiveSession,
 *   server: import('../server-state.js').ServerState,
 *   rooms: import('../../sdk/index.js').Rooms,
 *   meters: import('../meter.js').MeterBank,
 *   chatOpen: boolean,
 *   onChatOpen(open: boolean): void,
 *   onCopyLink(): void,
 *   onKeys(): void,
 *   onDevices(): void,
 *   onJoin(room: import('../types.js').RoomSummary): void,
 *   onEnd(): void,
 * }} options
 * @returns {SessionView}
 */
export function createSessionView({ session, server, rooms, meters, chatOpen, onChatOpen, onCopyLink, onKeys, onDevices, onJoin, onEnd }) {
  const listeners = new Listeners();
  /** @type {Map<string, import('./strip.js').Strip>} */
  const strips = new Map();
  /** @type {import('./bottom-bar.js').Panel|null} */
  let panel = null;

  const list = h('ul', { class: 'strips', role: 'list', 'aria-label': texts.session.participants });
  const sound = h(
    'div',
    { class: 'sound-blocked', role: 'alert', hidden: true },
    h('p', {}, texts.session.soundBlocked),
    h('button', { type: 'button', class: 'button primary', onclick: () => session.mixer.resume() }, icon('speaker'), texts.session.soundOn),
  );
  const chat = createChat({ log: session.chat, onSend: (text) => session.sendChat(text), onClose: () => showPanel(null) });
  const roomsList = createRoomsList({ rooms, server, onJoin, hereId: session.roomId });
  const pictures = createPictures({ session, strips, onLayout: (layout) => showLayout(layout) });
  const deskNote = createDeskNote({ session });
  const stage = h('div', { class: 'stage' }, h('div', { class: 'stage-inner' }, sound, deskNote.element, pictures.element, list));
  const side = h('aside', { class: 'side' }, chat.element, roomsList.element);
  const top = createTopBar({ session, server, meters, onCopyLink });
  const bottom = createBottomBar({ session, onPanel: (wanted) => showPanel(panel === wanted ? null : wanted), onKeys, onDevices, onEnd });
  const element = h(
    'div',
    { class: 'session' },
    top.element,
    h('div', { class: 'session-body' }, stage, side),
    bottom.element,
  );

  /** @param {import('./bottom-bar.js').Panel|null} wanted */
  const showPanel = (wanted) => {
    const hadFocus = side.contains(document.activeElement);
    if ((panel === 'chat') !== (wanted === 'chat')) onChatOpen(wanted === 'chat');
    putPanel(wanted);
    if (wanted === 'chat') chat.focus();
    else if (hadFocus) bottom.element.querySelector('button')?.focus();
  };
  /** @param {import('./bottom-bar.js').Panel|null} wanted */
  const putPanel = (wanted) => {
    panel = wanted;
    side.hidden = panel === null;
    chat.element.hidden = panel !== 'chat';
    roomsList.element.hidden = panel !== 'rooms';
    session.chat.isOpen = panel === 'chat';
    bottom.showPanel(panel);
  };
  const showStrips = () => {
    const ordered = inOrder(session.participants, session.ownId);
    for (const [id, strip] of strips) {
      if (ordered.some((participant) => participant.id === id)) continue;
      strip.close();
      strips.delete(id);
    }
    const elements = ordered.map((participant, index) => {
      const strip = strips.get(participant.id) ?? createStrip({ id: participant.id, session, meters, onPicture: (key) => pictures.toggle(key) });
      strips.set(participant.id, strip);
      strip.update(participant, index);
      return strip.element;
    });
    arrange(list, elements);
    pictures.show();
    sound.hidden = !session.mixer.isHeldBack;
  };
  const tick = () => {
    for (const strip of strips.values()) strip.tick();
    pictures.show();
    sound.hidden = !session.mixer.isHeldBack;
  };
  /** @param {{hasPictures: boolean, hasLarge: boolean}} layout */
  const showLayout = ({ hasPictures, hasLarge }) => {
    stage.classList.toggle('has-pictures', hasPictures);
    stage.classList.toggle('has-large', hasLarge);
  };
  listeners.on(session, 'change', showStrips);
  listeners.on(session, 'quality', (event) => strips.get(event.detail.id)?.showQuality());
  listeners.on(session, 'connection', tick);
  listeners.on(server, 'change', tick);
  listeners.on(session.microphone, 'change', tick);
  listeners.on(session.camera, 'change', tick);
  listeners.every(tick, TICK_MS);
  putPanel(chatOpen ? 'chat' : null);
  showStrips();

  return {
    element,
    toggleChat: () => showPanel(panel === 'chat' ? null : 'chat'),
    enlarge(id) {
      const source = session.picture(id, 'screen') === null ? 'camera' : 'screen';
      pictures.toggle({ id, source });
    },
    makeSmall: () => pictures.small(),
    strip: (id) => strips.get(id) ?? null,
    focusStrip(place) {
      const remote = [...list.children].filter((item) => !item.classList.contains('own'));
      const item = /** @type {HTMLElement|undefined} */ (remote[place - 1]);
      item?.focus();
      item?.scrollIntoView({ block: 'nearest' });
    },
    close() {
      listeners.close();
      for (const strip of strips.values()) strip.close();
      for (const part of [top, bottom, chat, roomsList, pictures, deskNote]) part.close();
    },
  };
}

/**
 * @typedef {import('../types.js').View & {
 *   toggleChat(): void,
 *   enlarge(id: string): void,
 *   makeSmall(): boolean,
 *   strip(id: string): import('./strip.js').Strip|null,
 *   focusStrip(place: number): void,
 * }} SessionView `place` counts the others' strips from 1; `enlarge`: somebody's screen, or else their camera, or makes it small
 *   again; `makeSmall`: whether there was a large picture
 */
