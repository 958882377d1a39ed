/** The sound of a MediaStream on its way into the audio graph, from its beginning to its end. */

export class StreamInput {
  #node;
  #element;

  /**
   * @param {AudioContext} context
   * @param {MediaStream} stream its first audio track is heard; it has one
   * @param {AudioNode} target
   * @throws {DOMException} the browser can't take it in, such as Firefox a stream of another sample rate
   */
  constructor(context, stream, target) {
    // First: where it throws, no element goes on playing.
    this.#node = context.createMediaStreamSource(stream);
    this.#node.connect(target);
    // Chromium delivers silence of a remote stream that no media element plays.
    this.#element = new Audio();
    this.#element.muted = true;
    this.#element.srcObject = stream;
    this.#element.play().catch(() => {});
  }

  close() {
    this.#node.disconnect();
    this.#element.pause();
    this.#element.srcObject = null;
  }
}
