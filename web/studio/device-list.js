// Which microphones, cameras and speakers are plugged in, kept up to date. Their names are known only once the browser was
// allowed to use one of them.

/**
 * One that can be chosen.
 * @typedef {{id: string, label: string}} DeviceChoice
 */

/** What browsers list beside the devices: names for whichever the system prefers. */
const ALIASES = ['default', 'communications'];

/** Emits `change` when one came or went, or became known by name. */
export class DeviceList extends EventTarget {
  /** @type {{kind: string, deviceId: string, label: string}[]} */
  #devices = [];
  #end = new AbortController();

  constructor() {
    super();
    // Insecure pages have no `mediaDevices`, whatever the declarations say.
    const devices = /** @type {Partial<Navigator>} */ (navigator).mediaDevices;
    devices?.addEventListener?.('devicechange', () => void this.refresh(), { signal: this.#end.signal });
    void this.refresh();
  }

  /**
   * Those of a kind that have been allowed to be known, without the browser's own names for the system's preference.
   * @param {MediaDeviceKind} kind
   * @returns {DeviceChoice[]}
   */
  of(kind) {
    return choices(this.#devices, kind);
  }

  /** What the system prefers is called; empty where the browser doesn't tell. @param {MediaDeviceKind} kind */
  defaultLabel(kind) {
    return defaultLabel(this.#devices, kind);
  }

  /** Looks again: names become known with a permission, of which the browser doesn't tell. */
  async refresh() {
    const found = await /** @type {Partial<Navigator>} */ (navigator).mediaDevices?.enumerateDevices?.().catch(() => []);
    if (found === undefined || this.#end.signal.aborted) return;
    const isSame = JSON.stringify(found) === JSON.stringify(this.#devices);
    this.#devices = found;
    if (!isSame) this.dispatchEvent(new Event('change'));
  }

  /** Looks no longer. */
  close() {
    this.#end.abort();
  }
}

/**
 * @param {{kind: string, deviceId: string, label: string}[]} devices as enumerateDevices gives them
 * @param {string} kind
 * @returns {DeviceChoice[]}
 */
export function choices(devices, kind) {
  return devices
    .filter((device) => device.kind === kind && device.deviceId !== '' && !ALIASES.includes(device.deviceId))
    .map(({ deviceId, label }) => ({ id: deviceId, label }));
}

/**
 * @param {{kind: string, deviceId: string, label: string}[]} devices as enumerateDevices gives them
 * @param {string} kind
 * @returns {string} without the browser's word for "default" before it
 */
export function defaultLabel(devices, kind) {
  const alias = devices.find((device) => device.kind === kind && device.deviceId === 'default')?.label ?? '';
  return alias.replace(/^[^-–]*[-–]\s*/u, '');
}
