// A point in time as the debug view writes it.

/**
 * Local time with milliseconds.
 * @param {number} at_ms since the Unix epoch
 * @returns {string} such as `14:03:07.042`
 */
export function timeText(at_ms) {
  const time = new Date(at_ms);
  const two = (/** @type {number} */ value) => String(value).padStart(2, '0');
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${String(time.getMilliseconds()).padStart(3, '0')}`;
}
