/**
 * A crowd: participants who answer whoever offers and send a tone in turns, as people talk, and do nothing else. All of them live in one bare
 * page, so seven cost less than one studio page does, and what a studio page costs among them can be measured on a
 * machine that could not carry eight of those.
 */

/** @typedef {{ name: string, role: string, amplitude: number }} Guest */

/**
 * Lets people into a room. They are polite to everybody, so they wait to be called; among each other nobody calls.
 *
 * @param {import('puppeteer-core').Page} page an empty one
 * @param {string} origin of the server
 * @param {string} room that is there
 * @param {Guest[]} guests
 */
export async function letInCrowd(page, origin, room, guests) {
  // Not the studio, but of the same origin, as the server wants it.
  await page.goto(`${origin}/healthz`);
  await page.evaluate(comeIn, room, guests);
}

/** Runs in the page. @param {string} room @param {Guest[]} guests */
async function comeIn(room, guests) {
  const context = new AudioContext({ latencyHint: 'playback' });
  await context.resume();
  const turn_s = 0.2;
  const rounds = 1_000;
  await Promise.all(guests.map(({ name, role, amplitude }, number) => new Promise((joined) => {
    const destination = new MediaStreamAudioDestinationNode(context);
    const tone = new OscillatorNode(context, { frequency: 300 + 100 * number });
    const loudness = new GainNode(context, { gain: 0 });
    tone.connect(loudness).connect(destination);
    tone.start();
    for (let round = 0; round < rounds; round += 1) {
      const start_s = context.currentTime + turn_s * (round * guests.length + number);
      loudness.gain.setValueAtTime(amplitude, start_s);
      loudness.gain.setValueAtTime(0, start_s + turn_s);
    }
    const track = destination.stream.getAudioTracks()[0];

    /** By whom and which attempt. @type {Map<string, RTCPeerConnection>} */
    const connections = new Map();
    const socket = new WebSocket(`ws://${location.host}/ws`);
    const send = (/** @type {string} */ type, /** @type {object} */ data) => socket.send(JSON.stringify({ type, data }));
    const connectionTo = (/** @type {any} */ { from, instance, attempt }) => {
      const key = `${from} ${instance} ${attempt}`;
      const known = connections.get(key);
      if (known) return known;
      const connection = new RTCPeerConnection();
      connections.set(key, connection);
      connection.addTrack(track);
      connection.addEventListener('icecandidate', ({ candidate }) => {
        send('ice-candidate', { to: from, toInstance: instance, attempt, candidate: candidate ? candidate.toJSON() : null });
      });
      return connection;
    };
    const handle = /** @type {Record<string, (data: any) => unknown>} */ ({
      welcome: () => send('user-joined-room', { roomId: room, role }),
      'room-joined': () => {
        send('track-state', { roomId: room, audioEnabled: true, videoEnabled: false, tracks: [{ source: 'microphone', kind: 'audio', enabled: true }] });
        joined(undefined);
      },
      offer: async (data) => {
        const connection = connectionTo(data);
        // Pauses are sent as the studio sends them (DTX).
        await connection.setRemoteDescription({ type: 'offer', sdp: data.sdp.replace(/useinbandfec=1/g, 'useinbandfec=1;usedtx=1') });
        await connection.setLocalDescription();
        send('answer', { to: data.from, toInstance: data.instance, attempt: data.attempt, n: data.n, sdp: connection.localDescription?.sdp });
      },
      'ice-candidate': (data) => connectionTo(data).addIceCandidate(data.candidate ?? undefined),
    });
    socket.addEventListener('open', () => send('hello', { userId: `-guest-${number}-${room}`, userName: name, instance: `guest-${number}` }));
    let turn = Promise.resolve();
    socket.addEventListener('message', ({ data: text }) => {
      const { type, data } = JSON.parse(text);
      // One after the other: candidates belong to the description before them.
      turn = turn.then(() => handle[type]?.(data)).then(() => {}, (error) => console.error(String(error)));
    });
  })));
}
