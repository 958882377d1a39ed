// One's own camera before the others see it, or beside what they see: its picture, mirrored, and the size that it really
// gives.

import { h, Listeners, setAttribute, setText } from '../dom.js';
import { icon } from '../icons.js';
import { texts } from '../texts.js';

/**
 * @param {{camera: import('../device.js').Device, isListener: () => boolean, onToggle(): void}} options
 * @returns {import('../types.js').View & {show(): void}}
 */
export function createCameraPreview({ camera, isListener, onToggle }) {
  const listeners = new Listeners();
  const picture = h('video', { class: 'picture mirrored', autoplay: true, playsinline: true, 'aria-label': texts.devices.preview, hidden: true });
  picture.muted = true;
  const note = h('p', { class: 'preview-note' });
  const word = h('span', {});
  const toggle = h('button', { type: 'button', class: 'button small preview-toggle', onclick: onToggle }, icon('camera'), word);
  const size = h('span', { class: 'preview-size' });
  const element = h('div', { class: 'preview' }, picture, note, size, toggle);

  const show = () => {
    const { stream, status, problem } = camera;
    if (picture.srcObject !== stream) picture.srcObject = stream;
    picture.hidden = stream === null;
    note.hidden = stream !== null;
    setText(note, noteText(status, problem, isListener()));
    note.classList.toggle('fault', problem !== null);
    setText(word, stream === null ? texts.session.cameraOn : texts.session.cameraOff);
    toggle.disabled = isListener() || status === 'asking';
    setAttribute(toggle, 'title', isListener() ? texts.camera.listener : null);
    showSize();
  };
  const showSize = () => {
    setText(size, picture.videoWidth > 0 && camera.stream !== null ? texts.camera.gives(picture.videoWidth, picture.videoHeight) : '');
  };
  listeners.on(camera, 'change', show);
  for (const type of ['loadedmetadata', 'resize']) listeners.on(picture, type, showSize);
  show();
  return {
    element,
    show,
    close() {
      listeners.close();
      picture.srcObject = null;
    },
  };
}

/** @param {string} status @param {import('../device.js').DeviceProblem|null} problem @param {boolean} isListener */
function noteText(status, problem, isListener) {
  if (isListener) return texts.camera.listener;
  if (problem !== null) return texts.camera.problems[problem];
  return status === 'asking' ? texts.camera.asking : texts.camera.off;
}
