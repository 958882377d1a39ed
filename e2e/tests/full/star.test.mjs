/**
 * What a star does about small tiles and bad roads: layers of simulcast, a narrow line, loss and delay. Only with --full:
 * bandwidth estimation takes its time.
 */

import assert from 'node:assert/strict';
import { hearsAt, toneDb } from '../../lib/audio.mjs';
import { goodRoad, PacketRelay } from '../../lib/relay.mjs';
import { scenario } from '../../lib/stage.mjs';
import { openRoom } from '../../lib/star.mjs';
import { figure, printTable } from '../../lib/table.mjs';
import { until } from '../../lib/wait.mjs';

const patience = { timeoutMs: 60_000, everyMs: 500 };

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

/**
 * Ada, with her camera on, and Ben, in a star.
 *
 * @param {import('../../lib/stage.mjs').Stage} stage
 * @param {{ isOnIsland?: boolean, relay?: PacketRelay }} [options] of Ben
 */
async function star(stage, { isOnIsland = false, relay } = {}) {
  await openRoom(stage, { topology: 'sfu' });
  const ada = await stage.join('Ada');
  const shore = isOnIsland ? await stage.island() : undefined;
  const ben = await stage.person('Ben', shore && { browser: shore.browser, origin: stage.server.remoteOrigin });
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
