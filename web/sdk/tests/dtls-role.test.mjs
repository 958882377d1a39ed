// The DTLS role in offers on a connection that is negotiated: kept, whichever side answered last.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { withSettledRole } from '../dtls-role.js';

const open = 'v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=setup:actpass\r\na=mid:0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=setup:actpass\r\n';
const as = (role) => open.replaceAll('actpass', role);

test('the first offer is taken as it is', () => {
  assert.equal(withSettledRole(open, { local: null, remote: null }), open);
});

test('CM-6 where the other side answered last, it keeps the role of its answer', () => {
  for (const role of ['active', 'passive']) {
    const current = { local: { type: 'offer', sdp: open }, remote: { type: 'answer', sdp: as(role) } };
    assert.equal(withSettledRole(open, current), as(role));
  }
});

test('CM-6 where this side answered last, the other one keeps what that left to it', () => {
  for (const [role, others] of [['active', 'passive'], ['passive', 'active']]) {
    const current = { local: { type: 'answer', sdp: as(role) }, remote: { type: 'offer', sdp: open } };
    assert.equal(withSettledRole(open, current), as(others));
  }
});

test('an offer that says a role itself, and descriptions that say none, stay as they are', () => {
  const current = { local: { type: 'offer', sdp: open }, remote: { type: 'answer', sdp: as('active') } };
  assert.equal(withSettledRole(as('passive'), current), as('passive'));
  assert.equal(withSettledRole(open, { local: { type: 'offer', sdp: 'x' }, remote: { type: 'answer', sdp: 'y' } }), open);
});
