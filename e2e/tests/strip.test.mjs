/**
 * A participant's strip: gain, mute, meters, and one's own microphone as the others hear it.
 */

import assert from 'node:assert/strict';
import { hearsAt, hearsNothing, levelBehindGain, silenceDb, toneDb } from '../lib/audio.mjs';
import { scenario } from '../lib/stage.mjs';
import { until } from '../lib/wait.mjs';

/** What a gain of 200 % adds, in dB. */
const doubledDb = 20 * Math.log10(2);
/** What a second tone of the same level adds, in dB. */
const twoTonesDb = 10 * Math.log10(2);

scenario('AU-1 gain 0, 100 and 200 %: silence, unity, 6 dB more; a double click is 100 % again', async (stage) => {
  const ada = await stage.join('Ada');
  const ben = await stage.join('Ben');
  await ada.seesConnected(ben);
  await hearsAt(ada, ben, toneDb);
  await ada.slide('Gain for Ben', 200);
  await hearsAt(ada, ben, toneDb + doubledDb);
  await ada.slide('Gain for Ben', 0);
  await hearsNothing(ada, ben);
  await ada.slide('Gain for Ben', 50);
  await hearsAt(ada, ben, toneDb - doubledDb);
  await (await ada.find('slider', 'Gain for Ben')).click({ count: 2 });
  await hearsAt(ada, ben, toneDb);
  await hearsAt(ben, ada, toneDb);
});

scenario('AU-1 muting a participant silences them here only and keeps the gain; the slider works meanwhile', async (stage) => {
  const ada = await stage.join('Ada');
  const ben = await stage.join('Ben');
  const cleo = await stage.join('Cleo');
  await ada.seesConnected(ben, cleo);
  await cleo.seesConnected(ada, ben);
  await ada.slide('Gain for Ben', 200);
  await hearsAt(ada, ben, toneDb + doubledDb);
  await ada.press('Mute Ben');
  await hearsNothing(ada, ben);
  await hearsAt(ada, cleo, toneDb);
  await hearsAt(cleo, ben, toneDb);
  assert.equal(await ada.has('button', 'Unmute Ben'), true);
  await ada.press('Unmute Ben');
  await hearsAt(ada, ben, toneDb + doubledDb);
  await ada.press('Mute Ben');
  await ada.slide('Gain for Ben', 50);
  await hearsNothing(ada, ben);
  await ada.press('Unmute Ben');
  await hearsAt(ada, ben, toneDb - doubledDb);
});

scenario('AU-1 changes of gain and mute glide: no step from sample to sample that one would hear as a click', async (stage) => {
  const ada = await stage.join('Ada');
  const ben = await stage.join('Ben');
  await ada.seesConnected(ben);
  await hearsAt(ada, ben, toneDb);
  await ben.press('Mute microphone');
  await hearsNothing(ada, ben);
  // A constant goes into the gain, so what comes out is the gain itself, sample by sample.
  const { largestStep, reached } = await ada.page.evaluate(async (id) => {
    const { audioGraph } = window.parlor;
    const { gain } = audioGraph.participants.get(id);
    const recorder = gain.context.createScriptProcessor(16_384, 1, 1);
    const one = new ConstantSourceNode(gain.context, { offset: 1 });
    one.connect(gain).connect(recorder).connect(gain.context.destination);
    one.start();
    let largest = 0;
    let last = 0;
    recorder.onaudioprocess = (/** @type {AudioProcessingEvent} */ event) => {
      const samples = event.inputBuffer.getChannelData(0);
      // A busy page may lose whole blocks, so only neighbours within one are compared.
      for (let index = 1; index < samples.length; index += 1) largest = Math.max(largest, Math.abs(samples[index] - samples[index - 1]));
      last = samples[samples.length - 1];
    };
    const arrivesAt = async (/** @type {number} */ value) => {
      const deadline = performance.now() + 5_000;
      while (Math.abs(last - value) > 0.01 && performance.now() < deadline) await new Promise((resolve) => { setTimeout(resolve, 20); });
      return last;
    };
    const arrived = [await arrivesAt(1)];
    // The constant itself begins with a step.
    largest = 0;
    audioGraph.setGainPercent(id, 200);
    arrived.push(await arrivesAt(2));
    audioGraph.setMuted(id, true);
    arrived.push(await arrivesAt(0));
    audioGraph.setMuted(id, false);
    arrived.push(await arrivesAt(2));
    one.disconnect();
    recorder.disconnect();
    return { largestStep: largest, reached: arrived };
  }, await ben.ownId());
  reached.forEach((value, index) => assert.ok(Math.abs(value - [1, 2, 0, 2][index]) < 0.02, `gains reached: ${reached}`));
  assert.ok(largestStep < 0.02, `the largest step from one sample to the next was ${largestStep}`);
});

scenario('AU-5 GP-6 muting oneself is heard and shown at the others, and so is unmuting', async (stage) => {
  const ada = await stage.join('Ada');
  const ben = await stage.join('Ben');
  await ada.seesConnected(ben);
  await hearsAt(ada, ben, toneDb);
  const shownText = async () => (await ada.shown()).participants.find(({ name }) => name === 'Ben')?.text ?? '';
  await ben.press('Mute microphone');
  assert.equal(await ben.has('button', 'Unmute microphone'), true);
  await hearsNothing(ada, ben);
  await until('the strip says that the microphone is off', shownText, { good: (text) => /microphone off/i.test(text) });
  await ben.press('Unmute microphone');
  await hearsAt(ada, ben, toneDb);
  await until('the strip says so no more', shownText, { good: (text) => !/microphone off/i.test(text) });
});

scenario('AU-3 meters show the level: of each participant, of oneself, and of the program', async (stage) => {
  const ada = await stage.join('Ada');
  const ben = await stage.join('Ben');
  await ada.seesConnected(ben);
  const shows = (/** @type {string} */ meter, /** @type {number} */ level, /** @type {number} */ tolerance) => until(
    `${meter} shows ${level} dB`,
    async () => (await ada.find('meter', meter)).evaluate((element) => Number(element.getAttribute('aria-valuenow'))),
    { good: (value) => Math.abs(value - level) <= tolerance },
  );
  await shows('Level of Ben', toneDb, 2);
  await shows('Level of Ada', toneDb, 2);
  // The program is everybody, oneself included.
  await shows('Program level', toneDb + twoTonesDb, 1);
  await ada.press('Mute microphone');
  await shows('Program level', toneDb, 1);
  await ada.slide('Gain for Ben', 200);
  await shows('Level of Ben', toneDb + doubledDb, 2);
  await shows('Program level', toneDb + doubledDb, 2);
  await ben.press('Mute microphone');
  const floor = await (await ada.find('meter', 'Level of Ben')).evaluate((element) => Number(element.getAttribute('aria-valuemin')));
  await shows('Level of Ben', floor, 1);
  await shows('Program level', floor, 1);
});

scenario('AU-2 the program never clips: two loud voices at 200 % stay below full scale, a quiet one passes unchanged', async (stage) => {
  const ada = await stage.join('Ada');
  const loud = [await stage.join('Ben', { amplitude: 0.9 }), await stage.join('Cleo', { amplitude: 0.9 })];
  await ada.seesConnected(...loud);
  await ada.press('Mute microphone');
  for (const { name } of loud) await ada.slide(`Gain for ${name}`, 200);
  for (const person of loud) {
    await until(`${person.name} is far above full scale behind the gain`, () => levelBehindGain(ada, person), { good: ({ rmsDb }) => rmsDb > 0 });
  }
  const peaks = /** @type {number[]} */ ([]);
  await until('twenty looks at the program', async () => {
    peaks.push(await ada.page.evaluate(() => window.parlor.audioGraph.programLevel().peak));
    return peaks.length >= 20;
  });
  assert.ok(Math.max(...peaks) < 0, `peaks of the program in dBFS: ${peaks}`);
  assert.ok(Math.min(...peaks) > -12, `the program is still loud: ${peaks}`);

  for (const { name } of loud) await ada.slide(`Gain for ${name}`, 0);
  await until('the program is silent', () => ada.page.evaluate(() => window.parlor.audioGraph.programLevel().rms), { good: (rms) => rms === null || rms < silenceDb });
  await ada.slide('Gain for Ben', 5);
  const quietDb = 20 * Math.log10((0.9 / Math.SQRT2) * 0.05);
  await until('the quiet voice passes unchanged', () => ada.page.evaluate(() => window.parlor.audioGraph.programLevel().rms), {
    good: (rms) => Math.abs(rms - quietDb) < 1,
  });
});
