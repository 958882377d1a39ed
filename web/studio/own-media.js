// What a person publishes in one session: microphone and camera, muted and opened, lost and given back. The devices are
// device.js, their transport is the SDK's.

import { CAMERA, Device } from './device.js';
import { texts } from './texts.js';

/** Emits `change` when a device changed, and `notice` {text}. */
export class OwnMedia extends EventTarget {
  #rtcManager;
  #connectionManager;
  #mixer;
  /** Ends with the session. */
  #end = new AbortController();

  /**
   * @param {{
   *   microphone: Device,
   *   rtcManager: import('../sdk/index.js').RTCManager,
   *   connectionManager: import('../sdk/index.js').ConnectionManager,
   *   mixer: import('./mixer.js').Mixer,
   * }} options `microphone` belongs to this from now on
   */
  constructor({ microphone, rtcManager, connectionManager, mixer }) {
    super();
    /** Own microphone. */
    this.microphone = microphone;
    /** Own camera, off until asked for. */
    this.camera = new Device('video', CAMERA);
    this.#rtcManager = rtcManager;
    this.#connectionManager = connectionManager;
    this.#mixer = mixer;
    const { signal } = this.#end;
    this.microphone.addEventListener('change', () => this.#onMicrophone(), { signal });
    this.camera.addEventListener('change', () => this.#onCamera(), { signal });
  }

  /**
   * Says what the connections have to wait for (CM-5), and asks for the microphone.
   * @param {{isListener: boolean, isMuted: boolean}} start
   */
  start({ isListener, isMuted }) {
    this.#connectionManager.setMedia(isListener ? 'none' : 'pending');
    if (isListener) this.microphone.close();
    else void this.#openMicrophone(!isMuted);
  }

  /** Mutes or unmutes the microphone; where there is none, asks for it. */
  toggleMicrophone() {
    if (this.microphone.status === 'on') this.setMicrophone(!this.microphone.isLive);
    else void this.#openMicrophone(true);
  }

  /** @param {boolean} isOn */
  setMicrophone(isOn) {
    this.microphone.setEnabled(isOn);
    this.#rtcManager.setTrackEnabled('microphone', isOn);
  }

  /** Turns the camera on or off. Off gives the device back. */
  toggleCamera() {
    if (this.camera.status === 'asking') return;
    if (this.camera.status === 'on') {
      this.#rtcManager.replaceTrack('camera', null);
      this.camera.close();
    } else void this.#openCamera();
  }

  /** Publishes nothing any more and gives the devices back; they may be asked for again. */
  stop() {
    this.#connectionManager.setMedia('none');
    this.#rtcManager.setLocalStream(null);
    this.microphone.close();
    this.camera.close();
  }

  /** The end: gives the devices back, and takes nothing that comes later. */
  close() {
    this.#end.abort();
    this.microphone.close();
    this.camera.close();
  }

  /** @param {boolean} isOn whether to start unmuted */
  async #openMicrophone(isOn) {
    const isOpen = await this.microphone.open();
    if (this.#end.signal.aborted) return;
    if (isOpen) {
      this.microphone.setEnabled(isOn);
      this.#mixer.setOwn(this.microphone.stream);
      this.#rtcManager.replaceTrack('microphone', this.microphone.track);
    }
    this.#connectionManager.setMedia(isOpen ? 'ready' : 'none');
  }

  async #openCamera() {
    const isOpen = await this.camera.open();
    if (isOpen && !this.#end.signal.aborted) this.#rtcManager.replaceTrack('camera', this.camera.track);
  }

  #onMicrophone() {
    if (this.microphone.status !== 'on') this.#mixer.setOwn(null);
    if (this.microphone.problem === 'lost') this.#rtcManager.replaceTrack('microphone', null);
    this.dispatchEvent(new Event('change'));
  }

  #onCamera() {
    const { problem } = this.camera;
    if (problem === 'lost') this.#rtcManager.replaceTrack('camera', null);
    if (problem !== null) this.dispatchEvent(new CustomEvent('notice', { detail: { text: texts.camera[problem] } }));
    this.dispatchEvent(new Event('change'));
  }
}
