// A browser and a telephone are recorded: started by the page's button and
// stopped over REST, then both by keys of the telephone. The file is decoded by
// a decoder of others, and everybody is told.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import https from 'node:https';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readWav, Recording, VOICES } from '../lib/audio.mjs';
import { Person } from '../lib/browser.mjs';
import { hears, misses } from '../lib/ears.mjs';
import { Management } from '../lib/management.mjs';
import { Phone } from '../lib/phone.mjs';
import { stories } from '../lib/story.mjs';
import { until } from '../lib/wait.mjs';

const run = promisify(execFile);
const tell = stories((base, dir) => ({
  media: { recordings_dir: join(dir, 'var/recordings') },
  api: { recordings_dir: join(dir, 'var/recordings') },
}), { medias: 1 });
const folder = (system) => join(system.dir, 'var/recordings');

let ben;
let carla;
let first; // recording

const recordings = (system) => system.sql('SELECT * FROM recordings ORDER BY asked_at');
const isShown = (shown) => until(`the REC sign is ${shown ? 'shown' : 'gone'}`,
  async () => await ben.page.isVisible('#recording') === shown);

// Its mix, as opusdec reads it.
async function decode(system, recording) {
  const [file] = await until('its mix is closed', async () => {
    const found = await system.sql(`SELECT * FROM recording_files WHERE kind = 'mix'
      AND is_closed AND recording_id = '${recording}'`);
    return found.length && found;
  });
  const wav = join(system.dir, `${recording}.wav`);
  await run('opusdec', ['--quiet', join(folder(system), file.path), wav]);
  const { rate, samples } = await readWav(wav);
  return { file, sound: new Recording(samples, rate) };
}

// Whether a voice is in a stretch of it.
const has = (sound, voice) => Array.from({ length: Math.floor(sound.seconds * 2) },
  (_, i) => sound.slice(i / 2, i / 2 + 0.5).level(VOICES[voice])).some((level) => level > 0.03);

// Seconds of sound that is not ben's tone.
const speech = (sound) => Array.from({ length: Math.floor(sound.seconds * 10) }, (_, i) => {
  const part = sound.slice(i / 10, (i + 1) / 10);
  const power = part.samples.reduce((sum, x) => sum + x * x, 0) / part.samples.length;
  return power - part.level(VOICES.ben) ** 2 / 2;
}).filter((power) => power > 0.05 ** 2).length / 10;

tell('a host presses Record: everybody is told, and the telephone hears it', async (system) => {
  ben = await Person.open(system, 'ben', { recorder: false });
  await ben.join('lobby');
  carla = await Phone.open(system, 'carla', { codec: 'PCMA/8000', seconds: 400 });
  await carla.dial('lobby');
  await until('ben sees the telephone', async () => (await ben.roster())
    .some((one) => one.kind === 'phone' && one.media === 'true'));
  assert.equal(await ben.page.isVisible('#recording'), false);
  await hears(carla, 'ben');
  await misses(carla, ['carla']);
  const before = (await carla.heard()).seconds;
  await ben.page.click('[data-host=record]');
  await isShown(true);
  await until('the button stops it', async () =>
    await ben.page.textContent('[data-host=record]') === 'Stop recording');
  const [row] = await recordings(system);
  assert.deepEqual([row.state, row.started_by, row.started_by_name], ['recording', 'api', 'ben']);
  first = row.recording_id;
  await until('the telephone hears the announcement',
    async () => speech((await carla.heard()).slice(before)) > 0.7); // of 1.4 s
});

tell('it is stopped by the management API, lists who spoke, and holds both voices', async (system) => {
  const api = await Management.open(system);
  await until('both are heard to speak', async () => (await system.sql(
    'SELECT DISTINCT who FROM v_talk')).length === 2);
  const { objects: [conference] } = await api.list('status/conference');
  await api.command('conference/stop_recording', { conference_id: conference.id });
  await isShown(false);
  const { file, sound } = await decode(system, first);
  assert.ok(has(sound, 'ben'), 'the browser is in it');
  assert.ok(has(sound, 'carla'), 'the telephone is in it');
  assert.ok(Math.abs(file.duration_ms / 1000 - sound.seconds) < 0.5, 'as long as it is said to be');
  assert.deepEqual((await system.sql('SELECT who FROM v_talk WHERE ended_at IS NULL')), []);
  const talk = await system.sql('SELECT DISTINCT who FROM v_talk ORDER BY 1');
  assert.deepEqual(talk.map(({ who }) => who), ['ben', 'carla']);

  const get = async (path) => (await api.request('GET', `/api/admin/history/v1/${path}`)).json;
  const one = await get(`recording/${first}/`);
  assert.deepEqual([one.state, one.conference_name, one.file_count], ['ended', 'lobby', 1]);
  const files = await get(`recording_file/?recording=${first}`);
  assert.deepEqual(files.objects.map((f) => [f.number, f.kind, f.path]), [[1, 'mix', file.path]]);
  assert.ok((await get(`talk_interval/?recording=${first}&display_name=ben`)).meta.total_count > 0);

  const sent = await download(system, api, `recording/${first}/file/1/`);
  assert.equal(sent.headers['content-type'], 'audio/ogg');
  assert.deepEqual(sent.body, await readFile(join(folder(system), file.path)));
  assert.equal((await download(system, api, `recording/${first}/file/2/`)).status, 404);
});

tell('the telephone keys *2: recorded, and once more: not', async (system) => {
  await carla.key('*2'); // together: with a pause between them they mean nothing
  await isShown(true);
  const row = (await recordings(system)).at(-1);
  assert.deepEqual([row.state, row.started_by], ['recording', 'keys']);
  await until('its mix grows', async () => {
    const [file] = await system.sql(`SELECT path FROM recording_files
      WHERE recording_id = '${row.recording_id}'`);
    return file && (await stat(join(folder(system), file.path))).size > 8000;
  });
  await carla.key('*2');
  await isShown(false);
  const { sound } = await decode(system, row.recording_id);
  assert.ok(has(sound, 'carla'));
  await carla.hangup();
});

// Bytes as they come.
function download(system, api, path) {
  return new Promise((resolve, reject) => {
    https.get({
      host: 'localhost', port: system.httpsPort, path: `/api/admin/history/v1/${path}`,
      headers: { Authorization: api.authorization }, rejectUnauthorized: false, agent: false,
    }, async (response) => {
      const body = Buffer.concat(await response.toArray());
      resolve({ status: response.statusCode, headers: response.headers, body });
    }).on('error', reject);
  });
}
