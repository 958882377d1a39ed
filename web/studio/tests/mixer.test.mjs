// Gain and mute are kept for as long as somebody is in the room (AU-1), also across connections made anew.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Mixer } from '../mixer.js';

/** An audio graph that notes what is set, and like the real one knows only those whose sound came. */
class Graph {
  participants = new Map();
  addParticipant(id) {
    if (!this.participants.has(id)) this.participants.set(id, { gainPercent: 100, muted: false });
  }
  removeParticipant(id) {
    this.participants.delete(id);
  }
  setGainPercent(id, percent) {
    if (this.participants.has(id)) this.participants.get(id).gainPercent = percent;
  }
  setMuted(id, isMuted) {
    if (this.participants.has(id)) this.participants.get(id).muted = isMuted;
  }
}

test('AU-1: a gain set before the sound came counts when it comes', () => {
  const graph = new Graph();
  const mixer = new Mixer(graph);
  mixer.setGainPercent('u1', 40);
  mixer.setMuted('u1', true);
  mixer.add('u1', {});
  assert.deepEqual(graph.participants.get('u1'), { gainPercent: 40, muted: true });
});

test('AU-1: mute keeps the gain, the slider works while muted, and unmute applies it', () => {
  const graph = new Graph();
  const mixer = new Mixer(graph);
  mixer.add('u1', {});
  mixer.setGainPercent('u1', 150);
  mixer.setMuted('u1', true);
  assert.equal(mixer.gainPercent('u1'), 150);
  mixer.setGainPercent('u1', 20);
  mixer.setMuted('u1', false);
  assert.deepEqual(graph.participants.get('u1'), { gainPercent: 20, muted: false });
});

test('CM-9: who left for good leaves no gain behind', () => {
  const graph = new Graph();
  const mixer = new Mixer(graph);
  mixer.add('u1', {});
  mixer.setGainPercent('u1', 0);
  mixer.remove('u1');
  assert.equal(graph.participants.size, 0);
  assert.equal(mixer.gainPercent('u1'), 100);
});
