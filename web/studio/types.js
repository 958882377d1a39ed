// Names for the shapes that the studio's files share. Types only; the messages' shapes come from the SDK.

/** @typedef {import('../sdk/messages.d.ts').Role} Role */
/** @typedef {import('../sdk/messages.d.ts').Participant} Participant */
/** @typedef {import('../sdk/messages.d.ts').RoomSummary} RoomSummary */
/** @typedef {import('../sdk/messages.d.ts').RoomDetails} RoomDetails */
/** @typedef {import('../sdk/messages.d.ts').LeaveReason} LeaveReason */

/**
 * A part of the page: where it is shown, and how it ends.
 * @typedef {{element: HTMLElement, close(): void}} View
 */

export {};
