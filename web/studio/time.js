// Times as people read them.

/**
 * How long something lasts: `4:05`, `1:04:05`.
 * @param {number} ms
 * @returns {string}
 */
export function duration(ms) {
  const total = Math.max(0, Math.floor(ms / 1000));
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  const seconds = String(total % 60).padStart(2, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${seconds}` : `${minutes}:${seconds}`;
}

/**
 * Whole seconds until a moment.
 * @param {number|null|undefined} atMs since 1970
 * @param {number} nowMs since 1970
 * @returns {number|null} null: no moment, or it has passed
 */
export function secondsUntil(atMs, nowMs) {
  if (atMs === null || atMs === undefined || atMs <= nowMs) return null;
  return Math.ceil((atMs - nowMs) / 1000);
}

/**
 * The time of day.
 * @param {Date} date
 * @returns {string} `14:05`
 */
export function clock(date) {
  return `${String(date.getHours()).padStart(2, '0')}:${String(date.getMinutes()).padStart(2, '0')}`;
}
