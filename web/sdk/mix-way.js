/**
 * Two ways from an input to an output: through a worklet, or round it while it is being loaded, has failed, or can't be
 * had. Sound never stops, and changes are crossfades.
 */

/** A way round is taken, and left, within this time: no click. */
const SWAP_S = 0.02;
/** After this a change is over for sure, on the page's clock: late costs only some work for nothing. */
export const SWAPPED_MS = 1_000;

export class Way {
  #context;
  #fallback;
  /** How much of what comes out went round. */
  #round;
  #isRoundOpen = false;
  /** How much went through. @type {GainNode | undefined} */
  #through;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {BaseAudioContext} context
   * @param {{ input: AudioNode, output: AudioNode }} [fallback]
   */
  constructor(context, fallback) {
    this.#context = context;
    this.#fallback = fallback;
    this.input = new GainNode(context);
    this.output = new GainNode(context);
    this.#round = new GainNode(context);
    this.#round.connect(this.output);
    fallback?.output.connect(this.#round);
    this.#openRound();
  }

  /**
   * @param {AudioNode} worklet
   * @param {boolean} isLate sound may be going round already
   */
  through(worklet, isLate) {
    const through = new GainNode(this.#context, { gain: isLate ? 0 : 1 });
    this.#through = through;
    this.input.connect(worklet).connect(through).connect(this.output);
    if (!isLate) {
      this.#round.gain.value = 0;
      this.#closeRound();
      return;
    }
    this.#fade(through, 1);
    this.#fade(this.#round, 0);
    this.#timer = setTimeout(() => this.#closeRound(), SWAPPED_MS);
  }

  /**
   * The worklet has failed.
   * @param {AudioNode} worklet
   */
  round(worklet) {
    clearTimeout(this.#timer);
    const through = this.#through;
    this.#openRound();
    this.#fade(this.#round, 1);
    if (!through) return;
    this.#fade(through, 0);
    this.#timer = setTimeout(() => {
      this.input.disconnect(worklet);
      through.disconnect();
    }, SWAPPED_MS);
  }

  close() {
    clearTimeout(this.#timer);
    this.input.disconnect();
    this.#isRoundOpen = false;
    this.#fallback?.output.disconnect();
    this.#round.disconnect();
    this.#through?.disconnect();
    this.output.disconnect();
  }

  #openRound() {
    if (this.#isRoundOpen) return;
    this.#isRoundOpen = true;
    this.input.connect(this.#fallback?.input ?? this.#round);
  }

  #closeRound() {
    if (!this.#isRoundOpen) return;
    this.#isRoundOpen = false;
    this.input.disconnect(this.#fallback?.input ?? this.#round);
  }

  /**
   * @param {GainNode} node
   * @param {number} gain
   */
  #fade(node, gain) {
    const { currentTime } = this.#context;
    node.gain.cancelScheduledValues(currentTime);
    node.gain.setValueAtTime(node.gain.value, currentTime);
    node.gain.linearRampToValueAtTime(gain, currentTime + SWAP_S);
  }
}
