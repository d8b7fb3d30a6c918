// The pool of one system whose rooms are on another: made, tagged, joined and
// removed there by its management API, with its event sink back; neither side
// keeps what the other does not know.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Person } from '../lib/browser.mjs';
import { counts as countsOf, crowd } from '../lib/crowd.mjs';
import { Management } from '../lib/management.mjs';
import { System, tellLogs } from '../lib/system.mjs';
import { until } from '../lib/wait.mjs';

const TARGET = 10;
const CROWD = 50;
const SINK_LOGIN = 'platform:a-password-of-this-story';
const CONFERENCE = 'configuration/conference';
const PREFIX = 'https://agent.example/idcheck/';

let there; // the platform
let here; // whose pool is there
let api; // the platform's management API

async function startHere() {
  const env = await readFile(join(there.dir, 'var/management.env'), 'utf8');
  const value = (key) => env.match(new RegExp(`^${key}=(.*)$`, 'm'))[1];
  const settings = async (base, dir) => {
    const login = join(dir, 'var/platform.login');
    const sink = join(dir, 'var/sink.login');
    await writeFile(login, `${value('MANAGEMENT_USER')}:${value('MANAGEMENT_PASSWORD')}\n`,
      { mode: 0o600 });
    await writeFile(sink, `${SINK_LOGIN}\n`, { mode: 0o600 });
    return {
      api: { room_tag_prefix: PREFIX, room_sink_file: sink },
      roompool: {
        pool_target: TARGET, pool_fill_per_s: 200, pool_grace_s: 1,
        platform_url: there.url, platform_credentials_file: login,
        platform_certificate_check: 'no', platform_rate_per_min: 60000,
      },
    };
  };
  return System.start(settings, { supervised: false });
}

before(async () => {
  there = await System.start({
    roompool: { pool_target: 0 },
    api: { outgoing_allow: '127.0.0.0/8, ::1', management_requests: 0 },
  });
  here = await startHere();
  api = await Management.open(there);
  const [username, password] = SINK_LOGIN.split(':');
  await api.create('configuration/event_sink', {
    name: 'pool', url: `${here.url}/public/event_sink`, username, password,
    verify_tls_certificate: false, version: 2,
  });
}, { timeout: 90000 });

after(async () => {
  await here?.stop();
  await there?.stop();
}, { timeout: 60000 });

const tell = (name, fn) => test(name, { timeout: 120000 }, async () => {
  try {
    await fn();
  } catch (error) {
    await tellLogs(here);
    await tellLogs(there);
    throw error;
  }
});

async function headers(scope = 'rooms') {
  return { Authorization: `Bearer ${await here.token({ scope })}` };
}

// What is asked of the pool; who is told that the platform is too slow now asks again.
const ask = (method, path, how) => until(`an answer to ${method} ${path}`, async () => {
  const answer = await here.http(method, path, how);
  return answer.status !== 503 && answer;
}, undefined, 200);

const counts = () => countsOf(here);
const namesHere = async () => (await here.sql(
  "select name from pool where state <> 'deleted' order by name")).map((row) => row.name);
const namesThere = async () => (await there.sql(
  "select room_id as name from rooms where source = 'admin' and state = 'enabled' order by 1"))
  .map((row) => row.name);

// Nothing is under way, and both sides know the same rooms.
const settled = (more = 0) => until('both sides agree', async () => {
  const [{ n }] = await here.sql("select count(*) as n from pool where remote_todo <> 'nothing'");
  const now = await counts();
  assert.deepEqual([n, now.free, now.creating], [0, TARGET, 0]);
  assert.deepEqual(await namesThere(), await namesHere());
  assert.equal((await namesHere()).length, TARGET + more);
  return true;
}, 30000);

const find = async (name) =>
  (await api.list(CONFERENCE, `?name=${encodeURIComponent(name)}`)).objects[0];
const tagOf = async (name) => (await find(name))?.tag;

tell('the pool is made there, and joined there only', async () => {
  await settled();
  const auth = await headers();
  const { status, json: room } = await ask('POST', '/room/create?uuiData=123456,765432',
    { headers: auth });
  assert.equal(status, 200);
  assert.equal(room.tag, `${PREFIX}MTIzNDU2LDc2NTQzMg`);
  const made = await find(room.name);
  assert.deepEqual([made.id, made.pin, made.guest_pin, made.tag, made.allow_guests],
    [room.id, room.pin, room.guest_pin, room.tag, true]);
  assert.deepEqual(made.aliases.map((one) => one.alias), [room.name]);
  const seat = { body: { display_name: 'x' }, headers: { pin: room.pin } };
  const path = `/api/client/v2/conferences/${room.name}/request_token`;
  assert.equal((await here.http('POST', path, seat)).status, 404);
  assert.equal((await there.http('POST', path, seat)).status, 200);

  const change = await ask('PATCH', `/room/${room.name}`,
    { headers: auth, body: { pin: '246810', guest_pin: '135791' } });
  assert.equal(change.status, 202);
  const changed = await find(room.name);
  assert.deepEqual([changed.pin, changed.guest_pin], ['246810', '135791']);
  const look = await here.http('GET', `/room/${room.name}`, { headers: auth });
  assert.deepEqual([look.json.pin, look.json.id], ['246810', room.id]);
  assert.equal((await here.http('DELETE', `/room/${room.name}`, { headers: auth })).status, 204);
  await settled();
});

tell('who comes and goes there is known here, and the room goes', async () => {
  const { json: room } = await ask('POST', '/room/create?uuiData=1,2', { headers: await headers() });
  const ann = await Person.open(there, 'carla', { name: 'ann' });
  await ann.joinWithPin(room.name, room.pin);
  const state = async () => (await here.sql(
    `select state from v_pool_rooms where name = '${room.name}'`))[0].state;
  await until('the room is in use', async () => (await state()) === 'in-use');
  await ann.page.click('#leave');
  await ann.close();
  await until('the room goes, as everybody left', async () => (await state()) === 'deleted', 30000);
  const [{ cause }] = await here.sql(
    `select ended_cause as cause from v_pool_rooms where name = '${room.name}'`);
  assert.equal(cause, 'everybody left');
  await settled();
});

tell('fifty at once get fifty rooms', async () => {
  const auth = await headers();
  const answers = await Promise.all(Array.from({ length: CROWD }, (_, i) =>
    ask('POST', `/room/create?uuiData=${i},0`, { headers: auth })));
  assert.deepEqual([...new Set(answers.map((one) => one.status))], [200]);
  assert.equal(new Set(answers.map((one) => one.json.name)).size, CROWD);
  for (const { json } of answers.slice(0, 5)) assert.equal(await tagOf(json.name), json.tag);
  await settled(CROWD);
  const gone = await here.http('DELETE', '/rooms', { headers: await headers('rooms.admin') });
  assert.ok(gone.json.deleted >= CROWD);
  await settled();
});

tell('kill -9 of roompool during check-outs loses nothing and gives nothing twice', async () => {
  const auth = await headers();
  const all = crowd(here, auth, CROWD);
  for (let n = 0; n < 3; n++) {
    const least = 5 + 15 * n;
    await until('some have theirs', async () => {
      const now = await counts();
      return now.reserved >= least;
    }, 20000, 5);
    await here.kill('roompool');
  }
  const rooms = await all;
  assert.equal(new Set(rooms.map((one) => one.name)).size, CROWD);
  await until('who has none has given his up', async () => {
    const now = await counts();
    return now.free === TARGET && now.creating === 0;
  }, 30000);
  for (const one of rooms) assert.equal(await tagOf(one.name), one.tag);
  const again = await crowd(here, auth, CROWD);
  assert.deepEqual(again.map((one) => one.name), rooms.map((one) => one.name));
  await settled(CROWD);
});

tell('kill -9 of the platform during check-outs and removals is sat out', async () => {
  const auth = await headers();
  // Of those that have somebody: a free one could be given away before it is removed.
  const taken = await here.sql("select name from v_pool_rooms where state = 'reserved' limit 20");
  assert.equal(taken.length, 20);
  const removals = taken.map(({ name }) =>
    here.http('DELETE', `/room/${encodeURIComponent(name)}`, { headers: auth }));
  const all = crowd(here, auth, 20, 1000);
  await there.kill('api-1');
  await there.kill('roompool');
  for (const { status } of await Promise.all(removals)) assert.equal(status, 204);
  const rooms = await all;
  assert.equal(new Set(rooms.map((one) => one.name)).size, 20);
  for (const one of rooms) assert.equal(await tagOf(one.name), one.tag);
});

tell('everything is removed on both sides', async () => {
  const { status } = await here.http('DELETE', '/rooms', { headers: await headers('rooms.admin') });
  assert.equal(status, 200);
  await settled();
  const free = await here.sql("select count(*) as n from pool where state = 'free' and reserved_at is null");
  assert.equal(free[0].n, TARGET);
  assert.deepEqual([...new Set((await api.every(CONFERENCE)).objects.map((one) => one.tag))], ['']);
});
