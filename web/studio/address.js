// What the page's address says and how a room's id comes about: slug, fragment, parameters, the link to share. Pure
// functions; who reads or writes `location` is app.js.

/** Characters of an id (docs/protocol.md). */
const ID_CHARS_MAX = 64;
/** Characters of a name (docs/protocol.md). */
const NAME_CHARS_MAX = 64;
const ROLES = ['host', 'caller', 'listener'];

/**
 * The id of the room with this name: a–z, 0–9 and `-`; empty if nothing of the name is left.
 * @param {string} name
 * @returns {string}
 */
export function slug(name) {
  return name
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, ID_CHARS_MAX)
    .replace(/^-+|-+$/g, '');
}

/**
 * A random room id, for names of which no slug is left.
 * @returns {string} 10 characters of a–z and 0–9, without those that are easily confused: 50 random bits
 */
export function randomRoomId() {
  const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789';
  const values = crypto.getRandomValues(new Uint8Array(10));
  return Array.from(values, (value) => alphabet.charAt(value % alphabet.length)).join('');
}

/**
 * The room that a fragment names. What is no id (somebody typed a name) becomes its slug.
 * @param {string} fragment with or without `#`
 * @returns {string|null} null: none
 */
export function roomIdFromFragment(fragment) {
  const raw = fragment.replace(/^#/, '');
  let text = raw;
  try {
    text = decodeURIComponent(raw);
  } catch {
    // A lone `%` is no escape: take it as it stands.
  }
  if (/^[A-Za-z0-9_.:@-]{1,64}$/.test(text)) return text;
  return slug(text) || null;
}

/**
 * The link that leads others into a room: this page without its parameters.
 * @param {{origin: string, pathname: string}} location
 * @param {string} roomId
 * @returns {string}
 */
export function roomLink(location, roomId) {
  return `${location.origin}${location.pathname}#${roomId}`;
}

/**
 * What `?name=…&role=…&autostart=1&debug` asks for.
 * @param {string} search
 * @returns {{name: string, role: import('./types.js').Role|undefined, autostart: boolean, debug: boolean}}
 */
export function parameters(search) {
  const given = new URLSearchParams(search);
  const role = given.get('role') ?? '';
  return {
    name: cleanName(given.get('name') ?? ''),
    role: ROLES.includes(role) ? /** @type {import('./types.js').Role} */ (role) : undefined,
    autostart: given.get('autostart') === '1',
    debug: given.has('debug') && given.get('debug') !== '0',
  };
}

/**
 * A name as the server takes it: trimmed, at most 64 characters, without controls and direction overrides.
 * @param {string} text
 * @returns {string} empty if nothing is left
 */
export function cleanName(text) {
  // The same set as the server's: controls, and what changes the direction of the text around it (UAX #9).
  const printable = text.replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, '').trim();
  return [...printable].slice(0, NAME_CHARS_MAX).join('').trim();
}
