/**
 * Waiting for a microphone that does not come. Only with --full: it takes its time.
 */

import { hearsAt, toneDb } from '../../lib/audio.mjs';
import { scenario } from '../../lib/stage.mjs';
import { holdsFor } from '../../lib/wait.mjs';

scenario('CM-5 the microphone’s question stays unanswered: after 10 s the page goes on without it and one hears the others', async (stage) => {
  const ben = await stage.join('Ben');
  const ada = await stage.join('Ada', { microphoneError: 'pending' });
  await holdsFor('no connection without media', 8_000, () => ada.connections(), (connections) => connections.every(({ status }) => status !== 'connected'));
  await ada.seesConnected(ben);
  await hearsAt(ada, ben, toneDb);
});
