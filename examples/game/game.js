/**
 * A game of four who see each other: whoever joins is put on the roster by the game's own server (`server.mjs`), which tells every
 * page who is on it. The video is `GameRoom`'s work; the drawing is in `view.js`.
 *
 * `?name=` joins without a click.
 */

import { DeviceError, GameRoom } from '../../web/sdk/index.js';
import { View } from './view.js';

/** @typedef {{ id: string, name: string }} Player */

/** What the pages tell each other besides. @typedef {{ type: 'roll', value: number }} Roll */

/** The visit that goes on: the room, the stream of events, and the secret that the server knows us by. @type {{ room: GameRoom, events: EventSource, secret: string } | null} */
let visit = null;
/** @type {Player[]} */
let players = [];
/** What each rolled last. @type {Map<string, number>} */
const rolls = new Map();

const view = new View({
  join: (name) => void join(name),
  leave: () => leave(''),
  toggleMicrophone: () => visit?.room.toggleAudio(),
  toggleCamera: () => void toggleCamera(),
  selectCamera: (id) => void visit?.room.selectCamera(id).catch(showDeviceError),
  roll,
  retry: (id) => visit?.room.retry(id),
});

/** @param {string} name */
async function join(name) {
  view.showTrouble('');
  view.isBusy = true;
  try {
    const { userId, secret, peer } = await post('/join', { name });
    const room = new GameRoom({
      Peer: /** @type {any} */ (window).Peer,
      userId,
      // As large as a tile of the table; four at 1280×720 want a fast machine.
      video: { width: 640, height: 360 },
      // Asked for before each connection: a token lives for two minutes.
      peerOptions: async () => ({ ...peer, token: (await post('/token', { secret })).token }),
    });
    const events = new EventSource(`/events?secret=${secret}`);
    events.addEventListener('message', ({ data }) => setPlayers(JSON.parse(data)));
    events.addEventListener('error', () => {
      // The browser comes back by itself, unless the server no longer knows us.
      if (events.readyState === EventSource.CLOSED) leave('You are no longer at the table. Join again?');
    });
    room.on('change', draw);
    room.on('data', ({ remotePeerId, data }) => onData(remotePeerId, data));
    visit = { room, events, secret };
    // For a look from the console, and for tests.
    Object.assign(window, { game: room });
    room.connect();
    draw();
    room.startMedia().catch(showDeviceError);
  } catch (error) {
    view.showTrouble(error instanceof Error ? error.message : String(error));
  }
  view.isBusy = false;
}

/** @param {string} reason */
function leave(reason) {
  if (!visit) return;
  const { room, events, secret } = visit;
  visit = null;
  players = [];
  rolls.clear();
  events.close();
  room.destroy();
  navigator.sendBeacon('/leave', JSON.stringify({ secret }));
  view.showJoin();
  view.showTrouble(reason);
}

/** @param {Player[]} list */
function setPlayers(list) {
  if (!visit) return;
  players = list;
  for (const id of rolls.keys()) if (!list.some((player) => player.id === id)) rolls.delete(id);
  visit.room.setRoster(list.map(({ id }) => id));
  draw();
}

async function toggleCamera() {
  if (!visit) return;
  const { room } = visit;
  const { localStream, isVideoEnabled } = room.getSnapshot();
  const hasCamera = localStream?.getVideoTracks().length;
  if (hasCamera) return room.toggleVideo();
  if (!isVideoEnabled) room.setVideoEnabled(true);
  await room.startMedia({ video: true, audio: false }).catch(showDeviceError);
}

function roll() {
  if (!visit) return;
  const value = 1 + Math.floor(Math.random() * 6);
  rolls.set(visit.room.getSnapshot().peerId, value);
  visit.room.send({ type: 'roll', value });
  draw();
}

/**
 * What others send is theirs to choose: only what has the right shape is shown.
 * @param {string} id
 * @param {unknown} data
 */
function onData(id, data) {
  const { type, value } = /** @type {Partial<Roll>} */ (data ?? {});
  if (type !== 'roll' || !Number.isInteger(value) || Number(value) < 1 || Number(value) > 6) return;
  rolls.set(id, Number(value));
  draw();
}

function draw() {
  if (visit) view.show(visit.room.getSnapshot(), players, rolls);
}

/** @param {unknown} error */
function showDeviceError(error) {
  view.showNotice(error instanceof DeviceError ? error.message : String(error));
}

/**
 * @param {string} path
 * @param {object} body
 */
async function post(path, body) {
  const response = await fetch(path, { method: 'POST', body: JSON.stringify(body) });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

window.addEventListener('pagehide', () => leave(''));

const name = new URLSearchParams(location.search).get('name');
if (name) void join(name);
