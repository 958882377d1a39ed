// Pictures of the others: those that arrived, and which one is shown large. Where a picture stands on the page is the views'
// business.

/** @typedef {import('./types.js').Participant} Participant */
/** @typedef {'camera'|'screen'} PictureSource */
/** Whose picture, and of what. @typedef {{id: string, source: PictureSource}} PictureKey */

/** The others' video tracks, as the connections bring them. */
export class ArrivedPictures {
  /** @type {Map<string, MediaStream>} */
  #streams = new Map();

  /** @param {string} id @param {PictureSource} source @param {MediaStream|null} stream takes the place of the one before; null: none comes any more */
  put(id, source, stream) {
    if (stream === null) this.#streams.delete(keyText({ id, source }));
    else this.#streams.set(keyText({ id, source }), stream);
  }

  /** They left: nothing of theirs stays. @param {string} id */
  drop(id) {
    this.#streams.delete(keyText({ id, source: 'camera' }));
    this.#streams.delete(keyText({ id, source: 'screen' }));
  }

  /**
   * @param {Participant|undefined} participant
   * @param {PictureSource} source
   * @returns {MediaStream|null} null while they don't send it
   */
  shown(participant, source) {
    const track = participant?.tracks.find((one) => one.source === source);
    if (participant === undefined || !track?.enabled) return null;
    return this.#streams.get(keyText({ id: participant.id, source })) ?? null;
  }

  /** Forgets all. */
  clear() {
    this.#streams.clear();
  }
}

/**
 * Which picture is large: the newest screen by itself, or what a person chose, until it ends or is made small. A screen that
 * was made small stays so.
 */
export class LargePicture {
  /** @type {PictureKey|null} */
  #current = null;
  /** Screens that are on, in order of beginning. @type {PictureKey[]} */
  #screens = [];
  /** Screens that a person made small. @type {Set<string>} */
  #putAway = new Set();

  /** The large one, if there is one. @returns {PictureKey|null} */
  get current() {
    return this.#current;
  }

  /** Pictures came or went. @param {PictureKey[]} available all that are on */
  update(available) {
    const screens = available.filter(({ source }) => source === 'screen');
    const begun = screens.filter((screen) => !this.#screens.some((known) => isSame(known, screen)));
    this.#screens = [...this.#screens.filter((known) => screens.some((screen) => isSame(screen, known))), ...begun];
    for (const text of this.#putAway) {
      if (!this.#screens.some((screen) => keyText(screen) === text)) this.#putAway.delete(text);
    }
    const hasEnded = !available.some((one) => isSame(one, this.#current));
    this.#current = begun.at(-1) ?? (hasEnded ? this.#screenInView() : this.#current);
  }

  /** A person wants this one large, or small again. @param {PictureKey} key one that is on */
  toggle(key) {
    if (!isSame(key, this.#current)) {
      this.#putAway.delete(keyText(key));
      this.#current = key;
      return;
    }
    if (key.source === 'screen') this.#putAway.add(keyText(key));
    this.#current = this.#screenInView();
  }

  #screenInView() {
    return this.#screens.filter((screen) => !this.#putAway.has(keyText(screen))).at(-1) ?? null;
  }
}

/** @param {PictureKey} a @param {PictureKey|null} b */
export function isSame(a, b) {
  return b !== null && a.id === b.id && a.source === b.source;
}

/** A key as text; no id has a space in it. @param {PictureKey} key */
export function keyText({ id, source }) {
  return `${source} ${id}`;
}
