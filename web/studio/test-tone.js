// The tone that tells where the sound comes out: three soft notes on one speaker, in an AudioContext of their own, which ends
// with them.

/** A chord's notes, one after the other, in Hz. */
const NOTES_HZ = [440, 554.37, 659.25];
const NOTE_S = 0.3;
/** How loud, as a factor of full scale: -20 dBFS. */
const AMPLITUDE = 0.1;
/** How soft a note begins and ends, in s. */
const EDGE_S = 0.03;
/** Without anything to play on, a context never starts, and no note ever ends; in ms. */
const PATIENCE_MS = 3000;

/**
 * Plays it.
 * @param {string} speakerId '' for the system's default, or where the browser can't choose
 * @returns {Promise<void>} when it has ended; rejected where the speaker can't be used
 */
export async function playTestTone(speakerId) {
  const context = new AudioContext();
  try {
    await useSpeaker(context, speakerId);
    const last = play(context);
    await new Promise((done, fail) => {
      last.addEventListener('ended', done, { once: true });
      setTimeout(() => fail(new Error('the sound did not start')), PATIENCE_MS);
    });
  } finally {
    await context.close();
  }
}

/** @param {AudioContext & {setSinkId?: (id: string) => Promise<void>}} context @param {string} speakerId */
async function useSpeaker(context, speakerId) {
  if (speakerId !== '') await context.setSinkId?.(speakerId);
}

/** @param {AudioContext} context @returns {OscillatorNode} the last note */
function play(context) {
  const notes = NOTES_HZ.map((frequency, index) => {
    const begin_s = context.currentTime + index * NOTE_S;
    const end_s = begin_s + NOTE_S;
    const note = new OscillatorNode(context, { frequency });
    const volume = new GainNode(context, { gain: 0 });
    volume.gain.setValueAtTime(0, begin_s);
    volume.gain.linearRampToValueAtTime(AMPLITUDE, begin_s + EDGE_S);
    volume.gain.setValueAtTime(AMPLITUDE, end_s - EDGE_S);
    volume.gain.linearRampToValueAtTime(0, end_s);
    note.connect(volume).connect(context.destination);
    note.start(begin_s);
    note.stop(end_s);
    return note;
  });
  return /** @type {OscillatorNode} */ (notes.at(-1));
}
