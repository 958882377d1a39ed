// Whether one is heard, and hears: muted, deafened, push to talk. Pure; who does it is call.js.

/**
 * @typedef {object} Talk
 * @property {boolean} isMuted by one's own choice
 * @property {boolean} isDeafened nothing is heard here, and nothing said
 * @property {boolean} isPushToTalk the microphone is open only while something is held
 * @property {boolean} isTalking it is held
 */

/** Whether the microphone is open. @param {Talk} talk */
export function isOpen({ isMuted, isDeafened, isPushToTalk, isTalking }) {
  return !isMuted && !isDeafened && (!isPushToTalk || isTalking);
}

/**
 * What a press of "mute" makes of it. Whoever is deafened and wants to speak wants to hear as well.
 * @param {Talk} talk
 * @returns {Talk}
 */
export function toggledMute(talk) {
  if (talk.isDeafened) return { ...talk, isDeafened: false, isMuted: false };
  return { ...talk, isMuted: !talk.isMuted };
}

/**
 * What a press of "deafen" makes of it. Whoever was muted before still is afterwards.
 * @param {Talk} talk
 * @returns {Talk}
 */
export function toggledDeafen(talk) {
  return { ...talk, isDeafened: !talk.isDeafened };
}

/** From here on a voice counts as speech, in dBFS, and for so long after, in ms. */
const SPEECH_DBFS = -45;
const SPEECH_HOLD_MS = 500;

/** Tells speech from silence, one for each voice. */
export class Speech {
  #spokeAt_ms = -Infinity;

  /** @param {number} now_ms @param {number} dbfs @returns {boolean} whether somebody speaks */
  hear(now_ms, dbfs) {
    if (dbfs > SPEECH_DBFS) this.#spokeAt_ms = now_ms;
    return now_ms - this.#spokeAt_ms < SPEECH_HOLD_MS;
  }
}
