/**
 * How Opus is sent and received, written into session descriptions (RFC 7587, section 6.1): text goes in, text comes
 * out. What a description's format parameters say is a wish of whoever made it, and governs what the other side sends.
 * So what is sent from here is set in the remote description, before the browser gets it. The local one says where stereo
 * will be sent (`sprop-stereo`), and where it is welcome, which is where the other side says so: without that Chromium
 * decodes to mono, and with it every voice costs twice.
 */

/** @import { Source } from './messages.d.ts' */

/**
 * How a participant wants the own microphone to be sent.
 * @typedef {object} AudioProfile
 * @property {boolean} music stereo with 128 kbit/s instead of a mono voice
 * @property {boolean} fec forward error correction: a lost packet is in part in the next one
 * @property {boolean} dtx hardly anything is sent while a voice is silent; music never pauses
 */

/**
 * @typedef {object} OpusSettings
 * @property {boolean} isStereo
 * @property {boolean} fec
 * @property {boolean} dtx
 * @property {number | null} bitsPerSecond null: as the browser likes
 */

/**
 * Of the people in a room one or two talk. In a mesh of eight the pauses of the others are most of what all send and
 * decode.
 * @type {Readonly<AudioProfile>}
 */
export const VOICE = { music: false, fec: true, dtx: true };

/** For music, and for what a shared screen plays. */
const MUSIC_BITS_PER_SECOND = 128_000;
/** A return is many voices at once. */
const RETURN_BITS_PER_SECOND = 64_000;

/**
 * How a source is sent. Only of the microphone a person has a say; a return never pauses, because from its packets the
 * other side knows that it is there.
 * @param {Source} source
 * @param {AudioProfile} profile
 * @returns {OpusSettings}
 */
export function opusSettings(source, { music, fec, dtx }) {
  if (source === 'return') return { isStereo: false, fec: true, dtx: false, bitsPerSecond: RETURN_BITS_PER_SECOND };
  if (source === 'screen-audio' || source === 'program') {
    return { isStereo: true, fec: true, dtx: false, bitsPerSecond: MUSIC_BITS_PER_SECOND };
  }
  return { isStereo: music, fec, dtx: dtx && !music, bitsPerSecond: music ? MUSIC_BITS_PER_SECOND : null };
}

/**
 * A remote description that makes this side send as it wants to.
 * @param {string} sdp
 * @param {(section: { mid: string, receives: boolean }) => OpusSettings | undefined} settingsOf of each section of
 *   sound, in order; `receives`: the other side takes sound there. `undefined`: it stays as it is.
 * @returns {string}
 */
export function withSending(sdp, settingsOf) {
  return eachAudioSection(sdp, (section) => {
    const settings = settingsOf({ mid: midOf(section), receives: !/^a=(sendonly|inactive)\s*$/m.test(section) });
    if (!settings) return section;
    return withParameters(section, {
      stereo: settings.isStereo ? '1' : null,
      maxaveragebitrate: settings.bitsPerSecond === null ? null : String(settings.bitsPerSecond),
      useinbandfec: settings.fec ? '1' : '0',
      usedtx: settings.dtx ? '1' : null,
    });
  });
}

/**
 * A local description that says where stereo is sent and where it is welcome; where a browser says so by itself, it stays.
 * @param {string} sdp
 * @param {{ sent: Set<string>, welcome: Set<string> }} mids of the sections
 * @returns {string}
 */
export function withStereo(sdp, { sent, welcome }) {
  return eachAudioSection(sdp, (section) => {
    const mid = midOf(section);
    return withParameters(section, { ...(welcome.has(mid) ? { stereo: '1' } : {}), 'sprop-stereo': sent.has(mid) ? '1' : null });
  });
}

/**
 * @param {string} sdp
 * @param {'stereo' | 'sprop-stereo'} parameter welcome there, or sent from there
 * @returns {Set<string>} the mids of its sections of sound that say so
 */
export function stereoMids(sdp, parameter) {
  const mids = /** @type {Set<string>} */ (new Set());
  const says = new RegExp(`^a=fmtp:.*[ ;]${parameter}=1(;|\\s*$)`, 'm');
  eachAudioSection(sdp, (section) => {
    if (says.test(section)) mids.add(midOf(section));
    return section;
  });
  return mids;
}

/** @param {string} section */
function midOf(section) {
  return /^a=mid:(\S+)/m.exec(section)?.[1] ?? '';
}

/**
 * @param {string} sdp
 * @param {(section: string) => string} change
 * @returns {string}
 */
function eachAudioSection(sdp, change) {
  const sections = sdp.split(/^(?=m=)/m);
  return sections.map((section) => (section.startsWith('m=audio ') ? change(section) : section)).join('');
}

/**
 * @param {string} section
 * @param {Record<string, string | null>} parameters null: not said, which means the default
 * @returns {string} with these parameters of each Opus in it
 */
function withParameters(section, parameters) {
  const types = [...section.matchAll(/^a=rtpmap:(\d+) opus\/48000/gim)].map(([, type]) => type);
  return types.reduce((text, type) => {
    const line = new RegExp(`^a=fmtp:${type} (.*?)(\\r?\\n|$)`, 'm');
    const before = line.exec(text);
    if (before) return text.replace(line, (_all, said, end) => lineOf(type, merged(said, parameters), end));
    const map = new RegExp(`^a=rtpmap:${type} .*?(\\r?\\n|$)`, 'm');
    // The last line of a description may have no end of its own.
    return text.replace(map, (all, end) => `${all}${end === '' ? '\r\n' : ''}${lineOf(type, merged('', parameters), end || '\r\n')}`);
  }, section);
}

/**
 * @param {string | undefined} type
 * @param {string} parameters
 * @param {string} end
 */
function lineOf(type, parameters, end) {
  return parameters === '' ? '' : `a=fmtp:${type} ${parameters}${end}`;
}

/**
 * @param {string} said
 * @param {Record<string, string | null>} parameters
 * @returns {string}
 */
function merged(said, parameters) {
  const all = new Map();
  for (const pair of said.split(';')) {
    const [name = '', value] = pair.trim().split('=');
    if (name !== '') all.set(name, value);
  }
  for (const [name, value] of Object.entries(parameters)) {
    if (value === null) all.delete(name);
    else all.set(name, value);
  }
  return [...all].map(([name, value]) => (value === undefined ? name : `${name}=${value}`)).join(';');
}
