// What a person sets about their own devices: which ones, how the browser treats the microphone, how the sound is coded, how
// large the camera's picture is. Values and what follows from them; memory.js keeps them, devices.js applies them.

/** Heights of the picture that are offered, in pixels; each is 16:9, up to 3840×2160 (GP-5). */
export const CAMERA_HEIGHTS = /** @type {const} */ ([360, 720, 1080, 2160]);

/**
 * `microphoneId`, `cameraId`, `speakerId`: device ids of W3C Media Capture and Streams, '' for the system's default.
 * `music`: no echo cancellation, suppression or gain control, and a stereo sound of high rate. `fec`, `dtx`: Opus' forward
 * error correction and silence suppression (RFC 7587, section 6.1), the latter not for music. `pushToTalk`: the microphone is on while Space is held.
 * @typedef {{
 *   microphoneId: string,
 *   cameraId: string,
 *   speakerId: string,
 *   cameraHeight: number,
 *   echoCancellation: boolean,
 *   noiseSuppression: boolean,
 *   autoGainControl: boolean,
 *   music: boolean,
 *   fec: boolean,
 *   dtx: boolean,
 *   pushToTalk: boolean,
 * }} MediaSettings
 */

/** What speech wants, and a picture that a mesh of a few people can carry. @type {Readonly<MediaSettings>} */
export const DEFAULT_SETTINGS = Object.freeze({
  microphoneId: '',
  cameraId: '',
  speakerId: '',
  cameraHeight: 360,
  echoCancellation: true,
  noiseSuppression: true,
  autoGainControl: true,
  music: false,
  fec: true,
  dtx: true,
  pushToTalk: false,
});

/**
 * Settings out of what was kept, by an older page or by somebody's hand: what is missing or of another type is the default.
 * @param {unknown} kept
 * @returns {MediaSettings}
 */
export function settingsFrom(kept) {
  const given = /** @type {Record<string, unknown>} */ (typeof kept === 'object' && kept !== null ? kept : {});
  const known = Object.entries(DEFAULT_SETTINGS).map(([name, plain]) => {
    return [name, typeof given[name] === typeof plain ? given[name] : plain];
  });
  /** @type {MediaSettings} */
  const settings = Object.fromEntries(known);
  const isOffered = CAMERA_HEIGHTS.some((height) => height === settings.cameraHeight);
  return isOffered ? settings : { ...settings, cameraHeight: DEFAULT_SETTINGS.cameraHeight };
}

/**
 * How the microphone is asked for, apart from which one.
 * @param {MediaSettings} settings
 * @returns {MediaTrackConstraints}
 */
export function microphoneConstraints({ music, echoCancellation, noiseSuppression, autoGainControl }) {
  if (!music) return { echoCancellation, noiseSuppression, autoGainControl };
  return { echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: { ideal: 2 } };
}

/**
 * How the camera is asked for, apart from which one. A camera that can't do as much gives what it can.
 * @param {MediaSettings} settings
 * @returns {MediaTrackConstraints}
 */
export function cameraConstraints({ cameraHeight }) {
  return {
    width: { ideal: Math.round((cameraHeight * 16) / 9) },
    height: { ideal: cameraHeight },
    frameRate: { ideal: 30, max: 30 },
  };
}

/**
 * How one's own sound is coded, in the SDK's words.
 * @param {MediaSettings} settings
 * @returns {{music: boolean, fec: boolean, dtx: boolean}}
 */
export function audioProfile({ music, fec, dtx }) {
  return { music, fec, dtx };
}
