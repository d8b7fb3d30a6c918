// A room with two channels: what a browser captures on the left is heard on the
// left alone, by another browser and in the recording; a telephone hears both
// sides. A room with one is as it always was, for the same page.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { complaints, readWav, Recording, VOICES } from '../lib/audio.mjs';
import { Person } from '../lib/browser.mjs';
import { latest } from '../lib/ears.mjs';
import { Phone } from '../lib/phone.mjs';
import { stories } from '../lib/story.mjs';
import { until } from '../lib/wait.mjs';

const run = promisify(execFile);
const LEFT = 'anna';
const RIGHT = 'dan';
const SECONDS = 1.1; // listened to, at a time
const TWO = ['sprop-stereo=1', 'stereo=1'];
const tell = stories((base, dir) => ({
  media: { recordings_dir: join(dir, 'recordings') },
  'room studio': { channels: 2, record: 'auto', record_stems: true },
  'room cellar': { channels: 1, record: 'auto', record_stems: true },
}), { medias: 1 });

let band;
let ben;
let carla;

// What the page offers and is answered when it joins: of Opus.
async function joinAndTell(person, room) {
  const [response] = await Promise.all([
    person.page.waitForResponse((one) => one.url().endsWith('/calls')), person.join(room)]);
  const opus = (sdp) => sdp.match(/^a=fmtp:111 (.*)/m)[1].split(';')
    .filter((param) => param.includes('stereo')).sort();
  return {
    offer: opus(response.request().postDataJSON().sdp),
    answer: opus((await response.json()).result.sdp),
  };
}

// What is wrong with what a telephone hears, and with [left, right] of a sound.
const missing = (sound, others, own) =>
  complaints(sound, { others, own: [own], maxGapMs: 300, minSeconds: 1 });
const misplaced = (sides, middle = []) => [[LEFT, RIGHT], [RIGHT, LEFT]].flatMap(([here, there], i) =>
  missing(sides[i], [here, ...middle], there));

// Until a stretch is without complaint: announcements are over then.
async function listen(what, judge) {
  let bad = [];
  await until(what, async () => {
    bad = await judge();
    return !bad.length;
  }, 60000, 200).catch((error) => { error.message += `: ${bad.join('; ')}`; throw error; });
}

// A recording's mix, or the stem of who has two sides.
const files = (system, room, kind) => system.sql(`SELECT path, is_closed FROM recording_files
  JOIN recordings USING (recording_id) WHERE room_id = '${room}' AND kind = '${kind}'
  AND display_name IN ('', '${LEFT}')`);

// One of them, as opusdec reads it.
async function decode(system, room, kind) {
  const file = await until(`the ${kind} of ${room} is closed`, async () =>
    (await files(system, room, kind)).find((one) => one.is_closed));
  const wav = join(system.dir, `${room}-${kind}.wav`);
  await run('opusdec', ['--quiet', join(system.dir, 'recordings', file.path), wav]);
  const left = await readWav(wav);
  const right = left.channels === 2 ? await readWav(wav, 1) : left;
  return { channels: left.channels,
    sides: [left, right].map(({ samples, rate }) => new Recording(samples, rate)) };
}

// All stretches of it, and whether one of them is without complaint.
const pieces = (sides) => Array.from({ length: Math.floor(sides[0].seconds * 2) },
  (_, i) => sides.map((side) => side.slice(i / 2, i / 2 + SECONDS)));
const holds = (sides, middle) => pieces(sides).some((part) => !misplaced(part, middle).length);

tell('two channels: each side is heard where it is, and both by a telephone', async (system) => {
  [band, ben, carla] = await Promise.all([Person.open(system, LEFT, { right: RIGHT }),
    Person.open(system, 'ben'), Phone.open(system, 'carla')]);
  const [{ offer, answer }] = await Promise.all([
    joinAndTell(band, 'studio'), ben.join('studio'), carla.dial('studio')]);
  assert.deepEqual(offer, TWO);
  assert.deepEqual(answer, TWO);
  await ben.startRecording();
  await Promise.all([
    listen('the browser hears each side apart, and others in the middle', async () => {
      const sides = await Promise.all([0, 1].map((side) => ben.heard(SECONDS, side)));
      return misplaced(sides, ['carla']);
    }),
    listen('the telephone hears both sides', async () => {
      return missing(await latest(carla, SECONDS), [LEFT, RIGHT, 'ben'], 'carla');
    }),
  ]);
});

tell('one channel: the same page is answered without stereo and sends none', async (system) => {
  await carla.hangup();
  await ben.page.click('#leave');
  const { offer, answer } = await joinAndTell(band, 'cellar');
  assert.deepEqual(offer, TWO);
  assert.deepEqual(answer, ['stereo=0']);
  await until('a second of it is recorded', async () => {
    const [file] = await files(system, 'cellar', 'stem');
    return file && (await stat(join(system.dir, 'recordings', file.path))).size > 5000;
  });
  await band.page.click('#leave');
  const { channels, sides } = await decode(system, 'cellar', 'stem');
  assert.equal(channels, 1);
  const [voice] = sides;
  assert.ok(pieces([voice]).some(([part]) =>
    [LEFT, RIGHT].every((name) => part.level(VOICES[name]) > 0.03)), 'both voices are in it');
});

tell('the recording of two channels has two, and so has the stem', async (system) => {
  for (const [kind, ...middles] of [['mix', ['ben'], ['carla']], ['stem', []]]) {
    const { channels, sides } = await decode(system, 'studio', kind);
    assert.equal(channels, 2);
    for (const middle of middles) {
      assert.ok(holds(sides, middle), `each side is where it was in the ${kind}, with ${middle.join() || 'nobody'} in the middle`);
    }
  }
});
