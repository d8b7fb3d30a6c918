// Events of devices at a sink outside: with its token, in order and once, the
// answer before its events, whatever dies or refuses meanwhile. Two devices of
// one application call each other; no media flows.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after } from 'node:test';
import { OFFER } from '../lib/caller.mjs';
import { DEVICE_SCOPES } from '../lib/oidc.mjs';
import { CloudSink } from '../lib/sink.mjs';
import { stories } from '../lib/story.mjs';
import { until } from '../lib/wait.mjs';

const [MIA, TOM] = ['+493055501', '+493055502'];
const TYPE = 'org.camaraproject.webrtc-events-subscriptions.v0.';
const sink = await CloudSink.open({ token: 'sink-token-1' });
after(() => sink.close());
const tell = stories(async (base, dir) => {
  const lines = join(dir, 'lines');
  await writeFile(lines, '+4930555* trunk domain=localhost\n', { mode: 0o600 });
  return {
    api: { outgoing_allow: '127.0.0.0/8', outgoing_ca: sink.certificate },
    // Calls ring and events wait for longer than everything here takes.
    roompool: { lines_file: lines, notify_retry_max_s: 1, notify_timeout_ms: 2000, notify_session_s: 600,
      device_ring_s: 600, device_answer_s: 600, device_first_s: 600 },
  };
}, { supervised: false });

let token;
const mia = { number: MIA, deviceId: randomUUID() };
const tom = { number: TOM, deviceId: randomUUID() };

async function ask(system, wanted, method, path, body, headers = {}) {
  const answer = await system.http(method, path,
    { headers: { Authorization: `Bearer ${token}`, ...headers }, body });
  assert.equal(answer.status, wanted, `${method} ${path}: ${answer.text}`);
  return answer.json;
}

const subscribe = (system, device, more = {}) =>
  ask(system, 201, 'POST', '/webrtc-events-subscriptions/v0.3/subscriptions', {
    protocol: 'HTTP', sink: sink.url,
    types: ['session-invitation', 'session-status'].map((name) => TYPE + name),
    sinkCredential: { credentialType: 'ACCESSTOKEN', accessToken: 'sink-token-1',
      accessTokenExpiresUtc: new Date(Date.now() + 3600000).toISOString(), accessTokenType: 'bearer' },
    config: { subscriptionDetail: { deviceId: device.deviceId } }, ...more,
  });

// A calls another device; resolves with the call of either.
async function call(system, from, to) {
  const made = await ask(system, 201, 'POST', '/webrtc-call-handling/v0.4/sessions', {
    originatorAddress: `tel:${from.number}`, receiverAddress: `tel:${to.number}`, offer: { sdp: OFFER },
  }, { registrationId: from.registrationId });
  assert.equal(made.status, 'Initial');
  return made.mediaSessionId;
}

// What was told of a call: status and number, without repeats.
const told = (id) => sink.story.filter(({ data }) => data.mediaSessionId === id)
  .map(({ data }) => `${data.sequenceNumber} ${data.status}`);

const waiting = async (system) =>
  (await system.sql('select sum(waiting) as n from v_subscriptions'))[0].n ?? 0;

tell('two devices subscribe and register', async (system) => {
  token = await system.token({ scope: DEVICE_SCOPES.join(' ') });
  for (const device of [mia, tom]) {
    device.subscription = await subscribe(system, device);
    assert.equal(device.subscription.status, 'ACTIVE');
    assert.equal(JSON.stringify(device.subscription).includes('sink-token'), false);
    device.registrationId = (await ask(system, 201, 'POST', '/webrtc-registration/v0.4/sessions',
      { deviceId: device.deviceId, phoneNumber: device.number })).registrationId;
  }
});

tell('one calls the other, which rings; it gives up: both are told in order', async (system) => {
  const hers = await call(system, mia, tom);
  const { data, ...event } = await sink.has('the invitation', ({ type }) => type.endsWith('.session-invitation'));
  const his = data.mediaSessionId;
  assert.deepEqual([event.specversion, event.type, event.datacontenttype, data.subscriptionId],
    ['1.0', `${TYPE}session-invitation`, 'application/json', tom.subscription.id]);
  assert.deepEqual([data.originatorAddress, data.receiverAddress, data.status],
    [`tel:${MIA}`, `tel:${TOM}`, 'Initial']);
  assert.match(data.offer.sdp, /^v=0\r\n/);
  await ask(system, 200, 'PUT', `/webrtc-call-handling/v0.4/sessions/${his}/status`, { status: 'Ringing' });
  await sink.has('that it rings', (one) => one.data.mediaSessionId === hers && one.data.status === 'Ringing');
  await ask(system, 204, 'DELETE', `/webrtc-call-handling/v0.4/sessions/${hers}`);
  for (const id of [hers, his]) {
    await sink.has('that it is over', (one) => one.data.mediaSessionId === id && one.data.status === 'SessionCancelled');
  }
  assert.deepEqual(told(hers), ['1 Ringing', '2 SessionCancelled']);
  assert.deepEqual(told(his), ['1 Initial', '2 SessionCancelled']);
  assert.equal(sink.refused, 0);
});

tell('refused for a while, and roompool dies twice: everything once, in order', async (system) => {
  sink.status = 503;
  const hers = await call(system, mia, tom);
  await until('an event was refused', () => sink.refused > 0);
  const [row] = await until('he rings', () => system.sql("select media_session_id as id from device_calls "
    + "where role = 'receiver' and ended_at is null"));
  await ask(system, 200, 'PUT', `/webrtc-call-handling/v0.4/sessions/${row.id}/status`, { status: 'Ringing' });
  await until('she is to be told', async () => (await waiting(system)) >= 2);
  await system.kill('roompool');
  sink.status = 0; // takes them and never answers
  const { refused } = sink;
  await until('one is under way', () => sink.refused > refused);
  await system.kill('roompool');
  sink.status = 204;
  await sink.has('that it rang', ({ data }) => data.mediaSessionId === hers && data.status === 'Ringing', 30000);
  await sink.has('the invitation', ({ data }) => data.mediaSessionId === row.id && data.status === 'Initial', 30000);
  await until('everything is taken', async () => (await waiting(system)) === 0);
  assert.equal(told(hers)[0], '1 Ringing');
  assert.equal(told(row.id)[0], '1 Initial');
  const [failing] = await system.sql('select count(*) as n from v_subscriptions where failing_since is not null');
  assert.equal(failing.n, 0);
});

tell('the last word is that the subscription ends', async (system) => {
  for (const { subscription: { id } } of [mia, tom]) {
    await ask(system, 204, 'DELETE', `/webrtc-events-subscriptions/v0.3/subscriptions/${id}`);
    const { data } = await sink.has('its end', (one) => one.data.subscriptionId === id
      && one.type === `${TYPE}subscription-ended`);
    assert.equal(data.terminationReason, 'SUBSCRIPTION_DELETED');
  }
  await until('nothing is kept', async () => (await system.sql('select * from subscriptions')).length === 0);
});

tell('nothing is sent to an address inside', async (system) => {
  const { id } = await subscribe(system, mia, { sink: `https://[::1]:${system.httpsPort}/` });
  await ask(system, 204, 'DELETE', `/webrtc-events-subscriptions/v0.3/subscriptions/${id}`);
  await until('it was given up', async () => (await system.sql('select * from subscriptions')).length === 0);
  await until('it was forbidden', async () =>
    /pl_api_outgoing_forbidden_total\S* [1-9]/.test((await system.http('GET', '/metrics')).text));
});
