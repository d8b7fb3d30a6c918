// sdk.test.mjs - the client that stands for the old SDK does what the real one
// is known to do: descriptions written anew, errors swallowed or told.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GENERATIONS } from '../e2e/lib/sdk/generations.mjs';
import { describe, edited, incoming, outgoing, serverFaults } from '../e2e/lib/sdk/sdp.mjs';
import { readError } from '../e2e/lib/sdk/wire.mjs';

const OLD = GENERATIONS['rc.21'];
const NEW = GENERATIONS['1.1.3'];
const text = (...lines) => `${lines.join('\r\n')}\r\n`;

const OFFER = text('v=0', 'o=- 77 2 IN IP4 127.0.0.1', 's=-', 't=0 0', 'b=X-OWN:9', 'b=AS:64',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'c=IN IP4 0.0.0.0', 'a=rtcp-rsize', 'a=rtcp-mux', 'a=sendrecv',
  'a=candidate:1 1 udp 5 10.0.0.1 4000 typ host generation 0 ufrag x network-id 1',
  'a=candidate:2 1 tcp 5 10.0.0.1 9 typ host tcptype active generation 0',
  'a=x-unknown:kept as it is', 'a=msid:abc d+f', 'a=ssrc:5 msid:abc def', 'a=setup:actpass');

test('a description is written anew: order, candidates, bandwidths, msid', () => {
  const sent = outgoing(OFFER, NEW);
  assert.ok(!sent.includes('X-OWN') && sent.includes('b=AS:64'));
  assert.ok(!sent.includes('tcptype') && !sent.includes('network-id'));
  assert.match(sent, /a=candidate:1 1 udp 5 10\.0\.0\.1 4000 typ host generation 0\r\n/);
  assert.match(sent, /a=candidate:1 2 udp /); // the shim's copy for RTCP
  assert.ok(sent.includes('a=x-unknown:kept as it is\r\n'));
  assert.ok(sent.includes('a=msid:abc d\r\n'));
  assert.ok(sent.indexOf('a=setup') < sent.indexOf('a=sendrecv'));
});

test('the older one names SSRCs in s=, the younger drops rtcp-rsize and remote SSRCs', () => {
  assert.match(outgoing(OFFER, OLD), /\r\ns=5:abc def\r\n/);
  assert.ok(outgoing(OFFER, OLD).includes('a=rtcp-rsize'));
  assert.ok(!outgoing(OFFER, NEW).includes('a=rtcp-rsize'));
  assert.ok(incoming(OFFER, OLD).includes('a=ssrc:5'));
  assert.ok(!incoming(OFFER, NEW).includes('a=ssrc:5'));
});

test('an edited description differs in version and direction only', () => {
  const sent = outgoing(OFFER, OLD);
  const held = edited(sent, 'sendonly');
  assert.equal(held, sent.replace('o=- 77 2 ', 'o=- 77 3 ').replace('a=sendrecv', 'a=sendonly'));
});

test('a refused video section without a=inactive costs the audio', () => {
  const audio = text('v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0',
    'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'a=sendrecv', 'm=video 0 UDP/TLS/RTP/SAVPF 96');
  assert.match(incoming(audio, NEW), /m=audio [^\r]*\r\na=inactive/);
  assert.ok(serverFaults(audio).length > 0);
  const good = `${audio}a=inactive\r\n`;
  assert.match(incoming(good, NEW), /m=audio [^\r]*\r\na=sendrecv/);
  assert.deepEqual([describe(good, NEW).type, describe(good, OLD).type], ['audio', 'video']);
});

test('an invitation to listen only becomes nothing at all; roles are forced', () => {
  const offer = OFFER.replace('a=sendrecv', 'a=sendonly');
  assert.ok(incoming(offer, NEW, { isInvitation: true }).includes('a=inactive'));
  assert.ok(incoming(OFFER, NEW, { role: 'passive' }).includes('a=setup:passive'));
});

const answer = (status, body, type = 'application/json') => ({ status,
  text: typeof body === 'string' ? body : JSON.stringify(body), header: () => type });
const service = (id) => ({ RequestError: { ServiceException: { MessageId: id, Text: 'x %1', Variables: 'y' } } });

test('errors are told, or swallowed, as each generation does', () => {
  const rows = [ // answer, what the older makes of it, what the younger
    [answer(409, service('SVC8501')), 'error', 'error'],
    [answer(409, service('SVC0001')), 'error', null],
    [answer(400, '', 'application/json'), null, null],
    [answer(400, 'no', 'text/plain'), 'error', 'error'],
    [answer(404, 'no', 'text/plain'), 'session:expired', 'session:expired'],
    [answer(404, { RequestError: { Exception: { Text: 'x', Variables: '' } } }), 'session:expired', 'session:expired'],
    [answer(404, service('SVC0001')), 'session:expired', null],
    [answer(404, service('SVC8514')), 'error', 'error'],
    [answer(400, { RequestError: { Exception: {} } }), 'error', null],
    [answer(503, 'no', 'text/plain'), 'error', 'gateway:unreachable'],
    [answer(501, 'no', 'text/plain'), null, 'error'],
    [answer(500, 'no', 'text/plain'), 'error', 'error'],
    [answer(0, ''), 'error', 'error'],
  ];
  for (const [got, ...expected] of rows) {
    for (const [at, generation] of [OLD, NEW].entries()) {
      const what = `${got.status} ${got.text}`;
      if (expected[at] === null) assert.throws(() => readError(got, generation), what);
      else assert.equal(readError(got, generation).event, expected[at], what);
    }
  }
  assert.equal(readError(answer(400, service('SVC0001')), NEW).text, 'x y');
});
