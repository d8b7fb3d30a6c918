// video-life.mjs - the whole life of a video session, for both kinds of client,
// told row by row: wherever the room comes from, whoever the agent is.

import assert from 'node:assert/strict';
import { Person } from './browser.mjs';
import { hears } from './ears.mjs';
import { Phone } from './phone.mjs';
import { App } from './video.mjs';
import { until } from './wait.mjs';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

// As the room API says: what the agent's side knows.
async function room(system, name) {
  const token = await system.token({ scope: 'rooms' });
  return system.http('GET', `/room/${name}`, { headers: { Authorization: `Bearer ${token}` } });
}

const stateOf = async (system, name) => (await system.sql(
  `select state from v_pool_rooms where name = '${name}'`))[0]?.state;

// The agent dials the room and keys the PIN of hosts.
async function agentComes(system, alias, pin) {
  const agent = await Phone.open(system, 'eve');
  await agent.dial(alias);
  await until('the prompt is heard', async () =>
    (await agent.heard()).samples.some((sample) => Math.abs(sample) > 0.05));
  for (const digit of `${pin}#`) await agent.key(digit);
  return agent;
}

export async function openApp(system) {
  const person = await Person.open(system, 'carla', { name: 'app' });
  return App.open(person, await system.token({ scope: 'video' }));
}

async function granted(system, app, wish, form) {
  const made = await app.do('open', wish, form);
  assert.equal(made.status, 201, made.text);
  const session = made.json;
  assert.deepEqual(Object.keys(session), ['client_id', 'device_code', 'session_id',
    'destination_host', 'room_name', 'room_alias', 'guest_pin', 'queue_position', 'status',
    'status_date', 'created_date']);
  assert.deepEqual([session.client_id, session.device_code, session.status],
    [wish.client_id, wish.device_code, 'session_granted']);
  assert.match(session.guest_pin, /^\d{4}$/);
  assert.ok(Number.isInteger(session.created_date));
  assert.equal(await stateOf(system, session.room_name), 'reserved');
  return session;
}

// No answer of the video API may have the hosts' PIN anywhere.
async function noHostPin(app, pin) {
  const log = await app.is('log');
  assert.ok(log.length > 1);
  for (const { method, path, text } of log) {
    const without = text.replaceAll(/"[a-z_]+_date":\d+/g, '');
    assert.ok(!without.includes(`"${pin}"`), `${method} ${path}: ${text}`);
    assert.ok(!/"(host_)?pin"/.test(text), `${method} ${path}: ${text}`);
  }
}

const history = async (system, id) => (await system.sql(
  `select status from video_history where session_id = '${id}' order by seq`))
  .map((row) => row.status);

// A client of the first kind: tells when it starts and ends, names the session
// by its room, tells its call by PUT alone.
export async function firstKind(system) {
  const app = await openApp(system);
  const session = await granted(system, app, { client_id: '123', device_code: 'xyz' }, true); // 1
  const name = session.room_name;
  const { json: inside } = await room(system, name);
  const started = await app.video('PUT', `/sessions/${name}`, { status: 'started' }); // 2
  assert.deepEqual([started.status, started.json.status], [200, 'started']);
  assert.equal((await app.video('GET', `/sessions/${name}`)).json.status, 'session_started');
  assert.equal(await stateOf(system, name), 'reserved');

  await app.joined(); // 3
  assert.deepEqual([await app.is('role'), await app.is('waits')], ['GUEST', true]);
  assert.equal(await stateOf(system, name), 'in-use');
  const tell = (status) => app.video('PUT', `/sessions/${name}/calls`,
    { session_id: name, status });
  const ringing = await tell('call_ringing'); // 5
  assert.equal(ringing.status, 200);
  assert.match(ringing.json.client_call_id, UUID);
  const agent = await agentComes(system, session.room_alias, inside.pin); // 6
  await hears(app.person, 'eve');
  await hears(agent, 'carla');
  const inCall = await tell('call_in_call'); // 7
  assert.equal(inCall.json.call_id, ringing.json.call_id);
  assert.equal(await stateOf(system, name), 'in-use');

  await app.do('hangup'); // 8
  await app.do('release');
  await agent.hangup();
  await tell('call_ended');
  await until('the room is gone', async () => (await room(system, name)).status === 404, 30000); // 10
  const ended = await app.video('PUT', `/sessions/${name}`, { status: 'ended' }); // 11
  assert.deepEqual([ended.status, ended.json.status], [200, 'ended']);
  const again = await app.video('PUT', `/sessions/${name}`, { status: 'ended' });
  assert.equal(again.status, 200);
  const back = await app.video('PUT', `/sessions/${name}`, { status: 'started' });
  assert.deepEqual([back.status, back.json], [409, { error: 'invalid_state' }]);
  const after = await app.video('GET', `/sessions/${session.session_id}`);
  assert.deepEqual([after.json.status, after.json.guest_pin], ['session_ended', '']);
  assert.deepEqual(await history(system, session.session_id), ['session_granted',
    'session_started', 'call_ringing', 'call_in_call', 'call_ended', 'session_ended']);
  await noHostPin(app, inside.pin);
  await app.person.close();
  await agent.close();
}

// The app of today: POSTs its call, says again and again that it is in it,
// deletes the session while the agent is still there.
export async function today(system) {
  const app = await openApp(system);
  const session = await granted(system, app, { client_id: 'a-client', device_code: 'device 2' }); // 1
  const { session_id: id, room_name: name } = session;
  const { json: inside } = await room(system, name);
  await app.joined(); // 3, 4: in call while it still waits
  assert.deepEqual([await app.is('role'), await app.is('waits'), await app.is('inCall')],
    ['GUEST', true, true]);
  assert.equal(await stateOf(system, name), 'in-use');
  const call = crypto.randomUUID();
  const ringing = await app.video('POST', `/sessions/${id}/calls`, // 5
    { session_id: id, status: 'call_ringing', client_call_id: call });
  assert.equal(ringing.status, 201);
  assert.deepEqual(Object.keys(ringing.json),
    ['session_id', 'call_id', 'client_call_id', 'status', 'status_date']);
  assert.deepEqual([ringing.json.session_id, ringing.json.client_call_id, ringing.json.status],
    [id, call, 'call_ringing']);
  const agent = await agentComes(system, session.room_alias, inside.pin); // 6
  await hears(app.person, 'eve');
  await hears(agent, 'carla');
  const tell = (status) => app.video('PUT', `/sessions/${id}/calls/${call}`,
    { status, client_call_id: call });
  for (let i = 0; i < 2; i++) { // 7
    const { status, json } = await tell('call_in_call');
    assert.deepEqual([status, json.status, json.call_id],
      [200, 'call_in_call', ringing.json.call_id]);
  }
  assert.equal((await app.video('GET', `/sessions/${id}`)).json.status, 'session_granted');

  await app.do('hangup'); // 8
  assert.equal((await tell('call_ended')).status, 200); // 9
  const before = Date.now();
  const deleted = await app.video('DELETE', `/sessions/${id}`);
  assert.deepEqual([deleted.status, deleted.text], [204, '']);
  await agent.closed(before - 1000);
  await until('the room is gone', async () => (await room(system, name)).status === 404);
  assert.equal((await tell('call_in_call')).json.status, 'call_ended'); // late
  assert.equal((await app.video('DELETE', `/sessions/${id}`)).status, 204);
  assert.equal((await app.video('GET', `/sessions/${id}`)).json.status, 'session_ended');
  assert.deepEqual(await history(system, id), ['session_granted', 'call_ringing',
    'call_in_call', 'call_ended', 'session_ended']);
  const [row] = await system.sql(`select * from v_video_sessions where session_id = '${id}'`);
  assert.deepEqual([row.state, row.room, row.calls, row.last_call],
    ['session_ended', name, 1, 'call_ended']);
  await noHostPin(app, inside.pin);
  await app.person.close();
  await agent.close();
}

// The room dials the queue of agents as soon as somebody comes; who has the
// hosts' PIN lets both in.
export async function dialledQueue(system, queue, letIn) {
  const app = await openApp(system);
  const session = await granted(system, app, { client_id: '123', device_code: 'three' });
  const { json: inside } = await room(system, session.room_name);
  const before = Date.now();
  await app.joined();
  await queue.established(before);
  const host = await letIn(session.room_alias, inside.pin);
  await hears(app.person, queue.voice);
  await hears(queue, 'carla');
  const deleted = await app.video('DELETE', `/sessions/${session.session_id}`);
  assert.equal(deleted.status, 204);
  await queue.closed(before);
  await until('the host is told', async () => (await host.state()).phase !== 'room');
  await until('the app is told', () => app.is('isOver'));
  await noHostPin(app, inside.pin);
  await app.person.close();
}
