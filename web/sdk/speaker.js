/** The way from the audio graph to an output device. */

export class Speaker {
  #context;
  #heard;
  #awake;
  /** Plays for a browser that can choose a device only for media elements. @type {HTMLAudioElement | undefined} */
  #element;

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
    else if (deviceId !== '' || this.#element) await this.#setDeviceOfElement(deviceId);
  }

  close() {
    this.#awake.stop();
    this.#awake.disconnect();
    this.#heard.disconnect();
    this.#element?.pause();
    if (this.#element) this.#element.srcObject = null;
  }

  /** @param {string} deviceId */
  async #setDeviceOfElement(deviceId) {
    if (!('setSinkId' in HTMLMediaElement.prototype)) {
      throw new DOMException('This browser can’t choose a speaker.', 'NotSupportedError');
    }
    const element = this.#element ?? new Audio();
    await element.setSinkId(deviceId);
    if (this.#element) return;
    const stream = new MediaStreamAudioDestinationNode(this.#context);
    element.srcObject = stream.stream;
    await element.play();
    this.#heard.connect(stream);
    this.#heard.disconnect(this.#context.destination);
    this.#element = element;
  }
}
