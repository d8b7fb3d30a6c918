#!/usr/bin/env node
// audio_tool.mjs - makes the voices of the end-to-end tests and judges what was
// heard of them, for shells and for people; the stories use the same functions.
//
//   audio_tool.mjs make VOICE OUT.wav [--rate HZ] [--seconds S]
//   audio_tool.mjs analyse IN.wav --others a,b [--own c] [--from S] [--to S]
//                  [--max-gap MS]
//
// analyse prints JSON and exits with 0 when every one of `others` is heard
// without a longer gap and none of `own` is; 1 when not; 64 for wrong usage.

import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { complaints, makeVoice, readWav, Recording, VOICES, writeWav } from '../e2e/lib/audio.mjs';

const HOP_MS = 5;
const FLOOR_DBFS = -120;

const dbfs = (amplitude) => Math.max(FLOOR_DBFS, 20 * Math.log10(amplitude || 1e-9));
const round = (x) => Math.round(x * 10) / 10;

// When a voice is first heard, in ms from the beginning; null: never.
export function onsetMs(recording, hz) {
  const track = recording.track(hz, 20, HOP_MS);
  const loud = [...track].sort((a, b) => a - b)[Math.floor(track.length * 0.9)] ?? 0;
  const at = track.findIndex((level) => level > 0.003 && level > loud / 4);
  return at < 0 ? null : at * HOP_MS;
}

// Level, margin over the strongest voice that should not be there, gap and
// onset of every voice.
export function analyse(recording, { others, own = [], maxGapMs = 60 }) {
  const voices = {};
  for (const [name, hz] of Object.entries(VOICES)) {
    voices[name] = {
      hz, dbfs: round(dbfs(recording.level(hz))),
      gapMs: recording.longestGapMs(hz), onsetMs: onsetMs(recording, hz),
    };
  }
  const foreign = Object.keys(voices).filter((name) => !others.includes(name));
  const noise = Math.max(FLOOR_DBFS, ...foreign.map((name) => voices[name].dbfs));
  for (const voice of Object.values(voices)) voice.marginDb = round(voice.dbfs - noise);
  const bad = complaints(recording, { others, own, maxGapMs });
  return { seconds: round(recording.seconds), rate: recording.rate, voices, complaints: bad };
}

class UsageError extends Error {}

function names(text) {
  const list = (text ?? '').split(',').filter(Boolean);
  const unknown = list.find((name) => !(name in VOICES));
  if (unknown) throw new UsageError(`no voice ${unknown}; there are ${Object.keys(VOICES).join(' ')}`);
  return list;
}

async function make([voice, path], values) {
  if (!path || names(voice).length !== 1) throw new UsageError('make VOICE OUT.wav');
  const rate = Number(values.rate ?? 48000);
  await writeWav(path, makeVoice(VOICES[voice], rate, Number(values.seconds ?? 10)), rate);
  return 0;
}

async function judge([path], values) {
  const others = names(values.others);
  if (!path || others.length === 0) throw new UsageError('analyse IN.wav --others a,b');
  const { rate, samples } = await readWav(path);
  const all = new Recording(samples, rate);
  const part = all.slice(Number(values.from ?? 0), Number(values.to ?? all.seconds));
  const result = analyse(part, {
    others, own: names(values.own), maxGapMs: Number(values['max-gap'] ?? 60),
  });
  console.log(JSON.stringify(result, null, 2));
  return result.complaints.length ? 1 : 0;
}

async function main() {
  const options = Object.fromEntries(
    ['rate', 'seconds', 'others', 'own', 'from', 'to', 'max-gap'].map((name) => [name, { type: 'string' }]));
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    const [verb, ...rest] = positionals;
    const does = { make, analyse: judge }[verb];
    if (!does) throw new UsageError('first word: make or analyse');
    return await does(rest, values);
  } catch (error) {
    console.error(`audio_tool: ${error.message}`);
    return error instanceof UsageError || error.code?.startsWith('ERR_PARSE') ? 64 : 1;
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = await main();
}
