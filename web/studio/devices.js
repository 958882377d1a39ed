// The person's own devices, from the lobby through the call: microphone, camera, speaker, and the settings about them. It
// applies what is chosen, keeps it for the next visit, and says when a device could not be had or went away.

import { Device } from './device.js';
import { DeviceList } from './device-list.js';
import { cameraConstraints, microphoneConstraints } from './media-settings.js';
import { texts } from './texts.js';

/** @typedef {import('./media-settings.js').MediaSettings} MediaSettings */

/**
 * What of the sound this needs: where it comes out. A browser that can't choose has no such method.
 * @typedef {{setOutputDevice?: (deviceId: string) => Promise<void>}} Output
 */

/** Emits `change` (settings, or what is plugged in), and `notice` {text}. */
export class Devices extends EventTarget {
  /** What is plugged in. */
  list = new DeviceList();

  #memory;
  #output;
  /** @type {MediaSettings} */
  #settings;
  /** The speaker that the sound comes out of; '' for the system's default. */
  #speakerId = '';

  /** @param {{memory: import('./memory.js').Memory, output: Output}} options */
  constructor({ memory, output }) {
    super();
    this.#memory = memory;
    this.#output = output;
    const settings = memory.media;
    this.#settings = settings;
    /** Own microphone. */
    this.microphone = new Device('audio', microphoneConstraints(settings), settings.microphoneId);
    /** Own camera, off until asked for. */
    this.camera = new Device('video', cameraConstraints(settings), settings.cameraId);
    this.#listen(this.microphone, 'microphone');
    this.#listen(this.camera, 'camera');
    this.list.addEventListener('change', () => this.#onList());
  }

  /** What is set now. @returns {Readonly<MediaSettings>} */
  get settings() {
    return this.#settings;
  }

  /** Whether the browser lets a page choose where its sound comes out. */
  get canChooseSpeaker() {
    return this.#output.setOutputDevice !== undefined && 'setSinkId' in AudioContext.prototype;
  }

  /** The speaker in use; '' for the system's default. */
  get speakerId() {
    return this.#speakerId;
  }

  /** @param {string} id '' for the system's default */
  async chooseMicrophone(id) {
    if (!(await this.microphone.choose(id))) return this.#changed();
    this.#set({ microphoneId: id });
    if (this.microphone.status === 'failed') await this.microphone.open();
  }

  /** @param {string} id '' for the system's default */
  async chooseCamera(id) {
    if (await this.camera.choose(id)) this.#set({ cameraId: id });
    else this.#changed();
  }

  /** @param {string} id '' for the system's default */
  async chooseSpeaker(id) {
    if (await this.#useSpeaker(id)) this.#set({ speakerId: id });
    else this.#changed();
  }

  /**
   * Sets anything but the choice of devices.
   * @param {Partial<Omit<MediaSettings, 'microphoneId'|'cameraId'|'speakerId'>>} change
   */
  set(change) {
    const before = this.#settings;
    this.#set(change);
    const microphone = microphoneConstraints(this.#settings);
    if (JSON.stringify(microphone) !== JSON.stringify(microphoneConstraints(before))) void this.microphone.retune(microphone);
    if (this.#settings.cameraHeight !== before.cameraHeight) void this.camera.retune(cameraConstraints(this.#settings));
  }

  /** Gives everything back. */
  close() {
    this.list.close();
    this.microphone.close();
    this.camera.close();
  }

  /** @param {Device} device @param {'microphone'|'camera'} kind */
  #listen(device, kind) {
    device.addEventListener('change', () => {
      if (device.status === 'on') void this.list.refresh();
    });
    device.addEventListener('fell-back', (event) => {
      const { lost, now } = /** @type {CustomEvent<{lost: string, now: string}>} */ (event).detail;
      this.#notice(texts.devices.fellBack(lost || texts[kind].one, now || texts.devices.default));
    });
    device.addEventListener('refused', (event) => {
      const { problem, now } = /** @type {CustomEvent<{problem: import('./device.js').DeviceProblem, now: string}>} */ (event).detail;
      const why = kind === 'camera' ? texts.camera.problems[problem] : texts.microphone.problems[problem];
      this.#notice(now === '' ? why : texts.devices.keeps(why, now));
    });
  }

  /** A remembered speaker is used as soon as it is there, and no longer than that. */
  #onList() {
    const speakers = this.list.of('audiooutput');
    const wanted = speakers.some(({ id }) => id === this.#settings.speakerId) ? this.#settings.speakerId : '';
    if (wanted !== this.#speakerId) {
      const hasGone = this.#speakerId !== '' && !speakers.some(({ id }) => id === this.#speakerId);
      if (hasGone) this.#notice(texts.devices.speakerGone);
      void this.#useSpeaker(wanted);
    }
    this.#changed();
  }

  /** @param {string} id @returns {Promise<boolean>} whether the sound comes out there now */
  async #useSpeaker(id) {
    if (!this.canChooseSpeaker) return false;
    const before = this.#speakerId;
    this.#speakerId = id;
    try {
      await this.#output.setOutputDevice?.(id);
      return true;
    } catch (error) {
      console.warn('parlor: the speaker could not be used', error);
      this.#speakerId = before;
      this.#notice(texts.devices.speakerRefused);
      return false;
    }
  }

  /** @param {Partial<MediaSettings>} change */
  #set(change) {
    this.#settings = { ...this.#settings, ...change };
    this.#memory.media = this.#settings;
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }

  /** @param {string} text */
  #notice(text) {
    this.dispatchEvent(new CustomEvent('notice', { detail: { text } }));
  }
}
