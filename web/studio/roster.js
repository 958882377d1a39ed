// How participants are shown: in which order, in which words, with which letters. Pure functions over the server's
// participants and the connection manager's states.

import { texts } from './texts.js';

/**
 * Participants as the page shows them: oneself, then hosts, then the others, each in order of joining.
 * @template {{id: string, role: string}} P
 * @param {P[]} participants in order of joining
 * @param {string} ownId
 * @returns {P[]}
 */
export function inOrder(participants, ownId) {
  /** @param {P} participant */
  const rank = (participant) => (participant.id === ownId ? 0 : participant.role === 'host' ? 1 : 2);
  return participants
    .map((participant, index) => ({ participant, index }))
    .sort((a, b) => rank(a.participant) - rank(b.participant) || a.index - b.index)
    .map(({ participant }) => participant);
}

/**
 * What participants are called. Where names collide, whoever came later has a number: "Ada", "Ada (2)".
 * @param {{id: string, name: string}[]} participants in order of joining
 * @returns {Map<string, string>} by id
 */
export function shownNames(participants) {
  const taken = new Set(participants.map(({ name }) => name));
  /** @type {Set<string>} */
  const used = new Set();
  return new Map(participants.map(({ id, name }) => {
    let shown = name;
    for (let number = 2; used.has(shown); number += 1) {
      const numbered = texts.numbered(name, number);
      if (!taken.has(numbered)) shown = numbered;
    }
    used.add(shown);
    return [id, shown];
  }));
}

/**
 * The status text of AU-6.
 * @param {string} status of CM-8
 * @returns {string}
 */
export function statusText(status) {
  if (status === 'connected') return texts.strip.connected;
  if (status === 'connecting' || status === 'waiting') return texts.strip.connecting;
  return texts.strip.disconnected;
}

/**
 * Up to two letters that stand for a name.
 * @param {string} name
 * @returns {string}
 */
export function initials(name) {
  const words = name.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const first = words.at(0);
  const last = words.length > 1 ? words.at(-1) : undefined;
  return [first, last].map((word) => firstSign(word ?? '')).join('').toUpperCase() || '·';
}

/** @param {string} word */
function firstSign(word) {
  return word.match(/[\p{L}\p{N}]/u)?.[0] ?? '';
}

/**
 * Names of some, and how many more there are.
 * @param {{name: string}[]} participants
 * @param {number} shown at most so many names
 * @returns {string}
 */
export function whoText(participants, shown) {
  const names = participants.slice(0, shown).map((participant) => participant.name);
  return texts.rooms.who(names, participants.length - names.length);
}
