// The voice channel page, wired: which of its views is shown, and what leads from one to the next. It reads the address, and
// puts the debug handle `window.parlor` in place.

import { AudioGraph, Rooms, SignalingClient } from '../sdk/index.js';
import { askedFor, channelId, cleanName } from './address.js';
import { Call } from './call.js';
import { Controls } from './controls.js';
import { memory } from './memory.js';
import { People, setText } from './people.js';
import { texts } from './texts.js';

/** So long the first connecting may take before it is told, in ms. */
const CONNECTING_MS = 1_000;

class Voice {
  #asked = askedFor(location.search);
  #signaling = new SignalingClient(document.documentElement.dataset.server ? { url: document.documentElement.dataset.server } : {});
  #rooms = new Rooms(this.#signaling);
  #people = new People(part('people'), /** @type {HTMLTemplateElement} */ (part('person')));
  /** @type {string | null} */
  #roomId = null;
  /** @type {Call | null} */
  #call = null;
  /** @type {Controls | null} */
  #controls = null;
  /** Grows with each change of place, so that what was under way for an older one stops. */
  #place = 0;
  #isJoining = false;

  start() {
    Object.defineProperty(window, 'parlor', { value: this.#handle() });
    if (this.#asked.name !== '') this.#signaling.userName = this.#asked.name;
    input('name').value = this.#asked.name || memory.name;
    input('starts-muted').checked = this.#asked.isMuted;
    input('starts-push-to-talk').checked = this.#asked.isPushToTalk || memory.isPushToTalk;
    part('choose').addEventListener('submit', (event) => this.#onChoose(event));
    part('join').addEventListener('submit', (event) => this.#onJoin(event));
    window.addEventListener('hashchange', () => this.#route());
    this.#rooms.on('changed', () => this.#showPresent());
    this.#signaling.on('state', () => this.#showServer());
    setTimeout(() => this.#showServer(), CONNECTING_MS);
    this.#signaling.connect();
    this.#route();
    if (this.#roomId !== null && this.#asked.isAutostart) void this.#join();
  }

  /** Shows the channel that the address names, unless that is where one is. */
  #route() {
    const roomId = channelId(location.hash);
    if (roomId === this.#roomId && roomId !== null) return;
    this.#leave();
    this.#roomId = roomId;
    document.title = roomId === null ? texts.title : `${roomId} · ${texts.title}`;
    setText(part('title'), roomId ?? texts.title);
    this.#askForPassword(false);
    this.#showTrouble('');
    this.#show(roomId === null ? 'choose' : 'join');
  }

  /** @param {Event} event */
  #onChoose(event) {
    event.preventDefault();
    const roomId = channelId(input('channel').value);
    if (roomId !== null) location.hash = roomId;
  }

  /** @param {Event} event */
  #onJoin(event) {
    event.preventDefault();
    void this.#join();
  }

  async #join() {
    if (this.#isJoining || this.#call || this.#roomId === null) return;
    const roomId = this.#roomId;
    const name = cleanName(input('name').value) || texts.guest;
    const password = input('password').value;
    const talk = { isMuted: input('starts-muted').checked, isDeafened: false, isPushToTalk: input('starts-push-to-talk').checked, isTalking: false };
    if (!window.RTCPeerConnection || !window.AudioContext || !window.WebAssembly) return this.#showTrouble(texts.lacks);
    memory.name = name;
    memory.isPushToTalk = talk.isPushToTalk;
    const place = this.#leave();
    this.#setJoining(true);
    this.#showTrouble('');
    // Here, while the click still counts.
    const audioGraph = new AudioGraph();
    void audioGraph.resume();
    this.#signaling.userName = name;
    this.#signaling.connect();
    /** @type {Call | undefined} */
    let call;
    try {
      await this.#whenOpen();
      if (place === this.#place) {
        call = this.#newCall({ roomId, audioGraph, talk });
        await call.join({ name, password });
      }
    } catch (error) {
      call?.end();
      if (place === this.#place) this.#onRefused(/** @type {{ code?: string, message: string }} */ (error), password !== '');
    }
    if (place !== this.#place || !call || this.#call !== call) {
      audioGraph.close();
      return;
    }
    this.#setJoining(false);
    this.#enter(call);
  }

  /** @param {{ roomId: string, audioGraph: AudioGraph, talk: import('./talk.js').Talk }} options */
  #newCall(options) {
    const call = new Call({ signaling: this.#signaling, rooms: this.#rooms, ...options });
    const on = (/** @type {string} */ type, /** @type {(detail: any) => void} */ act) =>
      call.addEventListener(type, (event) => call === this.#call && act(/** @type {CustomEvent} */ (event).detail));
    on('change', () => this.#showCall());
    on('came', ({ name }) => say(texts.said.came(name)));
    on('went', ({ name }) => say(texts.said.went(name)));
    on('muted-by', ({ name }) => say(texts.said.mutedBy(name ?? texts.aHost)));
    on('failed', ({ name, reason }) => say(texts.failed(name, reason)));
    on('ended', (end) => this.#onEnded(end));
    this.#call = call;
    return call;
  }

  /** @param {Call} call */
  #enter(call) {
    this.#controls = new Controls({
      call,
      part,
      onLeave: () => this.#onLeave(),
      onPushToTalk: (isOn) => {
        memory.isPushToTalk = isOn;
        input('starts-push-to-talk').checked = isOn;
      },
    });
    this.#askForPassword(false);
    this.#show('live');
    this.#showCall();
    say(texts.said.joined);
    // Who came by a press goes on where the controls are; an address that joined by itself takes no focus from an app.
    if (document.activeElement !== document.body) part('mute').focus();
  }

  #onLeave() {
    this.#leave();
    this.#show('join');
    say(texts.said.left);
    part('enter').focus();
  }

  /** @param {{ code?: string, message: string }} error @param {boolean} hadPassword */
  #onRefused({ code, message }, hadPassword) {
    this.#leave();
    this.#show('join');
    const needsPassword = code === 'wrong-password';
    const key = needsPassword && hadPassword ? 'wrong-password-again' : (code ?? '');
    this.#showTrouble(/** @type {Record<string, string>} */ (texts.refused)[key] ?? message);
    if (needsPassword) this.#askForPassword(true);
  }

  /** @param {{ reason: string, by?: string, message?: string }} end */
  #onEnded({ reason, by, message }) {
    this.#leave();
    this.#show('join');
    const text = /** @type {Record<string, string | ((by: string) => string) | undefined>} */ (texts.ended)[reason];
    this.#showTrouble((typeof text === 'function' ? text(by ?? texts.theOperator) : text) ?? message ?? texts.ended.timeout);
  }

  /** Ends what is under way. @returns {number} the new place */
  #leave() {
    this.#place += 1;
    const call = this.#call;
    this.#call = null;
    this.#controls?.close();
    this.#controls = null;
    call?.end();
    this.#people.show(null);
    this.#setJoining(false);
    return this.#place;
  }

  /** @returns {Promise<void>} rejected where the server refuses this page */
  #whenOpen() {
    if (this.#signaling.state === 'open') return Promise.resolve();
    return new Promise((resolve, reject) => {
      const heard = new AbortController();
      this.#signaling.on('state', ({ state, reason }) => {
        if (state !== 'open' && state !== 'closed') return;
        heard.abort();
        if (state === 'open') resolve();
        else reject({ message: reason ?? '' });
      }, heard);
    });
  }

  /** @param {'choose' | 'join' | 'live'} view */
  #show(view) {
    for (const id of ['choose', 'join', 'live']) part(id).hidden = id !== view;
    this.#showServer();
  }

  #showCall() {
    const call = this.#call;
    if (!call || part('live').hidden) return;
    this.#people.show(call);
    this.#controls?.show();
    part('alone').hidden = call.participants.length !== 1;
    this.#showPresent();
  }

  /** Who is in there, before one is. */
  #showPresent() {
    const listed = this.#rooms.list.find(({ id }) => id === this.#roomId);
    setText(part('present'), this.#signaling.state === 'open' ? texts.present((listed?.participants ?? []).map(({ name }) => name)) : '');
    const [people, capacity] = this.#call ? [this.#call.participants.length, this.#call.capacity] : [listed?.participants.length ?? 0, listed?.capacity ?? 0];
    setText(part('count'), capacity > 0 ? texts.count(people, capacity) : '');
  }

  #showServer() {
    const { state } = this.#signaling;
    const isSlow = state === 'connecting' && performance.now() > CONNECTING_MS;
    const lost = this.#call ? texts.server.reconnecting : texts.server.away;
    const text = state === 'reconnecting' ? lost : isSlow ? texts.server.connecting : '';
    setText(part('server'), text);
    part('server').hidden = text === '';
    this.#showPresent();
  }

  /** @param {string} text empty: none */
  #showTrouble(text) {
    setText(part('trouble-text'), text);
    part('trouble').hidden = text === '';
  }

  /** @param {boolean} isAsked */
  #askForPassword(isAsked) {
    part('password-field').hidden = !isAsked;
    input('password').required = isAsked;
    if (isAsked) input('password').focus();
    else input('password').value = '';
  }

  /** @param {boolean} isJoining */
  #setJoining(isJoining) {
    this.#isJoining = isJoining;
    const button = /** @type {HTMLButtonElement} */ (part('enter'));
    button.setAttribute('aria-busy', String(isJoining));
    setText(button, isJoining ? texts.joining : texts.joinVoice);
  }

  /** What tests and reports look at; see docs/protocol.md, "The page". */
  #handle() {
    const voice = this;
    return {
      signaling: this.#signaling,
      rooms: this.#rooms,
      get connectionManager() {
        return voice.#call?.connectionManager ?? null;
      },
      get rtcManager() {
        return voice.#call?.rtcManager ?? null;
      },
      get audioGraph() {
        return voice.#call?.audioGraph ?? null;
      },
      get hostMix() {
        return voice.#call?.hostMix ?? null;
      },
    };
  }
}

/** @param {string} id */
function part(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/** @param {string} id */
function input(id) {
  return /** @type {HTMLInputElement} */ (document.getElementById(id));
}

/** Says something to screen readers, which see no list change. @param {string} text */
function say(text) {
  part('said').textContent = text;
}

new Voice().start();
