// A session's events in a browser without polling: WebSocket, EventSource and
// fetch, at two front ends, of which one dies.

import assert from 'node:assert/strict';
import { Person } from '../lib/browser.mjs';
import { stories } from '../lib/story.mjs';
import { until } from '../lib/wait.mjs';

const tell = stories({}, { frontends: 2, supervised: false });

// An offer that is never followed by a packet.
const OFFER = ['v=0', 'o=- 1 2 IN IP4 127.0.0.1', 's=-', 't=0 0',
  'm=audio 48393 UDP/TLS/RTP/SAVPF 111', 'c=IN IP4 127.0.0.1',
  'a=candidate:1 1 udp 2122194687 127.0.0.1 48393 typ host',
  'a=ice-ufrag:K10g', 'a=ice-pwd:9KinBQN100VSjsUQdb2HF78P',
  'a=fingerprint:sha-256 BA:6D:EA:8D:13:85:5B:CA:F2:EF:CD:2D:B3:85:0B:0D:B1:06:BD:5D:E0:E4:90:6E:39:E9:6D:B3:48:5C:92:6A',
  'a=setup:actpass', 'a=mid:0', 'a=sendrecv', 'a=rtcp-mux', 'a=rtpmap:111 opus/48000/2', '',
].join('\r\n');

/* eslint-env browser */
function installReaders() {
  window.push = { got: [], closed: null, opened: 0 };
  const note = (text) => {
    const { cursor, events } = JSON.parse(text);
    window.push.got.push({ cursor, ...events.eventList[0].eventObject });
  };
  const fresh = () => { window.push.got = []; window.push.closed = null; window.push.opened = 0; };
  window.openSocket = (url) => {
    fresh();
    const socket = new WebSocket(url);
    socket.onopen = () => { window.push.opened += 1; };
    socket.onmessage = ({ data }) => note(data);
    socket.onclose = ({ code }) => { window.push.closed = code; };
  };
  window.openSource = (url) => {
    fresh();
    window.source = new EventSource(url);
    window.source.onopen = () => { window.push.opened += 1; };
    window.source.onmessage = ({ data, lastEventId }) => {
      note(data);
      window.push.got.at(-1).id = lastEventId;
    };
    window.source.onerror = () => { window.source.close(); };
  };
  window.openFetch = async (path, headers) => {
    fresh();
    const response = await fetch(path, { headers });
    window.push.opened = response.status;
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      text += value;
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const data = text.slice(0, end).split('\n').find((line) => line.startsWith('data: '));
        if (data) note(data.slice(6));
        text = text.slice(end + 2);
      }
    }
  };
}

async function open(system) {
  const person = await Person.open(system, null);
  await person.context.addInitScript(installReaders);
  await person.page.goto(`${system.url}/`);
  const token = await system.token({ user: 'alice' });
  const headers = { Authorization: `Bearer ${token}` };
  const made = await system.http('POST', '/RTC/v1/sessions', { headers, body: { session: {} } });
  assert.equal(made.status, 201, made.text);
  const session = made.headers.location;
  return { system, person, headers, session };
}

// A ticket of one front end, as query.
async function ticket(s, frontend) {
  const given = await s.system.http('POST', `${s.session}/websockets`,
    { headers: s.headers, frontend });
  assert.equal(given.status, 201, given.text);
  assert.match(given.headers.location, /^wss:\/\/[^/]+\/RTC\/v1\/sessions\/[^/]+\/websockets\?ticket=/);
  return given.headers.location.split('?')[1];
}

const state = (s) => s.person.page.evaluate(() => window.push);
const got = async (s, n) => {
  await until(`${n} events are there`, async () => (await state(s)).got.length >= n);
  return (await state(s)).got;
};

async function conference(s, frontend) {
  const made = await s.system.http('POST', `${s.session}/conferences`,
    { headers: s.headers, frontend, body: { conference: { sdp: OFFER } } });
  assert.equal(made.status, 201, made.text);
  return made.headers.location;
}

tell('a WebSocket goes on at the other front end where it was cut', async (system) => {
  const s = await open(system);
  const url = (query, port) => `wss://localhost:${port}${s.session}/websockets?${query}`;
  const other = Number(new URL((await system.http('POST', `${s.session}/websockets`,
    { headers: s.headers, frontend: 2 })).headers.location).port);

  // The ticket is of the second front end, the socket at the first.
  const first = await ticket(s, 2);
  await s.person.page.evaluate((u) => window.openSocket(u), url(first, system.httpsPort));
  await until('it is open', async () => (await state(s)).opened === 1);
  const conf = await conference(s, 2);
  const [opened] = await got(s, 1);
  assert.equal(opened.state, 'session-open');
  assert.equal(opened.resourceURL, conf);
  assert.match(opened.sdp, /a=setup:passive/);

  await system.kill('api-1');
  await until('the browser knows', async () => (await state(s)).closed === 1006);
  const ended = await system.http('DELETE', conf, { headers: s.headers, frontend: 2 });
  assert.equal(ended.status, 200);
  const again = await ticket(s, 2);
  await s.person.page.evaluate((u) => window.openSocket(u),
    url(`${again}&cursor=${opened.cursor}`, other));
  const [terminated] = await got(s, 1);
  assert.equal(terminated.state, 'session-terminated');
  assert.equal(terminated.cursor, opened.cursor + 1);

  // A used ticket opens nothing; the cursor brings the same event again.
  await s.person.page.evaluate((u) => window.openSocket(u), url(again, other));
  await until('it is refused', async () => (await state(s)).closed === 1006);
  assert.equal((await state(s)).opened, 0);
  await s.person.page.evaluate((u) => window.openSource(u),
    `${s.session}/events?${await ticket(s, 1)}&cursor=${opened.cursor}`);
  const [source] = await got(s, 1);
  assert.equal(source.state, 'session-terminated');
  assert.equal(source.id, String(terminated.cursor));
  await s.person.page.evaluate(() => window.source.close());
  await s.person.close();
});

tell('fetch reads server-sent events; logging out ends them', async (system) => {
  const s = await open(system);
  const conf = await conference(s, 1);
  const stream = s.person.page.evaluate(([path, headers]) => window.openFetch(path, headers),
    [`${s.session}/events`, { ...s.headers, Accept: 'text/event-stream' }]);
  const [opened] = await got(s, 1);
  assert.equal(opened.state, 'session-open');
  assert.equal((await system.http('DELETE', conf, { headers: s.headers })).status, 200);
  assert.deepEqual((await got(s, 2)).map((event) => event.cursor),
    [opened.cursor, opened.cursor + 1]);
  assert.equal((await system.http('DELETE', s.session, { headers: s.headers })).status, 200);
  await stream; // it ends
  await s.person.close();
});
