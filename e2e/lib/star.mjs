/**
 * A participant of a star: a bare page that sends a tone to the hub and receives what the hub forwards, by the protocol
 * alone. What the SDK makes of a star is not in it.
 */

import { until } from './wait.mjs';

export class StarGuest {
  /**
   * @param {import('./stage.mjs').Stage} stage
   * @param {string} name which is the user id, too
   * @param {'chromium' | 'firefox'} browser
   */
  static async join(stage, name, browser) {
    const page = await (await stage.context(browser)).newPage();
    // Not the studio, but of the same origin, as the server wants it.
    await page.goto(`${stage.server.origin}/healthz`);
    await page.evaluate(comeIn, stage.room, name);
    return new StarGuest(page, name);
  }

  /** @param {import('puppeteer-core').Page} page @param {string} name */
  constructor(page, name) {
    this.page = page;
    this.name = name;
  }

  /**
   * Who is in the slots, each with the energy that came there since the page began to listen.
   *
   * @returns {Promise<{ userId: string, energy: number, csrcIsRight: boolean }[]>}
   */
  heard() {
    return this.page.evaluate(() => /** @type {any} */ (window).star.heard());
  }

  /** Waits until exactly these bring sound. @param {string[]} names */
  async hears(...names) {
    /** @type {Record<string, number>} */
    let before = {};
    await until(`${this.name} hears ${names.join(' and ')}`, async () => {
      const now = await this.heard();
      const seen = now.map(({ userId, energy, csrcIsRight }) => ({ userId, csrcIsRight, grows: energy > (before[userId] ?? energy) }));
      before = Object.fromEntries(now.map(({ userId, energy }) => [userId, energy]));
      return seen;
    }, {
      good: (seen) => seen.length === names.length && seen.every(({ userId, grows, csrcIsRight }) => names.includes(userId) && grows && csrcIsRight),
      everyMs: 300,
    });
  }

  /** What the page was told, by type. @param {string} type @returns {Promise<any[]>} */
  frames(type) {
    return this.page.evaluate((wanted) => /** @type {any} */ (window).star.frames.filter((/** @type {any} */ frame) => frame.type === wanted), type);
  }
}

/** Runs in the page. @param {string} room @param {string} name */
async function comeIn(room, name) {
  const context = new AudioContext();
  await context.resume();
  const destination = new MediaStreamAudioDestinationNode(context);
  const tone = new OscillatorNode(context, { frequency: 440 });
  tone.connect(new GainNode(context, { gain: 0.2 })).connect(destination);
  tone.start();

  const pc = new RTCPeerConnection();
  const own = pc.addTransceiver(destination.stream.getAudioTracks()[0], { direction: 'sendonly' });
  const slots = [1, 2, 3].map(() => pc.addTransceiver('audio', { direction: 'recvonly' }));
  const elements = slots.map(({ receiver }) => {
    const element = new Audio();
    element.srcObject = new MediaStream([receiver.track]);
    element.play().catch(() => {});
    return element;
  });
  const frames = /** @type {any[]} */ ([]);
  const socket = new WebSocket(`ws://${location.host}/ws`);
  const send = (/** @type {string} */ type, /** @type {object} */ data) => socket.send(JSON.stringify({ type, data }));
  const told = (/** @type {string} */ type) => frames.findLast((frame) => frame.type === type)?.data;
  const heard = async () => {
    const found = [];
    for (const { mid, userId, csrc } of told('slots')?.slots ?? []) {
      const slot = slots.find((one) => one.mid === mid);
      if (!slot || userId === null) continue;
      let energy = 0;
      for (const report of (await slot.receiver.getStats()).values()) {
        if (report.type === 'inbound-rtp') energy += report.totalAudioEnergy ?? 0;
      }
      const sources = slot.receiver.getContributingSources().map(({ source }) => source);
      found.push({ userId, energy, csrcIsRight: sources.length === 0 || sources.includes(csrc) });
    }
    return found;
  };
  Object.assign(window, { star: { pc, frames, heard, elements, socket } });
  pc.onicecandidate = ({ candidate }) => {
    send('ice-candidate', { to: 'hub', roomId: room, attempt: 1, candidate: candidate ? candidate.toJSON() : null });
  };
  await new Promise((answered, failed) => {
    socket.onopen = () => {
      send('hello', { userId: name, userName: name, instance: `${name}-1` });
      send('user-joined-room', { roomId: room, create: { name: room, topology: 'sfu' } });
    };
    socket.onmessage = async ({ data: text }) => {
      const { type, data } = JSON.parse(text);
      frames.push({ type, data });
      if (type === 'error') failed(new Error(data.message));
      if (type === 'room-joined') {
        await pc.setLocalDescription();
        const tracks = [{ mid: own.mid, source: 'microphone' }];
        send('offer', { to: 'hub', roomId: room, attempt: 1, n: 1, sdp: pc.localDescription?.sdp, tracks });
      } else if (type === 'answer') {
        await pc.setRemoteDescription({ type: 'answer', sdp: data.sdp });
        answered(undefined);
      }
    };
  });
}

/**
 * Makes the stage's room with settings that the page has no control for. Nobody is in it then.
 *
 * @param {import('./stage.mjs').Stage} stage
 * @param {{ topology?: 'auto' | 'mesh' | 'sfu', capacity?: number }} settings
 */
export async function openRoom(stage, settings) {
  const page = await (await stage.context('chromium')).newPage();
  await page.goto(`${stage.server.origin}/healthz`);
  await page.evaluate(makeRoom, stage.room, settings);
  await page.close();
}

/** Runs in the page. @param {string} room @param {object} settings */
async function makeRoom(room, settings) {
  const socket = new WebSocket(`ws://${location.host}/ws`);
  const send = (/** @type {string} */ type, /** @type {object} */ data) => socket.send(JSON.stringify({ type, data }));
  await new Promise((made, failed) => {
    socket.onopen = () => {
      send('hello', { userId: `opener-${room}`, userName: 'Opener', instance: 'opener-1' });
      send('room-created', { id: room, name: room, ...settings });
    };
    socket.onmessage = ({ data: text }) => {
      const { type, data } = JSON.parse(text);
      if (type === 'error') failed(new Error(data.message));
      if (type === 'room-joined') made(undefined);
    };
  });
  send('user-left-room', { roomId: room });
}
