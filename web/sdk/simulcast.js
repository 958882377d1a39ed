/**
 * A camera in up to three sizes, of which a hub gives each receiver one (simulcast, RFC 8853). The places are made before
 * there is a camera; which of them are used depends on how high its picture is.
 */

/** The smallest first. @type {readonly RTCRtpEncodingParameters[]} */
export const CAMERA_LAYERS = [{ rid: 'q' }, { rid: 'h' }, { rid: 'f' }];

/** What a picture of at most this height is worth, in bits per second. */
const BITRATES = [
  { height: 200, maxBitrate: 150_000 },
  { height: 400, maxBitrate: 500_000 },
  { height: Infinity, maxBitrate: 1_700_000 },
];

/**
 * How each layer is sent. Chromium sends three layers of pictures from 540 lines on, two from 270 on, and leaves out the
 * largest where there are too many; so the largest that is used is always the whole picture.
 * @param {number} height of the picture, in lines
 * @returns {{ active: boolean, scaleResolutionDownBy: number, maxBitrate: number }[]} the smallest first
 */
export function cameraLayers(height) {
  const count = height >= 540 ? 3 : height >= 270 ? 2 : 1;
  return CAMERA_LAYERS.map((_, place) => {
    const active = place < count;
    const scaleResolutionDownBy = active ? 2 ** (count - 1 - place) : 1;
    const lines = height / scaleResolutionDownBy;
    const maxBitrate = BITRATES.find((one) => lines <= one.height)?.maxBitrate ?? 0;
    return { active, scaleResolutionDownBy, maxBitrate };
  });
}

/**
 * Has a sender send the layers that its new track is worth.
 * @param {RTCRtpSender} sender with {@link CAMERA_LAYERS}
 * @param {MediaStreamTrack} track
 * @returns {Promise<void>}
 */
export async function setLayers(sender, track) {
  const { height } = track.getSettings();
  const parameters = sender.getParameters();
  // A browser without simulcast has one encoding, which stays as it is.
  if (height === undefined || parameters.encodings?.length !== CAMERA_LAYERS.length) return;
  const layers = cameraLayers(height);
  parameters.encodings.forEach((encoding, place) => Object.assign(encoding, layers[place]));
  // What a browser does not take costs sizes, not the picture.
  await sender.setParameters(parameters).catch((error) => console.warn('parlor: the camera goes out in one size', error));
}
