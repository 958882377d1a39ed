/**
 * Hearing: whether sound arrives in a page (energy, from getStats) and how loud which tone is behind a participant's
 * gain. Both are measured with the tests' own means, not with the page's meters.
 */

import { toneAmplitude } from './probe.mjs';
import { until } from './wait.mjs';

/** The level of everybody's tone at unity gain, in dBFS RMS. */
export const toneDb = 20 * Math.log10(toneAmplitude / Math.SQRT2);

/** How exactly a level is expected, in dB. */
export const toleranceDb = 1;

/** Below this, in dBFS, there is nothing to hear. */
export const silenceDb = -80;

/**
 * @param {import('puppeteer-core').Page} page
 * @returns {Promise<{ energy: number, packets: number, concealed: number }[]>} for each audio flow that arrives over
 *   an open connection
 */
export function incomingAudio(page) {
  return page.evaluate(async () => {
    const flows = [];
    for (const connection of window.parlorProbe.connections) {
      if (connection.connectionState === 'closed') continue;
      for (const report of (await connection.getStats()).values()) {
        if (report.type !== 'inbound-rtp' || report.kind !== 'audio') continue;
        flows.push({ energy: report.totalAudioEnergy ?? 0, packets: report.packetsReceived, concealed: report.concealedSamples ?? 0 });
      }
    }
    return flows;
  });
}

/**
 * Waits until so many flows bring sound: the energy of each grows. Chromium counts the energy behind the volume of the
 * media elements that play a track, and the page's own elements are muted (its sound goes through Web Audio), so the
 * test attaches elements of its own. Since those would also do what a page must do itself for Chromium to deliver
 * anything to Web Audio, levels behind the gain are to be measured before this.
 *
 * @param {import('./page.mjs').Studio} studio
 * @param {number} count
 */
export async function hearsEnergy(studio, count) {
  await studio.page.evaluate(async () => {
    for (const connection of window.parlorProbe.connections) {
      if (connection.connectionState === 'closed') continue;
      for (const { track } of connection.getReceivers()) {
        if (track.kind !== 'audio') continue;
        const element = new Audio();
        element.srcObject = new MediaStream([track]);
        window.parlorProbe.elements.push(element);
        await element.play();
      }
    }
  });
  let before = await incomingAudio(studio.page);
  await until(`${studio.name}: the energy of ${count} incoming voices grows`, async () => {
    const now = await incomingAudio(studio.page);
    const growing = now.filter((flow, index) => flow.energy > (before[index]?.energy ?? 0)).length;
    before = now;
    return { growing, flows: now };
  }, { good: ({ growing, flows }) => growing === count && flows.length === count, everyMs: 200 });
}

/**
 * @param {import('./page.mjs').Studio} studio the page that listens
 * @param {import('./page.mjs').Studio} speaker whose tone
 * @returns {Promise<{ rmsDb: number, toneDb: number }>} behind the gain node of that participant, in dBFS
 */
export async function levelBehindGain(studio, speaker) {
  const id = await speaker.ownId();
  return studio.page.evaluate((participant, toneHz) => {
    const strip = window.parlor.audioGraph.participants.get(participant);
    if (strip === undefined) throw new Error(`no strip in the audio graph for ${participant}`);
    return window.parlorProbe.listen(strip.gain, toneHz);
  }, id, speaker.toneHz);
}

/**
 * Waits until a participant's tone has a level behind the gain, and nothing else is to be heard there.
 *
 * @param {import('./page.mjs').Studio} studio
 * @param {import('./page.mjs').Studio} speaker
 * @param {number} expectedDb
 */
export function hearsAt(studio, speaker, expectedDb) {
  return until(
    `${studio.name} hears ${speaker.name} at ${expectedDb.toFixed(1)} dBFS and nothing else there`,
    () => levelBehindGain(studio, speaker),
    { good: ({ toneDb, rmsDb }) => Math.abs(toneDb - expectedDb) <= toleranceDb && Math.abs(rmsDb - toneDb) <= toleranceDb },
  );
}

/**
 * Waits until a participant's strip is silent.
 *
 * @param {import('./page.mjs').Studio} studio
 * @param {import('./page.mjs').Studio} speaker
 */
export function hearsNothing(studio, speaker) {
  return until(
    `${studio.name} hears nothing from ${speaker.name}`,
    () => levelBehindGain(studio, speaker),
    { good: ({ rmsDb }) => rmsDb < silenceDb },
  );
}

/**
 * When a listener does not hear a speaker's tone, behind the gain.
 *
 * @param {import('./page.mjs').Studio} listener
 * @param {import('./page.mjs').Studio} speaker
 * @param {number} duration_ms
 * @returns {Promise<{ at_ms: number, length_ms: number }[]>}
 */
export async function gapsOf(listener, speaker, duration_ms) {
  const id = await speaker.ownId();
  return listener.page.evaluate((participant, toneHz, ms) => {
    return window.parlorProbe.gaps(window.parlor.audioGraph.participants.get(participant).gain, toneHz, ms);
  }, id, speaker.toneHz, duration_ms);
}
