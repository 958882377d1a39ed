// Push to talk: where that mode is on, the microphone is open while Space is held.

/**
 * @param {{session: import('./live-session.js').LiveSession, isWriting: (target: EventTarget|null) => boolean}} options
 *   `isWriting`: whether Space means a space, or a choice, there
 * @returns {{close(): void}}
 */
export function createPushToTalk({ session, isWriting }) {
  const end = new AbortController();
  const { signal } = end;
  let isTalking = false;

  /** @param {boolean} wanted */
  const talk = (wanted) => {
    if (wanted === isTalking) return;
    isTalking = wanted;
    session.talk(wanted);
  };
  /** @param {KeyboardEvent} event */
  const isMeant = (event) => {
    if (event.code !== 'Space' || event.ctrlKey || event.metaKey || event.altKey) return false;
    return session.devices.settings.pushToTalk && !isWriting(event.target) && document.querySelector('dialog[open]') === null;
  };
  window.addEventListener('keydown', (event) => {
    if (!isMeant(event)) return;
    // Not a press of the button that has the focus, which is what Enter is for; not a scroll.
    event.preventDefault();
    talk(true);
  }, { signal });
  window.addEventListener('keyup', (event) => {
    if (event.code !== 'Space' || !isTalking) return;
    event.preventDefault();
    talk(false);
  }, { signal });
  // The key may come up where nobody hears of it.
  window.addEventListener('blur', () => talk(false), { signal });
  return {
    close() {
      end.abort();
      talk(false);
    },
  };
}
