// What the page's address says: `voice.html?name=…&muted=1&ptt=1&autostart=1#channel`.

/**
 * @typedef {object} Asked
 * @property {string} name empty: not said
 * @property {boolean} isMuted
 * @property {boolean} isPushToTalk
 * @property {boolean} isAutostart join without asking
 */

/** @param {string} search @returns {Asked} */
export function askedFor(search) {
  const given = new URLSearchParams(search);
  const isOn = (/** @type {string} */ key) => given.get(key) === '1';
  return { name: cleanName(given.get('name') ?? ''), isMuted: isOn('muted'), isPushToTalk: isOn('ptt'), isAutostart: isOn('autostart') };
}

/**
 * The channel's id: the fragment, or the slug of what is no id (docs/protocol.md, "Words").
 * @param {string} fragment with or without `#`
 * @returns {string | null} null: none is named
 */
export function channelId(fragment) {
  let text = fragment.replace(/^#/, '');
  try {
    text = decodeURIComponent(text);
  } catch {
    // A lone `%` is no escape: it is taken as it stands.
  }
  if (/^[A-Za-z0-9_.:@-]{1,64}$/.test(text)) return text;
  const slug = text.normalize('NFKD').replace(/[\u0300-\u036f]/g, '').toLowerCase().replace(/[^a-z0-9]+/g, '-');
  return slug.slice(0, 64).replace(/^-+|-+$/g, '') || null;
}

/** A name as the server takes it: at most 64 characters, no controls or direction overrides. @param {string} text */
export function cleanName(text) {
  const printable = text.replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, '').trim();
  return [...printable].slice(0, 64).join('').trim();
}
