// Every English text of the studio page, and nothing else: what a person reads, hears from a screen reader, or a
// test looks for. Those that docs/protocol.md's section "The page" names are part of the outside contract.

/** How many, with its noun. @param {number} count @param {string} one @param {string} many */
const counted = (count, one, many) => `${count} ${count === 1 ? one : many}`;

export const texts = {
  product: 'parlor',
  /** Who gave no name. */
  guest: 'Guest',
  /** Somebody whose name another one has already. @param {string} name @param {number} number */
  numbered: (name, number) => `${name} (${number})`,
  tagline: 'Live rooms: open the page, join, hear each other.',

  front: {
    heading: 'Start or join a room',
    yourName: 'Your name',
    roomName: 'Room name',
    roomHint: 'Same name, same room.',
    start: 'Start Session',
    nameMissing: 'Enter your name first.',
    roomsHeading: 'Rooms',
    refresh: 'Refresh',
    emptyHeading: 'Nobody is live right now',
    emptyText: 'Start a session, and your room appears here for everyone.',
    unknownHeading: 'Not connected',
    unknownText: 'The rooms appear here as soon as the server answers.',
  },

  rooms: {
    list: 'Rooms',
    /** @param {string} name */
    join: (name) => `Join ${name}`,
    joinShort: 'Join',
    hereShort: 'You are here',
    /** @param {number} present @param {number} capacity */
    count: (present, capacity) => `${present}/${capacity}`,
    /** @param {string[]} names @param {number} more */
    who: (names, more) => (more > 0 ? `${names.join(', ')} and ${more} more` : names.join(', ')),
    empty: 'Empty, and open for a moment longer',
    /** @param {string} names */
    full: (names) => `Full: ${names}`,
    fullReason: 'This room is full',
  },

  lobby: {
    /** @param {string} room */
    heading: (room) => `Join ${room}`,
    /** @param {string} room */
    headingNew: (room) => `Open ${room}`,
    nobody: 'Nobody is here yet. Your session opens the room.',
    /** @param {number} count */
    present: (count) => `${counted(count, 'person is', 'people are')} in here`,
    role: 'Role',
    roleAuto: 'Automatic',
    start: 'Start Session',
    back: 'All rooms',
    level: 'Level of your microphone',
    levelIdle: 'Press any key or click, then speak: the bar should move.',
    levelListening: 'Speak: the bar should move.',
    asking: 'Your browser asks whether it may use the microphone.',
    listenerNote: 'Listeners hear and write. Microphone and camera stay off.',
    full: 'This room is full right now. You can start as soon as somebody has left.',
    headphones: 'Headphones keep the others out of your microphone.',
    password: 'Room password',
    /** @param {number|null} port */
    mediaPort: (port) =>
      `Sound and video through the server may not work from here: its media port${port === null ? '' : ` (UDP ${port})`} can’t be reached.`,
    mediaPortHelp: 'What helps',
    mediaPortHelpText:
      'This network, a firewall or a VPN lets nothing through to that port. Another network may do, or whoever runs the server opens the port for UDP and TCP. Small rooms connect directly and work all the same.',
    needsPassword: 'This room asks for a password.',
    wrongPassword: 'That was not the room’s password.',
  },

  roles: /** @type {Record<string, string>} */ ({ host: 'Host', caller: 'Caller', listener: 'Listener' }),
  roleHints: /** @type {Record<string, string>} */ ({
    host: 'mixes and rules',
    caller: 'speaks and hears',
    listener: 'hears',
  }),

  joining: {
    /** @param {string} room */
    text: (room) => `Joining ${room}…`,
    cancel: 'All rooms',
  },

  session: {
    participants: 'Participants',
    /** @param {string} time */
    elapsed: (time) => `Elapsed time ${time}`,
    copyLink: 'Copy link',
    linkCopied: 'Link copied. Whoever opens it comes into this room.',
    linkByHand: 'Copy this link and send it to whoever should come:',
    program: 'Program level',
    programShort: 'Program',
    end: 'End Session',
    online: 'Online',
    connecting: 'Connecting…',
    /** @param {number} attempt */
    reconnecting: (attempt) => `Reconnecting, sound goes on · attempt ${attempt}`,
    /** Whether it does through the server nobody knows yet. @param {number} attempt */
    reconnectingStar: (attempt) => `Reconnecting · attempt ${attempt}`,
    /** @param {number} attempt */
    serverAway: (attempt) => `The server can’t be reached · attempt ${attempt}`,
    /** @param {string} reason */
    serverRefuses: (reason) => `The server ended the connection: ${reason}`,
    /** @param {number} seconds */
    inSeconds: (seconds) => `in ${seconds} s`,
    muteMicrophone: 'Mute microphone',
    unmuteMicrophone: 'Unmute microphone',
    cameraOn: 'Turn camera on',
    cameraOff: 'Turn camera off',
    mute: 'Mute',
    unmute: 'Unmute',
    camera: 'Camera',
    share: 'Share',
    shareScreen: 'Share screen',
    stopSharing: 'Stop sharing',
    devices: 'Devices',
    large: 'Large picture',
    chat: 'Chat',
    rooms: 'Rooms',
    keys: 'Keys',
    soundBlocked: 'Your browser holds the sound back until you click.',
    soundOn: 'Turn sound on',
  },

  desk: {
    open: 'Program: loudness and mix',
    heading: 'Program',
    loudness: 'Loudness',
    lufs: 'LUFS',
    dbtp: 'dBTP',
    measures: {
      momentary: { name: 'Momentary', hint: 'the last 0.4 s' },
      shortTerm: { name: 'Short-term', hint: 'the last 3 s' },
      integrated: { name: 'Integrated', hint: 'since the reset' },
      truePeak: { name: 'True peak', hint: 'since the reset' },
    },
    resetLoudness: 'Reset loudness',
    mix: 'Mix',
    mixes: {
      direct: { name: 'Everyone direct', hint: 'Everyone hears every voice as it was sent, with gains of their own.' },
      host: { name: 'Host mixes', hint: 'Callers and listeners hear the host’s mix, each without their own voice.' },
    },
    nobodyMixes: 'Everyone direct: your gains decide what you hear.',
    youMix: 'You mix: your gains and mutes are what callers and listeners hear.',
    /** @param {string} name */
    otherMixes: (name) => `${name} mixes for callers and listeners.`,
    noMixer: 'The host mixes, and no host is here: everyone direct.',
    /** @param {string} name */
    hostMixes: (name) => `${name} mixes what you hear. Your own gains and mutes change nothing meanwhile.`,
    /** @param {string} name */
    mixMissing: (name) => `${name} mixes, but the mix doesn’t reach you yet: you hear everyone direct.`,
    levelling: 'Level voices automatically',
    levellingHint: 'Brings every voice slowly to −23 LUFS, in the mix of this page.',
    /** @param {string[]} names */
    recording: (names) => `Recording: ${names.join(', ')}`,
    recordStart: 'Record program',
    recordStop: 'Stop recording',
    recordShort: 'Record',
    stopShort: 'Stop',
    recordHint: 'Records the program, your own voice included. Everyone sees it.',
    recordUnsupported: 'This browser can’t record.',
    recordListener: 'Listeners record nothing.',
    recordOffline: 'The server can’t be reached, so nobody would see that you record. Try again once it is back.',
    /** @param {string} reason */
    cannotRecord: (reason) => `The program can’t be recorded. ${reason}`,
    /** @param {string} file */
    saved: (file) => `Recording saved as ${file}.`,
  },

  strip: {
    you: 'You',
    connected: 'Connected',
    connecting: 'Connecting…',
    disconnected: 'Disconnected',
    /** @param {string} name */
    gain: (name) => `Gain for ${name}`,
    /** @param {number} percent */
    percent: (percent) => `${percent} %`,
    gainHint: 'Double click: 100 %',
    /** @param {string} name */
    mute: (name) => `Mute ${name}`,
    /** @param {string} name */
    unmute: (name) => `Unmute ${name}`,
    /** @param {string} name */
    level: (name) => `Level of ${name}`,
    /** @param {string} name */
    picture: (name) => `Camera of ${name}`,
    /** @param {string} name */
    screen: (name) => `Screen of ${name}`,
    /** @param {string} name */
    enlarge: (name) => `Enlarge the camera of ${name}`,
    /** @param {string} name */
    showScreen: (name) => `Show the screen of ${name}`,
    shownLarge: 'Shown large',
    makeSmall: 'Make small',
    fullScreen: 'Full screen',
    tryAgain: 'Try again',
    /** @param {number} attempt @param {number} attempts @param {number|null} seconds */
    attempt: (attempt, attempts, seconds) =>
      `attempt ${attempt} of ${attempts}${seconds === null ? '' : ` in ${seconds} s`}`,
    suspect: 'Lost contact, waiting…',
    microphoneOff: 'Microphone off',
    noMicrophone: 'No microphone',
    mutedByYou: 'Muted for you',
    /** @param {string} name @param {string} reason */
    failed: (name, reason) => `No connection to ${name}. ${reason}`,
    failedPlain: 'Every attempt failed.',
    /** @param {string} reason */
    hubFailed: (reason) => `No connection to the server’s media port. ${reason}`,
    hubOutOfReach: 'This browser can’t reach the server’s media port. It works as it is, but if this room grows and moves to the server, you will hear nobody.',
  },

  menu: {
    /** @param {string} name */
    open: (name) => `Host controls for ${name}`,
    make: { host: 'Make host', caller: 'Make caller', listener: 'Make listener' },
    muteAtSource: 'Mute microphone',
    remove: 'Remove from room',
    /** @param {string} name */
    removeSure: (name) => `Yes, remove ${name}`,
  },

  chat: {
    log: 'Chat',
    message: 'Message',
    placeholder: 'Write to everyone',
    send: 'Send',
    /** @param {number} excess @param {number} most */
    tooLong: (excess, most) => `${counted(excess, 'character', 'characters')} too many: a message has at most ${most}.`,
    /** @param {number} count */
    unread: (count) => counted(count, 'unread message', 'unread messages'),
    /** @param {string} time */
    joinedLate: (time) => `You joined at ${time}. What was written before stays with those who were here.`,
    /** @param {string} time */
    joinedFirst: (time) => `You opened the room at ${time}. Whoever comes later sees only what is written after that.`,
    /** @param {string} name */
    came: (name) => `${name} came in`,
    /** @param {string} name */
    went: (name) => `${name} left`,
    /** @param {string} name */
    lost: (name) => `${name} lost the connection`,
    toHub: 'The room has outgrown direct connections: sound and pictures now go through the server.',
    toMesh: 'Sound and pictures go directly from one to the other again.',
    /** @param {string} name @param {string} by */
    removed: (name, by) => `${name} was removed by ${by}`,
    theOperator: 'whoever runs this server',
    you: 'You',
  },

  microphone: {
    one: 'The microphone',
    hold: 'Hold Space to speak',
    talking: 'You are speaking',
    asking: 'Waiting for your permission to use the microphone',
    off: 'Your microphone is off',
    on: 'Your microphone is on',
    listener: 'You listen. Listeners have no microphone.',
    /** What stands in the way, and what helps. */
    problems: {
      denied: 'The browser blocks the microphone. Allow it beside the address.',
      missing: 'No microphone found. Plug one in. You hear the others all the same.',
      busy: 'Another program holds the microphone. Close it there.',
      insecure: 'Microphones need a secure address: https, or localhost. You hear the others all the same.',
      unsupported: 'This browser offers no microphone to pages. You hear the others all the same.',
      lost: 'The microphone was unplugged. Plug one in.',
    },
    thenUnmute: 'Then unmute.',
  },

  camera: {
    one: 'The camera',
    asking: 'Your browser asks whether it may use the camera.',
    off: 'Your camera is off',
    listener: 'Listeners have no camera.',
    /** @param {number} width @param {number} height */
    gives: (width, height) => `${width} × ${height}`,
    problems: {
      denied: 'The browser blocks the camera. Allow it beside the address.',
      missing: 'No camera found.',
      busy: 'Another program holds the camera.',
      insecure: 'Cameras need a secure address: https, or localhost.',
      unsupported: 'This browser offers no camera to pages.',
      lost: 'The camera was unplugged.',
    },
  },

  screen: {
    on: 'You share your screen',
    listener: 'Listeners share no screen.',
    refused: 'The browser could not share a screen.',
    unsupported: 'This browser can’t share a screen.',
  },

  devices: {
    heading: 'Devices',
    microphone: 'Microphone',
    camera: 'Camera',
    speaker: 'Speaker',
    preview: 'Your camera’s picture',
    default: 'Default',
    /** @param {string} label */
    defaultOf: (label) => (label === '' ? 'Default' : `Default: ${label}`),
    /** @param {number} number */
    unnamed: (number) => `Device ${number}`,
    testSpeaker: 'Play a test tone',
    testing: 'Playing…',
    testFailed: 'The tone could not be played.',
    size: 'Camera size',
    sizes: /** @type {Record<number, string>} */ ({ 360: '360p', 720: '720p', 1080: '1080p', 2160: '4K' }),
    /** @param {string} size */
    sizeNow: (size) => `The camera gives ${size}.`,
    processing: 'Microphone treatment',
    echoCancellation: 'Echo cancellation',
    noiseSuppression: 'Noise suppression',
    autoGainControl: 'Automatic gain',
    music: 'Music mode',
    musicHint: 'Stereo at 128 kbit/s, without the three above. Wear headphones.',
    pushToTalk: 'Push to talk',
    pushToTalkHint: 'Hold Space to speak.',
    more: 'Size, treatment and more',
    advanced: 'Advanced',
    fec: 'Forward error correction (FEC)',
    fecHint: 'Sound survives lost packets, at a slightly higher rate.',
    dtx: 'Silence suppression (DTX)',
    dtxHint: 'Sends next to nothing while you are silent, except in music mode.',
    /** @param {string} lost @param {string} now */
    fellBack: (lost, now) => `${lost} is gone. ${now} is in use now.`,
    /** @param {string} why @param {string} now */
    keeps: (why, now) => `${why} ${now} stays in use.`,
    speakerGone: 'The chosen speaker is gone. The default one is in use now.',
    speakerRefused: 'The sound could not be moved to that speaker.',
  },

  quality: {
    grades: { good: 'Good', fair: 'Fair', poor: 'Poor', lost: 'No sound' },
    /** @param {string} name @param {string} grade */
    of: (name, grade) => `Connection with ${name}: ${grade}`,
    roundTrip: 'Round trip',
    loss: 'Loss',
    jitter: 'Jitter',
    in: 'In',
    out: 'Out',
    available: 'Room for',
    unknown: 'unknown',
    /** @param {number} figure */
    ms: (figure) => `${Math.round(figure)} ms`,
    /** @param {number} permille */
    percent: (permille) => `${(permille / 10).toFixed(1)} %`,
    /** @param {number} figure */
    kbps: (figure) => `${Math.round(figure)} kbit/s`,
  },

  lacks: {
    webrtc: 'This browser has no WebRTC, so it can show rooms but not join them. A current Chrome, Edge, Firefox or Safari can.',
    webassembly: 'This browser runs no WebAssembly, so it can show rooms but not join them.',
    webaudio: 'This browser has no Web Audio, so it can show rooms but not join them.',
    insecure: 'This address is not secure, so the browser gives no microphone: you hear the others, they can’t hear you. Use https, or localhost.',
    nodevices: 'This browser offers no microphone to pages: you hear the others, they can’t hear you.',
    nomicrophone: 'No microphone is plugged in: you hear the others, they can’t hear you.',
    blocked: 'The microphone is blocked for this page. Allow it beside the address, and the others hear you.',
    offline: 'This device is offline.',
  },

  trouble: {
    roomFull: 'This room is full',
    /** @param {string} room */
    roomFullText: (room) => `Nobody else fits into ${room} right now. Try again when somebody has left.`,
    roomGone: 'This room is gone',
    /** @param {string} room */
    roomGoneText: (room) => `${room} was ended. Starting it again opens a new one under the same link.`,
    kicked: 'You were removed',
    /** @param {string} by @param {string} room */
    kickedText: (by, room) => `${by} removed you from ${room}.`,
    aHost: 'A host',
    theOperator: 'Whoever runs this server',
    replaced: 'This session goes on elsewhere',
    /** @param {string} room */
    replacedText: (room) => `${room} was opened with your identity in another place, which took over from this page.`,
    timeout: 'You were away too long',
    /** @param {string} room */
    timeoutText: (room) => `The server lost contact with this page and gave up your place in ${room}.`,
    locked: 'This room takes nobody in',
    failed: 'That did not work',
    cannotJoin: 'This browser can’t join rooms',
    tryAgain: 'Try again',
    joinAgain: 'Join again',
    openAgain: 'Start it again',
    back: 'All rooms',
    crashed: 'Something in this page broke',
    crashedText: 'The part that manages the connections stopped. Loading the page again brings you back.',
    reload: 'Load the page again',
  },

  toasts: {
    region: 'Notices',
    /** @param {string} by */
    mutedBy: (by) => `${by} muted your microphone.`,
    youAreHost: 'You are host now.',
    /** @param {string} role */
    youAre: (role) => `Your role is now: ${role}.`,
    youMaySpeak: 'Your role is now: Caller. Unmute to speak.',
  },

  debug: {
    heading: 'Debug view',
    hub: 'The server',
    open: 'Open debug view',
    closeView: 'Close debug view',
    saveReport: 'Save report',
    privacy: 'A saved report holds IP addresses and ids, but no names and nothing of the chat.',
    noSession: 'You are in no room. Connections are shown here once you are.',
    /** @param {string} id */
    room: (id) => `Room ${id}`,
    /** @param {string} id */
    ownId: (id) => `you are ${id}`,
    ended: 'this session has ended',
    /** @param {string} state */
    signaling: (state) => `signalling ${state}`,
    graph: 'Connections of this page',
    /** @param {string[]} others */
    graphLabel: (others) => (others.length === 0 ? 'You, and nobody else' : `You, connected with ${counted(others.length, 'other', 'others')}. ${others.join('; ')}`),
    othersUnknown: 'Only your own connections are drawn. How the others are connected among each other is not known to this page.',
    alone: 'Nobody else is here.',
    tableCaption: 'Connections of this page, with their figures',
    columns: ['With', 'State', 'Quality', 'Round trip, ms', 'Loss, %', 'Jitter, ms', 'In, kb/s', 'Out, kb/s', 'Retries'],
    /** The states of CM-8 and the grades of CM-17. */
    kinds: /** @type {Record<string, string>} */ ({
      good: 'good',
      fair: 'fair',
      poor: 'poor',
      lost: 'lost',
      connected: 'connected',
      connecting: 'connecting',
      waiting: 'waiting',
      failed: 'failed',
      'failed-permanent': 'given up',
      disconnected: 'disconnected',
    }),
    peersHeading: 'Connections',
    /** @param {string} name */
    gone: (name) => `${name} (left)`,
    tryAgain: 'Try again',
    close: 'Close connection',
    statesHeading: 'States over time',
    figuresHeading: 'Quality',
    pathHeading: 'Path',
    tracksHeading: 'Tracks',
    descriptionsHeading: 'Descriptions',
    grade: 'Grade',
    roundTrip: 'Round trip',
    loss: 'Loss',
    jitter: 'Jitter',
    rateIn: 'In',
    rateOut: 'Out',
    available: 'Available out',
    none: 'none',
    /** @param {number} value */
    ms: (value) => `${value} ms`,
    /** @param {number} value */
    percent: (value) => `${value.toFixed(1)} %`,
    /** @param {number} value */
    kbps: (value) => `${value} kb/s`,
    /** @param {number|null} value @param {(value: number) => string} text */
    orNone: (value, text) => (value === null ? 'unknown' : text(value)),
    pathLocal: 'Here',
    pathRemote: 'There',
    /** @param {string} protocol */
    relayBy: (protocol) => `(relay by ${protocol})`,
    browserStates: 'Browser’s states',
    attempt: 'Attempt',
    flowColumns: ['Track', 'Codec', 'Packets', 'Lost', 'kB', 'Concealed, %', 'Buffer, ms'],
    directions: { in: 'In:', out: 'Out:' },
    local: 'Local description',
    remote: 'Remote description',
    copy: 'Copy',
    /** @param {string} what */
    copyOf: (what) => `Copy: ${what}`,
    copied: 'Copied.',
    notCopied: 'The browser did not let the page copy.',
    logHeading: 'Event log',
    logPeer: 'Events of',
    logEveryone: 'Everyone',
    logSearch: 'Filter events',
    logFigures: 'Measurements too',
    saveLog: 'Save log',
  },

  keys: {
    heading: 'Keys',
    close: 'Close',
    list: /** @type {[string, string][]} */ ([
      ['M', 'Microphone on or off'],
      ['V', 'Camera on or off'],
      ['C', 'Chat'],
      ['1 – 9', 'Go to a participant'],
      ['↑ ↓', 'Gain of that participant'],
      ['M', 'there: mute that participant'],
      ['E', 'there: enlarge the picture, or the screen'],
      ['S', 'Share a screen, or stop sharing'],
      ['D', 'Devices'],
      ['Space', 'Speak, while held, with push to talk'],
      ['Esc', 'Make the large picture small'],
      ['?', 'This list'],
      ['Ctrl Shift D', 'Debug view'],
    ]),
  },
};
