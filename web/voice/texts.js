// What the page says that is not in voice.html, in one place.

export const texts = {
  title: 'Voice channel',
  guest: 'Guest',

  /** @param {string[]} names */
  present: (names) => {
    if (names.length === 0) return 'Nobody is here yet.';
    return `Here now: ${listOf(names)}.`;
  },
  /** @param {number} people @param {number} capacity */
  count: (people, capacity) => `${people} of ${capacity}`,

  joining: 'Joining…',
  joinVoice: 'Join voice',
  /** @param {string} name */
  you: (name) => `${name} (you)`,
  /** @param {string} name */
  levelOf: (name) => `Level of ${name}`,
  speaking: 'is speaking',
  /** @param {number} db */
  level: (db) => (db <= -60 ? 'silent' : `${Math.round(db)} dB`),

  statuses: { connected: 'Connected', connecting: 'Connecting…', away: 'Lost contact, waiting…', disconnected: 'Disconnected' },
  grades: { good: 'Good', fair: 'Fair', poor: 'Poor', lost: 'No sound' },

  mute: 'Mute',
  muteName: 'Mute microphone',
  unmute: 'Unmute',
  unmuteName: 'Unmute microphone',
  deafen: 'Deafen',
  undeafen: 'Undeafen',

  own: {
    asking: 'Waiting for your permission to use the microphone',
    listener: 'You listen: listeners have no microphone here.',
    deafened: 'You hear nothing, and nobody hears you.',
    muted: 'You are muted.',
    hold: 'Hold Space, or the button, to talk.',
    on: 'You are heard.',
  },
  microphone: {
    denied: 'The browser blocks the microphone. Allow it beside the address, then unmute.',
    embedded: 'No microphone: the browser blocks it, or the page around this one does not hand it on (allow="microphone").',
    missing: 'No microphone found. Plug one in, then unmute. You hear the others all the same.',
    busy: 'Another program holds the microphone. Close it there, then unmute.',
    insecure: 'Microphones need a secure address: https, or localhost. You hear the others all the same.',
    unsupported: 'This browser offers no microphone to pages. You hear the others all the same.',
  },
  said: {
    /** @param {string} name */
    came: (name) => `${name} joined.`,
    /** @param {string} name */
    went: (name) => `${name} left.`,
    /** @param {string} name */
    mutedBy: (name) => `${name} muted your microphone.`,
    joined: 'You are in the channel.',
    left: 'You left the channel.',
  },
  /** @param {string} name @param {string} reason */
  failed: (name, reason) => `No connection with ${name}: ${reason}`,
  aHost: 'A host',
  theOperator: 'Whoever runs this server',
  /** @param {string} name */
  retryWith: (name) => `Try again with ${name}`,

  server: {
    connecting: 'Connecting to the server…',
    away: 'The server can’t be reached. Trying again…',
    reconnecting: 'Reconnecting… Sound goes on where it can.',
  },

  ended: {
    /** @param {string} by */
    kicked: (by) => `${by} removed you from this channel.`,
    'room-ended': 'This channel was ended. Joining opens it anew.',
    replaced: 'You joined from another page, which took over from this one.',
    timeout: 'You were away too long, and lost your place. Join again.',
    fatal: 'Something in this page broke. Load it again to join.',
  },
  refused: {
    'room-full': 'The channel is full. Try again when somebody has left.',
    'wrong-password': 'This channel has a password.',
    'wrong-password-again': 'That is not its password.',
  },
  lacks: 'This browser can’t join voice channels: it lacks WebRTC, Web Audio or WebAssembly.',
};

/** @param {string[]} names @returns {string} at most four of them in words */
function listOf(names) {
  const shown = names.length > 4 ? [...names.slice(0, 3), `${names.length - 3} more`] : names;
  if (shown.length < 2) return shown.join('');
  return `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}
