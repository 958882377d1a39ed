/**
 * The desk: the program recorded, and everybody told; loudness; who mixes; levelling; how Opus is sent. That a return is
 * right to the decibel, and that nobody hears a voice twice, is measured in tests of its own.
 */

import assert from 'node:assert/strict';
import { hearsAt, levelBehindGain, silenceDb, toneDb } from '../lib/audio.mjs';
import { scenario } from '../lib/stage.mjs';
import { until } from '../lib/wait.mjs';

/** @typedef {import('../lib/page.mjs').Studio} Studio */

/** The loudness of one tone: both channels count, and the weighting is 0 dB at about 1 kHz (ITU-R BS.1770). */
const toneLufs = toneDb + 10 * Math.log10(2) - 0.69;
/** What browsers write on the console about a server that is not there. */
const serverAway = /WebSocket connection to|can’t establish a connection to the server|connection to ws.* was interrupted|ERR_CONNECTION_REFUSED/;

/**
 * Whether a tone's level, as a mean over a recording, is that of a voice at unity: never more, and less where a busy machine's
 * sound had holes.
 * @param {number} level in dBFS
 */
const isVoice = (level) => level < toneDb + 2 && level > toneDb - 12;

for (const browser of /** @type {const} */ (['chromium', 'firefox'])) {
  scenario(`AU-2 the program is recorded in ${browser}: everybody sees who records, and everyone is in the file`, async (stage) => {
    const ada = await stage.join('Ada', { browser });
    const ben = await stage.join('Ben');
    const cleo = await stage.join('Cleo', { role: 'listener' });
    for (const person of [ada, ben]) await cleo.seesConnected(person);
    await hearsAt(ada, ben, toneDb);
    assert.equal(await cleo.has('button', 'Record program'), false, 'a listener records nothing');
    await keepsFiles(ada);
    await ada.press('Record program');
    await ada.sees('that it records', ({ alerts }) => alerts.includes('Recording: You'));
    for (const person of [ben, cleo]) await person.sees('who records', ({ alerts }) => alerts.includes('Recording: Ada'));
    const dan = await stage.join('Dan');
    await dan.sees('who records, having just come', ({ alerts }) => alerts.includes('Recording: Ada'));
    await ada.seesConnected(dan);
    await hearsAt(ada, dan, toneDb);
    await until('two seconds of all three are recorded', recordedFor(ada, 2_000));
    await ada.press('Stop recording');
    for (const person of [ben, cleo, dan]) await person.sees('that nobody records', ({ alerts }) => !alerts.some((line) => /recording/i.test(line)));
    const file = await savedFile(ada, [ada, ben, dan], 1);
    assert.match(file.name, new RegExp(`^${stage.room}-\\d{4}-\\d\\d-\\d\\dT\\d\\d-\\d\\d-\\d\\d\\.(webm|ogg)$`));
    for (const [index, level] of file.tones.entries()) assert.ok(isVoice(level), `tone ${index} in the recording: ${level} dBFS`);
  });
}

scenario('AU-2 a recording goes on while the server is away, is told again afterwards, and ends with the session, saved', async (stage) => {
  const ada = await stage.join('Ada', { forgiven: [serverAway] });
  const ben = await stage.join('Ben', { forgiven: [serverAway] });
  await ada.seesConnected(ben);
  await hearsAt(ada, ben, toneDb);
  await keepsFiles(ada);
  await ada.press('Record program');
  await ben.sees('who records', ({ alerts }) => alerts.includes('Recording: Ada'));
  await stage.server.kill();
  await ben.sees('that it reconnects', ({ text }) => /reconnecting/i.test(text));
  await stage.server.start();
  for (const person of [ada, ben]) await person.sees('that it is online', ({ text }) => !/reconnecting/i.test(text));
  await ben.sees('who records, again', ({ alerts }) => alerts.includes('Recording: Ada'));
  // What the old server said is still on the page for a moment: this one must know it too.
  const cleo = await stage.join('Cleo');
  await cleo.sees('who records', ({ alerts }) => alerts.includes('Recording: Ada'));
  await ada.press('End Session');
  await ben.sees('that nobody records', ({ alerts }) => !alerts.some((line) => /recording/i.test(line)));
  const file = await savedFile(ada, [ada, ben], 1);
  assert.ok(isVoice(file.tones[1]), `the other voice in the recording: ${file.tones[1]} dBFS`);
}, { ownServer: true });

scenario('AU-3 the program’s loudness is shown: two equal tones 3 LU above one, nothing after silence, anew after a reset', async (stage) => {
  const ada = await stage.join('Ada', { toneHz: 1_000 });
  const ben = await stage.join('Ben', { toneHz: 1_100 });
  await ada.seesConnected(ben);
  await hearsAt(ada, ben, toneDb);
  const bothLufs = toneLufs + 10 * Math.log10(2);
  await until('beside the meter', () => ada.page.$eval('.program-loudness', (element) => element.textContent ?? ''), { good: (text) => Math.abs(lufsOf(text) - bothLufs) < 1 });
  await ada.press('Program: loudness and mix');
  await ada.find('dialog', 'Program');
  const shown = (/** @type {string} */ measure) => ada.page.evaluate((name) => {
    const terms = [...document.querySelectorAll('.loudness dt')];
    return terms.find((term) => term.firstChild?.textContent === name)?.nextElementSibling?.textContent ?? '';
  }, measure);
  const shows = (/** @type {string} */ measure, /** @type {(value: number) => boolean} */ good) => until(
    `${measure} is as it should be`, () => shown(measure), { good: (text) => good(lufsOf(text)) },
  );
  const near = (/** @type {number} */ wanted) => (/** @type {number} */ value) => Math.abs(value - wanted) < 1;
  for (const measure of ['Momentary', 'Short-term', 'Integrated']) await shows(measure, near(bothLufs));
  // Two tones of the same amplitude meet at twice of it; what a busy machine leaves out may add a little.
  const peak = (/** @type {number} */ amplitude) => (/** @type {number} */ value) => value > 20 * Math.log10(amplitude) - 0.5 && value < 20 * Math.log10(amplitude) + 3;
  await shows('True peak', peak(0.2));
  await ben.press('Mute microphone');
  await shows('Momentary', near(toneLufs));
  await shows('Short-term', near(toneLufs));
  await shows('True peak', peak(0.2));
  await ada.press('Reset loudness');
  await shows('Integrated', near(toneLufs));
  await shows('True peak', peak(0.1));
  // A press beside the panel closes it.
  await ada.press('Mute microphone');
  await ada.press('Program: loudness and mix');
  // What is silent counts for nothing, however long. (The tone's end does, in part, and holes that a busy machine left in it.)
  await shows('Momentary', (value) => !Number.isFinite(value));
  const atFirst = lufsOf(await shown('Integrated'));
  assert.ok(Math.abs(atFirst - toneLufs) < 3, `integrated over the tone: ${atFirst} LUFS`);
  await shows('Short-term', (value) => !Number.isFinite(value));
  const afterSilence = lufsOf(await shown('Integrated'));
  assert.ok(Math.abs(afterSilence - atFirst) < 0.5, `integrated went from ${atFirst} to ${afterSilence} LUFS in silence`);
  await ada.page.keyboard.press('Escape');
  const opener = await ada.find('button', 'Program: loudness and mix');
  await until('the panel is closed, and its button has the focus', () => opener.evaluate((button) => [
    document.querySelector('.desk-panel')?.checkVisibility(), document.activeElement === button,
  ]), { good: ([isShown, isFocused]) => isShown === false && isFocused === true });
});

scenario('AU-4 AU-7 only hosts choose who mixes; a caller is told, hears the host’s mix once and keeps hearing when it is switched off', async (stage) => {
  const ada = await stage.join('Ada');
  const ben = await stage.join('Ben');
  const cleo = await stage.join('Cleo');
  const people = [ada, ben, cleo];
  for (const person of people) await person.seesConnected(...people.filter((other) => other !== person));
  await hears(ben, [ada, cleo]);
  await ben.press('Program: loudness and mix');
  await ben.find('dialog', 'Program');
  assert.equal(await ben.has('radio', 'Host mixes'), false, 'a caller has no choice');
  await ben.page.keyboard.press('Escape');

  await ada.press('Program: loudness and mix');
  await (await ada.find('radio', 'Host mixes')).click();
  await ada.sees('that it mixes', ({ text }) => text.includes('You mix:'));
  for (const person of [ben, cleo]) {
    await person.sees('who mixes', ({ alerts }) => alerts.some((line) => line.startsWith('Ada mixes what you hear')));
    assert.equal(await person.page.evaluate(() => window.parlor.audioGraph.hears), 'return');
    await hears(person, people.filter((other) => other !== person));
  }
  // In host mix the mixer's gains count, and the caller's own do not.
  await ben.slide('Gain for Cleo', 0);
  await hears(ben, [ada, cleo]);
  await ada.page.keyboard.press('Escape');
  await ada.press('Mute Cleo');
  await hears(ben, [ada]);
  await ada.press('Unmute Cleo');
  await hears(ben, [ada, cleo]);

  await ada.press('Program: loudness and mix');
  await (await ada.find('radio', 'Everyone direct')).click();
  await ben.sees('that nobody mixes', ({ alerts }) => !alerts.some((line) => /mixes/.test(line)));
  await hears(ben, [ada]);
  await ben.slide('Gain for Cleo', 100);
  await hears(ben, [ada, cleo]);
  await until('nothing of the returns is left', () => ada.page.evaluate(() => window.parlor.audioGraph.returnIds.length), { good: (count) => count === 0 });
  for (const person of people) assert.equal(await person.connectionsMade(), 2, `${person.name} kept the connections`);
});

scenario('AU-1 levelling brings a quiet voice up, before its gain, and lets it go again', async (stage) => {
  const ada = await stage.join('Ada');
  const ben = await stage.join('Ben', { amplitude: 0.03 });
  await ada.seesConnected(ben);
  const quietDb = 20 * Math.log10(0.03 / Math.SQRT2);
  await hearsAt(ada, ben, quietDb);
  await ada.press('Program: loudness and mix');
  await (await ada.find('switch', 'Level voices automatically')).click();
  await until('Ben is louder', () => levelBehindGain(ada, ben), { good: (level) => level.toneDb > quietDb + 4 });
  await (await ada.find('switch', 'Level voices automatically')).click();
  await hearsAt(ada, ben, quietDb);
});

for (const browser of /** @type {const} */ (['chromium', 'firefox'])) {
  scenario(`GP-5 music mode between Chromium and ${browser}: stereo arrives in stereo, without a new connection, and a voice is mono again`, async (stage) => {
    const ada = await stage.join('Ada');
    const ben = await stage.join('Ben', { browser });
    const people = [[ada, ben], [ben, ada]];
    for (const [listener, speaker] of people) {
      await listener.seesConnected(speaker);
      await hearsAt(listener, speaker, toneDb);
    }
    for (const person of [ada, ben]) await playsLeftOnly(person);
    for (const [listener, speaker] of people) {
      await until(`${listener.name} hears ${speaker.name} in mono`, () => stereoBehindGain(listener, speaker), { good: ([left, right]) => left > silenceDb && Math.abs(left - right) < 1 });
    }
    // One after the other: two offers that cross are another story.
    for (const [listener, speaker] of people) {
      await speaker.page.evaluate(() => window.parlor.rtcManager.setAudioProfile({ music: true, fec: true, dtx: false }));
      await until(`${listener.name} hears ${speaker.name} on the left`, () => stereoBehindGain(listener, speaker), { good: ([left, right]) => Math.abs(left - toneDb) < 1 && left - right > 30 });
      assert.match(await sendsBy(speaker), /maxaveragebitrate=128000/);
    }
    for (const [listener, speaker] of people) {
      await speaker.page.evaluate(() => window.parlor.rtcManager.setAudioProfile({ music: false, fec: false, dtx: true }));
      await until(`${listener.name} hears ${speaker.name} in mono again`, () => stereoBehindGain(listener, speaker), { good: ([left, right]) => left > silenceDb && Math.abs(left - right) < 1 });
      const said = await sendsBy(speaker);
      assert.match(said, /useinbandfec=0/);
      assert.match(said, /usedtx=1/);
      assert.equal(await listener.connectionsMade(), 1);
    }
  });
}

/**
 * Waits until exactly these are heard, as they go to the ears, each once.
 *
 * @param {Studio} studio
 * @param {Studio[]} speakers
 */
async function hears(studio, speakers) {
  const all = [440, 660, 880];
  const wanted = speakers.map(({ toneHz }) => toneHz);
  await until(
    `${studio.name} hears ${speakers.map(({ name }) => name).join(' and ')}, each once`,
    () => studio.page.evaluate((tones) => tones.map((hz) => window.parlorProbe.listen(window.parlor.audioGraph.monitor, hz).toneDb), all),
    { good: (levels) => all.every((hz, index) => (wanted.includes(hz) ? Math.abs(levels[index] - toneDb) < 1 : levels[index] < toneDb - 40)) },
  );
}

/** From now on the page's files are kept for the test. @param {Studio} studio */
function keepsFiles(studio) {
  return studio.page.evaluate(() => {
    const files = /** @type {{ blob: Blob, name: string }[]} */ ([]);
    Object.assign(window, { savedFiles: files });
    const makeAddress = URL.createObjectURL.bind(URL);
    /** @type {Blob | undefined} */
    let newest;
    URL.createObjectURL = (thing) => {
      if (thing instanceof Blob) newest = thing;
      return makeAddress(thing);
    };
    HTMLAnchorElement.prototype.click = function () {
      if (newest) files.push({ blob: newest, name: this.download });
    };
  });
}

/** @param {Studio} studio @param {number} durationMs @returns {() => Promise<boolean>} */
function recordedFor(studio, durationMs) {
  const since = Date.now();
  return async () => Date.now() - since > durationMs && (await studio.has('button', 'Stop recording'));
}

/**
 * Waits for a saved file and decodes it.
 *
 * @param {Studio} studio
 * @param {Studio[]} speakers
 * @param {number} lastSeconds which part of its end is looked at
 * @returns {Promise<{ name: string, tones: number[] }>} the level of each one's tone, in dBFS RMS
 */
async function savedFile(studio, speakers, lastSeconds) {
  await until('the file is there', () => studio.page.evaluate(() => /** @type {any} */ (window).savedFiles.length), { good: (count) => count === 1 });
  return studio.page.evaluate(async (tonesHz, seconds) => {
    const [{ blob, name }] = /** @type {any} */ (window).savedFiles;
    const context = new OfflineAudioContext(1, 1, 48_000);
    const sound = await context.decodeAudioData(await blob.arrayBuffer());
    const samples = sound.getChannelData(0);
    // Not the very end: whoever stops may be in the middle of a block.
    const part = samples.subarray(Math.max(0, samples.length - (seconds + 0.25) * 48_000), samples.length - 12_000);
    const tones = tonesHz.map((hz) => {
      let [real, imaginary] = [0, 0];
      part.forEach((sample, index) => {
        real += sample * Math.cos((2 * Math.PI * hz * index) / 48_000);
        imaginary += sample * Math.sin((2 * Math.PI * hz * index) / 48_000);
      });
      return 20 * Math.log10((Math.SQRT2 * Math.hypot(real, imaginary)) / part.length + 1e-10);
    });
    return { name, tones };
  }, speakers.map(({ toneHz }) => toneHz), lastSeconds);
}

/** @param {string} text */
function lufsOf(text) {
  return text.startsWith('–') ? -Infinity : Number.parseFloat(text.replace('−', '-'));
}

/** Their microphone becomes a tone that is on the left only. @param {Studio} studio */
function playsLeftOnly(studio) {
  return studio.page.evaluate(async (frequency) => {
    const context = new AudioContext();
    await context.resume();
    const merger = new ChannelMergerNode(context, { numberOfInputs: 2 });
    const destination = new MediaStreamAudioDestinationNode(context);
    const oscillator = new OscillatorNode(context, { frequency });
    oscillator.connect(new GainNode(context, { gain: 0.1 })).connect(merger, 0, 0);
    merger.connect(destination);
    oscillator.start();
    // A context that nothing refers to may be collected, with its sound.
    Object.assign(window, { leftOnly: { context, oscillator, destination } });
    window.parlor.rtcManager.replaceTrack('microphone', destination.stream.getAudioTracks()[0]);
  }, studio.toneHz);
}

/**
 * @param {Studio} studio
 * @param {Studio} speaker
 * @returns {Promise<[number, number]>} the level of their tone on the left and on the right, in dBFS
 */
async function stereoBehindGain(studio, speaker) {
  return studio.page.evaluate((id, toneHz) => {
    const { gain } = window.parlor.audioGraph.participants.get(id);
    const kept = /** @type {any} */ (window);
    kept.sides ??= [0, 1].map((channel) => {
      const splitter = new ChannelSplitterNode(gain.context, { numberOfOutputs: 2 });
      const side = new GainNode(gain.context);
      gain.connect(splitter).connect(side, channel);
      return side;
    });
    return /** @type {[number, number]} */ (kept.sides.map((/** @type {AudioNode} */ side) => window.parlorProbe.listen(side, toneHz).toneDb));
  }, await speaker.ownId(), speaker.toneHz);
}

/** @param {Studio} studio @returns {Promise<string>} how it is told to send sound */
function sendsBy(studio) {
  return studio.page.evaluate(() => {
    const { sdp } = /** @type {RTCSessionDescription} */ (window.parlorProbe.connections[0].remoteDescription);
    return /a=fmtp:\d+ .*useinbandfec.*/.exec(sdp)?.[0] ?? '';
  });
}
