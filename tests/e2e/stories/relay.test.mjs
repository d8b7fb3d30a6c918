// The notification relay: a browser reads what was sent to its channel, through
// a front end that serves nothing else, whatever dies meanwhile.

import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Person } from '../lib/browser.mjs';
import { stories } from '../lib/story.mjs';
import { until } from '../lib/wait.mjs';

const tell = stories({ roompool: { relay_grace_s: 600 } }, { frontends: 2, supervised: false, flags: { 'api-2': { apis: 'relay' } } });

const BASE = '/notification-relay/v1';
const SCOPE = ['create', 'read', 'update', 'delete']
  .map((word) => `notification-relay:channels:${word}`).join(' ');

/* eslint-env browser */
function installReaders() {
  window.sockets = [];
  window.openSocket = (url, token) => {
    const socket = new WebSocket(url, ['cloudevents.json', `bearer.${token}`]);
    const seen = { got: [], closed: null, protocol: null };
    window.sockets.push(seen);
    socket.onopen = () => { seen.protocol = socket.protocol; };
    socket.onmessage = ({ data }) => seen.got.push(data);
    socket.onclose = ({ code }) => { seen.closed = code; };
  };
  window.readEvents = async (url, headers, wanted) => {
    const stop = new AbortController();
    const response = await fetch(url, { headers, signal: stop.signal });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!text.includes(wanted) || !text.endsWith('\n\n')) { // a part of it is not read
      const { value, done } = await reader.read();
      if (done) break;
      text += value;
    }
    stop.abort();
    return { status: response.status, text };
  };
  window.poll = async (url, headers) => {
    const response = await fetch(url, { headers });
    return { status: response.status, text: await response.text() };
  };
}

const event = (id) => `{ "specversion": "1.0",\n  "id": "${id}", "source": "https://gw.example/x",\n`
  + '  "type": "org.camaraproject.webrtc-events.v0.session-status", "data": { "n": "ä" } }';

async function open(system) {
  const person = await Person.open(system, null);
  await person.context.addInitScript(installReaders);
  await person.page.goto(`${system.url}/`);
  const headers = { Authorization: `Bearer ${await system.token({ user: 'alice', scope: SCOPE })}` };
  const made = await system.http('POST', `${BASE}/channels`,
    { headers, body: { deviceId: 'phone', channelType: 'WebSockets' } });
  assert.equal(made.status, 201, made.text);
  const sink = new URL(made.json.callbackURL);
  assert.match(sink.pathname, /^\/notification-relay\/v1\/s\/[0-9a-f]{32}$/);
  const send = (id, more = {}) => system.http('POST', sink.pathname, {
    headers: {
      Authorization: `Bearer ${made.json.notificationAuthToken}`,
      'Content-Type': 'application/cloudevents+json',
    },
    body: event(id),
    ...more,
  });
  return { system, page: person.page, person, headers, channel: made.json, send };
}

const socket = (s, i) => s.page.evaluate((n) => window.sockets[n], i);

async function listen(s, frontend, query = '') {
  const url = new URL(s.channel.channelData.channelURL);
  assert.equal(url.protocol, 'wss:');
  url.host = `localhost:${s.ports[frontend]}`;
  url.search = query;
  const i = await s.page.evaluate(() => window.sockets.length);
  await s.page.evaluate(([u, t]) => window.openSocket(u, t),
    [url.href, s.channel.channelData.channelToken]);
  await until('it is open', async () => (await socket(s, i)).protocol === 'cloudevents.json');
  return i;
}

const got = (s, i, ids) => until(`${ids} came`, async () => {
  const { got: all } = await socket(s, i);
  return all.length >= ids.length && all;
}).then((all) => assert.deepEqual(all, ids.map(event)));

tell('what was taken is read, whatever dies', async (system) => {
  const s = await open(system);
  const second = await system.http('GET', new URL(s.channel.resourceURL).pathname,
    { headers: { ...s.headers, Host: 'relay.example:8443' }, frontend: 2 });
  assert.equal(second.status, 200, second.text);
  assert.equal(second.json.callbackURL,
    `https://relay.example:8443${new URL(s.channel.callbackURL).pathname}`);
  assert.equal(second.json.notificationAuthToken, undefined);
  s.ports = { 1: system.httpsPort, 2: system.httpsPort + 4 };

  // The second front end is the relay by itself.
  for (const path of ['/', '/RTC/v1/sessions', '/.well-known/jwks.json', '/room/all']) {
    assert.equal((await system.http('GET', path, { frontend: 2 })).status, 404, path);
  }
  assert.equal((await system.http('GET', '/healthz', { frontend: 2 })).status, 200);

  const first = await listen(s, 2);
  assert.equal((await s.send('e1')).status, 204);
  await got(s, first, ['e1']); // as it came

  await system.kill('api-2');
  await until('the browser knows', async () => (await socket(s, first)).closed === 1006);
  assert.equal((await s.send('e2')).status, 204);
  await system.kill('roompool');
  // Who sends sends again when it is told to; what was taken already is harmless.
  for (const frontend of [1, 2]) {
    await until('it is taken again', async () => (await s.send('e2', { frontend })).status === 204);
  }
  const again = await listen(s, 2, 'after=e1');
  await got(s, again, ['e2']);

  // Another connection, elsewhere, takes its place and reads all there is.
  const other = await listen(s, 1);
  await got(s, other, ['e1', 'e2']);
  await until('the older one is told', async () => (await socket(s, again)).closed === 4001);
  assert.equal((await s.send('e3')).status, 204);
  await got(s, other, ['e1', 'e2', 'e3']);
  assert.equal((await socket(s, again)).got.length, 1);

  // The same by fetch, from a page of another origin.
  const events = `https://localhost:${s.ports[2]}${BASE}/channels/${s.channel.channelId}/events`;
  const bearer = { Authorization: `Bearer ${s.channel.channelData.channelToken}` };
  const stream = await s.page.evaluate((all) => window.readEvents(...all),
    [events, { ...bearer, Accept: 'text/event-stream', 'Last-Event-ID': 'e1' }, 'e3"']);
  assert.equal(stream.status, 200);
  assert.doesNotMatch(stream.text, /e1/);
  const sent = stream.text.split('\n\n').filter((part) => part.startsWith('id: '))
    .map((part) => part.match(/^id: (.*)\ndata: (.*)$/));
  assert.deepEqual(sent.map(([, id, data]) => [id, JSON.parse(data)]),
    ['e2', 'e3'].map((id) => [id, JSON.parse(event(id))]));
  await until('the socket is told', async () => (await socket(s, other)).closed === 4001);

  const polled = s.page.evaluate((all) => window.poll(...all),
    [`${events}?after=e3&wait=25`, bearer]);
  await until('it waits', async () => /relay_readers(\{.*\})? [1-9]/.test(
    (await system.http('GET', '/metrics', { frontend: 2 })).text));
  assert.equal((await s.send('e4')).status, 204);
  assert.deepEqual(await polled, { status: 200, text: `[${event('e4')}]` });
  assert.equal((await s.page.evaluate((all) => window.poll(...all),
    [`${events}?after=e4&wait=0`, bearer])).status, 204);

  // Renewed, closed.
  const renewed = await system.http('PUT', new URL(s.channel.resourceURL).pathname,
    { headers: s.headers, body: { channelLifetime: 7200 }, frontend: 2 });
  assert.equal(renewed.status, 200, renewed.text);
  assert.ok(renewed.json.expiresAt > s.channel.expiresAt);
  assert.notEqual(renewed.json.notificationAuthToken, s.channel.notificationAuthToken);
  assert.equal((await s.send('e5')).status, 204); // the old one holds for a while
  assert.equal((await system.http('DELETE', new URL(s.channel.resourceURL).pathname,
    { headers: s.headers })).status, 204);
  const gone = await s.send('e6');
  assert.equal(gone.status, 410);
  assert.deepEqual(Object.keys(gone.json), ['status', 'code', 'message']);
  assert.equal(gone.json.code, 'GONE');

  // No secret is kept or told.
  const secrets = [s.channel, renewed.json].flatMap((channel) =>
    [channel.notificationAuthToken, channel.channelData.channelToken]);
  const files = [...(await readdir(join(system.dir, 'var/log'))).map((name) => `var/log/${name}`),
    'var/parley.db', 'var/parley.db-wal'];
  for (const file of files) {
    const bytes = await readFile(join(system.dir, file));
    for (const secret of secrets) assert.ok(!bytes.includes(secret), file);
  }
  await s.person.close();
});
