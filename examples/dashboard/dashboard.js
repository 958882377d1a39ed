/**
 * A dashboard without media: rooms, and values and messages between participants, which go from browser to browser
 * (and through the server until the two are connected). It imports the SDK and nothing else. The drawing is in
 * `view.js`.
 *
 * `?server=ws://…/ws` names the server, `?name=` and `?room=` join without a click.
 */

import { ConnectionManager, Rooms, RTCManager, SignalingClient } from '../../web/sdk/index.js';
import { View } from './view.js';

/** @import { Participant } from '../../web/sdk/messages.d.ts' */

/** What the participants of a dashboard tell each other. @typedef {{ value: number } | { text: string }} Payload */

const query = new URLSearchParams(location.search);
const signaling = new SignalingClient({ url: query.get('server') ?? 'ws://127.0.0.1:8080/ws' });
const rooms = new Rooms(signaling);

/** @type {ConnectionManager | undefined} made when the server has said who we are */
let connections;
/** @type {string | undefined} the room that is shown */
let roomId;
/** What the others last told, by user id. @type {Map<string, number>} */
const values = new Map();

const view = new View({
  create: (name, roomName) => enter(name, () => rooms.create({ name: roomName, capacity: 10 })),
  join: (name, id) => enter(name, () => rooms.join(id, { userName: name })),
  leave: () => roomId !== undefined && void rooms.leave(roomId),
  send: (text) => {
    tell({ text });
    view.addMessage('You', text, 'to all');
  },
  setValue: (value) => tell({ value }),
});

signaling.on('state', (change) => view.showServer(change));
signaling.on('welcome', () => void start());
rooms.on('changed', ({ rooms: list }) => view.showRooms(list, new Set(rooms.joinedIds)));
rooms.on('joined', ({ room }) => {
  roomId = room.id;
  view.openRoom(room.name);
});
rooms.on('left', ({ roomId: id, reason }) => {
  if (id !== roomId) return;
  roomId = undefined;
  view.closeRoom(reason);
});
rooms.on('participants', showParticipants);
signaling.connect();

async function start() {
  if (connections) return;
  connections = new ConnectionManager(signaling.userId, signaling, new RTCManager());
  // Nothing to wait for: this page sends no sound and no picture.
  connections.setMedia('none');
  connections.on('message', ({ remotePeerId, data, via }) => hear(remotePeerId, data, via));
  connections.on('peer-removed', ({ remotePeerId }) => values.delete(remotePeerId));
  connections.on('connection-state-changed', ({ remotePeerId, state }) => {
    showParticipants();
    if (state.status === 'connected') connections?.send({ value: view.value }, remotePeerId);
  });
  // For a look from the console, and for tests.
  Object.assign(window, { dashboard: { signaling, rooms, connections } });

  const id = query.get('room');
  const name = query.get('name');
  if (!id || !name) return;
  view.name = name;
  await enter(name, () => rooms.join(id, { userName: name, create: { name: id } }));
}

/**
 * One room at a time: the old one is left when the new one is entered.
 * @param {string} name
 * @param {() => Promise<unknown>} into
 */
async function enter(name, into) {
  const before = roomId;
  signaling.userName = name;
  view.showTrouble('');
  try {
    await into();
    if (before !== undefined && before !== roomId) await rooms.leave(before);
  } catch (error) {
    view.showTrouble(error instanceof Error ? error.message : String(error));
  }
}

/** @param {Payload} payload */
function tell(payload) {
  connections?.send(payload);
}

/**
 * What others send is theirs to choose: only what has the right shape is shown.
 * @param {string} userId
 * @param {unknown} data
 * @param {'direct' | 'server'} via
 */
function hear(userId, data, via) {
  const { value, text } = /** @type {{ value?: unknown, text?: unknown }} */ (data ?? {});
  if (typeof value === 'number') {
    values.set(userId, value);
    showParticipants();
  } else if (typeof text === 'string') {
    view.addMessage(nameOf(userId), text, via === 'direct' ? 'direct' : 'through the server');
  }
}

function showParticipants() {
  if (roomId === undefined) return;
  const others = rooms.participants(roomId).filter(({ id }) => id !== signaling.userId);
  view.showParticipants(
    others.map((participant) => ({
      id: participant.id,
      name: participant.name,
      status: statusOf(participant),
      value: values.get(participant.id),
    })),
  );
}

/** @param {Participant} participant */
function statusOf({ id, suspect }) {
  if (connections?.dataPeers.includes(id)) return 'Direct';
  return suspect ? 'Away' : 'Connecting…';
}

/** @param {string} userId */
function nameOf(userId) {
  const people = roomId === undefined ? [] : rooms.participants(roomId);
  return people.find(({ id }) => id === userId)?.name ?? 'Somebody';
}
