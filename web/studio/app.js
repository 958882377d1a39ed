// The studio page, wired: which view is shown, what leads from one to the next, and what a session ended for. It reads and
// writes the address, and puts the debug handle `window.parlor` in place.

import { AudioGraph, Rooms, SignalingClient } from '../sdk/index.js';
import { parameters, randomRoomId, roomIdFromFragment, roomLink, slug } from './address.js';
import { liveRoom, wishAgain } from './comeback.js';
import { DebugView } from './debug/debug.js';
import { Devices } from './devices.js';
import { createKeyListener, isWriting } from './keys.js';
import { findLacks } from './lacks.js';
import { LiveSession } from './live-session.js';
import { MediaPort } from './media-port.js';
import { Memory } from './memory.js';
import { MeterBank } from './meter.js';
import { createPushToTalk } from './push-to-talk.js';
import { ServerState } from './server-state.js';
import { suggestRoomName } from './suggestion.js';
import { texts } from './texts.js';
import { refusalTrouble, endTrouble } from './troubles.js';
import { showDevices } from './views/devices.js';
import { closeDialog, showKeys, showLink } from './views/dialogs.js';
import { createFront } from './views/front.js';
import { createJoining } from './views/joining.js';
import { createLobby } from './views/lobby.js';
import { createServerLine } from './views/server-line.js';
import { createSessionView } from './views/session.js';
import { ownNote } from './views/strip.js';
import { createToasts } from './views/toasts.js';
import { createTrouble } from './views/trouble.js';

/** @typedef {import('./types.js').Role} Role */

/**
 * What somebody wants to join. `create`: make the room if it is missing.
 * @typedef {{roomId: string, roomName: string, name: string, role?: Role, password?: string, create: boolean, muted?: boolean}} Wish
 */

/** From this width on, in CSS pixels, the chat stands beside the strips from the start. */
const CHAT_BESIDE_PX = 704;

class Studio {
  #memory = new Memory();
  #asked = parameters(location.search);
  #signaling = new SignalingClient();
  #rooms = new Rooms(this.#signaling);
  #server = new ServerState(this.#signaling);
  #meters = new MeterBank();
  #toasts = createToasts();
  #main = /** @type {HTMLElement} */ (document.getElementById('main'));
  /** @type {import('./types.js').View|null} */
  #view = null;
  #audioGraph = new AudioGraph();
  /** The lobby's, handed to the session. */
  #devices = new Devices({ memory: this.#memory, output: this.#audioGraph });
  /** The session now, or the one before: the debug handle shows that it holds nothing any more. @type {LiveSession|null} */
  #session = null;
  #debug = new DebugView({ session: () => this.#session, isLive: () => this.#here !== null, signaling: this.#signaling, page: this.#main });
  /** Grows with each change of place, so that what was under way for an older one stops. */
  #place = 0;
  /** What the front offers as a room's name: the room one was in last, else a suggestion. */
  #roomName = suggestRoomName();
  /** The room one is in or about to enter. @type {string|null} */
  #here = null;

  start() {
    document.body.append(this.#toasts.element);
    this.#main.before(createServerLine(this.#server).element);
    window.addEventListener('hashchange', () => this.#route());
    Object.defineProperty(window, 'parlor', { value: this.#handle() });
    if (this.#asked.name !== '') this.#signaling.userName = this.#asked.name;
    this.#signaling.connect();
    this.#enter();
    if (this.#asked.debug) this.#debug.open({ takesFocus: false });
  }

  /** Where the page starts: an address that starts by itself, a reload that comes back, a link, or the front. */
  #enter() {
    const roomId = roomIdFromFragment(location.hash);
    const { live } = this.#memory;
    if (roomId !== null && this.#asked.autostart) {
      void this.#join({ roomId, roomName: roomId, name: this.#asked.name || texts.guest, role: this.#asked.role, create: true });
    } else if (roomId !== null && live?.roomId === roomId && this.#name !== '' && cameBack()) {
      const role = live.isListener ? 'listener' : this.#asked.role;
      void this.#join({ roomId, roomName: live.roomName, name: this.#name, role, create: true, muted: live.muted });
    } else this.#route();
  }

  /** Shows what the address names, unless that is where one is. */
  #route() {
    const roomId = roomIdFromFragment(location.hash);
    if (roomId !== null && roomId === this.#here) return;
    this.#leave();
    if (roomId === null) this.#showFront();
    else this.#showLobby(roomId);
  }

  get #name() {
    return this.#asked.name || this.#memory.name;
  }

  #showFront() {
    this.#show(
      createFront({
        rooms: this.#rooms,
        name: this.#name,
        server: this.#server,
        roomName: this.#roomName,
        onStart: ({ name, roomName }) => {
          void this.#join({ roomId: slug(roomName) || randomRoomId(), roomName, name, role: this.#asked.role, create: true });
        },
        onJoin: ({ name, roomId, roomName }) => void this.#join({ roomId, roomName, name, role: this.#asked.role, create: false }),
        onLobby: (roomId) => {
          location.hash = roomId;
        },
      }),
      texts.product,
    );
  }

  /** @param {string} roomId @param {import('./views/lobby.js').Password} [password] */
  #showLobby(roomId, password = 'none') {
    const devices = this.#devices;
    const mediaPort = new MediaPort();
    const place = this.#place;
    this.#whenOpen().then(
      () => void (place === this.#place && mediaPort.start()),
      () => {},
    );
    const onMicrophone = () => this.#audioGraph.setLocalStream(devices.microphone.stream);
    const onNotice = (/** @type {Event} */ event) => this.#toasts.show(/** @type {CustomEvent} */ (event).detail.text);
    devices.microphone.addEventListener('change', onMicrophone);
    devices.addEventListener('notice', onNotice);
    const lobby = createLobby({
      roomId,
      rooms: this.#rooms,
      name: this.#name,
      role: this.#asked.role,
      password,
      devices,
      mediaPort,
      meters: this.#meters,
      level: () => this.#audioGraph.localLevel(),
      isSoundOn: () => this.#audioGraph.isRunning,
      onStart: ({ name, roomName, role, password }) => void this.#join({ roomId, roomName, name, role, password, create: true }),
      onBack: () => this.#goToFront(),
    });
    this.#show(
      {
        element: lobby.element,
        close: () => {
          devices.microphone.removeEventListener('change', onMicrophone);
          devices.removeEventListener('notice', onNotice);
          mediaPort.close();
          lobby.close();
        },
      },
      `${roomId} · ${texts.product}`,
    );
  }

  /** @param {Wish} wish */
  async #join(wish) {
    const lack = findLacks(window).find(({ blocks }) => blocks);
    if (lack !== undefined) {
      this.#leave();
      const back = { label: texts.trouble.back, onPress: () => this.#goToFront() };
      this.#showTrouble({ heading: texts.trouble.cannotJoin, text: texts.lacks[lack.id], actions: [back] });
      return;
    }
    const place = this.#leave({ keepsDevices: true });
    this.#here = wish.roomId;
    this.#asked.name = wish.name;
    this.#memory.name = wish.name;
    const isListener = wish.role === 'listener';
    this.#memory.live = { roomId: wish.roomId, roomName: wish.roomName, muted: wish.muted ?? false, isListener };
    if (roomIdFromFragment(location.hash) !== wish.roomId) history.pushState(null, '', `#${wish.roomId}`);
    this.#show(createJoining({ roomName: wish.roomName, onCancel: () => this.#goToFront() }), `${wish.roomName} · ${texts.product}`);
    this.#signaling.userName = wish.name;
    this.#signaling.connect();
    try {
      await this.#whenOpen();
    } catch (error) {
      if (place === this.#place) this.#onRefused(wish, /** @type {{code: string, message: string}} */ (error));
      return;
    }
    if (place !== this.#place) return;
    const session = new LiveSession({
      signaling: this.#signaling,
      rooms: this.#rooms,
      audioGraph: this.#audioGraph,
      devices: this.#devices,
      roomId: wish.roomId,
      startsMuted: wish.muted ?? false,
    });
    this.#session = session;
    session.addEventListener('notice', (event) => this.#toasts.show(/** @type {CustomEvent} */ (event).detail.text));
    session.addEventListener('ended', (event) => this.#onEnded(session, /** @type {CustomEvent} */ (event).detail));
    session.addEventListener('fatal', () => this.#onFatal());
    try {
      const { name: userName, roomName, role, password, create } = wish;
      await session.join({ userName, role, password, ...(create ? { create: { name: roomName, password } } : {}) });
    } catch (error) {
      if (place === this.#place) this.#onRefused(wish, /** @type {{code: string, message: string}} */ (error));
      return;
    }
    if (place === this.#place) this.#showSession(session);
  }

  /** @param {LiveSession} session */
  #showSession(session) {
    if (slug(session.roomName) === session.roomId) this.#roomName = session.roomName;
    const { devices } = session;
    const onKeys = () => showKeys({ onDebug: () => this.#debug.open() });
    const onDevices = () => showDevices({
      devices,
      meters: this.#meters,
      level: () => session.mixer.ownLevel(),
      isListener: () => session.you?.role === 'listener',
      microphoneNote: () => ownNote(session),
      onCamera: () => session.toggleCamera(),
    });
    const view = createSessionView({
      session,
      server: this.#server,
      rooms: this.#rooms,
      meters: this.#meters,
      chatOpen: window.innerWidth >= CHAT_BESIDE_PX && this.#memory.chatOpen !== false,
      onChatOpen: (open) => {
        this.#memory.chatOpen = open;
      },
      onCopyLink: () => void this.#copyLink(session.roomId),
      onKeys,
      onDevices,
      onJoin: (room) => void this.#join({ roomId: room.id, roomName: room.name, name: this.#name, create: false }),
      onEnd: () => this.#goToFront(),
    });
    const onKey = createKeyListener({ session, view, onKeys, onDevices });
    const pushToTalk = createPushToTalk({ session, isWriting });
    const remember = () => {
      if (this.#here !== session.roomId) return;
      this.#memory.live = liveRoom(session, this.#memory.live);
    };
    document.addEventListener('keydown', onKey);
    session.microphone.addEventListener('change', remember);
    session.addEventListener('change', remember);
    this.#show(
      {
        element: view.element,
        close: () => {
          document.removeEventListener('keydown', onKey);
          session.microphone.removeEventListener('change', remember);
          session.removeEventListener('change', remember);
          pushToTalk.close();
          closeDialog();
          view.close();
        },
      },
      `${session.roomName} · ${texts.product}`,
    );
  }

  /** @param {import('./views/trouble.js').Trouble} trouble */
  #showTrouble(trouble) {
    this.#show(createTrouble(trouble), `${trouble.heading} · ${texts.product}`);
  }

  /** @param {Wish} wish @param {{code: string, message: string}} error */
  #onRefused(wish, error) {
    this.#leave();
    if (error.code === 'wrong-password') {
      this.#showLobby(wish.roomId, wish.password === undefined ? 'needed' : 'wrong');
      return;
    }
    this.#showTrouble(
      refusalTrouble(error, wish.roomName, {
        again: () => void this.#join(wish),
        create: () => void this.#join({ ...wish, create: true }),
        back: () => this.#goToFront(),
      }),
    );
  }

  /** @param {LiveSession} session @param {{reason: string, by?: string, error?: {code: string, message: string}}} end */
  #onEnded(session, end) {
    if (session !== this.#session) return;
    const by = end.by === undefined ? undefined : (session.nameOf(end.by) ?? texts.trouble.aHost);
    const again = wishAgain(session, this.#memory.live);
    this.#leave();
    const join = (/** @type {boolean} */ create) => void this.#join({ ...again, name: this.#name, create });
    const ways = { again: () => join(false), create: () => join(true), back: () => this.#goToFront() };
    this.#showTrouble(endTrouble({ ...end, by }, again.roomName, ways));
  }

  #onFatal() {
    this.#leave();
    this.#showTrouble({
      heading: texts.trouble.crashed,
      text: texts.trouble.crashedText,
      actions: [{ label: texts.trouble.reload, onPress: () => location.reload() }],
    });
  }

  /** Ends what is under way. @param {{keepsDevices?: boolean}} [options] @returns {number} the new place */
  #leave({ keepsDevices = false } = {}) {
    this.#place += 1;
    this.#here = null;
    const isInSession = this.#session !== null && this.#session.devices === this.#devices;
    if (isInSession) this.#session?.end();
    else if (!keepsDevices) {
      this.#devices.close();
      this.#audioGraph.close();
    }
    if (isInSession || !keepsDevices) {
      this.#audioGraph = new AudioGraph();
      this.#devices = new Devices({ memory: this.#memory, output: this.#audioGraph });
    }
    this.#memory.live = null;
    return this.#place;
  }

  #goToFront() {
    this.#leave();
    this.#signaling.connect();
    if (location.hash !== '') history.pushState(null, '', location.pathname + location.search);
    this.#showFront();
  }

  /** @param {import('./types.js').View} view @param {string} title */
  #show(view, title) {
    const isFirst = this.#view === null;
    this.#view?.close();
    this.#view = view;
    this.#main.replaceChildren(view.element);
    document.body.classList.toggle('in-session', view.element.classList.contains('session'));
    document.title = title;
    window.scrollTo(0, 0);
    // Who reads by ear or moves by keys starts at the new view's top; the page's first view takes no focus.
    const heading = view.element.querySelector('h1');
    if (heading === null || isFirst) return;
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }

  /** @param {string} roomId */
  async #copyLink(roomId) {
    const link = roomLink(location, roomId);
    try {
      await navigator.clipboard.writeText(link);
      this.#toasts.show(texts.session.linkCopied);
    } catch {
      // No clipboard on insecure pages, or the person said no.
      showLink(link);
    }
  }

  /** @returns {Promise<void>} when the server said welcome; rejected with {code, message} when it refuses this page */
  #whenOpen() {
    if (this.#signaling.state === 'open') return Promise.resolve();
    return new Promise((resolve, reject) => {
      const heard = new AbortController();
      this.#signaling.on(
        'state',
        ({ state, reason }) => {
          if (state !== 'open' && state !== 'closed') return;
          heard.abort();
          if (state === 'open') resolve();
          else reject({ code: 'unauthorized', message: reason ?? '' });
        },
        heard,
      );
    });
  }

  /** The debug handle of docs/protocol.md, "The page". */
  #handle() {
    const studio = this;
    return {
      signaling: this.#signaling,
      rooms: this.#rooms,
      get session() {
        return studio.#session;
      },
      get connectionManager() {
        return studio.#session?.connectionManager ?? null;
      },
      get rtcManager() {
        return studio.#session?.rtcManager ?? null;
      },
      get audioGraph() {
        return studio.#session?.mixer.audioGraph ?? studio.#audioGraph;
      },
      get hostMix() {
        return studio.#session?.desk.hostMix ?? null;
      },
      get meters() {
        return studio.#meters.size;
      },
      report: () => this.#debug.report(),
    };
  }
}

/** Whether this document is the one before, come back by reload or through the history. */
function cameBack() {
  const [entry] = performance.getEntriesByType('navigation');
  return ['reload', 'back_forward'].includes(/** @type {PerformanceNavigationTiming|undefined} */ (entry)?.type ?? '');
}

new Studio().start();
