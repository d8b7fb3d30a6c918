// audio.test.mjs - the measuring instruments of the end-to-end tests measured:
// what they must find is made here with a known fault.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { complaints, delayMs, makeVoice, Recording, rhythmComplaints, untilSteady, VOICES, writeWav } from '../e2e/lib/audio.mjs';
import { analyse } from './audio_tool.mjs';

const TOOL = new URL('audio_tool.mjs', import.meta.url).pathname;
const CODEC_PIPE = process.env.PARLEY_CODEC_PIPE;
const RATES = { opus: 48000, g722: 16000, pcmu: 8000, pcma: 8000 };
const SECONDS = 4;

function mixOf(names, rate, gains = {}) {
  const out = new Float32Array(SECONDS * rate);
  for (const name of names) {
    const voice = makeVoice(VOICES[name], rate, SECONDS);
    const gain = gains[name] ?? 1;
    for (let i = 0; i < out.length; i++) out[i] += gain * voice[i];
  }
  return out;
}

function silence(samples, rate, fromMs, lengthMs) {
  samples.fill(0, Math.round(fromMs * rate / 1000), Math.round((fromMs + lengthMs) * rate / 1000));
  return samples;
}

// Uneven, but the same in every run.
function addNoise(samples, amplitude) {
  let x = 12345;
  for (let i = 0; i < samples.length; i++) {
    x = (Math.imul(x, 1103515245) + 12345) >>> 0;
    samples[i] += amplitude * ((x >>> 8) / 8388608 - 1);
  }
  return samples;
}

function throughCodec(samples, codec) {
  const input = Buffer.from(Int16Array.from(samples, (s) => Math.max(-1, Math.min(1, s)) * 32767).buffer);
  const { status, stdout } = spawnSync(CODEC_PIPE, [codec], { input, maxBuffer: 1 << 26 });
  assert.equal(status, 0);
  const pcm = new Int16Array(stdout.buffer, stdout.byteOffset, Math.floor(stdout.length / 2));
  return new Recording(Float32Array.from(pcm, (s) => s / 32768), RATES[codec]);
}

for (const codec of Object.keys(RATES)) {
  test(`three voices survive ${codec} and a fourth is not imagined`, { skip: !CODEC_PIPE }, () => {
    const heard = throughCodec(mixOf(['anna', 'dan', 'gina'], RATES[codec]), codec).slice(0.3);
    const { voices, complaints: bad } = analyse(heard, { others: ['anna', 'dan', 'gina'], own: ['ben'] });
    assert.deepEqual(bad, []);
    for (const name of ['anna', 'dan', 'gina']) {
      assert.ok(voices[name].marginDb > 20, `${name} stands out by ${voices[name].marginDb} dB`);
    }
  });
}

test('every voice alone is heard alone, at every rate', () => {
  for (const rate of [8000, 16000, 48000]) {
    for (const name of Object.keys(VOICES)) {
      const heard = new Recording(mixOf([name], rate), rate).slice(0.2);
      const rest = Object.keys(VOICES).filter((other) => other !== name);
      assert.deepEqual(complaints(heard, { others: [name], own: rest }), []);
    }
  }
});

test('a voice that is missing is missed', () => {
  const heard = new Recording(addNoise(mixOf(['anna'], 8000), 0.01), 8000);
  assert.match(complaints(heard, { others: ['anna', 'ben'] }).join(), /ben is not heard/);
  assert.deepEqual(complaints(heard, { others: ['anna'] }), []);
});

test('a leak of the own voice 20 dB down is found, 40 dB down is not', () => {
  const leak = (gain) => complaints(
    new Recording(mixOf(['anna', 'ben'], 16000, { ben: gain }), 16000), { others: ['anna'], own: ['ben'] });
  assert.match(leak(0.1).join(), /hears itself \(ben/);
  assert.deepEqual(leak(0.01), []);
});

test('a gap of 80 ms is found and one of 40 ms is allowed, with others talking', () => {
  for (const [ms, found] of [[40, false], [80, true]]) {
    const anna = silence(makeVoice(VOICES.anna, 8000, SECONDS), 8000, 1500, ms);
    const rest = addNoise(mixOf(['ben', 'carla'], 8000), 0.003);
    const heard = new Recording(rest.map((s, i) => s + anna[i]), 8000);
    const bad = complaints(heard, { others: ['anna', 'ben', 'carla'] });
    assert.equal(/anna has a gap/.test(bad.join()), found, `${ms} ms: ${bad}`);
    assert.equal(bad.length, found ? 1 : 0);
    assert.ok(Math.abs(heard.longestGapMs(VOICES.anna) - ms) <= 15);
  }
});

test('a voice that is there less than half of the time is found out', () => {
  const anna = silence(makeVoice(VOICES.anna, 8000, SECONDS), 8000, 1000, 2400);
  const heard = new Recording(addNoise(anna, 0.002), 8000);
  assert.match(complaints(heard, { others: ['anna'] }).join(), /anna has a gap of 2[34]/);
});

test('stuttering by lost packets of 100 ms is found out', () => {
  const anna = makeVoice(VOICES.anna, 8000, SECONDS);
  for (let at = 0; at < SECONDS * 1000; at += 200) silence(anna, 8000, at, 100);
  assert.match(complaints(new Recording(anna, 8000), { others: ['anna'] }).join(), /gap/);
});

test('the delay is measured to 10 ms', () => {
  const rate = 48000;
  const said = new Recording(makeVoice(VOICES.anna, rate, SECONDS), rate, 1000);
  for (const late of [0, 60, 235]) {
    const shifted = new Float32Array(SECONDS * rate);
    shifted.set(said.samples.subarray(0, shifted.length - late * 48), late * 48);
    const heard = new Recording(addNoise(shifted, 0.01), rate, 1000);
    const { ms, likeness } = delayMs(said, heard, VOICES.anna);
    assert.ok(Math.abs(ms - late) <= 10, `${ms} for ${late}`);
    assert.ok(likeness > 0.9);
  }
});

// A part comes in twice: what lies behind comes later by its length.
const stretched = (samples, from, count) =>
  Float32Array.from(samples, (_, i) => samples[i < from + count ? i : i - count]);

test('a rhythm is recognised though a jitter buffer stretches time, another one is not', () => {
  const rate = 48000;
  const said = new Recording(makeVoice(VOICES.anna, rate, SECONDS), rate, 1000);
  const heard = new Recording(stretched(said.samples, rate, rate / 5), rate, 1000);
  assert.deepEqual(rhythmComplaints(said, heard, 'anna'), []);
  const backwards = new Recording(Float32Array.from(said.samples).reverse(), rate, 1000);
  assert.match(rhythmComplaints(said, backwards, 'anna').join(), /anna has another rhythm/);
});

test('what stutters or comes late is listened to again, an own voice alone is not', async () => {
  const windows = async (...bads) => [await untilSteady(async () => bads.shift()), bads.length];
  const [gap, echo] = ['ben: anna has a gap of 80 ms', 'hears itself (ben, -3 dB)'];
  assert.deepEqual(await windows([gap], ['anna is not heard (-90 dBFS)', echo], []), [[], 0]);
  assert.deepEqual(await windows([echo], []), [[echo], 1]);
  assert.deepEqual(await windows(...Array(16).fill([gap])), [[gap], 1]);
});

test('the tool makes and judges files, and its exit code is the verdict', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'audio-tool-'));
  t.after(() => rm(dir, { recursive: true }));
  const wav = join(dir, 'a.wav');
  const run = (...args) => spawnSync(process.execPath, [TOOL, ...args], { encoding: 'utf8' });
  assert.equal(run('make', 'anna', wav, '--rate', '8000', '--seconds', '3').status, 0);
  const good = run('analyse', wav, '--others', 'anna', '--own', 'ben');
  assert.equal(good.status, 0);
  assert.equal(JSON.parse(good.stdout).voices.anna.onsetMs, 0);
  assert.equal(run('analyse', wav, '--others', 'ben').status, 1);
  assert.equal(run('analyse', wav, '--others', 'nobody').status, 64);
  assert.equal(run('sing').status, 64);
  const late = join(dir, 'late.wav');
  await writeWav(late, silence(makeVoice(VOICES.ben, 8000, 3), 8000, 0, 500), 8000);
  const { voices } = JSON.parse(run('analyse', late, '--others', 'ben', '--max-gap', '9999').stdout);
  assert.ok(Math.abs(voices.ben.onsetMs - 490) <= 15, `onset ${voices.ben.onsetMs}`);
});
