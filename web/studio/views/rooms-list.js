// The live list of rooms: name, who is in there, `2/10`, and a button that joins. Shown on the front and beside a session.

import { arrange, h, setAttribute, setText } from '../dom.js';
import { icon } from '../icons.js';
import { whoText } from '../roster.js';
import { texts } from '../texts.js';

/** @typedef {import('../types.js').RoomSummary} RoomSummary */

/** Names shown per room before "and 3 more". */
const NAMES_SHOWN = 4;

/**
 * @param {{
 *   rooms: import('../../sdk/index.js').Rooms,
 *   onJoin(room: RoomSummary): void,
 *   hereId?: string,
 * }} options `hereId`: the room one is in
 * @returns {import('../types.js').View}
 */
export function createRoomsList({ rooms, onJoin, hereId }) {
  /** @type {Map<string, Item>} */
  const items = new Map();
  const refreshNow = () => void rooms.refresh().catch((error) => console.warn(`parlor: no room list: ${error.message}`));
  const list = h('ul', { class: 'rooms', role: 'list', 'aria-label': texts.rooms.list });
  const refresh = h('button', { type: 'button', class: 'button quiet', onclick: refreshNow }, icon('refresh'), texts.front.refresh);
  const empty = h('div', { class: 'empty' });
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
    if (!empty.hidden && empty.childElementCount === 0) {
      empty.append(h('p', { class: 'empty-heading' }, texts.front.emptyHeading), h('p', {}, texts.front.emptyText));
    }
  };
  rooms.addEventListener('changed', show);
  show();
  return { element, close: () => rooms.removeEventListener('changed', show) };
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
      setText(who, room.participants.length > 0 ? whoText(room.participants, NAMES_SHOWN) : texts.rooms.empty);
      setText(count, texts.rooms.count(room.participants.length, room.capacity));
      setAttribute(join, 'aria-label', texts.rooms.join(room.name));
      element.classList.toggle('full', room.participants.length >= room.capacity);
      join.hidden = isHere;
      here.hidden = !isHere;
    },
  };
}
