/**
 * TLS with a certificate of the server's own, in a browser that is told to accept it. Only with --full.
 */

import assert from 'node:assert/strict';
import { hearsAt, toneDb } from '../../lib/audio.mjs';
import { scenario } from '../../lib/stage.mjs';

scenario('GP-11 with --tls-self-signed an address that is not loopback is a secure origin, and people hear each other', async (stage) => {
  const origin = stage.server.remoteOrigin;
  assert.match(origin, /^https:/);
  const ada = await stage.join('Ada', { origin });
  const ben = await stage.join('Ben', { origin, browser: 'firefox' });
  assert.equal(await ada.page.evaluate(() => window.isSecureContext), true);
  for (const [listener, speaker] of [[ada, ben], [ben, ada]]) {
    await listener.seesConnected(speaker);
    await hearsAt(listener, speaker, toneDb);
  }
}, { serverFlags: ['--tls-self-signed'] });
