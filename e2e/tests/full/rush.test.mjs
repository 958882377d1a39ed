/**
 * Eight join within one second, three times over: the mesh is the same each time. Only with --full.
 */

import { assertLeaving, countedCauses, gather, meet } from '../../lib/mesh.mjs';
import { scenario } from '../../lib/stage.mjs';
import { figure, printTable } from '../../lib/table.mjs';

scenario('CM-14 eight join within a second, three times over: 28 connections, each made and negotiated once, no retry', async (stage) => {
  const rows = [];
  for (let round = 1; round <= 3; round += 1) {
    const people = await gather(stage, `${stage.room}-${round}`);
    const met = await meet(people, { isStrict: true });
    rows.push([round, `${figure(met.joinedWithin_ms)} ms`, `${figure(met.connected_ms)} ms`, met.flows, met.connectionsMade, met.negotiations, countedCauses(met.repeats)]);
    if (round === 3) await assertLeaving(people, ['Hugo', 'Cyd'], { isStrict: true });
    for (const person of people) if (!person.page.isClosed()) await person.close();
  }
  printTable('Eight join at once, three times', ['round', 'joined within', 'first join → last voice', 'flows', 'connections made', 'negotiations', 'done again'], rows);
}, { timeoutMs: 400_000 });
