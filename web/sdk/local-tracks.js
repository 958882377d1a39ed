/**
 * What this participant publishes: one track for each source for everybody, and tracks for one participant alone. It knows no connections; `RTCManager` brings the tracks
 * to them.
 */

/**
 * @import { Source, Track } from './messages.d.ts'
 */

/** @typedef {Source} TrackSource */

/**
 * The source of a track that nobody named: of sound the microphone, of pictures the camera.
 * @param {string} kind `audio` or `video`
 * @returns {Source}
 */
export function plainSource(kind) {
  return kind === 'video' ? 'camera' : 'microphone';
}

export class LocalTracks {
  /** @type {Map<Source, MediaStreamTrack>} */
  #tracks = new Map();
  /** Tracks for one participant only. @type {Map<string, Map<Source, MediaStreamTrack>>} */
  #ofPeers = new Map();

  /** @returns {Map<Source, MediaStreamTrack>} what everybody gets */
  get bySource() {
    return new Map(this.#tracks);
  }

  /**
   * @param {string} peer
   * @returns {Map<Source, MediaStreamTrack>} what everybody gets, and what this one gets besides
   */
  forPeer(peer) {
    return new Map([...this.#tracks, ...(this.#ofPeers.get(peer) ?? [])]);
  }

  /**
   * Puts a track for one participant in the place of the source's present one. It belongs to whoever made it: it is
   * never stopped here.
   * @param {string} peer
   * @param {Source} source
   * @param {MediaStreamTrack | null} track null: none any more
   */
  setForPeer(peer, source, track) {
    const tracks = this.#ofPeers.get(peer) ?? new Map();
    if (track) tracks.set(source, track);
    else tracks.delete(source);
    if (tracks.size > 0) this.#ofPeers.set(peer, tracks);
    else this.#ofPeers.delete(peer);
  }

  /** As the roster shows them. @returns {Track[]} */
  get states() {
    return [...this.#tracks].map(([source, { kind, enabled }]) => {
      return { source, kind: kind === 'video' ? 'video' : 'audio', enabled };
    });
  }

  /**
   * Puts a track in the place of a source's present one, which is stopped.
   * @param {Source} source
   * @param {MediaStreamTrack | null} track null: nothing is published from there any more
   */
  set(source, track) {
    const before = this.#tracks.get(source);
    if (track) this.#tracks.set(source, track);
    else this.#tracks.delete(source);
    if (before && before !== track) this.#stopUnused(before);
  }

  /**
   * Publishes the tracks of a stream and nothing else. What is not among them is stopped.
   * @param {MediaStream | null} stream
   * @param {Record<string, Source>} sources by track id, for tracks that are neither microphone nor camera
   */
  setStream(stream, sources) {
    const before = [...this.#tracks.values()];
    this.#tracks = new Map();
    for (const track of stream?.getTracks() ?? []) {
      this.#tracks.set(sources[track.id] ?? plainSource(track.kind), track);
    }
    for (const track of before) this.#stopUnused(track);
  }

  /**
   * @param {Source} source
   * @param {boolean} isOn
   * @returns {boolean} whether there is such a track
   */
  setEnabled(source, isOn) {
    const track = this.#tracks.get(source);
    if (track) track.enabled = isOn;
    return track !== undefined;
  }

  /** Stopping frees the device. @param {MediaStreamTrack} track */
  #stopUnused(track) {
    if (![...this.#tracks.values()].includes(track)) track.stop();
  }
}
