// What a person publishes in one session: microphone, camera and screen, muted and opened, changed, lost and given back. The
// devices are devices.js and screen-share.js, their transport is the SDK's.

import { audioProfile } from './media-settings.js';
import { ScreenShare } from './screen-share.js';
import { texts } from './texts.js';

/** Emits `change` when a device changed, and `notice` {text}. */
export class OwnMedia extends EventTarget {
  /** Own screen, not shared until asked for. */
  screen = new ScreenShare();

  #devices;
  #rtcManager;
  #connectionManager;
  #mixer;
  /** What the mixer measures. @type {MediaStream|null} */
  #measured = null;
  /** The profile that is in force, as text. */
  #profile = '';
  #isPushToTalk = false;
  /** Ends with the session. */
  #end = new AbortController();

  /**
   * @param {{
   *   devices: import('./devices.js').Devices,
   *   rtcManager: import('../sdk/index.js').RTCManager,
   *   connectionManager: import('../sdk/index.js').ConnectionManager,
   *   mixer: import('./mixer.js').Mixer,
   * }} options `devices` belongs to this from now on
   */
  constructor({ devices, rtcManager, connectionManager, mixer }) {
    super();
    this.#devices = devices;
    /** Own microphone. */
    this.microphone = devices.microphone;
    /** Own camera, off until asked for. */
    this.camera = devices.camera;
    this.#rtcManager = rtcManager;
    this.#connectionManager = connectionManager;
    this.#mixer = mixer;
    const { signal } = this.#end;
    this.microphone.addEventListener('change', () => this.#onMicrophone(), { signal });
    this.camera.addEventListener('change', () => this.#onCamera(), { signal });
    this.screen.addEventListener('change', () => this.#onScreen(), { signal });
    this.screen.addEventListener('refused', () => this.#notice(texts.screen.refused), { signal });
    devices.addEventListener('change', () => this.#onSettings(), { signal });
  }

  /**
   * Says what the connections have to wait for (CM-5), and asks for the microphone. A camera that is on is published.
   * @param {{isListener: boolean, isMuted: boolean}} start
   */
  start({ isListener, isMuted }) {
    this.#connectionManager.setMedia(isListener ? 'none' : 'pending');
    this.#onSettings();
    if (isListener) {
      this.microphone.close();
      this.camera.close();
      return;
    }
    this.#publish('camera', this.camera.track);
    const startsMuted = isMuted || this.#devices.settings.pushToTalk;
    if (this.microphone.status === 'on') {
      this.microphone.setEnabled(!startsMuted);
      this.#onMicrophone();
    }
    void this.#openMicrophone(startsMuted);
  }

  /** Mutes or unmutes the microphone; where there is none, asks for it. */
  toggleMicrophone() {
    if (this.microphone.status === 'on') this.setMicrophone(!this.microphone.isLive);
    else void this.#openMicrophone(false);
  }

  /** Push to talk: open while a person holds the key, also if the prompt is answered meanwhile or later. @param {boolean} isTalking */
  talk(isTalking) {
    const { status } = this.microphone;
    if (status === 'on' || !isTalking) this.setMicrophone(isTalking);
    else void this.#openMicrophone(false);
  }

  /** Mutes or unmutes it; while there is none, the one to come. @param {boolean} isOn */
  setMicrophone(isOn) {
    this.microphone.setEnabled(isOn);
    this.#rtcManager.setTrackEnabled('microphone', isOn);
  }

  /** Turns the camera on or off. Off gives the device back. */
  toggleCamera() {
    if (this.camera.status === 'asking') return;
    if (this.camera.status === 'on') this.camera.close();
    else void this.camera.open();
  }

  /** Shares a screen, or shares none any more. */
  toggleScreen() {
    if (this.screen.isOn) this.screen.stop();
    else void this.screen.start();
  }

  /** Publishes nothing any more and gives the devices back; they may be asked for again. */
  stop() {
    this.#connectionManager.setMedia('none');
    this.#rtcManager.setLocalStream(null);
    this.microphone.close();
    this.camera.close();
    this.screen.stop();
  }

  /** The end: gives the devices back, and takes nothing that comes later. */
  close() {
    this.#end.abort();
    this.#devices.close();
    this.screen.stop();
  }

  /** @param {boolean} isMuted whether it starts muted */
  async #openMicrophone(isMuted) {
    const isOpen = await this.microphone.open({ isMuted });
    if (!this.#end.signal.aborted) this.#connectionManager.setMedia(isOpen ? 'ready' : 'none');
  }

  #onMicrophone() {
    const { status, stream, track } = this.microphone;
    // While it is asked for again, what was published stays: another track in its place costs no negotiation.
    if (status !== 'asking') this.#publish('microphone', track);
    if (stream !== this.#measured) {
      this.#measured = stream;
      this.#mixer.setOwn(stream);
    }
    this.dispatchEvent(new Event('change'));
  }

  #onCamera() {
    const { status, problem, track } = this.camera;
    if (status !== 'asking') this.#publish('camera', track);
    if (problem !== null) this.#notice(texts.camera.problems[problem]);
    this.dispatchEvent(new Event('change'));
  }

  #onScreen() {
    this.#publish('screen', this.screen.track);
    this.#publish('screen-audio', this.screen.soundTrack);
    this.dispatchEvent(new Event('change'));
  }

  #onSettings() {
    const { pushToTalk } = this.#devices.settings;
    // Whoever turns it on is silent until Space is held.
    if (pushToTalk && !this.#isPushToTalk) this.setMicrophone(false);
    this.#isPushToTalk = pushToTalk;
    const profile = audioProfile(this.#devices.settings);
    const text = JSON.stringify(profile);
    if (text !== this.#profile) this.#rtcManager.setAudioProfile(profile);
    this.#profile = text;
    this.dispatchEvent(new Event('change'));
  }

  /** @param {import('../sdk/messages.d.ts').Source} source @param {MediaStreamTrack|null} track */
  #publish(source, track) {
    if (this.#rtcManager.localTrack(source) !== (track ?? undefined)) this.#rtcManager.replaceTrack(source, track);
  }

  /** @param {string} text */
  #notice(text) {
    this.dispatchEvent(new CustomEvent('notice', { detail: { text } }));
  }
}
