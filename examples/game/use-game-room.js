/**
 * `GameRoom` as a React hook, for pages that are built with React (18 or newer). React and the `peerjs` client are the
 * application's own, so they are given; nothing is imported from a package here.
 *
 *     import * as React from 'react';
 *     import { Peer } from 'peerjs';
 *     const useGameRoom = gameRoomHook(React, Peer);
 *
 *     function Table({ userId, playerIds, peerOptions }) {
 *       const { room, localStream, calls, error } = useGameRoom({ userId, playerIds, peerOptions });
 *       …
 *     }
 */

import { GameRoom } from '../../web/sdk/game-room.js';

/** @import { GameRoomSnapshot } from '../../web/sdk/game-room.js' */
/** @import { PeerClass } from '../../web/sdk/peerjs-client.d.ts' */
/** @import { PeerOptionsSource } from '../../web/sdk/game-peer.js' */

/**
 * What is used of React.
 * @typedef {object} ReactLike
 * @property {<T>(initial: T) => [T, (value: T) => void]} useState
 * @property {(effect: () => void | (() => void), dependencies: unknown[]) => void} useEffect
 * @property {<T>(subscribe: (listener: () => void) => () => void, getSnapshot: () => T) => T} useSyncExternalStore
 */

/** Before there is a room: what a page shows in its first moment. */
const nothing = Object.freeze({ subscribe: () => () => {}, getSnapshot: () => null });

/**
 * @param {ReactLike} React
 * @param {PeerClass} Peer
 */
export function gameRoomHook({ useState, useEffect, useSyncExternalStore }, Peer) {
  /**
   * @param {object} wish
   * @param {string} wish.userId another id is another room: the one before is left
   * @param {readonly string[]} wish.playerIds who is in the room
   * @param {PeerOptionsSource} wish.peerOptions as they are when the room is made
   * @returns {{ room: GameRoom | null } & Partial<GameRoomSnapshot>} `room` is null until the component is mounted
   */
  return function useGameRoom({ userId, playerIds, peerOptions }) {
    const [room, setRoom] = useState(/** @type {GameRoom | null} */ (null));
    useEffect(() => {
      const made = new GameRoom({ Peer, userId, peerOptions });
      made.connect();
      setRoom(made);
      // Also in strict mode, where React mounts twice: the second room gets the id of the first back.
      return () => made.destroy();
    }, [userId]);
    useEffect(() => room?.setRoster(playerIds), [room, playerIds.join()]);
    const { subscribe, getSnapshot } = room ?? nothing;
    return { room, ...useSyncExternalStore(subscribe, getSnapshot) };
  };
}
