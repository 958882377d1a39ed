/**
 * Which side is client and which is server of a connection's DTLS, written into session descriptions: text goes in, text
 * comes out. An offer leaves that open (`a=setup:actpass`) also where an answer settled it long ago, and the next answer is
 * to keep what was settled (RFC 8842, sections 5.3 and 5.5). Firefox (153) forgets it where the offer restarts ICE: it
 * answers `active` in any case, and Chromium refuses an answer that swaps the roles.
 */

/**
 * @param {string} offer the other side's
 * @param {{ local: RTCSessionDescriptionInit | null, remote: RTCSessionDescriptionInit | null }} current what is negotiated,
 *   if anything is
 * @returns {string} one that leaves nothing open that the last answer settled
 */
export function withSettledRole(offer, { local, remote }) {
  const answer = remote?.type === 'answer' ? remote : local;
  const [, said] = /^a=setup:(active|passive)/m.exec(answer?.sdp ?? '') ?? [];
  if (said === undefined) return offer;
  const offerer = answer === remote ? said : opposite(said);
  return offer.replaceAll(/^a=setup:actpass/gm, `a=setup:${offerer}`);
}

/** @param {string} role */
function opposite(role) {
  return role === 'active' ? 'passive' : 'active';
}
