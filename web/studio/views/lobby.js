// The lobby, opened by a link: who is in there, one's name and role, one's devices with level and picture, Start Session.

import { h, Listeners, setText } from '../dom.js';
import { icon } from '../icons.js';
import { mayFeedBack } from '../lacks.js';
import { initials } from '../roster.js';
import { texts } from '../texts.js';
import { createDevices } from './devices.js';
import { createLackNotes } from './lack-notes.js';
import { createMediaPortNote } from './media-port-note.js';
import { createNameField, createTextField } from './fields.js';

/** @typedef {import('../types.js').Role} Role */

/** How many people the lobby names before "+ 3". */
const PEOPLE_SHOWN = 8;

/** Whether the room asked for one, and whether what it was given was wrong. @typedef {'none' | 'needed' | 'wrong'} Password */

/**
 * @param {{
 *   roomId: string,
 *   rooms: import('../../sdk/index.js').Rooms,
 *   name: string,
 *   role: Role|undefined,
 *   password: Password,
 *   devices: import('../devices.js').Devices,
 *   mediaPort: import('../media-port.js').MediaPort,
 *   meters: import('../meter.js').MeterBank,
 *   level: () => import('../meter.js').Level|null,
 *   isSoundOn: () => boolean,
 *   onStart(request: {name: string, roomName: string, role: Role|undefined, password: string|undefined}): void,
 *   onBack(): void,
 * }} options
 * @returns {import('../types.js').View}
 */
export function createLobby({
  roomId,
  rooms,
  name,
  role,
  password,
  devices,
  mediaPort,
  meters,
  level,
  isSoundOn,
  onStart,
  onBack,
}) {
  const { microphone, camera } = devices;
  const listeners = new Listeners();
  const lacks = createLackNotes();
  const mediaPortNote = createMediaPortNote(mediaPort);
  const nameField = createNameField(name);
  const roleField = createRoleField(role);
  const passwordField =
    password === 'none'
      ? null
      : createTextField({ id: 'password', label: texts.lobby.password, type: 'password', hint: texts.lobby.needsPassword });
  if (password === 'wrong') passwordField?.setFault(texts.lobby.wrongPassword);
  const heading = h('h1', {});
  const people = createPeople();
  const isListener = () => roleField.role() === 'listener';
  const block = createDevices({
    id: 'lobby',
    isFolded: true,
    devices,
    meters,
    level,
    isListener,
    microphoneNote: () => microphoneText(microphone, isListener(), isSoundOn()),
    onCamera: () => (camera.status === 'on' ? camera.close() : void camera.open()),
  });
  const headphones = h('p', { class: 'hint', hidden: true }, icon('headphones'), h('span', {}, texts.lobby.headphones));
  const start = h('button', { type: 'submit', class: 'button primary large' }, texts.lobby.start);
  const fullNote = h('p', { class: 'field-note full-note', role: 'status' });
  let isBlocked = false;

  const room = () => rooms.list.find((known) => known.id === roomId);
  const showRoom = () => {
    const known = room();
    setText(heading, known ? texts.lobby.heading(known.name) : texts.lobby.headingNew(roomId));
    people.update(known?.participants ?? []);
    const isFull = known !== undefined && known.participants.length >= known.capacity;
    // A room that is held in a mesh needs no media port.
    mediaPortNote.isWanted(known?.topology !== 'mesh');
    setText(fullNote, isFull ? texts.lobby.full : '');
    start.disabled = isBlocked || isFull;
  };
  const showMicrophone = () => {
    block.show();
    void navigator.mediaDevices?.enumerateDevices?.().then((devices) => {
      headphones.hidden = !mayFeedBack(devices);
    });
  };
  const onRole = () => {
    if (isListener()) {
      microphone.close();
      camera.close();
    } else void microphone.open();
    showMicrophone();
  };
  listeners.on(rooms, 'changed', showRoom);
  listeners.on(microphone, 'change', showMicrophone);
  for (const type of ['pointerdown', 'keydown']) listeners.on(window, type, () => setTimeout(showMicrophone, 300));
  listeners.on(roleField.element, 'change', onRole);
  lacks.onBlocked((blocked) => {
    isBlocked = blocked;
    showRoom();
  });
  onRole();

  const form = h(
    'form',
    {
      class: 'start-form',
      novalidate: true,
      onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault();
        const given = nameField.require();
        if (given === null) return;
        onStart({ name: given, roomName: room()?.name ?? roomId, role: roleField.role(), password: passwordField?.input.value || undefined });
      },
    },
    h('div', { class: 'start-who' }, nameField.element, roleField.element, passwordField?.element),
    block.element,
    h('div', { class: 'start-go' }, headphones, start, fullNote),
  );
  const back = h('button', { type: 'button', class: 'button quiet back', onclick: onBack }, icon('back'), texts.lobby.back);
  const element = h('div', { class: 'lobby' }, back, heading, people.element, lacks.element, mediaPortNote.element, form);
  return {
    element,
    close() {
      listeners.close();
      block.close();
      lacks.close();
      mediaPortNote.close();
    },
  };
}

/** @param {import('../device.js').Device} microphone @param {boolean} isListener @param {boolean} isSoundOn */
function microphoneText(microphone, isListener, isSoundOn) {
  if (isListener) return texts.lobby.listenerNote;
  if (microphone.status === 'asking') return texts.lobby.asking;
  if (microphone.problem !== null) return texts.microphone.problems[microphone.problem];
  return isSoundOn ? texts.lobby.levelListening : texts.lobby.levelIdle;
}

/** @param {Role|undefined} asked */
function createRoleField(asked) {
  const select = h('select', { id: 'role' }, h('option', { value: '' }, texts.lobby.roleAuto));
  for (const role of Object.keys(texts.roles)) {
    select.append(h('option', { value: role }, `${texts.roles[role]}: ${texts.roleHints[role]}`));
  }
  select.value = asked ?? '';
  return {
    element: h('div', { class: 'field' }, h('label', { for: 'role' }, texts.lobby.role), select),
    role: () => /** @type {Role|undefined} */ (select.value || undefined),
  };
}

function createPeople() {
  const count = h('p', { class: 'people-count' });
  const faces = h('ul', { class: 'people', role: 'list' });
  return {
    element: h('div', { class: 'people-panel', role: 'status' }, faces, count),
    /** @param {{id: string, name: string}[]} participants */
    update(participants) {
      setText(count, participants.length > 0 ? texts.lobby.present(participants.length) : texts.lobby.nobody);
      const shown = participants.slice(0, PEOPLE_SHOWN).map((participant) =>
        h('li', {}, h('span', { class: 'avatar small', 'aria-hidden': 'true' }, initials(participant.name)), participant.name),
      );
      faces.replaceChildren(...shown);
      if (participants.length > PEOPLE_SHOWN) faces.append(h('li', { class: 'more' }, `+ ${participants.length - PEOPLE_SHOWN}`));
    },
  };
}
