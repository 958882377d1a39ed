// As much of the `peerjs` client (1.5) as a game room uses. The application brings the client itself: `new GameRoom({ Peer, … })`.

/** The class `Peer` of the package. */
export interface PeerClass {
  new (id: string, options: PeerClientOptions): PeerClient;
}

/** `host`, `port`, `path`, `key`, `secure`, `token`, `config` and what else the client takes. */
export interface PeerClientOptions {
  host?: string;
  port?: number;
  path?: string;
  key?: string;
  secure?: boolean;
  token?: string;
  config?: RTCConfiguration;
  debug?: number;
  pingInterval?: number;
}

interface Emits<Events> {
  on<Name extends keyof Events>(name: Name, listener: (detail: Events[Name]) => void): unknown;
}

/** An error of the client: `type` is its kind. */
export interface PeerClientError extends Error {
  type: string;
}

export interface PeerClient
  extends Emits<{ open: string; call: PeerCall; connection: PeerData; disconnected: string; close: undefined; error: PeerClientError }> {
  readonly options: PeerClientOptions;
  readonly open: boolean;
  readonly disconnected: boolean;
  readonly destroyed: boolean;
  call(id: string, stream: MediaStream, options?: { metadata?: unknown }): PeerCall | undefined;
  connect(id: string, options?: { label?: string; serialization?: string; reliable?: boolean; metadata?: unknown }): PeerData | undefined;
  reconnect(): void;
  disconnect(): void;
  destroy(): void;
}

/** The client's `MediaConnection`. */
export interface PeerCall extends Emits<{ stream: MediaStream; close: undefined; error: PeerClientError; iceStateChanged: string }> {
  readonly peer: string;
  readonly connectionId: string;
  readonly metadata: unknown;
  /** None before it is answered, and after it is closed. */
  readonly peerConnection: RTCPeerConnection | null | undefined;
  answer(stream: MediaStream): void;
  close(): void;
}

/** The client's `DataConnection`. */
export interface PeerData extends Emits<{ open: undefined; data: unknown; close: undefined; error: PeerClientError }> {
  readonly peer: string;
  readonly open: boolean;
  send(data: unknown): unknown;
  close(): void;
}
