// The live list of rooms: name, who is in there, `2/10`, and a button that joins. Shown on the front and beside a session.

import { arrange, h, Listeners, setAttribute, setText } from '../dom.js';
import { icon } from '../icons.js';
import { whoText } from '../roster.js';
import { texts } from '../texts.js';

/** @typedef {import('../types.js').RoomSummary} RoomSummary */

/** Names shown per room before "and 3 more". */
const NAMES_SHOWN = 4;

/**
 * @param {{
 *   rooms: import('../../sdk/index.js').Rooms,
 *   server: import('../server-state.js').ServerState,
 *   onJoin(room: RoomSummary): void,
 *   hereId?: string,
 * }} options `server`: without it nothing is known of rooms; `hereId`: the room one is in
 * @returns {import('../types.js').View}
 */
export function createRoomsList({ rooms, server, onJoin, hereId }) {
  /** @type {Map<string, Item>} */
  const items = new Map();
  const refreshNow = () => void rooms.refresh().catch((error) => console.warn(`parlor: no room list: ${error.message}`));
  const list = h('ul', { class: 'rooms', role: 'list', 'aria-label': texts.rooms.list });
  const refresh = h('button', { type: 'button', class: 'button quiet', onclick: refreshNow }, icon('refresh'), texts.front.refresh);
  const emptyHeading = h('p', { class: 'empty-heading' });
  const emptyText = h('p', {});
  const empty = h('div', { class: 'empty' }, emptyHeading, emptyText);
  const element = h(
    'section',
    { class: 'rooms-panel', 'aria-label': texts.front.roomsHeading },
    h('div', { class: 'panel-head' }, h('h2', {}, texts.front.roomsHeading), refresh),
    list,
    empty,
  );

  const show = () => {
    const known = rooms.list;
    for (const [id, item] of items) {
      if (known.some((room) => room.id === id)) continue;
      item.element.remove();
      items.delete(id);
    }
    const elements = known.map((room) => {
      const item = items.get(room.id) ?? createItem(onJoin);
      items.set(room.id, item);
      item.update(room, room.id === hereId);
      return item.element;
    });
    arrange(list, elements);
    empty.hidden = known.length > 0;
    setText(emptyHeading, server.isOnline ? texts.front.emptyHeading : texts.front.unknownHeading);
    setText(emptyText, server.isOnline ? texts.front.emptyText : texts.front.unknownText);
  };
  const listeners = new Listeners();
  listeners.on(rooms, 'changed', show);
  listeners.on(server, 'change', show);
  show();
  return { element, close: () => listeners.close() };
}

/** @typedef {{element: HTMLElement, update(room: RoomSummary, isHere: boolean): void}} Item */

/** @param {(room: RoomSummary) => void} onJoin @returns {Item} */
function createItem(onJoin) {
  /** @type {RoomSummary|null} */
  let shown = null;
  const name = h('span', { class: 'room-name' });
  const who = h('span', { class: 'room-who' });
  const count = h('span', { class: 'room-count' });
  const here = h('span', { class: 'room-here' }, texts.rooms.hereShort);
  const join = h('button', { type: 'button', class: 'button join', onclick: () => shown && onJoin(shown) }, texts.rooms.joinShort);
  const element = h('li', { class: 'room' }, h('span', { class: 'room-text' }, name, who), count, join, here);
  return {
    element,
    update(room, isHere) {
      shown = room;
      setText(name, room.name);
      const isFull = room.participants.length >= room.capacity;
      const names = whoText(room.participants, NAMES_SHOWN);
      setText(who, room.participants.length === 0 ? texts.rooms.empty : isFull ? texts.rooms.full(names) : names);
      setText(count, texts.rooms.count(room.participants.length, room.capacity));
      setAttribute(join, 'aria-label', texts.rooms.join(room.name));
      join.disabled = isFull;
      setAttribute(join, 'title', isFull ? texts.rooms.fullReason : null);
      element.classList.toggle('full', isFull);
      // Who is in by PeerJS can't be called from here.
      join.hidden = isHere || room.via !== undefined;
      here.hidden = !isHere;
    },
  };
}
