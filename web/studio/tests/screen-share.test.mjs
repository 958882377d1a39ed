// A shared screen's sound: asked for without what the page itself plays, left out where that can't be, ended alone.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ScreenShare } from '../screen-share.js';

class FakeTrack extends EventTarget {
  readyState = 'live';
  contentHint = '';

  constructor(settings) {
    super();
    this.settings = settings;
  }

  getSettings() {
    return this.settings;
  }

  stop() {
    this.readyState = 'ended';
  }

  endByItself() {
    this.stop();
    this.dispatchEvent(new Event('ended'));
  }
}

/** Shares over a browser that knows these constraints and gives these tracks. */
async function share({ known = {}, picture = {}, sound = {} }) {
  const tracks = { video: [new FakeTrack(picture)], audio: sound === null ? [] : [new FakeTrack(sound)] };
  const asked = [];
  const stream = {
    getTracks: () => [...tracks.video, ...tracks.audio],
    getVideoTracks: () => tracks.video,
    getAudioTracks: () => tracks.audio,
    removeTrack: (track) => {
      tracks.audio = tracks.audio.filter((one) => one !== track);
    },
  };
  const getDisplayMedia = async (options) => {
    asked.push(options);
    return stream;
  };
  const mediaDevices = { getSupportedConstraints: () => known, getDisplayMedia };
  Object.defineProperty(globalThis, 'navigator', { value: { mediaDevices }, configurable: true });
  const [given] = tracks.audio;
  const screen = new ScreenShare();
  let changes = 0;
  screen.addEventListener('change', () => (changes += 1));
  await screen.start();
  return { screen, given, asked: asked[0], changes: () => changes };
}

test('where the browser can leave out the page’s own sound, it is asked to, and the screen’s sound is shared', async () => {
  const known = { restrictOwnAudio: true };
  const { screen, asked, given } = await share({ known, picture: { displaySurface: 'monitor' }, sound: { restrictOwnAudio: true } });
  assert.equal(asked.audio.restrictOwnAudio, true);
  assert.equal('systemAudio' in asked, false);
  assert.equal(screen.soundTrack, given);
});

test('where it can’t, the whole system’s sound is not shared: everybody would hear themselves', async () => {
  const { screen, asked, given, changes } = await share({ picture: { displaySurface: 'monitor' } });
  assert.equal(asked.systemAudio, 'exclude');
  assert.equal(screen.soundTrack, null);
  assert.equal(given.readyState, 'ended');
  assert.equal(screen.isOn, true);
  assert.equal(changes(), 1);
  const refused = await share({ known: { restrictOwnAudio: true }, picture: { displaySurface: 'monitor' }, sound: { restrictOwnAudio: false } });
  assert.equal(refused.screen.soundTrack, null, 'it said that it does not');
});

test('a tab’s sound is its own, and is shared in any case', async () => {
  const { screen, given } = await share({ picture: { displaySurface: 'browser' } });
  assert.equal(screen.soundTrack, given);
  assert.equal(given.readyState, 'live');
});

test('sound that ends by itself takes only itself away; the picture’s end takes both', async () => {
  const { screen, given, changes } = await share({ picture: { displaySurface: 'window' } });
  given.endByItself();
  assert.equal(screen.soundTrack, null);
  assert.equal(screen.track?.readyState, 'live');
  assert.equal(changes(), 2);
  const both = await share({ picture: { displaySurface: 'browser' } });
  both.screen.track.endByItself();
  assert.equal(both.screen.isOn, false);
  assert.equal(both.given.readyState, 'ended');
  both.given.endByItself();
  assert.equal(both.changes(), 2);
});
