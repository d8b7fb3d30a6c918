// The device APIs in all their generations, every operation with its answers,
// each of which the published definition must allow. Two users of one
// application register, subscribe and call each other; no media flows.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after } from 'node:test';
import { promisify } from 'node:util';
import { CALLS, Camara, EVENTS, GENERATIONS, REGISTRATION } from '../lib/camara.mjs';
import { OFFER } from '../lib/caller.mjs';
import { mutants } from '../lib/mutants.mjs';
import { DEVICE_SCOPES } from '../lib/oidc.mjs';
import { CloudSink } from '../lib/sink.mjs';
import { stories } from '../lib/story.mjs';
import { ROOT } from '../lib/system.mjs';
import { until } from '../lib/wait.mjs';

const [MIA, TOM, EVE, ANN, UNA] = [1, 2, 3, 4, 5].map((n) => `+49305550${n}`);
const ANSWER = OFFER.replace('setup:actpass', 'setup:active');
const sink = await CloudSink.open({ token: 'sink-token-1' });
after(() => sink.close());
const tell = stories(async (base, dir) => {
  const lines = join(dir, 'lines');
  await writeFile(lines, '+49305550* trunk domain=localhost\n+4930999 trunk domain=localhost emergency_address=no\n',
    { mode: 0o600 });
  return {
    api: { outgoing_allow: '127.0.0.0/8', outgoing_ca: sink.certificate },
    roompool: { lines_file: lines, registration_min_s: 1, subscription_margin_s: 1 },
  };
});

const soon = (seconds) => new Date(Date.now() + seconds * 1000).toISOString();
const call = (from, to, more = {}) => ({
  originatorAddress: `tel:${from}`, receiverAddress: `tel:${to}`, offer: { sdp: OFFER }, ...more });
const credential = (more = {}) => ({ credentialType: 'ACCESSTOKEN', accessToken: 'sink-token-1',
  accessTokenExpiresUtc: soon(3600), accessTokenType: 'bearer', ...more });
const without = (object, name) => Object.fromEntries(Object.entries(object).filter(([key]) => key !== name));
const ONE = '/sessions/{registrationId}';
const ITS = '/sessions/{mediaSessionId}';
const STATUS = '/sessions/{mediaSessionId}/status';
const SUB = '/subscriptions/{subscriptionId}';

// What the stories of one generation share.
class World {
  constructor(api, tokens) {
    this.api = api;
    this.gen = api.generation;
    this.isNewest = this.gen === 'r3.1';
    this.isOld = this.gen === 'r2.2';
    Object.assign(this, tokens);
  }

  async expect(status, code, ...request) {
    const answer = await this.api.ask(...request);
    const what = `${this.gen} ${request.slice(0, 3).join(' ')} ${JSON.stringify(request[3]?.body) ?? ''}`;
    assert.equal(answer.status, status, `${what}: ${answer.text}`);
    if (code) assert.equal(answer.json.code, code, `${what}: ${answer.text}`);
    return answer.json;
  }

  register(token, more = {}) {
    return this.expect(this.isOld ? 200 : 201, null, REGISTRATION, 'POST', '/sessions',
      { token, body: { deviceId: randomUUID(), ...more } });
  }

  // r2.2 subscribes to one type of a registration, the others to several of a device.
  subscription(who, events, more = {}) {
    return { protocol: 'HTTP', sink: sink.url, types: events.map((event) => this.api.type(event)),
      sinkCredential: credential(),
      config: { subscriptionDetail: this.isOld ? { registrationId: who.registrationId }
        : { deviceId: who.deviceId }, ...more.config }, ...without(more, 'config') };
  }

  async subscribe(token, who, events) {
    const groups = this.isOld ? events.map((event) => [event]) : [events];
    const made = [];
    for (const group of groups) {
      made.push(await this.expect(201, null, EVENTS, 'POST', '/subscriptions',
        { token, body: this.subscription(who, group) }));
    }
    return made;
  }
}

const worlds = {};
async function worldOf(system, gen) {
  if (worlds[gen]) return worlds[gen];
  const scope = DEVICE_SCOPES.join(' ');
  worlds[gen] = new World(await Camara.of(system, gen), {
    client: await system.token({ scope }),
    mia: await system.token({ scope, user: MIA }),
    tom: await system.token({ scope, user: TOM }),
    eve: await system.token({ scope, user: EVE }),
    ann: await system.token({ scope, user: ANN }), // who never does anything
    una: await system.token({ scope, user: UNA }),
    weak: await system.token({ scope: 'rooms', user: MIA }),
  });
  return worlds[gen];
}

// ---- what every operation refuses ----

const OPERATIONS = [
  [REGISTRATION, 'POST', '/sessions', () => ({ body: { deviceId: randomUUID() } })],
  [REGISTRATION, 'GET', '/sessions', () => ({ query: `?deviceId=${randomUUID()}` })],
  [REGISTRATION, 'GET', ONE], [REGISTRATION, 'PUT', ONE], [REGISTRATION, 'DELETE', ONE],
  [CALLS, 'POST', '/sessions', () => ({ body: call(MIA, TOM), headers: { registrationId: randomUUID() } })],
  [CALLS, 'GET', ITS], [CALLS, 'PUT', STATUS, () => ({ body: { status: 'Ringing' } })], [CALLS, 'DELETE', ITS],
  [EVENTS, 'POST', '/subscriptions', (w) => ({ body: w.subscription(
    { deviceId: randomUUID(), registrationId: randomUUID() }, ['session-status']) })],
  [EVENTS, 'GET', '/subscriptions'], [EVENTS, 'GET', SUB],
  [EVENTS, 'PUT', SUB, () => ({ body: { config: { subscriptionExpireTime: soon(60) } } })],
  [EVENTS, 'DELETE', SUB],
];

const refuseAlike = (w) => Promise.all(OPERATIONS.map((operation) => refuseOne(w, ...operation)));

async function refuseOne(w, api, method, path, more = () => ({})) {
  const id = randomUUID();
  if (!w.api.has(api, method, path)) {
    await w.expect(405, 'METHOD_NOT_ALLOWED', api, method, path, { id, token: w.client, ...more(w) });
    return;
  }
  const request = (extra) => ({ id, ...more(w), ...extra, headers: { ...more(w).headers, ...extra.headers } });
  await w.expect(401, 'UNAUTHENTICATED', api, method, path, request({}));
  await w.expect(401, 'UNAUTHENTICATED', api, method, path, request({ token: 'garbage' }));
  await w.expect(403, 'PERMISSION_DENIED', api, method, path, request({ token: w.weak }));
  await w.expect(400, 'INVALID_ARGUMENT', api, method, path,
    request({ token: w.mia, headers: { 'x-correlator': 'a b' } }));
  await w.expect(406, 'NOT_ACCEPTABLE', api, method, path,
    request({ token: w.mia, headers: { Accept: 'text/html' } }));
  if (path.includes('{')) {
    await w.expect(404, 'NOT_FOUND', api, method, path, request({ token: w.mia }));
    await w.expect(400, 'INVALID_ARGUMENT', api, method, path, request({ token: w.mia, id: '' }));
  }
  if (more(w).body) {
    for (const body of ['', '[]', '{', '{"a":1,"a":1}', '{}{}']) {
      await w.expect(400, 'INVALID_ARGUMENT', api, method, path, request({ token: w.mia, body }));
    }
    await w.expect(415, 'UNSUPPORTED_MEDIA_TYPE', api, method, path,
      request({ token: w.mia, body: 'a=b', headers: { 'Content-Type': 'text/plain' } }));
  }
}

// ---- registrations ----

async function registrations(w) {
  const expect = (...args) => w.expect(...args);
  const deviceId = randomUUID();
  const post = (status, code, token, body) =>
    expect(status, code, REGISTRATION, 'POST', '/sessions', { token, body });
  const made = await w.register(w.mia, { deviceId, registrationExpireTime: soon(600) });
  assert.deepEqual(made.regInfo, { phoneNumber: MIA, regStatus: 'Registered' });
  assert.ok(Math.abs(Date.parse(made.expiresAt) - Date.now() - 600000) < 20000, made.expiresAt);
  await post(409, 'ALREADY_EXISTS', w.mia, { deviceId });
  const other = await w.register(w.tom, { deviceId }); // the same device with another number
  const capped = await w.register(w.mia, { registrationExpireTime: soon(864000) });
  assert.ok(Date.parse(capped.expiresAt) < Date.now() + 86500000, capped.expiresAt);
  await post(400, 'OUT_OF_RANGE', w.mia, { deviceId: randomUUID(), registrationExpireTime: soon(-5) });
  for (const body of [{}, { deviceId: 7 }, { deviceId: 'x' }, { deviceId: null },
    { deviceId, registrationExpireTime: 'soon' }, { deviceId, registrationExpireTime: 7 }]) {
    await post(400, 'INVALID_ARGUMENT', w.mia, body);
  }
  const alone = { deviceId: randomUUID() };
  if (w.isNewest) {
    await post(400, 'INVALID_ARGUMENT', w.mia, { ...alone, more: 1 });
    await post(422, 'UNNECESSARY_IDENTIFIER', w.mia, { ...alone, phoneNumber: MIA });
    await post(422, 'MISSING_IDENTIFIER', w.client, alone);
    await post(400, 'INVALID_ARGUMENT', w.client, { ...alone, phoneNumber: '0305550' });
    await post(403, 'PERMISSION_DENIED', w.client, { ...alone, phoneNumber: '+12025550100' });
    await post(400, 'EMERGENCY_ADDRESS_MISSING', w.client, { ...alone, phoneNumber: '+4930999' });
    const { registrationId: id } = await w.register(w.client, { phoneNumber: EVE });
    await expect(200, null, REGISTRATION, 'GET', ONE, { token: w.eve, id }); // it is of her number
    await expect(404, 'NOT_FOUND', REGISTRATION, 'GET', ONE, { token: w.tom, id });
    await expect(204, null, REGISTRATION, 'DELETE', ONE, { token: w.client, id });
  } else {
    await post(403, 'INVALID_TOKEN_CONTEXT', w.client, alone);
    await expect(204, null, REGISTRATION, 'DELETE', ONE,
      { token: w.mia, id: (await w.register(w.mia, { more: 1 })).registrationId });
  }
  await readRegistrations(w, deviceId, made, other);
  for (const [token, { registrationId: id }] of [[w.tom, other], [w.mia, capped], [w.mia, made]]) {
    await expect(204, null, REGISTRATION, 'DELETE', ONE, { token, id });
    await expect(404, 'NOT_FOUND', REGISTRATION, 'DELETE', ONE, { token, id });
    await expect(404, 'NOT_FOUND', REGISTRATION, 'PUT', ONE, { token, id });
  }
}

async function readRegistrations(w, deviceId, made, other) {
  const id = made.registrationId;
  const expect = (status, code, method, path, more) =>
    w.expect(status, code, REGISTRATION, method, path, { id, token: w.mia, ...more });
  await expect(404, 'NOT_FOUND', 'PUT', ONE, { token: w.tom });
  await expect(404, 'NOT_FOUND', 'DELETE', ONE, { token: w.tom });
  await expect(204, null, 'PUT', ONE);
  const longer = await expect(200, null, 'PUT', ONE, { body: { registrationExpireTime: soon(7200) } });
  assert.ok(Date.parse(longer.expiresAt) > Date.parse(made.expiresAt), longer.expiresAt);
  await expect(200, null, 'PUT', ONE, { body: {} });
  await expect(400, 'OUT_OF_RANGE', 'PUT', ONE, { body: { registrationExpireTime: soon(-5) } });
  await expect(400, 'INVALID_ARGUMENT', 'PUT', ONE, { body: { registrationExpireTime: 'x' } });
  if (w.isNewest) await expect(400, 'INVALID_ARGUMENT', 'PUT', ONE, { body: { more: 1 } });
  if (w.isOld) return;
  const list = await expect(200, null, 'GET', '/sessions', { query: `?deviceId=${deviceId}`, body: '{}' });
  assert.deepEqual(list.map((one) => one.registrationId), [id]);
  const his = await expect(200, null, 'GET', '/sessions', { query: `?deviceId=${deviceId}`, token: w.tom });
  assert.deepEqual(his.map((one) => one.registrationId), [other.registrationId]);
  assert.deepEqual(await expect(200, null, 'GET', '/sessions', { query: `?deviceId=${randomUUID()}` }), []);
  for (const query of ['', '?deviceId=', '?deviceId=x']) {
    await expect(400, 'INVALID_ARGUMENT', 'GET', '/sessions', { query });
  }
  assert.equal((await expect(200, null, 'GET', ONE)).registrationId, id);
  await expect(404, 'NOT_FOUND', 'GET', ONE, { token: w.tom });
}

// ---- subscriptions ----

async function subscriptions(w) {
  const who = { deviceId: randomUUID() };
  Object.assign(who, await w.register(w.mia, { deviceId: who.deviceId }));
  const post = (status, code, body, token = w.mia) =>
    w.expect(status, code, EVENTS, 'POST', '/subscriptions', { token, body });
  const good = (more) => w.subscription(who, ['session-status'], more);
  const made = await post(201, null, good({ config: { subscriptionExpireTime: soon(600),
    subscriptionMaxEvents: 5, initialEvent: true } }));
  assert.deepEqual([made.status, made.sink, made.types, made.config.subscriptionMaxEvents,
    made.config.initialEvent, made.sinkCredential],
  ['ACTIVE', sink.url, [w.api.type('session-status')], 5, true, undefined]);
  assert.equal(made.config.subscriptionDetail.deviceId, who.deviceId);
  await post(409, 'ALREADY_EXISTS', good());
  await refusedSubscriptions(w, who, post);
  await readSubscription(w, made);
  for (const [token, status, code] of [[w.tom, 404, 'NOT_FOUND'], [w.mia, 204, null], [w.mia, 404, 'NOT_FOUND']]) {
    await w.expect(status, code, EVENTS, 'DELETE', SUB, { token, id: made.id });
  }
  const ended = await sink.has('that the subscription ended',
    ({ type, data }) => type === w.api.type('subscription-ended') && data.subscriptionId === made.id);
  w.api.checkEvent(ended);
  await w.expect(204, null, REGISTRATION, 'DELETE', ONE, { token: w.mia, id: who.registrationId });
}

async function refusedSubscriptions(w, who, post) {
  const good = (more) => w.subscription(who, ['session-status'], more);
  for (const name of ['protocol', 'sink', 'types', 'config']) {
    await post(400, 'INVALID_ARGUMENT', without(good(), name));
  }
  const config = (more) => good({ config: more });
  for (const [code, body] of [
    ['INVALID_PROTOCOL', good({ protocol: 'MQTT5' })],
    ['INVALID_SINK', good({ sink: 'http://a.example/' })],
    ['INVALID_SINK', good({ sink: 'nothing' })],
    ['INVALID_ARGUMENT', good({ types: [] })],
    ['INVALID_ARGUMENT', good({ types: ['x'] })],
    ['INVALID_ARGUMENT', good({ types: [w.api.type('subscription-ended')] })],
    ['INVALID_ARGUMENT', config({ subscriptionDetail: {} })],
    ['INVALID_ARGUMENT', config({ subscriptionDetail: { deviceId: 'x' } })],
    ['INVALID_ARGUMENT', config({ subscriptionExpireTime: soon(-5) })],
    ['INVALID_ARGUMENT', config({ subscriptionExpireTime: 'x' })],
    ['OUT_OF_RANGE', config({ subscriptionMaxEvents: 0 })],
    ['OUT_OF_RANGE', config({ subscriptionMaxEvents: 1000001 })],
    ['INVALID_CREDENTIAL', good({ sinkCredential: { credentialType: 'PLAIN' } })],
    ['INVALID_TOKEN', good({ sinkCredential: credential({ accessTokenType: 'mac' }) })],
    ['INVALID_ARGUMENT', good({ sinkCredential: without(credential(), 'accessToken') })],
  ]) {
    await post(400, code, body);
  }
  if (w.isNewest) await post(400, 'INVALID_ARGUMENT', good({ more: 1 }));
  const types = ['session-status', 'session-invitation'].map((event) => w.api.type(event));
  if (w.isOld) {
    await post(422, 'MULTIEVENT_SUBSCRIPTION_NOT_SUPPORTED', good({ types }));
    await post(422, 'SERVICE_NOT_APPLICABLE', config({ subscriptionDetail: { registrationId: 'none' } }));
  }
  const scope = `${w.api.eventsApi}:${types[1]}:create`;
  const narrow = await w.api.system.token({ user: MIA, scope });
  await post(403, 'PERMISSION_DENIED', good(), narrow);
  if (!w.isOld) await post(403, 'SUBSCRIPTION_MISMATCH', good({ types }), narrow);
}

async function readSubscription(w, made) {
  const expect = (status, code, method, path, more) =>
    w.expect(status, code, EVENTS, method, path, { id: made.id, token: w.mia, ...more });
  assert.deepEqual(await expect(200, null, 'GET', SUB), made);
  await expect(404, 'NOT_FOUND', 'GET', SUB, { token: w.tom });
  const list = await expect(200, null, 'GET', '/subscriptions');
  assert.deepEqual(list.filter(({ id }) => id === made.id), [made]);
  assert.deepEqual(await expect(200, null, 'GET', '/subscriptions', { token: w.ann }), []);
  if (w.isOld) return;
  const changed = await expect(200, null, 'PUT', SUB,
    { body: { config: { subscriptionExpireTime: soon(1200) }, sinkCredential: credential() } });
  assert.ok(Date.parse(changed.expiresAt) > Date.parse(made.expiresAt), changed.expiresAt);
  for (const [code, body] of [
    ['INVALID_ARGUMENT', {}], ['INVALID_ARGUMENT', { config: {} }], ['INVALID_ARGUMENT', { sink: sink.url }],
    ['INVALID_ARGUMENT', { config: { subscriptionMaxEvents: 1 } }],
    ['INVALID_ARGUMENT', { config: { subscriptionExpireTime: soon(-5) } }],
    ['INVALID_CREDENTIAL', { sinkCredential: { credentialType: 'PLAIN' } }],
    ['INVALID_TOKEN', { sinkCredential: credential({ accessTokenType: 'mac' }) }],
  ]) {
    await expect(400, code, 'PUT', SUB, { body });
  }
}

// ---- calls ----

async function calls(w) {
  const [mia, tom] = [{ deviceId: randomUUID() }, { deviceId: randomUUID() }];
  Object.assign(mia, await w.register(w.mia, { deviceId: mia.deviceId }));
  Object.assign(tom, await w.register(w.tom, { deviceId: tom.deviceId }));
  await w.subscribe(w.mia, mia, ['session-status', 'session-invitation']);
  const his = await w.subscribe(w.tom, tom, ['session-status', 'session-invitation']);
  const post = (status, code, body, headers = { registrationId: mia.registrationId }, token = w.mia) =>
    w.expect(status, code, CALLS, 'POST', '/sessions', { token, body, headers });
  await refusedCalls(w, tom, post);
  const made = await post(201, null, call(MIA, TOM, { originatorName: 'Mia', receiverName: 'Tom',
    ...(w.isOld ? {} : { callType: 'REGULAR', locationDetails: { method: 'GPS' } }) }));
  assert.deepEqual([made.status, made.originatorName, made.offer.sdp, made.callType],
    ['Initial', 'Mia', OFFER, w.isOld ? undefined : 'REGULAR']);
  const invitation = await sink.has('the invitation', ({ type, data }) =>
    type === w.api.type('session-invitation') && his.some(({ id }) => id === data.subscriptionId));
  w.api.checkEvent(invitation);
  await talk(w, made.mediaSessionId, invitation.data.mediaSessionId);
  const declined = await post(201, null, call(MIA, TOM));
  await w.expect(204, null, CALLS, 'DELETE', ITS, { token: w.mia, id: declined.mediaSessionId });
  await w.expect(404, 'NOT_FOUND', CALLS, 'GET', ITS, { token: w.mia, id: declined.mediaSessionId });
  for (const [token, { registrationId: id }] of [[w.mia, mia], [w.tom, tom]]) {
    await w.expect(204, null, REGISTRATION, 'DELETE', ONE, { token, id });
  }
}

async function refusedCalls(w, tom, post) {
  for (const name of ['originatorAddress', 'receiverAddress', 'offer']) {
    await post(400, 'INVALID_ARGUMENT', without(call(MIA, TOM), name));
  }
  for (const more of [{ originatorAddress: 'Mia' }, { receiverAddress: 7 }, { offer: {} }, { offer: { sdp: 7 } },
    { receiverAddress: 'sip:anonymous@anonymous.invalid' }, { status: 'Initial' }, { answer: { sdp: ANSWER } },
    { originatorName: 7 }, ...(w.isNewest ? [{ more: 1 }, { offer: { sdp: OFFER, more: 1 } }] : []),
    ...(w.isOld ? [{ receiverAddress: 'urn:service:sos' }] : [{ callType: 'URGENT' }, { locationDetails: 7 },
      { locationDetails: { coordinates: {} } }])]) {
    await post(400, 'INVALID_ARGUMENT', call(MIA, TOM, more));
  }
  await post(400, 'INVALID_ARGUMENT', call(MIA, TOM), {});
  await post(403, 'PERMISSION_DENIED', call(MIA, TOM), { registrationId: randomUUID() });
  await post(403, 'PERMISSION_DENIED', call(TOM, MIA), { registrationId: tom.registrationId });
  await post(403, 'INVALID_TOKEN_CONTEXT', call(TOM, MIA));
  if (w.isOld) return;
  await post(501, 'CALLTYPE_EMERGENCY_NOT_SUPPORTED', call(MIA, TOM, { callType: 'EMERGENCY' }));
  await post(501, 'CALLTYPE_EMERGENCY_NOT_SUPPORTED', call(MIA, TOM, { receiverAddress: 'urn:service:sos' }));
}

// Tom answers, she holds and goes on, he hangs up.
async function talk(w, hers, his) {
  const put = (status, code, token, id, body) =>
    w.expect(status, code, CALLS, 'PUT', STATUS, { token, id, body });
  const heard = async (id, status) => {
    const event = await sink.has(`${status} of ${id}`, ({ data }) => data.mediaSessionId === id && data.status === status);
    w.api.checkEvent(event);
    return event;
  };
  assert.equal((await w.expect(200, null, CALLS, 'GET', ITS, { token: w.tom, id: his })).status, 'Initial');
  await w.expect(404, 'NOT_FOUND', CALLS, 'GET', ITS, { token: w.mia, id: his });
  for (const body of [{}, { status: 'Initial' }, { status: 'ringing' }, { status: 'Connected' },
    { status: 'Ringing', offer: {} }, ...(w.isNewest ? [{ status: 'Ringing', more: 1 }] : [])]) {
    await put(400, 'INVALID_ARGUMENT', w.tom, his, body);
  }
  await put(400, 'INVALID_ARGUMENT', w.mia, hers, { status: 'Busy' });
  await put(404, 'NOT_FOUND', w.mia, his, { status: 'Ringing' });
  assert.equal((await put(200, null, w.tom, his, { status: 'Ringing', mediaSessionId: his })).status, 'Ringing');
  await heard(hers, 'Ringing');
  const answered = await put(200, null, w.tom, his, { status: 'Connected', answer: { sdp: ANSWER } });
  assert.deepEqual([answered.status, answered.answer.sdp], ['Connected', ANSWER]);
  assert.match((await heard(hers, 'Connected')).data.answer.sdp, /^v=0\r\n/);
  const now = await w.expect(200, null, CALLS, 'GET', ITS, { token: w.mia, id: hers });
  assert.equal(now.status, 'Connected');
  // Clients may send back what they got.
  const { callType, ...told } = now;
  assert.equal((await put(200, null, w.mia, hers, { ...told, status: 'Hold' })).status, 'Hold');
  await heard(his, 'Hold');
  assert.equal((await put(200, null, w.mia, hers, { status: 'Resume' })).status, 'Resume');
  assert.equal((await put(200, null, w.tom, his, { status: 'Terminated' })).status, 'Terminated');
  await heard(hers, 'Terminated');
  assert.equal((await w.expect(200, null, CALLS, 'GET', ITS, { token: w.mia, id: hers })).status, 'Terminated');
  await put(400, 'INVALID_ARGUMENT', w.mia, hers, { status: 'Hold' });
  await w.expect(204, null, CALLS, 'DELETE', ITS, { token: w.mia, id: hers });
}

// ---- bodies: what the definition does not take is refused, the rest is not ----

const STRANGER = 'stranger';

// What is refused though the schema takes it: texts of the definition say so, or
// nothing could be done with it.
function isRefused(w, { path, value, body }) {
  return (value === '2001-01-01T00:00:00Z' && /(registration|subscription)ExpireTime$/.test(path))
    || ['offer', 'answer'].some((name) => name in body && !body[name].sdp)
    || (w.isNewest && path.endsWith(STRANGER))
    || (path === 'sinkCredential.accessToken' && !/^[\w.~+/-]+=*$/.test(value))
    || JSON.stringify(body) === '{"config":{}}';
}

const PLACE = { shape: 'Circle', coordinates: { latitude: 1.5, longitude: 2, radius: 3 }, method: 'GPS',
  confidence: { pdf: 'normal', value: 50 }, timestamp: '2026-01-01T00:00:00Z' };

async function bodies(w) {
  const who = { deviceId: randomUUID() };
  Object.assign(who, await w.register(w.una, { deviceId: who.deviceId }));
  const [{ id }] = await w.subscribe(w.una, who, ['session-status']);
  const change = { config: { subscriptionExpireTime: soon(600) }, sinkCredential: credential() };
  const all = [
    [REGISTRATION, 'POST', '/sessions', { deviceId: randomUUID(), registrationExpireTime: soon(600) }],
    [REGISTRATION, 'PUT', ONE, { registrationExpireTime: soon(600) }, { id: who.registrationId }],
    [CALLS, 'POST', '/sessions', call(UNA, TOM, { originatorName: 'A', receiverName: 'B', callType: 'REGULAR',
      locationDetails: PLACE }), { headers: { registrationId: randomUUID() } }],
    [CALLS, 'PUT', STATUS, { status: 'Ringing', offer: { sdp: OFFER }, answer: { sdp: ANSWER },
      locationDetails: PLACE }, { id: randomUUID() }],
    [EVENTS, 'POST', '/subscriptions', w.subscription(who, ['session-status', 'registration-ends'],
      { config: { subscriptionDetail: { deviceId: who.deviceId }, subscriptionExpireTime: soon(600),
        subscriptionMaxEvents: 5, initialEvent: true } })],
    [EVENTS, 'PUT', SUB, change, { id }],
  ].flatMap(([api, method, path, body, more]) =>
    [...mutants(body, STRANGER)].map((mutant) => ({ api, method, path, mutant, more })));
  await Promise.all(Array.from({ length: 8 }, async () => {
    for (let one = all.pop(); one; one = all.pop()) await ofBody(w, one);
  }));
  for (const one of await w.expect(200, null, EVENTS, 'GET', '/subscriptions', { token: w.una })) {
    await w.expect(204, null, EVENTS, 'DELETE', SUB, { token: w.una, id: one.id });
  }
  await w.expect(204, null, REGISTRATION, 'DELETE', ONE, { token: w.una, id: who.registrationId });
}

async function ofBody(w, { api, method, path, mutant, more }) {
  const { status, text } = await w.api.ask(api, method, path, { token: w.una, body: mutant.body, ...more });
  const isGood = w.api.takes(api, method, path, mutant.body) && !isRefused(w, mutant);
  assert.equal(status === 400, !isGood,
    `${w.gen} ${method} ${api} ${path}, ${mutant.path}: ${JSON.stringify(mutant.body)}: ${text}`);
  assert.ok(status < 500, text);
}

// ---- events of a registration ----

async function expiry(w) {
  const who = { deviceId: randomUUID() };
  Object.assign(who, await w.register(w.eve, { deviceId: who.deviceId, registrationExpireTime: soon(5) }));
  await w.subscribe(w.eve, who, ['registration-ends']);
  const event = await sink.has('that the registration ended', ({ data }) => data.registrationId === who.registrationId);
  w.api.checkEvent(event);
  assert.equal(event.data.terminationReason, 'REGISTRATION_EXPIRED');
  await w.expect(404, 'NOT_FOUND', REGISTRATION, 'PUT', ONE, { token: w.eve, id: who.registrationId });
}

for (const gen of Object.keys(GENERATIONS)) {
  tell(`${gen}: what every operation refuses`, async (system) => refuseAlike(await worldOf(system, gen)));
  tell(`${gen}: registrations`, async (system) => registrations(await worldOf(system, gen)));
  tell(`${gen}: subscriptions`, async (system) => subscriptions(await worldOf(system, gen)));
  tell(`${gen}: calls`, async (system) => calls(await worldOf(system, gen)));
  tell(`${gen}: a registration that expires`, async (system) => expiry(await worldOf(system, gen)));
  // the schemas of r2.2 say little
  if (gen !== 'r2.2') tell(`${gen}: bodies`, async (system) => bodies(await worldOf(system, gen)));
  tell(`${gen}: every operation was asked for`, async (system) => {
    const { api } = await worldOf(system, gen);
    for (const [of, method, path] of OPERATIONS.filter(([...at]) => api.has(...at.slice(0, 3)))) {
      const answers = [...api.asked].filter((one) => one.startsWith(`${method} ${of} ${path} `));
      assert.ok(answers.some((one) => / 2\d\d$/.test(one)) && answers.some((one) => one.endsWith(' 401')),
        `${method} ${of} ${path}: ${answers}`);
    }
  });
}

// What docs/api/camara.md has a reader paste; after a request its status.
tell('the documentation', async (system) => {
  const text = await readFile(join(ROOT, 'docs/api/camara.md'), 'utf8');
  const blocks = [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
    .filter(([, language]) => !language).map(([, , block]) => block).join('')
    .replace('https://localhost:8443', system.url)
    // A reader is slower than the network between the two.
    .replace(/^(?=.*"status":"Hold")/m,
      'until [ "$(ask GET $C/$HERS 2>/dev/null | jq -r .status)" = Connected ]; do sleep 0.1; done\n');
  const { stdout, stderr } = await promisify(execFile)('bash', ['-c', blocks], { cwd: system.dir });
  assert.deepEqual(stderr.trim().split('\n'), [...blocks.matchAll(/# (\d{3})$/gm)].map(([, status]) => status), stdout);
  for (const word of ['session-invitation', 'Ringing', 'Hold', 'Connected']) assert.ok(stdout.includes(word), stdout);
});

// Final names are other names of the release candidate.
tell('final names', async (system) => {
  const w = await worldOf(system, 'r3.1');
  for (const path of [`/webrtc-registration/v0.4/sessions?deviceId=${randomUUID()}`,
    '/webrtc-events-subscriptions/v0.3/subscriptions']) {
    const { status } = await system.http('GET', path, { headers: { Authorization: `Bearer ${w.mia}` } });
    assert.equal(status, 200, path);
  }
  await until('the requests are counted', async () =>
    /pl_api_device_reg_create_total\{[^}]*\} [1-9]/.test((await system.http('GET', '/metrics')).text));
});
