/** The sound of a MediaStream on its way into the audio graph, from its beginning to its end. */

/** When one stream takes over from another: how long the new one may take to begin, and how long both are heard. */
const WARM_UP_S = 0.06;
const CROSSFADE_S = 0.02;

export class StreamInput {
  #node;
  #element;
  #target;
  /** Between node and target while this takes over or is taken over from, and afterwards. @type {GainNode | undefined} */
  #fader;

  /**
   * @param {AudioContext} context
   * @param {MediaStream} stream its first audio track is heard; it has one
   * @param {AudioNode} target
   * @param {{ isSuccessor?: boolean }} [options] `isSuccessor`: another input is replaced by this one, see `giveWay`
   * @throws {DOMException} the browser can't take it in, such as Firefox a stream of another sample rate
   */
  constructor(context, stream, target, { isSuccessor = false } = {}) {
    // First: where it throws, no element goes on playing.
    this.#node = context.createMediaStreamSource(stream);
    this.#target = target;
    if (isSuccessor) this.#fade(0, 1);
    else this.#node.connect(target);
    // Chromium delivers silence of a remote stream that no media element plays.
    this.#element = new Audio();
    this.#element.muted = true;
    this.#element.srcObject = stream;
    this.#element.play().catch(() => {});
  }

  /** Fades out while its successor fades in, then closes. */
  giveWay() {
    // Itself on the way in, it goes from where it is.
    this.#fade(this.#fader?.gain.value ?? 1, 0);
    setTimeout(() => this.close(), 2_000 * (WARM_UP_S + CROSSFADE_S));
  }

  close() {
    this.#node.disconnect();
    this.#fader?.disconnect();
    this.#element.pause();
    this.#element.srcObject = null;
  }

  /** @param {number} from @param {number} to */
  #fade(from, to) {
    const { context } = this.#target;
    const fader = new GainNode(context, { gain: from });
    fader.connect(this.#target);
    // Within one block of samples, so that nothing is missed or heard twice.
    this.#node.disconnect();
    this.#fader?.disconnect();
    this.#node.connect(fader);
    this.#fader = fader;
    const begin = context.currentTime + WARM_UP_S;
    fader.gain.setValueAtTime(from, begin);
    fader.gain.linearRampToValueAtTime(to, begin + CROSSFADE_S);
  }
}
