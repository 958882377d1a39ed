// The keys of a session: what a press means, and where presses mean nothing (in text fields, with a modifier).

/**
 * @param {{
 *   session: import('./live-session.js').LiveSession,
 *   view: import('./views/session.js').SessionView,
 *   onKeys(): void,
 *   onDevices(): void,
 * }} options
 * @returns {(event: KeyboardEvent) => void} the listener for `keydown`
 */
export function createKeyListener({ session, view, onKeys, onDevices }) {
  return (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target) || document.querySelector('dialog[open]')) return;
    const item = event.target instanceof Element ? event.target.closest('[data-participant-id]') : null;
    if (act(event, item?.getAttribute('data-participant-id') ?? null, event.target === item)) event.preventDefault();
  };

  /**
   * @param {KeyboardEvent} event
   * @param {string|null} id whose strip has the focus in it
   * @param {boolean} isOnStrip whether the strip itself has the focus, not a control in it
   * @returns {boolean} whether the key meant something
   */
  function act(event, id, isOnStrip) {
    const key = event.key.toLowerCase();
    const strip = id === null || id === session.ownId ? null : view.strip(id);
    if (strip !== null) {
      if (key === 'm') return did(strip.toggleMute());
      if (isOnStrip && (key === 'arrowup' || key === 'arrowright')) return did(strip.nudge(1));
      if (isOnStrip && (key === 'arrowdown' || key === 'arrowleft')) return did(strip.nudge(-1));
    }
    if (event.repeat) return false;
    if (key === 'm') return did(session.toggleMicrophone());
    if (key === 'v') return did(session.toggleCamera());
    if (key === 'e' && id !== null) return did(view.enlarge(id));
    if (key === 's') return did(session.toggleScreen());
    if (key === 'd') return did(onDevices());
    if (key === 'escape') return view.makeSmall();
    if (key === 'c') return did(view.toggleChat());
    if (key === '?') return did(onKeys());
    if (/^[1-9]$/.test(key)) return did(view.focusStrip(Number(key)));
    return false;
  }
}

/** @param {void|Promise<void>} _done */
function did(_done) {
  return true;
}

/**
 * Whether keys mean letters or choices there.
 * @param {EventTarget|null} target
 * @returns {boolean}
 */
export function isWriting(target) {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return target.type !== 'range';
  return target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}
