/**
 * Participants without a browser, by the SDK in Rust, in one mesh with pages of both browsers.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hearsEnergy, toleranceDb, toneDb } from '../lib/audio.mjs';
import { Program, tone } from '../lib/program.mjs';
import { scenario } from '../lib/stage.mjs';
import { until } from '../lib/wait.mjs';

// Of two participants the one with the smaller id waits for the other's offer: each way once.
for (const id of ['0-radio', 'zz-radio']) {
  scenario(`a program in Rust (${id}) and pages of Chromium and Firefox: the pages hear its tone, it records both, and they read each other`, async (stage) => {
    const folder = mkdtempSync(join(tmpdir(), 'parlor-e2e-'));
    const ada = await stage.join('Ada');
    const program = new Program(stage, ['--name', 'Radio', '--user-id', id, '--play', tone.file, '--loop', '--record', folder]);
    try {
      await program.says(/connected with Ada/);
      // Who comes later, too.
      const ben = await stage.join('Ben', { browser: 'firefox' });
      await program.says(/connected with Ben/);
      for (const page of [ada, ben]) {
        await page.sees('Radio, connected', ({ participants }) => participants.some(({ name, status }) => name === 'Radio' && status === 'Connected'));
        await hearsTone(page, id);
        await hearsEnergy(page, 2);
      }
      await ada.fill('Message', 'hello from Ada');
      await ada.press('Send');
      await program.says(/Ada: hello from Ada/);

      // One second at least of each.
      await until('both recordings grow', () => Promise.all([ada, ben].map(async (page) => sizeOf(join(folder, `${await page.ownId()}-microphone.opus`)))), {
        good: (sizes) => sizes.every((size) => size > 2_000),
      });
      assert.equal(await program.interrupt(), 0, program.said);
      for (const page of [ada, ben]) {
        await page.seesExactly('Ada', 'Ben');
        const [, packets] = await program.says(new RegExp(`recorded (\\d+) packets as \\S*${await page.ownId()}-microphone\\.opus`));
        assert.ok(Number(packets) >= 50, program.said);
      }
    } finally {
      program.kill();
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

scenario('a program that writes one line and leaves: both pages read it, and see it go', async (stage) => {
  const ada = await stage.join('Ada');
  const ben = await stage.join('Ben', { browser: 'firefox' });
  const program = new Program(stage, ['--name', 'Kettle', '--say', 'the tea is ready', '--duration', '1s']);
  try {
    for (const page of [ada, ben]) {
      await page.sees('the line', ({ chat }) => chat.some((line) => line.includes('the tea is ready')));
      await page.seesExactly('Ada', 'Ben');
    }
  } finally {
    program.kill();
  }
});

/**
 * Waits until the program's tone is heard at its level behind its gain, and nothing else there.
 *
 * @param {import('../lib/page.mjs').Studio} page
 * @param {string} id the program's
 */
function hearsTone(page, id) {
  return until(
    `${page.name} hears the tone of ${id}`,
    () => page.page.evaluate((participant, hz) => {
      const strip = window.parlor.audioGraph.participants.get(participant);
      if (strip === undefined) throw new Error(`no strip in the audio graph for ${participant}`);
      return window.parlorProbe.listen(strip.gain, hz);
    }, id, tone.hz),
    { good: ({ toneDb: heardDb, rmsDb }) => Math.abs(heardDb - toneDb) <= toleranceDb && Math.abs(rmsDb - heardDb) <= toleranceDb },
  );
}

/** @param {string} path @returns {number} bytes; of a file that is not there yet 0 */
function sizeOf(path) {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
