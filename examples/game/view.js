/** The game's page: shows what it is told and passes on what a person does. Outside text is only ever text. */

/** @import { GameRoomSnapshot } from '../../web/sdk/game-room.js' */
/** @import { Player } from './game.js' */

/**
 * @typedef {object} Wishes
 * @property {(name: string) => void} join
 * @property {() => void} leave
 * @property {() => void} toggleMicrophone
 * @property {() => void} toggleCamera
 * @property {(deviceId: string) => void} selectCamera
 * @property {() => void} roll
 * @property {(id?: string) => void} retry
 */

/** @type {Record<string, string>} */
const STATES = { connecting: 'Connecting…', connected: '', disconnected: 'Reconnecting…', failed: 'Can’t be reached' };

/** @type {Record<string, string>} */
const GRADES = { good: '', fair: 'Fair connection', poor: 'Poor connection', lost: 'No connection' };

export class View {
  #wishes;
  /** By player. @type {Map<string, HTMLElement>} */
  #tiles = new Map();
  /** Of the devices, until something else is done. */
  #notice = '';
  #shownCameras = '';

  /** @param {Wishes} wishes */
  constructor(wishes) {
    this.#wishes = wishes;
    element('join').addEventListener('submit', (event) => {
      event.preventDefault();
      wishes.join(input('name').value.trim());
    });
    onClick('leave', wishes.leave);
    onClick('microphone', wishes.toggleMicrophone);
    onClick('camera', () => {
      this.#notice = '';
      wishes.toggleCamera();
    });
    onClick('roll', wishes.roll);
    input('cameras').addEventListener('change', () => wishes.selectCamera(input('cameras').value));
  }

  set isBusy(/** @type {boolean} */ isBusy) {
    const button = element('join').querySelector('button');
    if (button) button.disabled = isBusy;
  }

  showJoin() {
    element('join').hidden = false;
    element('players').hidden = element('controls').hidden = true;
    element('players').replaceChildren();
    element('status').textContent = '';
    this.#tiles.clear();
    this.#notice = '';
  }

  /**
   * @param {GameRoomSnapshot} snapshot
   * @param {Player[]} players
   * @param {Map<string, number>} rolls
   */
  show(snapshot, players, rolls) {
    element('join').hidden = true;
    element('players').hidden = element('controls').hidden = false;
    this.#showStatus(snapshot, players.length);
    this.#showControls(snapshot);
    for (const [id, tile] of this.#tiles) {
      if (players.some((player) => player.id === id)) continue;
      tile.remove();
      this.#tiles.delete(id);
    }
    for (const player of players) this.#showPlayer(player, snapshot, rolls.get(player.id));
  }

  /** @param {string} text */
  showNotice(text) {
    this.#notice = text;
    this.showTrouble(text);
  }

  /**
   * @param {string} text
   * @param {{ label: string, act: () => void }} [way] out of it
   */
  showTrouble(text, way) {
    const trouble = element('trouble');
    trouble.hidden = text === '';
    if (element('trouble-text').textContent !== text) element('trouble-text').textContent = text;
    const button = /** @type {HTMLButtonElement} */ (element('trouble-button'));
    button.hidden = way === undefined;
    button.textContent = way?.label ?? '';
    button.onclick = way?.act ?? null;
  }

  /**
   * @param {GameRoomSnapshot} snapshot
   * @param {number} count
   */
  #showStatus({ connectionState, error }, count) {
    const words = { connecting: 'Connecting…', connected: `${count} of 4 at the table`, disconnected: 'Not connected', failed: 'Not connected' };
    const status = words[connectionState];
    if (element('status').textContent !== status) element('status').textContent = status;
    // What is about one player stands on their tile.
    const own = error?.remotePeerId === null ? error : null;
    const ways = {
      'try-again': { label: 'Try again', act: () => this.#wishes.retry() },
      reload: { label: 'Reload', act: () => location.reload() },
    };
    const recovery = own?.recovery;
    const way = recovery === 'try-again' || recovery === 'reload' ? ways[recovery] : undefined;
    this.showTrouble(own?.message ?? this.#notice, way);
  }

  /** @param {GameRoomSnapshot} snapshot */
  #showControls({ localStream, isVideoActive, isAudioMuted, availableDevices, selectedCameraId }) {
    const isMuted = isAudioMuted || !localStream?.getAudioTracks().length;
    press('microphone', isMuted, isMuted ? 'Unmute' : 'Mute');
    press('camera', !isVideoActive, isVideoActive ? 'Camera off' : 'Camera on');
    const cameras = availableDevices.filter(({ kind }) => kind === 'videoinput');
    element('camera-choice').hidden = cameras.length < 2;
    const shown = JSON.stringify([cameras, selectedCameraId]);
    if (shown === this.#shownCameras) return;
    this.#shownCameras = shown;
    element('cameras').replaceChildren(...cameras.map(({ deviceId, label }, place) => {
      return new Option(label || `Camera ${place + 1}`, deviceId, false, deviceId === selectedCameraId);
    }));
  }

  /**
   * @param {Player} player
   * @param {GameRoomSnapshot} snapshot
   * @param {number | undefined} rolled
   */
  #showPlayer({ id, name }, snapshot, rolled) {
    const isOwn = id === snapshot.peerId;
    const tile = this.#tiles.get(id) ?? this.#addTile(id, isOwn);
    const call = snapshot.calls.get(id);
    const state = snapshot.connectionStates.get(id) ?? 'connecting';
    const video = part(tile, 'video');
    const stream = isOwn ? snapshot.localStream : (call?.remoteStream ?? null);
    const player = /** @type {HTMLVideoElement} */ (video);
    if (player.srcObject !== stream) player.srcObject = stream;
    const hasPicture = isOwn ? snapshot.isVideoActive : state === 'connected' && call?.videoEnabled === true;
    tile.classList.toggle('has-picture', hasPicture);
    video.setAttribute('aria-label', `Video of ${name}`);
    const isSilent = isOwn ? snapshot.isAudioMuted || !snapshot.localStream?.getAudioTracks().length : state === 'connected' && !call?.audioEnabled;
    write(part(tile, '.initial'), [...name][0]?.toUpperCase() ?? '?');
    write(part(tile, '.name'), isOwn ? `${name} (you)` : name);
    write(part(tile, '.marks'), [isSilent ? 'Muted' : '', GRADES[snapshot.qualities.get(id)?.grade ?? 'good']].filter(Boolean).join(' · '));
    const error = snapshot.errors.get(id);
    const isOver = error !== undefined && error.recovery === 'try-again';
    write(part(tile, '.state'), isOwn ? '' : isOver ? STATES.failed ?? '' : (error ? 'Trying again…' : STATES[state]) ?? '');
    part(tile, '.again').hidden = !isOver;
    const die = part(tile, '.die');
    if (rolled !== undefined && die.textContent !== String(rolled)) die.classList.toggle('is-new', true);
    die.hidden = rolled === undefined;
    write(die, rolled === undefined ? '' : String(rolled));
    die.setAttribute('aria-label', rolled === undefined ? '' : `${name} rolled ${rolled}`);
  }

  /**
   * @param {string} id
   * @param {boolean} isOwn
   */
  #addTile(id, isOwn) {
    const template = /** @type {HTMLTemplateElement} */ (element('player'));
    const tile = /** @type {HTMLElement} */ (/** @type {Element} */ (template.content.firstElementChild).cloneNode(true));
    tile.dataset.playerId = id;
    tile.classList.toggle('is-own', isOwn);
    // One's own voice is not played.
    if (isOwn) /** @type {HTMLVideoElement} */ (part(tile, 'video')).muted = true;
    part(tile, '.again').addEventListener('click', () => this.#wishes.retry(id));
    part(tile, '.die').addEventListener('animationend', ({ currentTarget }) => /** @type {HTMLElement} */ (currentTarget).classList.remove('is-new'));
    this.#tiles.set(id, tile);
    element('players').append(tile);
    return tile;
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
 * @param {Element} tile
 * @param {string} selector
 */
function part(tile, selector) {
  return /** @type {HTMLElement} */ (tile.querySelector(selector));
}

/**
 * @param {Element} where
 * @param {string} text
 */
function write(where, text) {
  if (where.textContent !== text) where.textContent = text;
}

/**
 * @param {string} id
 * @param {() => void} listener
 */
function onClick(id, listener) {
  element(id).addEventListener('click', () => listener());
}

/**
 * @param {string} id
 * @param {boolean} isPressed
 * @param {string} text
 */
function press(id, isPressed, text) {
  const button = element(id);
  write(button, text);
  button.classList.toggle('is-off', isPressed);
}
