// The line that says that the server's media port can't be reached, and what helps.

import { h, Listeners, setText } from '../dom.js';
import { icon } from '../icons.js';
import { texts } from '../texts.js';

/**
 * @param {import('../media-port.js').MediaPort} mediaPort
 * @returns {import('../types.js').View & {isWanted(wanted: boolean): void}} shown only while it is wanted, and something is known
 */
export function createMediaPortNote(mediaPort) {
  const listeners = new Listeners();
  const text = h('span', {});
  const help = h('details', {}, h('summary', {}, texts.lobby.mediaPortHelp), h('p', {}, texts.lobby.mediaPortHelpText));
  const note = h('div', { class: 'lack media-port', title: texts.lobby.mediaPortHelpText }, icon('warning'), h('div', {}, text, help));
  // What is put into it is read out; so it is there from the start.
  const element = h('div', { class: 'lacks', role: 'status' });
  let isWanted = true;

  const show = () => {
    element.dataset.mediaPort = mediaPort.status;
    setText(text, texts.lobby.mediaPort(mediaPort.port));
    if (!isWanted || mediaPort.status !== 'unreachable') element.replaceChildren();
    else if (!element.contains(note)) element.append(note);
  };
  listeners.on(mediaPort, 'change', show);
  show();
  return {
    element,
    isWanted(wanted) {
      isWanted = wanted;
      show();
    },
    close: () => listeners.close(),
  };
}
