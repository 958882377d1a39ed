// How Opus is asked for in session descriptions: on offers that Chromium and Firefox made, with microphone, camera, a
// second sound and a data channel (`sdp/`; they are stored with plain line ends and tested with both).

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { opusSettings, stereoMids, VOICE, withSending, withStereo } from '../opus.js';

const stored = (browser) => readFileSync(new URL(`sdp/${browser}-offer.sdp`, import.meta.url), 'utf8');
/** Each offer as the browser gave it, and as a program with plain line ends would. */
const offers = ['chromium', 'firefox'].flatMap((browser) => {
  const plain = stored(browser);
  return [
    { browser, end: 'CRLF', sdp: plain.replaceAll('\n', '\r\n') },
    { browser, end: 'LF', sdp: plain },
  ];
});

/** The format parameters of each Opus, section by section. */
function opusParameters(sdp) {
  return sdp.split(/^(?=m=)/m).slice(1).map((section) => {
    const type = /^a=rtpmap:(\d+) opus\/48000/m.exec(section)?.[1];
    const said = new RegExp(`^a=fmtp:${type} (.*?)\\r?$`, 'm').exec(section)?.[1];
    return said === undefined ? undefined : Object.fromEntries(said.split(';').map((pair) => pair.split('=')));
  });
}

/** What else a description says: everything but the lines of Opus's parameters. */
const rest = (sdp) => sdp.split('\n').filter((line) => !/^a=fmtp:(111 |109 max|109 stereo)/.test(line));

test('a voice is mono with error correction, and pauses or is error-corrected as its person wants', () => {
  assert.deepEqual(opusSettings('microphone', VOICE), { isStereo: false, fec: true, dtx: true, bitsPerSecond: null });
  assert.deepEqual(opusSettings('microphone', { music: false, fec: false, dtx: true }), { isStereo: false, fec: false, dtx: true, bitsPerSecond: null });
});

test('music mode is stereo with 128 kbit/s; a return is error-corrected and never pauses, whatever the person wants', () => {
  const music = { music: true, fec: false, dtx: true };
  assert.deepEqual(opusSettings('microphone', music), { isStereo: true, fec: false, dtx: false, bitsPerSecond: 128_000 });
  assert.deepEqual(opusSettings('return', music), { isStereo: false, fec: true, dtx: false, bitsPerSecond: 64_000 });
  assert.equal(opusSettings('screen-audio', VOICE).isStereo, true);
});

for (const { browser, end, sdp } of offers) {
  test(`each sound of a ${browser} offer (${end}) gets its own settings, and nothing else changes`, () => {
    const sources = new Map([['0', 'microphone'], ['2', 'return']]);
    const asked = [];
    const changed = withSending(sdp, ({ mid, receives }) => {
      asked.push([mid, receives]);
      return opusSettings(sources.get(mid), { music: true, fec: false, dtx: true });
    });
    assert.deepEqual(asked, [['0', true], ['2', true]]);
    const [microphone, camera, second, data] = opusParameters(changed);
    const kept = browser === 'chromium' ? { minptime: '10' } : { maxplaybackrate: '48000' };
    assert.deepEqual(microphone, { ...kept, stereo: '1', maxaveragebitrate: '128000', useinbandfec: '0' });
    assert.deepEqual(second, { ...kept, maxaveragebitrate: '64000', useinbandfec: '1' });
    assert.deepEqual([camera, data], [undefined, undefined]);
    assert.deepEqual(rest(changed), rest(sdp));
    assert.equal(changed.includes('\r\n'), end === 'CRLF');
    if (end === 'CRLF') assert.equal(/[^\r]\n/.test(changed), false, 'every line ends as the others do');
  });

  test(`settings of a ${browser} offer (${end}) are taken back again, and doing it twice changes nothing`, () => {
    const music = withSending(sdp, () => opusSettings('microphone', { music: true, fec: true, dtx: true }));
    const voice = withSending(music, () => opusSettings('microphone', VOICE));
    for (const parameters of [opusParameters(voice)[0], opusParameters(voice)[2]]) {
      assert.deepEqual([parameters.stereo, parameters.maxaveragebitrate, parameters.usedtx, parameters.useinbandfec], [undefined, undefined, '1', '1']);
    }
    assert.equal(withSending(voice, () => opusSettings('microphone', VOICE)), voice);
    assert.equal(withSending(sdp, () => undefined), sdp);
  });

  test(`a ${browser} description (${end}) says where stereo is sent and where it is welcome, and what it said is read again`, () => {
    const said = withStereo(sdp, { sent: new Set(['0']), welcome: new Set(['2']) });
    const own = browser === 'firefox' ? '1' : undefined;
    assert.deepEqual(opusParameters(said).map((parameters) => parameters?.stereo), [own, undefined, '1', undefined], 'Firefox welcomes it by itself');
    assert.deepEqual(opusParameters(said).map((parameters) => parameters?.['sprop-stereo']), ['1', undefined, undefined, undefined]);
    assert.deepEqual(rest(said), rest(sdp));
    assert.deepEqual([...stereoMids(said, 'sprop-stereo')], ['0']);
    assert.deepEqual([...stereoMids(said, 'stereo')], own ? ['0', '2'] : ['2']);
    const mono = withStereo(sdp, { sent: new Set(), welcome: new Set() });
    assert.equal(mono, sdp);
    assert.deepEqual([...stereoMids(mono, 'sprop-stereo')], []);
  });
}

test('a rejected section and one that only sends are known as such; one without parameters gets a line of its own', () => {
  const sdp = ['v=0', 'm=audio 0 UDP/TLS/RTP/SAVPF 111', 'a=inactive', 'a=mid:a', 'a=rtpmap:111 opus/48000/2', 'm=audio 9 UDP/TLS/RTP/SAVPF 63 111', 'a=sendonly', 'a=mid:b', 'a=rtpmap:63 red/48000/2', 'a=fmtp:63 111/111', 'a=rtpmap:111 opus/48000/2'];
  const asked = [];
  const changed = withSending(sdp.join('\r\n'), (section) => {
    asked.push(section);
    return opusSettings('microphone', VOICE);
  });
  assert.deepEqual(asked, [{ mid: 'a', receives: false }, { mid: 'b', receives: false }]);
  assert.deepEqual(changed.split('\r\n'), [...sdp.slice(0, 5), 'a=fmtp:111 useinbandfec=1;usedtx=1', ...sdp.slice(5), 'a=fmtp:111 useinbandfec=1;usedtx=1', '']);
});

test('without Opus, or without sense, text stays as it is', () => {
  for (const sdp of ['', 'nonsense', 'v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=rtpmap:0 PCMU/8000\r\n']) {
    assert.equal(withSending(sdp, () => opusSettings('microphone', VOICE)), sdp);
    assert.equal(withStereo(sdp, { sent: new Set(['', '0']), welcome: new Set(['', '0']) }), sdp);
  }
});
