// The controls of a call: mute, deafen, push to talk, leave; the keys M, D, and Space held; what the own microphone does.

import { setText } from './people.js';
import { texts } from './texts.js';

/** @typedef {import('./call.js').Call} Call */
/** @typedef {'own' | 'listen' | 'talk' | 'mute' | 'deafen' | 'push-to-talk' | 'leave'} Part */

/** So long the sound may take to start before it counts as held back, in ms. */
const STARTING_MS = 1_500;

export class Controls {
  #parts;
  #call;
  #onPushToTalk;
  #end = new AbortController();

  /**
   * @param {{
   *   call: Call,
   *   part: (id: Part) => HTMLElement,
   *   onLeave: () => void,
   *   onPushToTalk: (isOn: boolean) => void,
   * }} options
   */
  constructor({ call, part, onLeave, onPushToTalk }) {
    this.#call = call;
    this.#parts = part;
    this.#onPushToTalk = onPushToTalk;
    const { signal } = this.#end;
    const press = (/** @type {Part} */ id, /** @type {() => void} */ act) => part(id).addEventListener('click', act, { signal });
    press('mute', () => call.toggleMute());
    press('deafen', () => call.toggleDeafen());
    press('push-to-talk', () => this.#togglePushToTalk());
    press('leave', onLeave);
    press('listen', () => void call.audioGraph.resume().then(() => this.show()));
    this.#listenToHold();
    this.#listenToKeys();
    // Without a click before, browsers may hold all sound back.
    const startedAt_ms = performance.now();
    const look = setInterval(() => {
      part('listen').hidden = call.audioGraph.isRunning || performance.now() - startedAt_ms < STARTING_MS;
    }, 500);
    signal.addEventListener('abort', () => clearInterval(look));
    this.show();
  }

  show() {
    const { talk, isListener, isHeard, microphone } = this.#call;
    const isSilent = talk.isMuted || talk.isDeafened || microphone.track === null;
    const [mute, deafen, hold] = [this.#parts('mute'), this.#parts('deafen'), this.#parts('talk')];
    name(mute, isSilent ? texts.unmute : texts.mute, isSilent ? texts.unmuteName : texts.muteName, isSilent ? 'microphone-off' : 'microphone');
    name(deafen, talk.isDeafened ? texts.undeafen : texts.deafen, talk.isDeafened ? texts.undeafen : texts.deafen, talk.isDeafened ? 'ears-off' : 'ears');
    mute.classList.toggle('is-off', isSilent);
    deafen.classList.toggle('is-off', talk.isDeafened);
    /** @type {HTMLButtonElement} */ (mute).disabled = isListener;
    this.#parts('push-to-talk').setAttribute('aria-pressed', String(talk.isPushToTalk));
    hold.hidden = !talk.isPushToTalk || isListener;
    /** @type {HTMLButtonElement} */ (hold).disabled = isSilent;
    hold.setAttribute('aria-pressed', String(talk.isTalking));
    hold.classList.toggle('is-talking', isHeard);
    const own = this.#parts('own');
    setText(own, this.#ownText());
    own.classList.toggle('fault', microphone.problem !== null && !isListener);
  }

  close() {
    this.#end.abort();
    this.#call.hold(false);
  }

  #ownText() {
    const { talk, isListener, microphone } = this.#call;
    if (isListener) return texts.own.listener;
    if (talk.isDeafened) return texts.own.deafened;
    if (microphone.isAsking) return texts.own.asking;
    if (microphone.problem === 'denied' && window.top !== window) return texts.microphone.embedded;
    if (microphone.problem !== null) return texts.microphone[microphone.problem];
    if (talk.isMuted || !microphone.track) return texts.own.muted;
    return talk.isPushToTalk && !talk.isTalking ? texts.own.hold : texts.own.on;
  }

  #togglePushToTalk() {
    const isOn = !this.#call.talk.isPushToTalk;
    this.#call.setPushToTalk(isOn);
    this.#onPushToTalk(isOn);
  }

  #listenToHold() {
    const { signal } = this.#end;
    const button = this.#parts('talk');
    button.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      button.setPointerCapture(event.pointerId);
      this.#call.hold(true);
    }, { signal });
    for (const type of ['pointerup', 'pointercancel', 'lostpointercapture']) {
      button.addEventListener(type, () => this.#call.hold(false), { signal });
    }
    // A press without a pointer, by Enter or by a screen reader, can't be held: it opens, the next one shuts.
    button.addEventListener('click', (event) => {
      if (event.detail === 0) this.#call.hold(!this.#call.talk.isTalking);
    }, { signal });
    button.addEventListener('contextmenu', (event) => event.preventDefault(), { signal });
  }

  #listenToKeys() {
    const { signal } = this.#end;
    let isHeld = false;
    const hold = (/** @type {boolean} */ isDown) => {
      isHeld = isDown;
      this.#call.hold(isDown);
    };
    window.addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target)) return;
      if (event.code === 'Space' && this.#call.talk.isPushToTalk) {
        // Not a press of the button that has the focus, which is what Enter is for; not a scroll.
        event.preventDefault();
        hold(true);
      } else if (!event.repeat && event.key.toLowerCase() === 'm') this.#call.toggleMute();
      else if (!event.repeat && event.key.toLowerCase() === 'd') this.#call.toggleDeafen();
    }, { signal });
    window.addEventListener('keyup', (event) => {
      if (event.code !== 'Space' || !isHeld) return;
      event.preventDefault();
      hold(false);
    }, { signal });
    // The key may come up where nobody hears of it.
    window.addEventListener('blur', () => hold(false), { signal });
  }
}

/**
 * @param {HTMLElement} button
 * @param {string} word shown
 * @param {string} label
 * @param {string} icon
 */
function name(button, word, label, icon) {
  setText(/** @type {Element} */ (button.querySelector('span')), word);
  button.setAttribute('aria-label', label);
  button.querySelector('use')?.setAttribute('href', `#icon-${icon}`);
}

/** Whether keys mean letters there. @param {EventTarget | null} target */
function isWriting(target) {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement || (target instanceof HTMLElement && target.isContentEditable);
}
