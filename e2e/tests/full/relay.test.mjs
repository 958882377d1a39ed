/**
 * Networks without UDP: through TURN over TCP, and where that port is closed as well over TLS at the port of HTTPS, which no
 * firewall closes that lets the page through. Only with --full.
 */

import { hearsAt, toneDb } from '../../lib/audio.mjs';
import { stageAddress } from '../../lib/namespace.mjs';
import { pathsOf } from '../../lib/paths.mjs';
import { freePort } from '../../lib/server.mjs';
import { scenario } from '../../lib/stage.mjs';
import { until } from '../../lib/wait.mjs';

const port = await freePort();
const serverFlags = ['--tls-self-signed', '--turn-listen', `${stageAddress}:${port}`, '--turn-allow-peer', '10.99.0.0/24'];

scenario('CM-16 without UDP one is heard through TURN over TCP; its port closed, too, through TLS at the port of HTTPS', async (stage) => {
  const origin = stage.server.remoteOrigin;
  const ada = await stage.join('Ada', { origin });
  // What a page is forgiven is not forgiven a TURN server: its certificate is looked at again.
  const { island, browser } = await stage.island(['--ignore-certificate-errors']);
  island.onlyDatagramsTo({});
  const ben = await stage.join('Ben', { browser, origin });
  for (const protocol of ['tcp', 'tls']) {
    if (protocol === 'tls') island.onlyDatagramsTo({ noTcp: [port] });
    const since_ms = performance.now();
    await until(`the path leads through TURN by ${protocol}`, () => pathsOf(ben), {
      good: (paths) => paths.some(({ local, relayProtocol }) => local === 'relay' && relayProtocol === protocol), timeoutMs: 60_000,
    });
    await ada.seesConnected(ben);
    await hearsAt(ada, ben, toneDb);
    await hearsAt(ben, ada, toneDb);
    console.log(`by ${protocol}: heard ${Math.round(performance.now() - since_ms)} ms after there was no other way`);
  }
}, { serverFlags });
