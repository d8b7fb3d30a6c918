// An operator looks at a platform that runs, takes a worker away under a call,
// copies the database and brings it up elsewhere; keys of other roles do nothing.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { VOICES } from '../lib/audio.mjs';
import { Phone } from '../lib/phone.mjs';
import { placePorts } from '../lib/ports.mjs';
import { stories } from '../lib/story.mjs';
import { BIN } from '../lib/system.mjs';
import { until } from '../lib/wait.mjs';

const tell = stories({ common: { bus: 'ipc://var/run/bus', run_dir: 'var/run', drain_ms: 8000 } });

// Runs to its end: { code, stdout, stderr }.
const ctl = (cwd, ...words) => new Promise((resolve) => {
  execFile(join(BIN, 'parleyctl'), words, { cwd, timeout: 30000 }, (error, stdout, stderr) => {
    resolve({ code: error ? error.code : 0, stdout, stderr });
  });
});

// Of the system; must succeed.
async function asks(system, ...words) {
  const { code, stdout, stderr } = await ctl(system.dir, '--config=parley.conf', ...words);
  assert.equal(code, 0, `parleyctl ${words.join(' ')}: ${stderr}`);
  return words.includes('--json') ? JSON.parse(stdout) : stdout;
}

// Goes on; its lines so far in `lines`.
function follows(system) {
  const child = spawn(join(BIN, 'parleyctl'), ['--config=parley.conf', 'events', '--follow', '--json'],
    { cwd: system.dir, stdio: ['ignore', 'pipe', 'inherit'] });
  const watch = { child, text: '' };
  child.stdout.on('data', (data) => { watch.text += data; });
  system.onStop(async () => child.kill());
  watch.events = () => watch.text.split('\n').slice(0, -1).map((line) => JSON.parse(line));
  return watch;
}

async function starts(dir, ...words) {
  const child = spawn(join(BIN, 'parley-roompool'), words, { cwd: dir, stdio: ['ignore', 'ignore', 'pipe'] });
  child.log = '';
  child.stderr.on('data', (data) => { child.log += data; });
  await until('the other roompool is ready', () => {
    assert.equal(child.exitCode, null, child.log);
    return child.log.includes('to=ready');
  });
  return child;
}

async function ends(child) {
  child.kill('SIGTERM');
  if (child.exitCode === null) await once(child, 'exit');
}

tell('a worker is taken away under a call, and the operator sees it all', async (system) => {
  await until('all is well', async () => (await ctl(system.dir, '--config=parley.conf', 'status')).code === 0);
  const watch = follows(system);
  const carla = await Phone.open(system, 'carla');
  await carla.dial('echo');
  const joined = await until('the operator hears of it', () =>
    watch.events().find(({ event, text }) => event === 'participant_joined' && text.includes('carla')));
  const { participants: [who] } = await asks(system, 'participants', 'echo', '--json');
  assert.equal(who.participant, joined.participant);
  assert.equal(who.came_by, 'telephone');
  const { calls: [call] } = await asks(system, 'calls', '--json');
  assert.equal(call.room, 'echo');
  const { conferences: [before] } = await asks(system, 'conferences', 'echo', '--json');
  assert.match(await asks(system, 'conferences'), /^ROOM +KIND[^\n]*\necho +room +1 /m);

  const drained = await asks(system, 'drain', before.media_worker.split('.')[0], '--wait', '--json');
  assert.deepEqual(drained, { worker: before.media_worker, has_ended: true });
  const after = await until('the conference is elsewhere', async () => {
    const { conferences: [now] } = await asks(system, 'conferences', before.conference, '--json');
    return now?.media_worker && now.media_worker !== before.media_worker && now;
  });
  assert.ok(after.epoch > before.epoch);
  const from = (await carla.heard()).seconds;
  await until('carla hears herself again', async () => {
    const heard = await carla.heard();
    return heard.seconds > from + 1 && heard.slice(heard.seconds - 0.5).level(VOICES.carla) > 0.03;
  });
  const { participants } = await asks(system, 'participants', 'echo', '--json');
  assert.deepEqual(participants.map(({ participant }) => participant), [who.participant]);
  await until('the operator is told', () => watch.events().some(({ event, text }) =>
    event === 'worker_drain' && text.includes(before.media_worker)));
  await carla.close();
});

tell('a copy of the running database comes up elsewhere', async (system) => {
  const other = join(system.dir, 'other');
  await mkdir(join(other, 'var'), { recursive: true, mode: 0o700 });
  await asks(system, 'backup', 'other/copy.db');
  assert.equal((await stat(join(other, 'copy.db'))).mode & 0o777, 0o600);
  const again = await ctl(system.dir, '--config=parley.conf', 'backup', 'other/copy.db');
  assert.equal(again.code, 75);
  // However one writes where the living database is, no copy is put over it.
  const database = 'var/parley.db';
  const inode = (await stat(join(system.dir, database))).ino;
  const over = [['backup', '--force', `./${database}`],
    ['--database=other/copy.db', 'backup', '--force', database]];
  for (const args of over) {
    const { code, stderr } = await ctl(system.dir, '--config=parley.conf', ...args);
    assert.equal(code, 64, stderr);
  }
  assert.equal((await stat(join(system.dir, database))).ino, inode);
  const refused = await ctl(system.dir, '--config=parley.conf', 'restore', 'other/copy.db');
  assert.equal(refused.code, 75);
  assert.match(refused.stderr, /stop roompool first/);

  await writeFile(join(other, 'parley.conf'), await readFile(join(system.dir, 'parley.conf')));
  const config = '--config=parley.conf';
  await writeFile(join(other, 'var/parley.db'), ''); // of a start that failed
  const { code, stdout, stderr } = await ctl(other, config, 'restore', 'copy.db');
  assert.equal(code, 0, stderr);
  assert.match(stdout, /the one before is kept as var\/parley\.db\.before-\d{8}T\d{6}Z/);
  const roompool = await starts(other, config);
  const names = ({ rooms }) => rooms.map(({ room, created_at }) => `${room} ${created_at}`);
  const there = JSON.parse((await ctl(other, config, 'rooms', '--json')).stdout);
  assert.deepEqual(names(there), names(await asks(system, 'rooms', '--json')));
  assert.equal((await ctl(other, config, 'status')).code, 75); // it has no workers
  await ends(roompool);
  assert.equal((await ctl(other, config, 'status')).code, 69);
});

tell('over TCP an operator needs an operator\'s key', async (system) => {
  const dir = join(system.dir, 'tcp');
  const port = await placePorts();
  await mkdir(dir);
  const made = await ctl(dir, 'keys', 'keys');
  assert.equal(made.code, 0, made.stderr);
  assert.equal((await stat(join(dir, 'keys/operator.key'))).mode & 0o777, 0o600);
  const before = await readFile(join(dir, 'keys/media.key'), 'utf8');
  assert.equal((await ctl(dir, 'keys', 'keys')).code, 75);
  assert.equal(await readFile(join(dir, 'keys/media.key'), 'utf8'), before);

  const bus = `--bus=tcp://127.0.0.1:${port}`;
  const roompool = await starts(dir, bus, '--bus_secret_key=keys/roompool.key', '--bus_allowed_keys=keys/allowed');
  const good = await ctl(dir, 'rooms', bus, '--bus-keys=keys');
  assert.equal(good.code, 0, good.stderr);
  const as = (role) => ['--bus_server_key=keys/roompool.pub', `--bus_public_key=keys/${role}.pub`,
    `--bus_secret_key=keys/${role}.key`];
  for (const role of ['media', 'signaling', 'api']) {
    const stolen = await ctl(dir, 'rooms', bus, ...as(role));
    assert.equal(stolen.code, 78, `${role}: ${stolen.stdout} ${stolen.stderr}`);
    assert.match(stolen.stderr, /from operators only/);
  }
  await ctl(dir, 'keys', 'strangers');
  const stranger = await ctl(dir, 'rooms', bus, '--bus-keys=strangers', '--bus_server_key=keys/roompool.pub');
  assert.equal(stranger.code, 69);
  assert.match(stranger.stderr, /does not know our key/);
  await ends(roompool);
});
