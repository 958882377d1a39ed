// The front: one's name, a room's name, Start Session, and the rooms that are live. Also says what the browser lacks.

import { cleanName } from '../address.js';
import { h } from '../dom.js';
import { texts } from '../texts.js';
import { createLackNotes } from './lack-notes.js';
import { createNameField, createTextField } from './fields.js';
import { createRoomsList } from './rooms-list.js';

/**
 * @param {{
 *   rooms: import('../../sdk/index.js').Rooms,
 *   server: import('../server-state.js').ServerState,
 *   name: string,
 *   roomName: string,
 *   onStart(request: {name: string, roomName: string}): void,
 *   onJoin(request: {name: string, roomId: string, roomName: string}): void,
 *   onLobby(roomId: string): void,
 * }} options `roomName`: the suggestion; `onLobby`: somebody without a name wants into a room
 * @returns {import('../types.js').View}
 */
export function createFront({ rooms, server, name, roomName, onStart, onJoin, onLobby }) {
  const lacks = createLackNotes();
  const nameField = createNameField(name);
  const roomField = createTextField({ id: 'room-name', label: texts.front.roomName, value: roomName, hint: texts.front.roomHint, autocomplete: 'off' });
  const start = h('button', { type: 'submit', class: 'button primary large' }, texts.front.start);
  lacks.onBlocked((blocked) => {
    start.disabled = blocked;
  });
  const form = h(
    'form',
    {
      class: 'start-form',
      novalidate: true,
      onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault();
        const given = nameField.require();
        if (given !== null) onStart({ name: given, roomName: cleanName(roomField.input.value) || roomName });
      },
    },
    nameField.element,
    roomField.element,
    start,
  );
  const list = createRoomsList({
    rooms,
    server,
    onJoin: (room) => {
      const given = cleanName(nameField.input.value);
      if (given === '') onLobby(room.id);
      else onJoin({ name: given, roomId: room.id, roomName: room.name });
    },
  });
  const element = h(
    'div',
    { class: 'front' },
    h(
      'div',
      { class: 'front-start' },
      h('h1', {}, texts.front.heading),
      h('p', { class: 'tagline' }, texts.tagline),
      lacks.element,
      form,
    ),
    list.element,
  );
  return {
    element,
    close: () => {
      list.close();
      lacks.close();
    },
  };
}
