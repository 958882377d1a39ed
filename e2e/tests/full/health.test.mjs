/**
 * How well a connection works, and whether the page says so: loss, delay, jitter, and a sender that freezes. Only with
 * --full: grades take seconds to settle.
 */

import assert from 'node:assert/strict';
import { hearsAt, toneDb } from '../../lib/audio.mjs';
import { scenario } from '../../lib/stage.mjs';
import { goodRoad, PacketRelay } from '../../lib/relay.mjs';
import { holdsFor, until } from '../../lib/wait.mjs';

/** Grades look at the last 8 s, and rise only after that. */
const settled = { timeoutMs: 40_000 };

scenario('CM-17 graded as it is: undisturbed is good, 5 % lost fair, 20 % poor, and good again when it is over', async (stage) => {
  const ada = await stage.join('Ada');
  const { island, browser } = await stage.island();
  const ben = await stage.join('Ben', { browser, origin: stage.server.remoteOrigin });
  await ada.seesConnected(ben);
  await hearsAt(ada, ben, toneDb);

  await isGraded(ada, ben, 'good');
  // The first look has nothing to compare with, and congestion control has to find its feet.
  const calm = await until('figures that a voice on one machine has', () => qualityOf(ada, ben), {
    good: ({ roundTripMs, inKbps, outKbps, availableOutKbps, jitterMs }) => roundTripMs !== null && roundTripMs < 100 && jitterMs < 50
      && [inKbps, outKbps].every((kbps) => kbps >= 10 && kbps <= 200) && availableOutKbps > 0,
  });
  assert.equal(calm.grade, 'good');

  island.lose(5);
  const fair = await isGraded(ada, ben, 'fair');
  assert.ok(fair.lossPermille >= 20 && fair.lossPermille < 100, `lost: ${JSON.stringify(fair)}`);
  await holdsFor('the grade does not flicker', 6_000, () => qualityOf(ada, ben), ({ grade }) => grade === 'fair');

  island.heal();
  island.lose(20);
  const poor = await isGraded(ada, ben, 'poor');
  assert.ok(poor.lossPermille >= 100 && poor.lossPermille < 350, `lost: ${JSON.stringify(poor)}`);
  island.heal();
  await isGraded(ada, ben, 'good');
}, { timeoutMs: 180_000 });

scenario('CM-17 GP-8 a delay of 300 ms each way is never good; jitter, packets out of order and doubled ones are survived', async (stage) => {
  const relay = new PacketRelay();
  try {
    relay.road = { ...goodRoad, delay_ms: 300 };
    const people = [await stage.person('Ada'), await stage.person('Ben')];
    for (const person of people) {
      await relay.lead(person);
      await person.autostart(stage.room);
    }
    const [ada, ben] = people;
    await ada.seesConnected(ben);
    await hearsAt(ada, ben, toneDb);
    const relayedBefore = relay.relayed;
    await until('the sound goes through the relay', () => relay.relayed - relayedBefore, { good: (packets) => packets > 200 });
    const far = await isGraded(ada, ben, 'fair');
    assert.ok(far.roundTripMs >= 550 && far.roundTripMs < 800, `twice 300 ms: ${JSON.stringify(far)}`);
    await holdsFor('never good', 6_000, () => qualityOf(ada, ben), ({ grade }) => grade === 'fair' || grade === 'poor');

    relay.road = { ...goodRoad, jitter_ms: 120, reorder_percent: 5, duplicate_percent: 5 };
    await until('the jitter shows, and the delay is gone', () => qualityOf(ada, ben), { good: ({ jitterMs, roundTripMs }) => jitterMs >= 10 && roundTripMs < 550, ...settled });
    await hearsAt(ada, ben, toneDb);

    relay.road = goodRoad;
    await isGraded(ada, ben, 'good');
    for (const person of people) assert.equal(await person.connectionsMade(), 1);
  } finally {
    relay.close();
  }
}, { timeoutMs: 180_000 });

scenario('CM-15 a sender that freezes is found and its connection restarted, and it is heard again when packets come', async (stage) => {
  const ada = await stage.join('Ada');
  const { island, browser } = await stage.island();
  const ben = await stage.join('Ben', { browser, origin: stage.server.remoteOrigin });
  await ada.seesConnected(ben);
  await ben.seesConnected(ada);
  await hearsAt(ada, ben, toneDb);
  const offers = async () => [...await ada.frames(), ...await ben.frames()].filter(({ way, type }) => way === 'out' && type === 'offer').length;
  const offersBefore = await offers();

  island.dropSentMedia();
  const frozenAt = Date.now();
  await isGraded(ada, ben, 'lost');
  const found_ms = Date.now() - frozenAt;
  console.log(`a frozen sender was found after ${found_ms} ms`);
  assert.ok(found_ms >= 4_500 && found_ms < 9_000, `found after ${found_ms} ms`);
  await until('the connection is restarted', offers, { good: (count) => count > offersBefore });
  island.heal();
  await hearsAt(ada, ben, toneDb);
  await hearsAt(ben, ada, toneDb);
  await ada.seesConnected(ben);
  await isGraded(ada, ben, 'good');
}, { timeoutMs: 120_000 });

scenario('CM-15 GP-6 who is muted is not taken for frozen', async (stage) => {
  const ada = await stage.join('Ada');
  const ben = await stage.join('Ben');
  await ada.seesConnected(ben);
  await hearsAt(ada, ben, toneDb);
  await ben.press('Mute microphone');
  await until('the strip says so', async () => (await ada.shown()).participants.find(({ name }) => name === 'Ben')?.text ?? '', { good: (text) => /microphone off/i.test(text) });
  await holdsFor('never lost, never restarted', 9_000, async () => ({ quality: await qualityOf(ada, ben), made: await ada.connectionsMade() }),
    ({ quality, made }) => quality?.grade !== 'lost' && made === 1);
});

/** @param {import('../../lib/page.mjs').Studio} studio @param {import('../../lib/page.mjs').Studio} other */
async function qualityOf(studio, other) {
  return studio.page.evaluate((id) => window.parlor.connectionManager.getQuality(id), await other.ownId());
}

/**
 * Waits until the connection has a grade, and the page says it as text and to screen readers.
 *
 * @param {import('../../lib/page.mjs').Studio} studio
 * @param {import('../../lib/page.mjs').Studio} other
 * @param {'good' | 'fair' | 'poor' | 'lost'} grade
 */
async function isGraded(studio, other, grade) {
  const words = { good: 'Good', fair: 'Fair', poor: 'Poor', lost: 'No sound' };
  const quality = await until(`${studio.name} grades ${other.name} ${grade}`, () => qualityOf(studio, other), { good: (now) => now?.grade === grade, ...settled });
  const id = await other.ownId();
  await until(`the strip says ${words[grade]}`, () => studio.page.evaluate((participant) =>
    document.querySelector(`[data-participant-id="${participant}"] [role="img"][aria-label^="Connection with"]`)?.getAttribute('aria-label') ?? '', id), {
    good: (label) => label.startsWith(`Connection with ${other.name}: ${words[grade]}`), timeoutMs: 5_000,
  });
  return quality;
}
