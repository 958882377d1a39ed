/** The dashboard's page: shows what it is told and passes on what a person does. Outside text is only ever text. */

/**
 * @import { RoomSummary } from '../../web/sdk/messages.d.ts'
 * @import { StateChange } from '../../web/sdk/signaling-client.js'
 */

/**
 * @typedef {object} Wishes
 * @property {(name: string, roomName: string) => void} create
 * @property {(name: string, roomId: string) => void} join
 * @property {() => void} leave
 * @property {(text: string) => void} send
 * @property {(value: number) => void} setValue
 */

/** @typedef {{ id: string, name: string, status: string, value: number | undefined }} Card */

const MESSAGES_MAX = 200;

/** Why a room is no longer there, in words. @type {Record<string, string>} */
const REASONS = {
  left: '',
  kicked: 'You were removed from the room.',
  'room-ended': 'The room has ended.',
  replaced: 'This session went on in another tab.',
  refused: 'The room can no longer be entered.',
};

export class View {
  #wishes;
  #shownRooms = '';

  /** @param {Wishes} wishes */
  constructor(wishes) {
    this.#wishes = wishes;
    onSubmit('make', () => wishes.create(this.name, input('room-name').value));
    onSubmit('write', () => {
      wishes.send(input('text').value);
      input('text').value = '';
    });
    element('leave').addEventListener('click', () => wishes.leave());
    input('value').addEventListener('input', () => wishes.setValue(this.value));
  }

  get name() {
    return input('name').value.trim() || 'Guest';
  }

  set name(name) {
    input('name').value = name;
  }

  /** 0 to 100. */
  get value() {
    return input('value').valueAsNumber;
  }

  /** @param {StateChange} change */
  showServer({ state, attempt }) {
    const status = element('server');
    status.classList.toggle('open', state === 'open');
    if (state === 'open') status.textContent = 'Connected to the server';
    else if (state === 'reconnecting') status.textContent = `Server away, attempt ${attempt}. Messages go on directly.`;
    else if (state === 'connecting') status.textContent = 'Connecting to the server…';
    else status.textContent = 'Not connected';
  }

  /**
   * @param {RoomSummary[]} rooms
   * @param {Set<string>} joinedIds
   */
  showRooms(rooms, joinedIds) {
    // The list comes every few seconds, mostly unchanged: whoever has a button focused keeps it.
    const shown = JSON.stringify([rooms, [...joinedIds]]);
    if (shown === this.#shownRooms) return;
    this.#shownRooms = shown;
    element('no-rooms').hidden = rooms.length > 0;
    const items = rooms.map(({ id, name, participants, capacity }) => {
      const label = `${name} ${participants.length}/${capacity}`;
      if (joinedIds.has(id)) return item(label, note('You are here'));
      const join = Object.assign(document.createElement('button'), { textContent: 'Join', className: 'plain' });
      join.setAttribute('aria-label', `Join ${name}`);
      join.addEventListener('click', () => this.#wishes.join(this.name, id));
      return item(label, join);
    });
    element('rooms').replaceChildren(...items);
  }

  /** @param {string} name */
  openRoom(name) {
    element('room-title').textContent = name;
    element('room').hidden = false;
  }

  /** @param {string} reason */
  closeRoom(reason) {
    element('room').hidden = true;
    element('messages').replaceChildren();
    element('participants').replaceChildren();
    this.showTrouble(REASONS[reason] ?? 'You are no longer in the room.');
  }

  /** @param {Card[]} cards */
  showParticipants(cards) {
    const items = cards.map(({ id, name, status, value }) => {
      const gauge = Object.assign(document.createElement('meter'), { min: 0, max: 100, value: value ?? 0 });
      gauge.setAttribute('aria-label', `Value of ${name}`);
      const entry = item(name, note(status), gauge);
      entry.dataset.participantId = id;
      return entry;
    });
    element('participants').replaceChildren(...(items.length > 0 ? items : [item('Nobody else is here yet.')]));
  }

  /**
   * @param {string} who
   * @param {string} text
   * @param {string} way
   */
  addMessage(who, text, way) {
    const messages = element('messages');
    messages.append(item(`${who}: ${text} `, note(way)));
    while (messages.childElementCount > MESSAGES_MAX) messages.firstElementChild?.remove();
    messages.scrollTop = messages.scrollHeight;
  }

  /** @param {string} text */
  showTrouble(text) {
    element('trouble').textContent = text;
  }
}

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
function element(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no #${id}.`);
  return found;
}

/** @param {string} id */
function input(id) {
  return /** @type {HTMLInputElement} */ (element(id));
}

/**
 * @param {string} id
 * @param {() => void} listener
 */
function onSubmit(id, listener) {
  element(id).addEventListener('submit', (event) => {
    event.preventDefault();
    listener();
  });
}

/** @param {string} text */
function note(text) {
  return Object.assign(document.createElement('small'), { textContent: text, className: 'quiet' });
}

/**
 * @param {string} text
 * @param {...HTMLElement} more
 */
function item(text, ...more) {
  const entry = document.createElement('li');
  const label = Object.assign(document.createElement('span'), { textContent: text });
  entry.append(label, ...more);
  return entry;
}
