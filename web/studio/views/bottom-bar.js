// The bar under a session, in reach of a thumb: own microphone, camera and screen, devices, chat, rooms, keys, End Session.
// What a role or a browser doesn't have is there too, off, with the reason.

import { h, Listeners, setAttribute, setText } from '../dom.js';
import { icon } from '../icons.js';
import { ScreenShare } from '../screen-share.js';
import { texts } from '../texts.js';

/** @typedef {'chat'|'rooms'} Panel */

/**
 * @param {{
 *   session: import('../live-session.js').LiveSession,
 *   onPanel(panel: Panel): void,
 *   onKeys(): void,
 *   onDevices(): void,
 *   onEnd(): void,
 * }} options
 * @returns {import('../types.js').View & {showPanel(open: Panel|null): void}}
 */
export function createBottomBar({ session, onPanel, onKeys, onDevices, onEnd }) {
  const listeners = new Listeners();
  const microphone = createTool('microphone', texts.session.mute, () => session.toggleMicrophone());
  const camera = createTool('camera', texts.session.camera, () => session.toggleCamera());
  const share = createTool('screen', texts.session.share, () => session.toggleScreen());
  const devices = createTool('devices', texts.session.devices, onDevices);
  setAttribute(devices.button, 'aria-haspopup', 'dialog');
  const chat = createTool('chat', texts.session.chat, () => onPanel('chat'));
  const rooms = createTool('rooms', texts.session.rooms, () => onPanel('rooms'));
  const keys = createTool('keys', texts.session.keys, onKeys);
  keys.button.classList.add('wide-only');
  const unread = h('span', { class: 'unread', hidden: true, 'aria-hidden': 'true' });
  chat.button.append(unread);
  const end = h('button', { type: 'button', class: 'button end', onclick: onEnd }, icon('leave'), h('span', {}, texts.session.end));
  const element = h(
    'footer',
    { class: 'bottom-bar' },
    h('div', { class: 'tools' }, microphone.button, camera.button, share.button, devices.button, chat.button, rooms.button, keys.button),
    end,
  );

  const show = () => {
    const isListener = session.you?.role === 'listener';
    const isOn = session.microphone.isLive;
    if (isOn) microphone.show('microphone', texts.session.muteMicrophone, texts.session.mute);
    else microphone.show('microphoneOff', texts.session.unmuteMicrophone, texts.session.unmute);
    microphone.bar(isListener ? texts.microphone.listener : null, session.microphone.status === 'asking');
    microphone.button.classList.toggle('is-off', !isOn && !isListener);
    const hasPicture = session.camera.isLive;
    if (hasPicture) camera.show('camera', texts.session.cameraOff, texts.session.camera);
    else camera.show('cameraOff', texts.session.cameraOn, texts.session.camera);
    camera.bar(isListener ? texts.camera.listener : null, session.camera.status === 'asking');
    share.show('screen', session.screen.isOn ? texts.session.stopSharing : texts.session.shareScreen, texts.session.share);
    share.bar(isListener ? texts.screen.listener : ScreenShare.isSupported ? null : texts.screen.unsupported);
    share.button.classList.toggle('is-on', session.screen.isOn);
  };
  const showUnread = () => {
    const count = session.chat.unread;
    unread.hidden = count === 0;
    setText(unread, count > 99 ? '99+' : String(count));
    setAttribute(chat.button, 'aria-label', count === 0 ? texts.session.chat : `${texts.session.chat}, ${texts.chat.unread(count)}`);
  };
  listeners.on(session, 'change', show);
  listeners.on(session.microphone, 'change', show);
  listeners.on(session.camera, 'change', show);
  listeners.on(session.screen, 'change', show);
  listeners.on(session.chat, 'unread', showUnread);
  show();
  showUnread();
  return {
    element,
    showPanel(open) {
      setAttribute(chat.button, 'aria-expanded', String(open === 'chat'));
      setAttribute(rooms.button, 'aria-expanded', String(open === 'rooms'));
    },
    close: () => listeners.close(),
  };
}

/**
 * A button of icon and word. The accessible name says what a press does; the word below the icon is a part of it (WCAG
 * 2.5.3), so that who speaks to the computer can say what is seen.
 * @param {import('../icons.js').IconName} shape
 * @param {string} word
 * @param {() => void} onPress
 */
function createTool(shape, word, onPress) {
  let shown = shape;
  const wordBelow = h('span', { class: 'tool-word', 'aria-hidden': 'true' }, word);
  const button = h('button', { type: 'button', class: 'tool', 'aria-label': word, onclick: onPress }, icon(shape), wordBelow);
  return {
    button,
    /** @param {import('../icons.js').IconName} newShape @param {string} label @param {string} newWord */
    show(newShape, label, newWord) {
      setText(wordBelow, newWord);
      setAttribute(button, 'aria-label', label);
      button.title = label;
      if (newShape === shown) return;
      shown = newShape;
      button.querySelector('svg')?.replaceWith(icon(newShape));
    },
    /** @param {string|null} reason why it can't be pressed, for a while or at all @param {boolean} [isBusy] not just now */
    bar(reason, isBusy = false) {
      button.disabled = reason !== null || isBusy;
      button.title = reason ?? button.getAttribute('aria-label') ?? word;
    },
  };
}
