// Event sinks: what happens in rooms reaches a server outside, with its
// password, in order and without loss, whatever dies or refuses meanwhile: the
// server, roompool, the front end that sends.

import assert from 'node:assert/strict';
import { after } from 'node:test';
import { Management } from '../lib/management.mjs';
import { Phone } from '../lib/phone.mjs';
import { Sink } from '../lib/sink.mjs';
import { stories } from '../lib/story.mjs';
import { until } from '../lib/wait.mjs';

const LOGIN = { user: 'parley', password: 'p:w 1' };
const SINK = 'configuration/event_sink';
const sink = await Sink.open(LOGIN);
after(() => sink.close());
const tell = stories({
  api: { outgoing_allow: '127.0.0.0/8', outgoing_ca: sink.certificate },
  roompool: { sink_retry_max_s: 2, sink_timeout_ms: 5000 },
}, { frontends: 2, supervised: false });
let api;
let made;
let phone;

const waiting = async (system) =>
  (await system.sql("select waiting, failing_since, last_error from v_event_sinks where name = 'log'"))[0];
const allTaken = (system) => until('the sink took all', async () =>
  (await waiting(system)).waiting === 0);

// Somebody comes in, as soon as that goes after a crash, and leaves:
// conference_started, conference_ended.
async function visit(system, room, frontend = 1) {
  const path = `/api/client/v2/conferences/${room}`;
  const token = await until('somebody comes in', async () => (await system.http('POST',
    `${path}/request_token`, { body: { display_name: 'visitor' }, frontend })).json?.result?.token);
  const { status } = await system.http('POST', `${path}/release_token`,
    { headers: { token }, body: {}, frontend });
  assert.equal(status, 200);
}

// Numbers without a gap since the sink's start.
function numbersAreWhole() {
  const numbers = sink.story.map(({ seq }) => seq);
  assert.deepEqual(numbers, numbers.map((_, i) => i + 1));
}

tell('a sink is made and greeted', async (system) => {
  api = await Management.open(system);
  made = await api.create(SINK, {
    name: 'log', url: sink.url, username: LOGIN.user, password: LOGIN.password,
    bulk_support: false, verify_tls_certificate: true, version: 2,
  });
  const first = await sink.has('that it began', ({ event }) => event === 'eventsink_started');
  assert.deepEqual([first.seq, first.version, first.node], [1, 2, 'parley']);
  assert.ok(Math.abs(first.time - Date.now() / 1000) < 60);
  assert.equal(sink.refused, 0);
  const { text } = await system.http('GET', `/api/admin/configuration/v1/event_sink/${made.id}/`,
    { headers: { Authorization: api.authorization } });
  assert.match(text, /"name": ?"log"/);
  assert.ok(!text.includes(LOGIN.password));
});

tell('a telephone comes and goes: five events in order', async (system) => {
  phone = await Phone.open(system, 'dan');
  await phone.dial('lobby');
  const { data } = await sink.has('that it is connected',
    ({ event }) => event === 'participant_connected');
  assert.deepEqual([data.conference, data.protocol, data.role, data.has_media, data.call_direction],
    ['lobby', 'SIP', 'chair', true, 'in']);
  const [live] = await system.sql(
    "select participant_id from participants where state = 'active' and kind = 'telephone'");
  assert.equal(data.uuid, live.participant_id);
  await phone.command('hangup');
  const { data: end } = await sink.has('the end', ({ event }) => event === 'conference_ended');
  assert.equal(end.name, 'lobby');
  assert.ok(end.end_time >= end.start_time);
  const names = sink.story.map(({ event }) => event);
  assert.deepEqual(names.filter((name) => !name.endsWith('_updated')), ['eventsink_started',
    'conference_started', 'participant_connected', 'participant_disconnected',
    'conference_ended']);
  numbersAreWhole();
});

tell('refused and unreachable for a while, then everything in order', async (system) => {
  const before = sink.story.length;
  sink.status = 500;
  await visit(system, 'lobby');
  await until('it was refused twice', () => sink.refused >= 2);
  await until('roompool knows', async () => {
    const { failing_since: since, last_error: why } = await waiting(system);
    return since && /500/.test(why);
  });
  await sink.leave();
  await visit(system, 'echo');
  await until('nobody listens', async () =>
    !/500/.test((await waiting(system)).last_error));
  assert.equal(sink.story.length, before);
  sink.status = 204;
  await sink.listen();
  await allTaken(system);
  assert.deepEqual(sink.story.slice(before).map(({ event, data }) => `${event} ${data.name}`),
    ['conference_started lobby', 'conference_ended lobby', 'conference_started echo',
      'conference_ended echo']);
  numbersAreWhole();
  await until('it fails no more', async () => (await waiting(system)).failing_since === null);
  assert.equal(sink.mostAtOnce, 1); // later, one may be left from before a crash
});

tell('roompool dies while events wait, and while one is under way', async (system) => {
  const before = sink.story.length;
  sink.status = 0; // takes them and never answers
  const { refused } = sink;
  await visit(system, 'lobby');
  await until('one is under way', () => sink.refused > refused);
  await system.kill('roompool');
  await visit(system, 'echo');
  await system.kill('roompool');
  sink.status = 200;
  await allTaken(system);
  assert.deepEqual(sink.story.slice(before).map(({ event }) => event),
    ['conference_started', 'conference_ended', 'conference_started', 'conference_ended']);
  numbersAreWhole();
});

tell('front ends die while they send', async (system) => {
  const before = sink.story.length;
  for (const [victim, other] of [['api-1', 2], ['api-2', 1]]) {
    sink.status = 0;
    const { refused } = sink;
    await visit(system, 'lobby', other);
    await until('one is under way', () => sink.refused > refused);
    await system.kill(victim);
    sink.status = 204;
    await allTaken(system);
  }
  assert.deepEqual(sink.story.slice(before).map(({ event }) => event),
    ['conference_started', 'conference_ended', 'conference_started', 'conference_ended']);
  numbersAreWhole();
});

tell('no request goes to an address inside', async (system) => {
  const inside = await api.create(SINK, {
    name: 'inside', url: `https://[::1]:${system.httpsPort}/`, bulk_support: false,
    verify_tls_certificate: false, version: 2,
  });
  const row = () => system.sql(
    "select waiting, last_error from v_event_sinks where name = 'inside'");
  await until('it was not sent', async () => (await row())[0].last_error !== '');
  assert.match((await row())[0].last_error, /not allowed|forbidden/i);
  await until('one of the front ends has counted it', async () => (await Promise.all(system.frontends.map(
    (frontend) => system.http('GET', '/metrics', { frontend })))).some(
    ({ text }) => /pl_api_outgoing_forbidden_total\S* [1-9]/.test(text)));
  await api.remove(SINK, inside.id);
});

tell('it is started again, and its numbers begin anew', async (system) => {
  const { length } = sink.story;
  await api.request('PATCH', api.uri(SINK, made.id), { restart_date: new Date().toISOString() });
  await until('it began again', () => sink.story.length > length);
  assert.deepEqual([sink.story[length].event, sink.story[length].seq], ['eventsink_started', 1]);
  await visit(system, 'lobby');
  await allTaken(system);
  assert.deepEqual(sink.story.slice(length).map(({ seq }) => seq), [1, 2, 3]);
});

tell('the last word is that it ends', async (system) => {
  const { length } = sink.story;
  await api.remove(SINK, made.id);
  await until('it is told so', () => sink.story.length > length);
  assert.deepEqual([sink.story[length].event, sink.story[length].seq], ['eventsink_stopped', 4]);
  await until('nothing is left', async () => (await system.sql('select * from sink_events')).length === 0);
});
