// What is remembered about devices, and what the browser is asked for because of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { audioProfile, CAMERA_HEIGHTS, cameraConstraints, DEFAULT_SETTINGS, microphoneConstraints, settingsFrom } from '../media-settings.js';

test('GP-5 what was kept comes back, and what makes no sense is the default', () => {
  assert.deepEqual(settingsFrom(null), DEFAULT_SETTINGS);
  assert.deepEqual(settingsFrom('nonsense'), DEFAULT_SETTINGS);
  const kept = { ...DEFAULT_SETTINGS, microphoneId: 'm1', music: true, cameraHeight: 1080 };
  assert.deepEqual(settingsFrom(JSON.parse(JSON.stringify(kept))), kept);
  const odd = settingsFrom({ microphoneId: 7, fec: 'yes', cameraHeight: 123, unknown: 1, dtx: false });
  assert.deepEqual(odd, { ...DEFAULT_SETTINGS, dtx: false });
});

test('GP-5 the camera is asked for in 16:9, up to 3840×2160', () => {
  const sizes = CAMERA_HEIGHTS.map((cameraHeight) => cameraConstraints({ ...DEFAULT_SETTINGS, cameraHeight }));
  assert.deepEqual(sizes.map(({ width, height }) => [width, height]), [
    [{ ideal: 640 }, { ideal: 360 }],
    [{ ideal: 1280 }, { ideal: 720 }],
    [{ ideal: 1920 }, { ideal: 1080 }],
    [{ ideal: 3840 }, { ideal: 2160 }],
  ]);
});

test('music mode turns all treatment off, whatever the switches say, and asks for stereo', () => {
  const speech = microphoneConstraints({ ...DEFAULT_SETTINGS, noiseSuppression: false });
  assert.deepEqual(speech, { echoCancellation: true, noiseSuppression: false, autoGainControl: true });
  const music = microphoneConstraints({ ...DEFAULT_SETTINGS, music: true });
  assert.deepEqual(music, { echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: { ideal: 2 } });
  assert.deepEqual(audioProfile({ ...DEFAULT_SETTINGS, music: true, dtx: true }), { music: true, fec: true, dtx: true });
});
