/** The way from the audio graph to an output device. */

export class Speaker {
  #context;
  #heard;
  #awake;
  /** Plays for a browser that can choose a device only for media elements. @type {HTMLAudioElement | undefined} */
  #element;
  /** Changes by way of the element come one after the other, in the order in which they were asked for. @type {Promise<unknown>} */
  #turn = Promise.resolve();
  #isClosed = false;

  /**
   * @param {AudioContext} context
   * @param {AudioNode} heard
   */
  constructor(context, heard) {
    this.#context = context;
    this.#heard = heard;
    heard.connect(context.destination);
    // Safari suspends a graph whose gains are all zero. A constant of -120 dBFS, which nobody hears, keeps it awake.
    this.#awake = new ConstantSourceNode(context, { offset: 1e-6 });
    this.#awake.connect(context.destination);
    this.#awake.start();
  }

  /**
   * @param {string} deviceId '' for the system's default
   * @returns {Promise<void>} rejected with a DOMException: `NotSupportedError` where the browser can't choose,
   *   `NotFoundError` where there is no such device; then everything stays as it was
   */
  async setDevice(deviceId) {
    const context = /** @type {AudioContext & { setSinkId?: (id: string) => Promise<void> }} */ (this.#context);
    if (context.setSinkId) await context.setSinkId(deviceId);
    else {
      const turn = this.#turn.then(() => this.#setDeviceOfElement(deviceId));
      this.#turn = turn.catch(() => {});
      await turn;
    }
  }

  close() {
    this.#isClosed = true;
    this.#awake.stop();
    this.#awake.disconnect();
    this.#heard.disconnect();
    this.#element?.pause();
    if (this.#element) this.#element.srcObject = null;
  }

  /** @param {string} deviceId */
  async #setDeviceOfElement(deviceId) {
    if (this.#isClosed || (deviceId === '' && !this.#element)) return;
    if (!('setSinkId' in HTMLMediaElement.prototype)) {
      throw new DOMException('This browser can’t choose a speaker.', 'NotSupportedError');
    }
    const element = this.#element ?? new Audio();
    await element.setSinkId(deviceId);
    if (this.#isClosed || this.#element) return;
    const stream = new MediaStreamAudioDestinationNode(this.#context);
    element.srcObject = stream.stream;
    try {
      await element.play();
    } catch (error) {
      element.srcObject = null;
      throw error;
    }
    if (this.#isClosed) {
      element.pause();
      element.srcObject = null;
      return;
    }
    this.#heard.connect(stream);
    this.#heard.disconnect(this.#context.destination);
    this.#element = element;
  }
}
