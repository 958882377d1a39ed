/**
 * What goes into the connection manager's core and what comes out, as `crates/parlor-connect` defines it
 * (`input.rs`, `output.rs`), and the face of `core.js`.
 */

import type { Grade, IceCandidateInit, Mode, Offer, IceCandidate, Refusal, ServerData, TopologyReady, TrackLabel } from './messages.d.ts';

/** One RTCPeerConnection: with whom, and which one. */
export interface Attempt {
  /** A user id, or `hub/` and a room's id: that room's hub. */
  peer: string;
  attempt: number;
}

/** Whether there is local media to wait for (CM-5). */
export type Media = 'pending' | 'ready' | 'none';

/** The frames of the server that the core wants to see. */
export type SignalType =
  | 'room-joined'
  | 'user-joined-room'
  | 'user-left-room'
  | 'user-updated'
  | 'room-updated'
  | 'topology'
  | 'offer-wanted'
  | 'error'
  | 'offer'
  | 'answer'
  | 'ice-candidate';

export type Signal =
  | { [Type in Exclude<SignalType, 'error'>]: { type: Type; data: ServerData[Type] } }[Exclude<SignalType, 'error'>]
  | { type: 'error'; data: Refusal };

/** What is told to the core. */
export type CoreInput =
  | 'signalingUp'
  | 'signalingDown'
  | 'closeAll'
  | { media: Media }
  | { turnAvailable: boolean }
  | { leaveRoom: { roomId: string } }
  | { retry: { peer: string } }
  | { closePeer: { peer: string } }
  | { signal: Signal }
  | Report;

/** What an RTCPeerConnection did, and what became of an order. */
export type Report =
  | { negotiationNeeded: Attempt }
  | { localDescriptionSet: Attempt & { sdp: string; tracks?: TrackLabel[] } }
  | { localDescriptionFailed: Attempt & { reason: string } }
  | { rolledBack: Attempt }
  | { rollbackFailed: Attempt & { reason: string } }
  | { remoteDescriptionSet: Attempt }
  | { remoteDescriptionFailed: Attempt & { reason: string } }
  | { localCandidate: Attempt & { candidate: IceCandidateInit | null } }
  | { stateChanged: Attempt & { ice: RTCIceConnectionState; connection: RTCPeerConnectionState } }
  | { statsSampled: Attempt & StatsSample };

/** The figures of one RTCPeerConnection: sums over all its tracks, counted since it was opened; whole numbers. */
export interface StatsSample {
  packetsReceived: number;
  packetsLost: number;
  bytesReceived: number;
  bytesSent: number;
  roundTripMs: number | null;
  jitterMs: number | null;
  availableOutKbps: number | null;
}

/** An order to an RTCPeerConnection. */
export type Order =
  | { open: Attempt & { relayOnly: boolean } }
  | { createOffer: Attempt & { restartIce: boolean } }
  | { createAnswer: Attempt }
  | { rollback: Attempt }
  | { setRemoteDescription: Attempt & { type: 'offer' | 'answer'; sdp: string; tracks?: TrackLabel[] } }
  | { addCandidate: Attempt & { candidate: IceCandidateInit | null } }
  | { sampleStats: Attempt }
  | { close: Attempt };

export type ConnectionStatus =
  | 'disconnected'
  | 'waiting'
  | 'connecting'
  | 'connected'
  | 'failed'
  | 'failed-permanent';

/** The state of the connection with somebody (CM-8). */
export interface PeerState {
  status: ConnectionStatus;
  /** Retries begun since it last worked. */
  retryCount: number;
  /** While `failed`: milliseconds from the failure to the retry; null when it waits for signalling. */
  retryTimeout: number | null;
  /** Whether this side gives way in a collision (CM-1). */
  isPolite: boolean;
  makingOffer: boolean;
  ignoreOffer: boolean;
}

export type { Grade };

/** How well a connection works (CM-17): the newest figures, loss over the last 8 s. */
export interface Quality {
  grade: Grade;
  /** Round-trip time; null while it is unknown. */
  roundTripMs: number | null;
  /** Packets lost of those sent here, in thousandths. */
  lossPermille: number;
  /** Jitter of what arrives; null without media. */
  jitterMs: number | null;
  inKbps: number;
  outKbps: number;
  /** What could go out, as congestion control believes; null where the browser does not say. */
  availableOutKbps: number | null;
}

/** What the core wants done, and what it tells. */
export type CoreOutput =
  | Order
  | { send: { type: 'offer' | 'answer'; data: Offer } | { type: 'ice-candidate'; data: IceCandidate } | { type: 'topology-ready'; data: TopologyReady } }
  | { connectionStateChanged: { remotePeerId: string; state: PeerState } }
  | { qualityChanged: { remotePeerId: string; quality: Quality } }
  | { connectionFailed: { remotePeerId: string; reason: string } }
  | { peerRemoved: { peer: string } }
  | { pathChanged: { roomId: string; plays: Mode; sendsToHub: boolean } }
  | { warning: { message: string } };

/** The core of one connection manager. */
export interface CoreInstance {
  /** @param input without one, only time has passed; @param now_ms since the Unix epoch, never going back */
  handle(input: CoreInput | undefined, now_ms: number): { outputs: CoreOutput[]; timeout: number | null };
  connections(): ({ remotePeerId: string } & PeerState)[];
  connection(remotePeerId: string): PeerState;
  quality(remotePeerId: string): Quality | null;
  free(): void;
}

/** What makes cores: `Core` of `core.js`. */
export interface CoreClass {
  create(options: { id: string; instance: string; seed: number; settings: object }): Promise<CoreInstance>;
}
