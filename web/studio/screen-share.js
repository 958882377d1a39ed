// Sharing a screen, with its sound where the browser gives it: asking which one, having it, ending it by the page or by the
// browser's own "Stop sharing". It knows nothing of connections: own-media.js publishes the tracks.

/** Writing must stay sharp; a film on the screen may move at the rate that it has. */
const PICTURE = { frameRate: { ideal: 15, max: 30 } };
/**
 * A screen's sound is no voice. `restrictOwnAudio` leaves out what this page plays: sent back, everybody would hear
 * themselves (W3C Screen Capture).
 */
const SOUND = { echoCancellation: false, noiseSuppression: false, autoGainControl: false, restrictOwnAudio: true };

/** Emits `change` when sharing began or ended, and `refused` when the browser gives no screen, other than by the person's word. */
export class ScreenShare extends EventTarget {
  /** @type {MediaStream|null} */
  #stream = null;
  #isAsking = false;
  /** Grows with each `stop`, so that a prompt answered later shares nothing. */
  #stops = 0;

  /** Whether this browser can share a screen: telephones can't. */
  static get isSupported() {
    return /** @type {Partial<MediaDevices>|undefined} */ (navigator.mediaDevices)?.getDisplayMedia !== undefined;
  }

  /** Whether a screen is shared. */
  get isOn() {
    return this.#stream !== null;
  }

  /** The picture, while it is shared. @returns {MediaStreamTrack|null} */
  get track() {
    return this.#stream?.getVideoTracks()[0] ?? null;
  }

  /** Its sound, if the browser gave it. @returns {MediaStreamTrack|null} */
  get soundTrack() {
    return this.#stream?.getAudioTracks()[0] ?? null;
  }

  /** Asks which screen, and shares it. Call it from a click. */
  async start() {
    if (this.isOn || this.#isAsking) return;
    this.#isAsking = true;
    const stops = this.#stops;
    try {
      const stream = await navigator.mediaDevices.getDisplayMedia(question());
      if (stops === this.#stops) this.#take(stream);
      else for (const track of stream.getTracks()) track.stop();
    } catch (error) {
      // Who closes the browser's question has answered it.
      const isAnswer = error instanceof Error && ['NotAllowedError', 'AbortError'].includes(error.name);
      if (!isAnswer) this.dispatchEvent(new Event('refused'));
    } finally {
      this.#isAsking = false;
    }
  }

  /** Shares nothing any more. */
  stop() {
    this.#stops += 1;
    if (this.#stream === null) return;
    for (const track of this.#stream.getTracks()) track.stop();
    this.#stream = null;
    this.dispatchEvent(new Event('change'));
  }

  /** @param {MediaStream} stream */
  #take(stream) {
    this.#stream = stream;
    const { track, soundTrack } = this;
    if (track !== null) track.contentHint = 'detail';
    track?.addEventListener('ended', () => this.#stream === stream && this.stop());
    if (hasOwnSound(track, soundTrack)) this.#dropSound();
    else soundTrack?.addEventListener('ended', () => this.#stream === stream && this.#endSound());
    this.dispatchEvent(new Event('change'));
  }

  /** The picture goes on without it. */
  #endSound() {
    this.#dropSound();
    this.dispatchEvent(new Event('change'));
  }

  #dropSound() {
    const { soundTrack } = this;
    if (soundTrack === null) return;
    soundTrack.stop();
    this.#stream?.removeTrack(soundTrack);
  }
}

/** Whether this browser can leave out what this page plays. */
function canRestrict() {
  const known = /** @type {{restrictOwnAudio?: boolean}} */ (navigator.mediaDevices.getSupportedConstraints());
  return known.restrictOwnAudio === true;
}

/** What the browser is asked for; members that it doesn't know it ignores. @returns {DisplayMediaStreamOptions} */
function question() {
  const systemAudio = canRestrict() ? {} : { systemAudio: 'exclude' };
  return { video: PICTURE, audio: SOUND, ...systemAudio };
}

/**
 * Whether the sound is the whole system's, this page's own included. That of a tab or a window is its own.
 * @param {MediaStreamTrack|null} track the picture
 * @param {MediaStreamTrack|null} soundTrack
 */
function hasOwnSound(track, soundTrack) {
  const settings = /** @type {{restrictOwnAudio?: boolean}|undefined} */ (soundTrack?.getSettings());
  const isRestricted = canRestrict() && settings?.restrictOwnAudio !== false;
  return track?.getSettings().displaySurface === 'monitor' && !isRestricted;
}
