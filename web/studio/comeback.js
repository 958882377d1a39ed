// What one comes back to a room with: as which role, and with an open or a muted microphone. app.js keeps the one over a
// reload (memory.js), and joins with the other after an end.

/** @typedef {import('./live-session.js').LiveSession} LiveSession */

/**
 * The session as a reload finds it. Whether one is muted shows while the microphone is on; else what was kept counts, so
 * that nobody comes back live because of a prompt that is still open.
 * @param {Pick<LiveSession, 'roomId'|'roomName'|'you'|'microphone'>} session
 * @param {import('./memory.js').LiveRoom|null} kept
 * @returns {import('./memory.js').LiveRoom}
 */
export function liveRoom({ roomId, roomName, you, microphone }, kept) {
  const muted = microphone.status === 'on' ? !microphone.isLive : kept?.muted === true;
  return { roomId, roomName, muted, isListener: you?.role === 'listener' };
}

/**
 * What somebody who was put out of a room joins with again: as they were. Ask before the session ends.
 * @param {Pick<LiveSession, 'roomId'|'roomName'|'you'|'microphone'>} session
 * @param {import('./memory.js').LiveRoom|null} kept
 * @returns {{roomId: string, roomName: string, role: import('./types.js').Role|undefined, muted: boolean}}
 */
export function wishAgain(session, kept) {
  const { roomId, roomName, muted } = liveRoom(session, kept);
  return { roomId, roomName, role: session.you?.role, muted };
}
