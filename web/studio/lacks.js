// Finds what the browser, the address or the device lacks, before the person runs into it.

/**
 * One lack: which (a key of `texts.lacks`), and whether nothing can be joined because of it.
 * @typedef {{id: keyof typeof import('./texts.js').texts.lacks, blocks: boolean}} Lack
 */

/**
 * What is known at once.
 * @param {{RTCPeerConnection?: unknown, WebAssembly?: unknown, AudioContext?: unknown, isSecureContext: boolean,
 *   navigator: {mediaDevices?: unknown, onLine: boolean}}} world the window
 * @returns {Lack[]} the worst first
 */
export function findLacks(world) {
  /** @type {Lack[]} */
  const lacks = [];
  if (!world.RTCPeerConnection) lacks.push({ id: 'webrtc', blocks: true });
  if (!world.WebAssembly) lacks.push({ id: 'webassembly', blocks: true });
  if (!world.AudioContext) lacks.push({ id: 'webaudio', blocks: true });
  if (!world.navigator.onLine) lacks.push({ id: 'offline', blocks: false });
  if (!world.isSecureContext) lacks.push({ id: 'insecure', blocks: false });
  else if (!world.navigator.mediaDevices) lacks.push({ id: 'nodevices', blocks: false });
  return lacks;
}

/**
 * What only asking tells: whether a microphone is plugged in and allowed. Opens no prompt.
 * @param {Navigator} navigator
 * @returns {Promise<Lack[]>}
 */
export async function findMicrophoneLacks(navigator) {
  if (!navigator.mediaDevices?.enumerateDevices) return [];
  const [devices, permission] = await Promise.all([
    navigator.mediaDevices.enumerateDevices().catch(() => null),
    // Browsers that can't be asked about this permission reject.
    Promise.resolve(navigator.permissions?.query({ name: /** @type {PermissionName} */ ('microphone') })).catch(() => undefined),
  ]);
  if (permission?.state === 'denied') return [{ id: 'blocked', blocks: false }];
  if (devices !== null && !devices.some((device) => device.kind === 'audioinput')) {
    return [{ id: 'nomicrophone', blocks: false }];
  }
  return [];
}

/**
 * Whether the sound goes to loudspeakers, as far as names tell: then headphones are worth a hint.
 * @param {{kind: string, label: string}[]} devices as enumerateDevices gives them; without permission they have no labels
 * @returns {boolean}
 */
export function mayFeedBack(devices) {
  const outputs = devices.filter((device) => device.kind === 'audiooutput');
  return !outputs.some((device) => /head(phone|set)|ear(phone|bud|pod)|airpods|buds|kopfhörer/i.test(device.label));
}
