// The report that a person saves: one JSON object with all that explains what the connections did (docs/debugging.md). It
// holds addresses and ids, but neither names nor what was written.

import { hubPeer } from '../../sdk/rtc-manager.js';

/** Both are in each report, so that whoever reads it knows what it is. */
const FORMAT = 'parlor-report';
const VERSION = 1;

/**
 * @param {{
 *   signaling: import('../../sdk/index.js').SignalingClient,
 *   session: import('../live-session.js').LiveSession|null,
 * }} of `session`: the one that is live, or the last one
 * @returns {Promise<Record<string, unknown>>} JSON
 */
export async function makeReport({ signaling, session }) {
  // Together, before anything is waited for: the states are those behind the history's last step.
  const report = {
    format: FORMAT,
    version: VERSION,
    page: { time: new Date().toISOString(), userAgent: navigator.userAgent },
    signaling: { state: signaling.state, userId: signaling.userId, instance: signaling.instance, sessionId: signaling.sessionId ?? null },
    room: session === null ? null : roomOf(session),
    history: session?.connectionManager.history?.toJSON() ?? null,
    connections: session?.connectionManager.getConnectionsInfo() ?? [],
  };
  const peers = report.connections.map(({ remotePeerId, roomId }) => {
    const peer = roomId === undefined ? remotePeerId : hubPeer(roomId);
    return peerOf(/** @type {NonNullable<typeof session>} */ (session), peer);
  });
  return { ...report, peers: await Promise.all(peers) };
}

/** A file name with the time in it, which sorts and which every system takes. @param {string} what @param {string} ending */
export function fileName(what, ending) {
  return `parlor-${what}-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}.${ending}`;
}

/** @param {import('../live-session.js').LiveSession} session */
function roomOf({ roomId, participants }) {
  const present = participants.map(({ id, instance, role, suspect, joinedAt, tracks }) => ({ id, instance, role, suspect, joinedAt, tracks }));
  return { id: roomId, participants: present };
}

/** @param {import('../live-session.js').LiveSession} session @param {string} remotePeerId */
async function peerOf({ rtcManager }, remotePeerId) {
  const details = rtcManager.getDetails(remotePeerId) ?? null;
  // A connection that is closed meanwhile has nothing to say any more.
  const stats = await rtcManager.getStats(remotePeerId).catch(() => undefined);
  /** @type {any[]} */
  const entries = stats === undefined ? [] : [...stats.values()];
  return { remotePeerId, details, stats: entries.filter(({ type }) => type !== 'certificate') };
}
