// Level meters: canvases that all move in one loop, some 30 times a second, and stand still when the page is hidden. The
// same level is told to screen readers as `role="meter"`. Where levels come from is the caller's business.

import { h, setAttribute } from './dom.js';

/**
 * A level behind the gain, in dBFS.
 * @typedef {{rms: number, peak: number}} Level
 */

/** The quietest level that shows, in dBFS. */
export const FLOOR_DBFS = -60;
/** From here on the bar warns, in dBFS. */
const WARM_DBFS = -12;
/** From here on the bar is hot, in dBFS. */
const HOT_DBFS = -3;
/** How fast the bar falls, in dB per second (IEC 60268-18 asks 20 dB in 1.7 s). */
const FALL_DB_PER_S = 20 / 1.7;
/** How long a peak stays, in ms. */
const PEAK_HOLD_MS = 1500;
/**
 * From a step to when the next frame is asked for, in ms: every second or third of a 60 Hz display. Most of what a page costs
 * that is looked at is its frames, even those in which nothing changes.
 */
const REST_MS = 30;
/** How often `aria-valuenow` follows, in ms. */
const TELL_MS = 250;
/** Speech is seen above this level, in dBFS, and for a while after, in ms. */
const SPEECH_DBFS = -45;
const SPEECH_HOLD_MS = 600;

/**
 * Where a level stands on the bar.
 * @param {number} dbfs
 * @returns {number} 0 to 1
 */
export function position(dbfs) {
  if (!Number.isFinite(dbfs)) return dbfs > 0 ? 1 : 0;
  return Math.min(1, Math.max(0, 1 - dbfs / FLOOR_DBFS));
}

/** One meter. Made by `MeterBank.add`. */
class Meter {
  /** @type {HTMLCanvasElement} */
  element;
  /** @type {() => Level|null|undefined} */
  #read;
  /** @type {((speaking: boolean) => void)|undefined} */
  #onSpeaking;
  #shown = FLOOR_DBFS;
  #peak = FLOOR_DBFS;
  #peakAt = 0;
  #toldAt = 0;
  #spokeAt = -Infinity;
  #speaking = false;
  /** What was drawn last, so that a silent meter costs nothing. */
  #drawn = '';

  /** @param {string} name @param {() => Level|null|undefined} read @param {(speaking: boolean) => void} [onSpeaking] */
  constructor(name, read, onSpeaking) {
    this.#read = read;
    this.#onSpeaking = onSpeaking;
    this.element = h('canvas', {
      class: 'meter',
      role: 'meter',
      'aria-label': name,
      'aria-valuemin': FLOOR_DBFS,
      'aria-valuemax': 0,
      'aria-valuenow': FLOOR_DBFS,
      width: 1,
      height: 1,
    });
  }

  /** @param {number} nowMs @param {number} elapsedMs @param {Palette} palette */
  step(nowMs, elapsedMs, palette) {
    const level = this.#read();
    const rms = clamp(level?.rms);
    const peak = clamp(level?.peak);
    this.#shown = Math.max(rms, this.#shown - (FALL_DB_PER_S * elapsedMs) / 1000);
    if (peak >= this.#peak || nowMs - this.#peakAt > PEAK_HOLD_MS) {
      this.#peak = peak;
      this.#peakAt = nowMs;
    }
    this.#tell(nowMs, rms);
    this.#listen(nowMs, rms);
    this.#draw(palette);
  }

  /** @param {number} nowMs @param {number} rms */
  #tell(nowMs, rms) {
    if (nowMs - this.#toldAt < TELL_MS) return;
    this.#toldAt = nowMs;
    const value = String(Math.round(rms));
    setAttribute(this.element, 'aria-valuenow', value);
    setAttribute(this.element, 'aria-valuetext', rms <= FLOOR_DBFS ? 'silent' : `${value} dB`);
  }

  /** @param {number} nowMs @param {number} rms */
  #listen(nowMs, rms) {
    if (rms > SPEECH_DBFS) this.#spokeAt = nowMs;
    const speaking = nowMs - this.#spokeAt < SPEECH_HOLD_MS;
    if (speaking === this.#speaking) return;
    this.#speaking = speaking;
    this.#onSpeaking?.(speaking);
  }

  /** @param {Palette} palette */
  #draw(palette) {
    const canvas = this.element;
    const scale = window.devicePixelRatio || 1;
    const width = Math.round(canvas.clientWidth * scale);
    const height = Math.round(canvas.clientHeight * scale);
    const bar = Math.round(position(this.#shown) * width);
    const tick = Math.round(position(this.#peak) * width);
    const drawn = `${width} ${height} ${bar} ${tick} ${palette.key}`;
    if (drawn === this.#drawn || width === 0) return;
    this.#drawn = drawn;
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    const context = canvas.getContext('2d');
    if (context === null) return;
    context.clearRect(0, 0, width, height);
    const warm = Math.round(position(WARM_DBFS) * width);
    const hot = Math.round(position(HOT_DBFS) * width);
    /** @param {number} from @param {number} to @param {string} colour */
    const zone = (from, to, colour) => {
      context.fillStyle = colour;
      context.globalAlpha = 0.22;
      context.fillRect(from, 0, to - from, height);
      context.globalAlpha = 1;
      if (bar > from) context.fillRect(from, 0, Math.min(bar, to) - from, height);
      if (tick > from && tick <= to) context.fillRect(Math.max(from, tick - 2 * scale), 0, 2 * scale, height);
    };
    zone(0, warm, palette.calm);
    zone(warm, hot, palette.warm);
    zone(hot, width, palette.hot);
  }
}

/** @typedef {{calm: string, warm: string, hot: string, key: string}} Palette */

/** All meters of the page and the one loop that moves them. */
export class MeterBank {
  /** @type {Set<Meter>} */
  #meters = new Set();
  #isMoving = false;
  #lastMs = 0;
  /** @type {Palette|null} */
  #palette = null;

  constructor() {
    document.addEventListener('visibilitychange', () => this.#run());
    for (const query of ['(prefers-color-scheme: dark)', '(forced-colors: active)']) {
      window.matchMedia(query).addEventListener?.('change', () => {
        this.#palette = null;
      });
    }
  }

  /**
   * A new meter that moves until `close`.
   * @param {string} name its accessible name
   * @param {() => Level|null|undefined} read called at each step
   * @param {(speaking: boolean) => void} [onSpeaking] called when speech begins and ends
   * @returns {{element: HTMLElement, close(): void}}
   */
  add(name, read, onSpeaking) {
    const meter = new Meter(name, read, onSpeaking);
    this.#meters.add(meter);
    this.#run();
    return { element: meter.element, close: () => void this.#meters.delete(meter) };
  }

  /** How many move. */
  get size() {
    return this.#meters.size;
  }

  #run() {
    if (this.#isMoving || document.hidden || this.#meters.size === 0) return;
    this.#isMoving = true;
    this.#lastMs = performance.now();
    requestAnimationFrame((nowMs) => this.#onFrame(nowMs));
  }

  /** @param {number} nowMs */
  #onFrame(nowMs) {
    const elapsedMs = Math.max(0, nowMs - this.#lastMs);
    this.#palette ??= readPalette();
    for (const meter of this.#meters) meter.step(nowMs, elapsedMs, this.#palette);
    this.#lastMs = nowMs;
    this.#isMoving = !document.hidden && this.#meters.size > 0;
    if (this.#isMoving) setTimeout(() => requestAnimationFrame((next) => this.#onFrame(next)), REST_MS);
  }
}

/** The theme's colours, read once per theme. @returns {Palette} */
function readPalette() {
  const style = getComputedStyle(document.documentElement);
  /** @param {string} name */
  const colour = (name) => style.getPropertyValue(name).trim() || 'CanvasText';
  const palette = { calm: colour('--meter-calm'), warm: colour('--meter-warm'), hot: colour('--meter-hot') };
  return { ...palette, key: Object.values(palette).join() };
}

/** @param {number|undefined} dbfs */
function clamp(dbfs) {
  return dbfs === undefined || Number.isNaN(dbfs) ? FLOOR_DBFS : Math.min(0, Math.max(FLOOR_DBFS, dbfs));
}
