// The block about one's own devices: microphone, camera and speaker to choose, level and picture beside them, and the switches.
// It stands in the lobby, and in a dialog during a call.

import { h, Listeners, setText } from '../dom.js';
import { CAMERA_HEIGHTS } from '../media-settings.js';
import { playTestTone } from '../test-tone.js';
import { texts } from '../texts.js';
import { createCameraPreview } from './camera-preview.js';
import { createDeviceChoice } from './device-choice.js';
import { openDialog } from './dialogs.js';
import { createMediaSwitches } from './media-switches.js';

/**
 * @typedef {object} DevicesOptions
 * @property {import('../devices.js').Devices} devices
 * @property {import('../meter.js').MeterBank} meters
 * @property {() => import('../meter.js').Level|null} level of one's own microphone
 * @property {() => boolean} isListener
 * @property {() => string} microphoneNote what is to be said about the microphone
 * @property {() => void} onCamera turns it on or off
 */

/**
 * @param {DevicesOptions & {id: string, isFolded?: boolean}} options `id`: what the ids of its elements begin with;
 *   `isFolded`: what few people need is folded away
 * @returns {import('../types.js').View & {show(): void}}
 */
export function createDevices({ id, isFolded = false, devices, meters, level, isListener, microphoneNote, onCamera }) {
  const listeners = new Listeners();
  const { microphone, camera } = devices;
  const meter = meters.add(texts.lobby.level, level);
  const note = h('p', { class: 'field-note', role: 'status' });
  const microphoneChoice = createDeviceChoice({
    kind: 'audioinput',
    id: `${id}-microphone`,
    label: texts.devices.microphone,
    shape: 'microphone',
    devices,
    device: microphone,
    chosen: () => devices.settings.microphoneId,
    onChoose: (deviceId) => devices.chooseMicrophone(deviceId),
  });
  const cameraChoice = createDeviceChoice({
    kind: 'videoinput',
    id: `${id}-camera`,
    label: texts.devices.camera,
    shape: 'camera',
    devices,
    device: camera,
    chosen: () => devices.settings.cameraId,
    onChoose: (deviceId) => devices.chooseCamera(deviceId),
  });
  const speakerChoice = createDeviceChoice({
    kind: 'audiooutput',
    id: `${id}-speaker`,
    label: texts.devices.speaker,
    shape: 'speaker',
    devices,
    chosen: () => devices.speakerId,
    onChoose: (deviceId) => devices.chooseSpeaker(deviceId),
  });
  const preview = createCameraPreview({ camera, isListener, onToggle: onCamera });
  const size = createSizeChoice({ id: `${id}-size`, devices });
  const tone = createToneButton(() => devices.speakerId);
  const switches = createMediaSwitches({ devices, id });
  const element = h(
    'div',
    { class: 'devices' },
    h('div', { class: 'device-group' }, microphoneChoice.element, meter.element, note),
    h('div', { class: 'device-group' }, cameraChoice.element, preview.element),
    h('div', { class: 'device-group' }, speakerChoice.element, tone),
    h('details', { class: 'device-more', open: !isFolded }, h('summary', {}, texts.devices.more), size.element, switches.element),
  );

  const show = () => {
    microphoneChoice.show();
    cameraChoice.show();
    speakerChoice.show();
    if (!devices.canChooseSpeaker) speakerChoice.element.hidden = true;
    microphoneChoice.select.disabled = isListener();
    cameraChoice.select.disabled = isListener();
    setText(note, microphoneNote());
    note.classList.toggle('fault', microphone.problem !== null && !isListener());
    size.show();
    preview.show();
    switches.show();
  };
  listeners.on(devices, 'change', show);
  listeners.on(microphone, 'change', show);
  listeners.on(camera, 'change', show);
  show();
  return {
    element,
    show,
    close() {
      listeners.close();
      meter.close();
      preview.close();
    },
  };
}

/** Shows the block in a dialog. @param {DevicesOptions} options */
export function showDevices(options) {
  const view = createDevices({ ...options, id: 'call' });
  openDialog(texts.devices.heading, [view.element], { isWide: true, onClose: () => view.close() });
}

/** @param {{id: string, devices: import('../devices.js').Devices}} options */
function createSizeChoice({ id, devices }) {
  const select = h('select', { id, onchange: () => devices.set({ cameraHeight: Number(select.value) }) });
  for (const height of CAMERA_HEIGHTS) select.append(h('option', { value: height }, texts.devices.sizes[height]));
  const element = h('div', { class: 'field' }, h('label', { for: id }, texts.devices.size), select);
  return {
    element,
    show() {
      select.value = String(devices.settings.cameraHeight);
    },
  };
}

/** @param {() => string} speakerId @returns {HTMLElement} */
function createToneButton(speakerId) {
  const word = h('span', { 'aria-live': 'polite' }, texts.devices.testSpeaker);
  const button = h('button', { type: 'button', class: 'button small' }, word);
  button.addEventListener('click', async () => {
    button.disabled = true;
    setText(word, texts.devices.testing);
    try {
      await playTestTone(speakerId());
      setText(word, texts.devices.testSpeaker);
    } catch (error) {
      console.warn('parlor: no test tone', error);
      setText(word, texts.devices.testFailed);
    } finally {
      button.disabled = false;
    }
  });
  return button;
}
