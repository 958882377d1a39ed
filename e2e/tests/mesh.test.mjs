/**
 * The mesh of eight at full size.
 */

import assert from 'node:assert/strict';
import { arrivalsAt, watchArrivals } from '../lib/flows.mjs';
import { assertLeaving, assertVoices, gather, measureMesh, meet, printMesh } from '../lib/mesh.mjs';
import { scenario } from '../lib/stage.mjs';
import { until } from '../lib/wait.mjs';

scenario('CM-12 CM-13 CM-14 eight join at once, in Chromium and Firefox: a full mesh, each pair connected once; two close their tab, six go on without a gap', async (stage) => {
  const people = await gather(stage);
  const met = await meet(people);
  printMesh(met, await measureMesh(stage, people, 5_000));
  await assertVoices(people);

  await assertLeaving(people, ['Hugo', 'Cyd']);
  const stayers = people.filter(({ page }) => !page.isClosed());
  assert.equal(stayers.length, 6);
  for (const person of stayers) await watchArrivals(person);
  for (const person of stayers) await until(`${person.name} goes on hearing five`, () => arrivalsAt(person), { good: (times) => times.length === 5 });
}, { timeoutMs: 900_000 });
