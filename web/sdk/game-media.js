/**
 * A player's own camera and microphone: asked for, muted, switched, unplugged, given back. What is asked for while an earlier
 * question is open waits for its answer; `stop` waits for nothing, and what is granted after it is given back at once.
 */

import { DeviceError } from './game-errors.js';

/** @typedef {'audio' | 'video'} Kind */

/** No picture is larger (GP-5). */
const WIDTH_MAX = 3_840;
const HEIGHT_MAX = 2_160;

/**
 * @typedef {object} PictureSize
 * @property {number} [width] at most 3840; a camera that can't do as much gives what it can
 * @property {number} [height] at most 2160
 * @property {number} [frameRate]
 */

/** @typedef {Pick<MediaDevices, 'getUserMedia' | 'enumerateDevices' | 'addEventListener' | 'removeEventListener'>} Devices */

/**
 * @param {PictureSize} [size]
 * @returns {MediaTrackConstraints}
 */
export function cameraConstraints({ width = 1_280, height = 720, frameRate = 30 } = {}) {
  return {
    width: { ideal: Math.min(width, WIDTH_MAX), max: WIDTH_MAX },
    height: { ideal: Math.min(height, HEIGHT_MAX), max: HEIGHT_MAX },
    frameRate: { ideal: frameRate },
  };
}

export class GameMedia {
  /** The picture and sound that one sends; null: none. While it is there its tracks may change. @type {MediaStream | null} */
  stream = null;
  /** Whether the picture is to be seen, also of a camera that is yet to be opened. */
  isVideoEnabled = true;
  isAudioMuted = false;
  /** Null: the system's choice. @type {Record<Kind, string | null>} */
  selected = { audio: null, video: null };
  /** Cameras and microphones. @type {readonly MediaDeviceInfo[]} */
  devices = Object.freeze([]);
  #mediaDevices;
  #video;
  #listener;
  /** Grows when all is stopped: what was asked for before counts no more. */
  #epoch = 0;
  #isClosed = false;
  /** @type {Promise<unknown>} */
  #before = Promise.resolve();
  #onDeviceChange = () => void this.refreshDevices();

  /**
   * @param {object} options
   * @param {Devices | undefined} options.mediaDevices
   * @param {PictureSize} [options.video]
   * @param {{ changed: () => void, track: (kind: Kind, track: MediaStreamTrack | null) => void }} options.listener
   */
  constructor({ mediaDevices, video, listener }) {
    this.#mediaDevices = mediaDevices;
    this.#video = cameraConstraints(video);
    this.#listener = listener;
    mediaDevices?.addEventListener('devicechange', this.#onDeviceChange);
  }

  /** @param {Kind} kind @returns {MediaStreamTrack | null} */
  track(kind) {
    return this.stream?.getTracks().find((one) => one.kind === kind) ?? null;
  }

  /**
   * Opens what is asked for and not yet open. With both asked for and one to be had, that one is enough.
   * @param {{ audio: boolean, video: boolean }} wish
   * @returns {Promise<void>} rejected with a `DeviceError` if nothing can be had
   */
  async start({ audio, video }) {
    if (!audio && !video) throw new DeviceError('nothing-asked');
    await this.#next(async (isCurrent) => {
      const kinds = /** @type {Kind[]} */ (['audio', 'video']).filter((kind) => (kind === 'audio' ? audio : video) && !this.track(kind));
      if (kinds.length === 0) return;
      const tracks = await this.#askForSome(kinds);
      if (!isCurrent()) return stopAll(tracks);
      for (const track of tracks) this.#put(track);
      // Now they have names. Nothing waits for that: Firefox tells a page in the background only when it is shown again.
      void this.refreshDevices();
    });
  }

  /** Gives camera and microphone back, at once. */
  stop() {
    this.#epoch += 1;
    for (const track of this.stream?.getTracks() ?? []) this.#remove(track);
  }

  /** @param {boolean} isEnabled */
  setVideoEnabled(isEnabled) {
    this.isVideoEnabled = isEnabled;
    this.#applyEnabled();
  }

  /** @param {boolean} isMuted */
  setAudioMuted(isMuted) {
    this.isAudioMuted = isMuted;
    this.#applyEnabled();
  }

  /**
   * Chooses a camera or microphone; an open one gives way to it, without a new negotiation.
   * @param {Kind} kind
   * @param {string} deviceId
   * @returns {Promise<void>} rejected with a `DeviceError`: all is as before
   */
  async select(kind, deviceId) {
    await this.#next(async (isCurrent) => {
      const isThere = () => this.devices.some((device) => device.deviceId === deviceId && device.kind === `${kind}input`);
      if (!isThere()) await this.refreshDevices();
      if (!isThere()) throw new DeviceError('unknown-device');
      const before = this.track(kind);
      const selectedBefore = this.selected[kind];
      if (!isCurrent()) return;
      if (before) {
        const track = await this.#switch(kind, deviceId, before, isCurrent);
        if (!isCurrent()) return stopAll([track]);
        this.#put(track);
      }
      if (this.selected[kind] === selectedBefore) this.selected[kind] = deviceId;
      this.#listener.changed();
    });
  }

  /** Looks again which devices there are. */
  async refreshDevices() {
    const found = await this.#mediaDevices?.enumerateDevices().catch(() => []);
    if (this.#isClosed) return;
    const usable = (found ?? []).filter(({ kind, deviceId }) => (kind === 'videoinput' || kind === 'audioinput') && deviceId !== '');
    // The same list stays the same object.
    const isSame = usable.length === this.devices.length
      && usable.every((one, place) => one.deviceId === this.devices[place]?.deviceId && one.label === this.devices[place]?.label);
    if (isSame) return;
    this.devices = Object.freeze(usable);
    this.#listener.changed();
  }

  close() {
    this.stop();
    this.#isClosed = true;
    this.#mediaDevices?.removeEventListener('devicechange', this.#onDeviceChange);
  }

  /**
   * @param {Kind} kind
   * @param {string} deviceId
   * @param {MediaStreamTrack} before
   * @param {() => boolean} isCurrent
   * @returns {Promise<MediaStreamTrack>}
   */
  async #switch(kind, deviceId, before, isCurrent) {
    try {
      return await this.#ask(kind, deviceId);
    } catch (error) {
      if (DeviceError.of(error).code !== 'busy' || !isCurrent()) throw error;
    }
    // Some systems open one camera at a time: the first is given back for the second, and asked for again if that fails.
    before.stop();
    try {
      return await this.#ask(kind, deviceId);
    } catch (error) {
      const again = await this.#ask(kind, before.getSettings().deviceId).catch(() => null);
      if (again && isCurrent()) this.#put(again);
      else if (again) again.stop();
      else this.#remove(before);
      throw error;
    }
  }

  /**
   * @param {Kind[]} kinds
   * @returns {Promise<MediaStreamTrack[]>} at least one
   */
  async #askForSome(kinds) {
    const wish = (/** @type {Kind} */ kind) => ({ [kind]: this.#constraints(kind, this.#selectedIfThere(kind)) });
    try {
      return (await this.#getUserMedia(Object.assign({}, ...kinds.map(wish)))).getTracks();
    } catch (error) {
      const [first, second] = kinds;
      if (!first || !second) throw error;
      const tracks = [];
      for (const kind of [first, second]) tracks.push(...(await this.#getUserMedia(wish(kind)).then((stream) => stream.getTracks(), () => [])));
      if (tracks.length === 0) throw error;
      return tracks;
    }
  }

  /** @param {Kind} kind */
  #selectedIfThere(kind) {
    const id = this.selected[kind];
    return id !== null && this.devices.some(({ deviceId }) => deviceId === id) ? id : undefined;
  }

  /**
   * @param {Kind} kind
   * @param {string | undefined} deviceId
   * @returns {Promise<MediaStreamTrack>}
   */
  async #ask(kind, deviceId) {
    const [track] = (await this.#getUserMedia({ [kind]: this.#constraints(kind, deviceId) })).getTracks();
    if (!track) throw new DeviceError('missing');
    return track;
  }

  /**
   * @param {Kind} kind
   * @param {string | undefined} deviceId
   * @returns {MediaTrackConstraints}
   */
  #constraints(kind, deviceId) {
    const constraints = kind === 'video' ? this.#video : { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
    return deviceId === undefined ? constraints : { ...constraints, deviceId: { exact: deviceId } };
  }

  /** @param {MediaStreamConstraints} constraints */
  async #getUserMedia(constraints) {
    if (!this.#mediaDevices) throw new DeviceError(globalThis.isSecureContext === false ? 'insecure' : 'unsupported');
    try {
      return await this.#mediaDevices.getUserMedia(constraints);
    } catch (error) {
      throw DeviceError.of(error);
    }
  }

  /** Puts a track in the place of the one of its kind, which is stopped. @param {MediaStreamTrack} track */
  #put(track) {
    const kind = /** @type {Kind} */ (track.kind);
    const before = this.track(kind);
    this.stream ??= new MediaStream();
    if (before) {
      this.stream.removeTrack(before);
      before.stop();
    }
    this.stream.addTrack(track);
    const { deviceId } = track.getSettings();
    if (deviceId !== undefined) this.selected[kind] = deviceId;
    track.addEventListener('ended', () => void this.#onEnded(track), { once: true });
    this.#listener.track(kind, track);
    this.#applyEnabled();
  }

  /** @param {MediaStreamTrack} track */
  #remove(track) {
    track.stop();
    this.stream?.removeTrack(track);
    if (this.stream?.getTracks().length === 0) this.stream = null;
    this.#listener.track(/** @type {Kind} */ (track.kind), null);
    this.#listener.changed();
  }

  /** Unplugged: the system's next one takes its place, if there is one. @param {MediaStreamTrack} track */
  async #onEnded(track) {
    const kind = /** @type {Kind} */ (track.kind);
    if (this.track(kind) !== track) return;
    await this.#next(async (isCurrent) => {
      if (this.track(kind) !== track) return;
      const next = await this.#ask(kind, undefined).catch(() => null);
      if (!isCurrent()) return stopAll(next ? [next] : []);
      if (next) this.#put(next);
      else this.#remove(track);
    });
  }

  #applyEnabled() {
    for (const track of this.stream?.getTracks() ?? []) {
      track.enabled = track.kind === 'video' ? this.isVideoEnabled : !this.isAudioMuted;
    }
    this.#listener.changed();
  }

  /**
   * Runs after what was asked for before, unless all is stopped first.
   * @param {(isCurrent: () => boolean) => Promise<void>} work
   * @returns {Promise<void>}
   */
  #next(work) {
    const epoch = this.#epoch;
    const isCurrent = () => epoch === this.#epoch && !this.#isClosed;
    const done = this.#before.then(() => (isCurrent() ? work(isCurrent) : undefined));
    this.#before = done.catch(() => {});
    return done;
  }
}

/** @param {MediaStreamTrack[]} tracks */
function stopAll(tracks) {
  for (const track of tracks) track.stop();
}
