/**
 * A way through the audio graph on which one participant's sound can be levelled automatically. The leveller, which
 * costs a worklet, is made when it is first switched on, and stays from then on: switched off it is unity.
 */

import { Leveller } from './mix-nodes.js';

export class Levelled {
  #target;
  /** @type {Leveller | undefined} */
  #leveller;

  /** @param {AudioNode} target where the sound goes */
  constructor(target) {
    this.#target = target;
    /** Where the sound comes in. */
    this.input = new GainNode(target.context);
    this.input.connect(target);
  }

  /** Whether it is levelled. */
  get isOn() {
    return this.#leveller?.isOn ?? false;
  }

  set isOn(isOn) {
    if (isOn && !this.#leveller) this.#insert();
    if (this.#leveller) this.#leveller.isOn = isOn;
  }

  close() {
    this.input.disconnect();
    this.#leveller?.close();
  }

  #insert() {
    this.#leveller = new Leveller(this.input.context);
    this.input.disconnect();
    this.input.connect(this.#leveller.input);
    this.#leveller.output.connect(this.#target);
  }
}
