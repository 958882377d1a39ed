/**
 * What a player sends, in each of their calls. The `peerjs` client negotiates a call once and never again. So each call is
 * opened with a place for sound and one for a picture, whatever there is to send at that moment; what is in a place changes by
 * `replaceTrack`, which needs no negotiation. A place without a track sends nothing.
 */

/** @typedef {'audio' | 'video'} Kind */

/** What a picture of at most so many pixels may take, in bits per second; congestion control goes below it. */
const BITRATES = [
  { pixels: 640 * 360, maxBitrate: 800_000 },
  { pixels: 1_280 * 720, maxBitrate: 3_000_000 },
  { pixels: 1_920 * 1_080, maxBitrate: 8_000_000 },
  { pixels: 2_560 * 1_440, maxBitrate: 14_000_000 },
  { pixels: Infinity, maxBitrate: 25_000_000 },
];

/**
 * @param {number} width
 * @param {number} height
 * @returns {number} bits per second, at most 25 million (GP-8)
 */
export function maxBitrateOf(width, height) {
  return BITRATES.find(({ pixels }) => width * height <= pixels)?.maxBitrate ?? 0;
}

export class Outgoing {
  /** Tracks that nothing comes from: they hold the places until the real ones are put in. */
  #holder = new RTCPeerConnection();
  #places = new MediaStream(['audio', 'video'].map((kind) => this.#holder.addTransceiver(kind).receiver.track));
  /** @type {Record<Kind, MediaStreamTrack | null>} */
  #tracks = { audio: null, video: null };
  /** @type {Set<RTCPeerConnection>} */
  #connections = new Set();

  /** What the client opens or answers a call with; then `attach`. */
  get places() {
    return this.#places;
  }

  /**
   * Puts the present tracks into the places of a call, now and whenever they change.
   * @param {RTCPeerConnection} connection whose places are those of `places`
   */
  attach(connection) {
    this.#connections.add(connection);
    const senders = connection.getSenders();
    for (const { kind } of this.#places.getTracks()) {
      const sender = senders.find(({ track }) => track?.kind === kind);
      if (!sender) continue;
      this.#senders.set(sender, /** @type {Kind} */ (kind));
      this.#put(sender, this.#tracks[/** @type {Kind} */ (kind)]);
    }
  }

  /** Which place it is: a sender without a track does not say. @type {WeakMap<RTCRtpSender, Kind>} */
  #senders = new WeakMap();

  /** @param {RTCPeerConnection} connection */
  detach(connection) {
    this.#connections.delete(connection);
  }

  /**
   * @param {Kind} kind
   * @param {MediaStreamTrack | null} track null: nothing is sent any more
   */
  set(kind, track) {
    this.#tracks[kind] = track;
    for (const connection of this.#connections) {
      for (const sender of connection.getSenders()) {
        if (this.#senders.get(sender) === kind) this.#put(sender, track);
      }
    }
  }

  close() {
    this.#connections.clear();
    this.#holder.close();
  }

  /**
   * @param {RTCRtpSender} sender
   * @param {MediaStreamTrack | null} track
   */
  #put(sender, track) {
    sender.replaceTrack(track).then(() => limit(sender, track), ignoreClosed);
  }
}

/**
 * @param {RTCRtpSender} sender
 * @param {MediaStreamTrack | null} track
 */
async function limit(sender, track) {
  if (track?.kind !== 'video' || sender.track !== track) return;
  const { width = 1_280, height = 720 } = track.getSettings();
  const parameters = sender.getParameters();
  const [encoding] = parameters.encodings ?? [];
  // Older Firefoxes have no encodings before the negotiation; congestion control keeps them in bounds.
  if (!encoding) return;
  encoding.maxBitrate = maxBitrateOf(width, height);
  await sender.setParameters(parameters).catch(ignoreClosed);
}

/** A call that ended meanwhile takes nothing any more. @param {unknown} error */
function ignoreClosed(error) {
  if (error instanceof Error && error.name !== 'InvalidStateError') console.warn('parlor: a track could not be sent', error);
}
