/**
 * What one participant gets back from the mixer (AU-4): the program without their own voice. It is the sum before
 * the limiter with the own signal, inverted, added to it, behind a limiter of its own: taken from a limited program,
 * the own voice would stay audible in what the limiter made of it.
 */

import { Limiter } from './mix-nodes.js';
import { NativeLimiter } from './native-limiter.js';

export class MixReturn {
  #sum;
  #mix;
  #inverted;
  #limiter;
  #destination;
  /** @type {AudioNode | undefined} */
  #own;

  /**
   * @param {AudioContext} context
   * @param {AudioNode} sum everybody, before the limiter
   */
  constructor(context, sum) {
    this.#sum = sum;
    this.#mix = new GainNode(context);
    this.#inverted = new GainNode(context, { gain: -1 });
    this.#limiter = new Limiter(context, { fallback: new NativeLimiter(context) });
    this.#destination = new MediaStreamAudioDestinationNode(context);
    sum.connect(this.#mix);
    this.#inverted.connect(this.#mix);
    this.#mix.connect(this.#limiter.input);
    this.#limiter.output.connect(this.#destination);
  }

  /** @returns {MediaStreamTrack} */
  get track() {
    const [track] = this.#destination.stream.getAudioTracks();
    if (!track) throw new Error('a MediaStreamAudioDestinationNode has one track');
    return track;
  }

  /** The return itself, behind its limiter. @returns {AudioNode} */
  get output() {
    return this.#limiter.output;
  }

  /**
   * @param {AudioNode | undefined} own what they put into the sum, behind their gain; `undefined`: nothing. It must
   *   still be connected when another one takes its place.
   */
  leaveOut(own) {
    if (own === this.#own) return;
    this.#own?.disconnect(this.#inverted);
    this.#own = own;
    own?.connect(this.#inverted);
  }

  close() {
    this.leaveOut(undefined);
    this.#sum.disconnect(this.#mix);
    this.#mix.disconnect();
    this.#inverted.disconnect();
    this.#limiter.output.disconnect(this.#destination);
    this.#limiter.close();
    this.track.stop();
  }
}
