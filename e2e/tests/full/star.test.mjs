/**
 * What a star does about small tiles and bad roads: layers of simulcast, a narrow line, loss and delay. Only with --full:
 * bandwidth estimation takes its time.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hearsAt, toneDb } from '../../lib/audio.mjs';
import { watchGaps } from '../../lib/flows.mjs';
import { Program, tone } from '../../lib/program.mjs';
import { goodRoad, PacketRelay } from '../../lib/relay.mjs';
import { scenario } from '../../lib/stage.mjs';
import { openRoom, pathOf } from '../../lib/star.mjs';
import { figure, printTable } from '../../lib/table.mjs';
import { until } from '../../lib/wait.mjs';

/** In a star of twelve each page has places for six voices. */
const VOICES = 6;

const patience = { timeoutMs: 60_000, everyMs: 500 };

scenario('VC-1 RR-12 twelve in one room, four pages and eight programs: it moves to the hub, each page sees the camera and hears six voices, programs record them', async (stage) => {
  await openRoom(stage, { capacity: 20 });
  const folder = mkdtempSync(join(tmpdir(), 'parlor-e2e-'));
  /** @type {Program[]} */
  const programs = [];
  try {
    const pages = [await stage.join('Ada')];
    for (const name of ['Ben', 'Cleo']) pages.push(await stage.join(name));
    pages.push(await stage.join('Dan', { browser: 'firefox' }));
    await pages[0].press('Turn camera on');
    for (let number = 1; number <= 8; number += 1) {
      const flags = number === 8 ? ['--record', folder] : ['--play', tone.file, '--loop'];
      programs.push(new Program(stage, ['--name', `Radio ${number}`, ...flags]));
    }
    for (const page of pages) {
      await until(`${page.name} is in a star`, () => pathOf(page), { ...patience, good: (path) => path === 'sfu' });
      await page.sees('twelve, connected', ({ participants }) => participants.length === 12 && participants.every(({ status }) => status === 'Connected'), patience);
    }
    for (const page of pages) {
      let before = await voicesAt(page);
      await until(`${page.name} hears six at once`, async () => {
        const now = await voicesAt(page);
        const growing = now.filter((bytes, index) => bytes > (before[index] ?? 0)).length;
        before = now;
        return growing;
      }, { ...patience, good: (growing) => growing === VOICES });
    }
    for (const page of pages.slice(1)) await until(`${page.name} sees Ada`, () => pictureAt(page), { ...patience, good: ({ fps }) => fps > 0 });
    const recorder = /** @type {Program} */ (programs.at(-1));
    await new Promise((done) => { setTimeout(done, 5_000); });
    assert.equal(await recorder.interrupt(), 0, recorder.said);
    const recorded = [...recorder.said.matchAll(/recorded (\d+) packets as \S+-microphone\.opus/g)].map(([, packets]) => Number(packets));
    assert.ok(recorded.filter((packets) => packets >= 50).length >= VOICES, recorder.said);
    for (const program of programs.slice(0, 7)) await program.interrupt();
    for (const page of pages) await page.sees('four again', ({ participants }) => participants.length === 4, patience);
  } finally {
    for (const program of programs) program.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}, { timeoutMs: 300_000 });

scenario('VC-1 simulcast: a tile gets the small layer, made large the large one, hidden none, and back', async (stage) => {
  const { ada, ben } = await star(stage);
  await until('the tile shows a small layer', () => pictureAt(ben), { ...patience, good: ({ height, fps }) => height > 0 && height <= 180 && fps > 0 });
  await ben.press('Enlarge the camera of Ada');
  await until('large, it is whole', () => pictureAt(ben), { ...patience, good: ({ height, fps }) => height === 360 && fps > 0 });
  await ben.press('Make small');
  await until('small again', () => pictureAt(ben), { ...patience, good: ({ height, fps }) => height <= 180 && fps > 0 });
  await hearsAt(ben, ada, toneDb);
});

scenario('VC-1 a line of 300 kbit/s: the picture shrinks, the sound stays whole', async (stage) => {
  const { ada, ben, island } = await star(stage, { isOnIsland: true });
  await ben.press('Enlarge the camera of Ada');
  await until('the picture is whole', () => pictureAt(ben), { ...patience, good: ({ height }) => height === 360 });
  island?.narrow(300);
  await until('the picture is small', () => pictureAt(ben), { ...patience, good: ({ height }) => height > 0 && height <= 180 });
  // What has filled the line has to drain first.
  await rest(5_000);
  const before = await soundAt(ben);
  await rest(15_000);
  const after = await soundAt(ben);
  const concealed = (1_000 * (after.concealed - before.concealed)) / (after.samples - before.samples);
  const { fps } = await pictureAt(ben);
  printTable('Video through a line of 300 kbit/s, over 15 s', ['concealed samples of the sound, ‰', 'packets of sound lost', 'picture, frames/s'], [
    [figure(concealed, 1), after.lost - before.lost, figure(fps)],
  ]);
  assert.ok(concealed < 20, `${concealed} ‰ of the sound are made up`);
  assert.ok(fps > 0, 'the picture still moves');
  await hearsAt(ben, ada, toneDb);
});

scenario('VC-1 10 % lost and 100 ms of delay: the picture is repaired and stands still for no second', async (stage) => {
  const relay = new PacketRelay();
  try {
    const { ben } = await star(stage, { relay });
    await until('the picture moves', () => pictureAt(ben), { ...patience, good: ({ fps }) => fps > 5 });
    relay.road = { ...goodRoad, delay_ms: 50, lose_percent: 10 };
    await rest(5_000);
    await watchFrames(ben);
    const before = await pictureAt(ben);
    await rest(20_000);
    const after = await pictureAt(ben);
    const longest_ms = await ben.page.evaluate(() => /** @type {any} */ (window).longestStill_ms());
    printTable('Video at 10 % loss each way and 100 ms there and back, over 20 s', ['longest without a new frame, ms', 'freezes', 'frames/s', 'NACKs', 'retransmissions received', 'key frames asked for'], [
      [figure(longest_ms), after.freezes - before.freezes, figure((after.frames - before.frames) / 20, 1), after.nacks - before.nacks, after.repaired - before.repaired, after.plis - before.plis],
    ]);
    assert.ok(after.nacks > before.nacks && after.repaired > before.repaired, 'lost packets are asked for, and come');
    assert.ok(longest_ms < 1_000, `${longest_ms} ms without a new frame`);
  } finally {
    relay.close();
  }
});

for (const browser of /** @type {const} */ (['chromium', 'firefox'])) {
  scenario(`VC-6 a NAT forgets a page of ${browser}: from another port it hears, sees and is heard again, on the same connection`, async (stage) => {
    const relay = new PacketRelay();
    try {
      const { ada, ben } = await star(stage, { relay, browser });
      await hearsAt(ada, ben, toneDb);
      const made = () => ben.page.evaluate(() => window.parlorProbe.connections.length);
      const madeBefore = await made();
      const atBen = await watchGaps(ben, ada);
      const atAda = await watchGaps(ada, ben);
      assert.ok(relay.rebind() > 0, 'it had an address to forget');
      const relayedBefore = relay.relayed;
      await rest(20_000);
      const gaps = [await atBen(), await atAda()].flatMap(({ silence_ms, packets_ms }) => [figure(silence_ms), figure(packets_ms)]);
      printTable(`A NAT forgets a page of ${browser}: the longest gap, ms`, ['silence at the page', 'no packet there', 'silence at the other', 'no packet there'], [gaps]);
      await hearsAt(ben, ada, toneDb);
      await hearsAt(ada, ben, toneDb);
      await until('the picture moves', () => pictureAt(ben), { ...patience, good: ({ fps }) => fps > 5 });
      assert.ok(relay.relayed > relayedBefore + 1_000, 'all goes through it');
      assert.equal(await made(), madeBefore, 'the connection is the one from before');
    } finally {
      relay.close();
    }
  });
}

/**
 * Ada, with her camera on, and Ben, in a star.
 *
 * @param {import('../../lib/stage.mjs').Stage} stage
 * @param {{ isOnIsland?: boolean, relay?: PacketRelay, browser?: 'chromium' | 'firefox' }} [options] of Ben
 */
async function star(stage, { isOnIsland = false, relay, browser } = {}) {
  await openRoom(stage, { topology: 'sfu' });
  const ada = await stage.join('Ada');
  const shore = isOnIsland ? await stage.island() : undefined;
  const ben = await stage.person('Ben', shore ? { browser: shore.browser, origin: stage.server.remoteOrigin } : { browser });
  await relay?.lead(ben);
  await ben.autostart(stage.room);
  await ada.press('Turn camera on');
  await hearsAt(ben, ada, toneDb);
  return { ada, ben, island: shore?.island };
}

/** @param {number} duration_ms */
function rest(duration_ms) {
  return new Promise((done) => { setTimeout(done, duration_ms); });
}

/** What comes of pictures. @param {import('../../lib/page.mjs').Studio} studio */
function pictureAt({ page }) {
  return page.evaluate(async () => {
    const sum = { height: 0, fps: 0, frames: 0, freezes: 0, nacks: 0, plis: 0, repaired: 0 };
    for (const connection of window.parlorProbe.connections) {
      for (const report of (await connection.getStats()).values()) {
        if (report.type !== 'inbound-rtp' || report.kind !== 'video' || !(report.framesDecoded > 0)) continue;
        sum.height = Math.max(sum.height, report.frameHeight ?? 0);
        sum.fps += report.framesPerSecond ?? 0;
        sum.frames += report.framesDecoded;
        sum.freezes += report.freezeCount ?? 0;
        sum.nacks += report.nackCount ?? 0;
        sum.plis += report.pliCount ?? 0;
        sum.repaired += report.retransmittedPacketsReceived ?? 0;
      }
    }
    return sum;
  });
}

/** The bytes that have come of each voice. @param {import('../../lib/page.mjs').Studio} studio @returns {Promise<number[]>} */
function voicesAt({ page }) {
  return page.evaluate(async () => {
    const bytes = [];
    for (const connection of window.parlorProbe.connections.filter((one) => one.connectionState !== 'closed')) {
      for (const report of (await connection.getStats()).values()) {
        if (report.type === 'inbound-rtp' && report.kind === 'audio') bytes.push(report.bytesReceived);
      }
    }
    return bytes;
  });
}

/** What comes of sound. @param {import('../../lib/page.mjs').Studio} studio */
function soundAt({ page }) {
  return page.evaluate(async () => {
    const sum = { concealed: 0, samples: 0, lost: 0 };
    for (const connection of window.parlorProbe.connections) {
      for (const report of (await connection.getStats()).values()) {
        if (report.type !== 'inbound-rtp' || report.kind !== 'audio') continue;
        sum.concealed += report.concealedSamples ?? 0;
        sum.samples += report.totalSamplesReceived ?? 0;
        sum.lost += report.packetsLost ?? 0;
      }
    }
    return sum;
  });
}

/** From now on the page notes how long the picture of Ada stood still. @param {import('../../lib/page.mjs').Studio} studio */
function watchFrames({ page }) {
  return page.evaluate(() => {
    const video = /** @type {HTMLVideoElement} */ (document.querySelector('video[aria-label="Camera of Ada"]'));
    let last = performance.now();
    let longest = 0;
    const onFrame = () => {
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
      video.requestVideoFrameCallback(onFrame);
    };
    video.requestVideoFrameCallback(onFrame);
    Object.assign(window, { longestStill_ms: () => Math.max(longest, performance.now() - last) });
  });
}
