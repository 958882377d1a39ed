/**
 * parlor's SDK: what an application imports. Each part is in the file of its name; the words of the messages are in
 * `messages.d.ts`.
 */

export { AudioGraph } from './audio-graph.js';
export { Chat } from './chat.js';
export { ConnectionManager } from './connection-manager.js';
export { DeviceError, GameRoomError } from './game-errors.js';
export { GameRoom } from './game-room.js';
export { HostMix } from './host-mix.js';
export { ProgramRecorder } from './program-recorder.js';
export { Rooms } from './rooms.js';
export { RTCManager } from './rtc-manager.js';
export { SignalingClient } from './signaling-client.js';
export { SignalingError } from './signaling-error.js';
