// Which words and which ways out belong to a refusal, or to the end of a session that one did not end oneself.

import { texts } from './texts.js';

/** @typedef {import('./views/trouble.js').Trouble} Trouble */

/**
 * The ways out: the same room once more, the same room made anew, the list of all rooms.
 * @typedef {{again(): void, create(): void, back(): void}} Ways
 */

/**
 * A room that could not be joined.
 * @param {{code: string, message: string}} error
 * @param {string} room its name
 * @param {Ways} ways
 * @returns {Trouble}
 */
export function refusalTrouble(error, room, ways) {
  const { trouble } = texts;
  const back = { label: trouble.back, onPress: ways.back };
  const again = { label: trouble.tryAgain, onPress: ways.again };
  switch (error.code) {
    case 'room-full':
      return { heading: trouble.roomFull, text: trouble.roomFullText(room), actions: [again, back] };
    case 'room-not-found':
      return {
        heading: trouble.roomGone,
        text: trouble.roomGoneText(room),
        actions: [{ label: trouble.openAgain, onPress: ways.create }, back],
      };
    case 'unavailable-id':
      return { heading: trouble.replaced, text: trouble.replacedText(room), actions: [again, back] };
    case 'forbidden':
    case 'unauthorized':
      return { heading: trouble.locked, text: error.message, actions: [back, again] };
    default:
      return { heading: trouble.failed, text: error.message, actions: [again, back] };
  }
}

/**
 * A session that ended without one's doing.
 * @param {{reason: string, by?: string, error?: {code: string, message: string}}} end `by`: a name; none where it was the server's operator
 * @param {string} room its name
 * @param {Ways} ways
 * @returns {Trouble}
 */
export function endTrouble({ reason, by, error }, room, ways) {
  const { trouble } = texts;
  const back = { label: trouble.back, onPress: ways.back };
  const again = { label: trouble.joinAgain, onPress: ways.again };
  switch (reason) {
    case 'kicked':
      return { heading: trouble.kicked, text: trouble.kickedText(by ?? trouble.theOperator, room), actions: [back, again] };
    case 'room-ended':
      return {
        heading: trouble.roomGone,
        text: trouble.roomGoneText(room),
        actions: [back, { label: trouble.openAgain, onPress: ways.create }],
      };
    case 'replaced':
      return { heading: trouble.replaced, text: trouble.replacedText(room), actions: [{ ...again, onPress: ways.create }, back] };
    case 'refused':
      return refusalTrouble(error ?? { code: '', message: '' }, room, ways);
    default:
      return { heading: trouble.timeout, text: trouble.timeoutText(room), actions: [{ ...again, onPress: ways.create }, back] };
  }
}
