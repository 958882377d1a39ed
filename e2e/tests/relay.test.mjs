/**
 * A participant whose direct path to another is blocked reaches them through the server's TURN: by UDP here; by TCP and by
 * TLS at the port of HTTPS in full/relay.test.mjs.
 */

import assert from 'node:assert/strict';
import { hearsAt, toneDb } from '../lib/audio.mjs';
import { stageAddress } from '../lib/namespace.mjs';
import { pathsOf } from '../lib/paths.mjs';
import { freePort } from '../lib/server.mjs';
import { scenario } from '../lib/stage.mjs';
import { until } from '../lib/wait.mjs';

/** What the core allows: 3 s disconnected before the restart, which takes 10 s, and the first retry's delay; what browsers take to notice. */
const retryMs = 30_000;

const port = await freePort();
const serverFlags = ['--turn-listen', `${stageAddress}:${port}`, '--turn-allow-peer', '10.99.0.0/24'];

scenario('CM-16 the direct path is cut under a call: the sound comes through TURN within the retry time; nothing is relayed before', async (stage) => {
  const ada = await stage.join('Ada');
  const { island, browser } = await stage.island();
  const ben = await stage.join('Ben', { browser, origin: stage.server.remoteOrigin });
  await ada.seesConnected(ben);
  await hearsAt(ada, ben, toneDb);
  for (const person of [ada, ben]) {
    assert.ok((await pathsOf(person)).every(({ local, remote }) => local !== 'relay' && remote !== 'relay'), 'at first the path is a direct one');
  }

  island.onlyDatagramsTo({ udp: port });
  const cut_ms = performance.now();
  await until('the path leads through TURN', async () => [...await pathsOf(ada), ...await pathsOf(ben)], {
    good: (paths) => paths.length === 2 && paths.every(({ local, remote }) => local === 'relay' || remote === 'relay'), timeoutMs: retryMs,
  });
  await hearsAt(ada, ben, toneDb);
  await hearsAt(ben, ada, toneDb);
  console.log(`the sound came through TURN ${Math.round(performance.now() - cut_ms)} ms after the direct path was cut`);
  assert.match(await stage.server.metrics(), /^parlor_turn_datagrams_total [1-9]/m);
}, { serverFlags });
