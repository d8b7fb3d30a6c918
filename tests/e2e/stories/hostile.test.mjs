// Bad input from every side, while a call goes on that must not notice.

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import net from 'node:net';
import tls from 'node:tls';
import { VOICES } from '../lib/audio.mjs';
import { hears } from '../lib/ears.mjs';
import { Phone } from '../lib/phone.mjs';
import { stories } from '../lib/story.mjs';
import { until } from '../lib/wait.mjs';

const tell = stories();
const GAP_MS = 3000; // happens once: see faults
let carla;
let dan;

// Bytes that repeat with each run.
function noise(seed, length) {
  let x = seed >>> 0 || 1;
  return Buffer.from(Array.from({ length }, () => {
    x ^= x << 13; x >>>= 0; x ^= x >>> 17; x ^= x << 5; x >>>= 0;
    return x & 255;
  }));
}

async function pids(system) {
  return Promise.all(system.nodes.map((node) => system.pid(node)));
}

async function sendUdp(port, packets) {
  const socket = createSocket('udp4');
  for (const packet of packets) {
    await new Promise((resolve, reject) => {
      socket.send(packet, port, '127.0.0.1', (error) => (error ? reject(error) : resolve()));
    });
  }
  socket.close();
}

// Sends bytes, collects the answer until the peer closes or `ms` is over.
function talk(connect, bytes, ms = 3000) {
  return new Promise((resolve) => {
    const socket = connect();
    const parts = [];
    const done = () => { socket.destroy(); resolve(Buffer.concat(parts).toString('latin1')); };
    const timer = setTimeout(done, ms);
    socket.on('data', (data) => parts.push(data));
    socket.on('error', () => {});
    socket.on('close', () => { clearTimeout(timer); done(); });
    socket.once(socket instanceof tls.TLSSocket ? 'secureConnect' : 'connect', () => socket.write(bytes));
  });
}

tell('two telephones talk', async (system) => {
  carla = await Phone.open(system, 'carla');
  dan = await Phone.open(system, 'dan', { transport: 'tcp', seconds: 300 });
  await carla.dial('lobby');
  await dan.dial('lobby');
  await Promise.all([hears(carla, 'dan'), hears(dan, 'carla')]);
});

tell('HTTP: malformed, smuggled, too large, not JSON', async (system) => {
  const before = await pids(system);
  const https = () => tls.connect({ port: system.httpsPort, host: '127.0.0.1', rejectUnauthorized: false });
  for (const head of [
    'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc',
    'POST /sessions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n',
    'GET /\u0001 HTTP/1.1\r\nHost: x\r\n\r\n', 'BREW / HTTP/9.9\r\n\r\n', '\u0000\u0000\u0000\r\n\r\n',
    `GET /${'a'.repeat(100000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
    `GET / HTTP/1.1\r\nHost: x\r\n${'X-A: b\r\n'.repeat(20000)}\r\n`,
    'GET /assets/..%2f..%2fetc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    'GET /assets/../../etc/parley.conf HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  ]) {
    const answer = await talk(https, head);
    assert.doesNotMatch(answer, /^HTTP\/1\.1 (2|5)/, head.slice(0, 60));
    assert.doesNotMatch(answer, /root:|\[common\]/);
  }
  await talk(() => net.connect(system.httpsPort, '127.0.0.1'), 'GET / HTTP/1.1\r\n\r\n', 1000);
  const P = '/api/client/v2/conferences/lobby/request_token';
  for (const body of ['', '{', '[]', '"x"', '{"display_name":7}', '{"display_name":"a","display_name":{}}',
    `{"display_name":"${'x'.repeat(1000000)}"}`, '['.repeat(50000), '{"display_name":"\\ud800"}']) {
    const { status, json, text } = await system.http('POST', P, {
      headers: { 'Content-Type': 'application/json' }, body });
    assert.ok(status >= 400 && status < 500, `${status} for ${body.slice(0, 40)}`);
    assert.ok(json?.status === 'failed' || (status === 413 && json?.error), `${status} ${text} for ${body.slice(0, 40)}`);
  }
  for (const token of ['x', 'a.b.c', 'eyJhbGciOiJub25lIn0.e30.', '.'.repeat(500)]) {
    const { status } = await system.http('POST', '/sessions', {
      headers: { Authorization: `Bearer ${token}` }, body: {} });
    assert.equal(status, 401, token.slice(0, 30));
  }
  assert.deepEqual(await pids(system), before);
});

tell('SIP: noise, half messages, lies about lengths', async (system) => {
  const before = await pids(system);
  const via = 'Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKx';
  const invite = (extra, body = '') => Buffer.from(
    `INVITE sip:lobby@127.0.0.1 SIP/2.0\r\n${via}${Math.random()}\r\nMax-Forwards: 70\r\n`
    + `From: <sip:a@b>;tag=1\r\nTo: <sip:lobby@x>\r\nCall-ID: h${Math.random()}@x\r\nCSeq: 1 INVITE\r\n`
    + `Contact: <sip:a@127.0.0.1:9>\r\n${extra}\r\n\r\n${body}`);
  const packets = [
    ...Array.from({ length: 60 }, (_, i) => noise(i + 1, 20 + i * 20)),
    Buffer.from('INVITE sip:lobby@x SIP/2.0\r\n\r\n'), Buffer.from('SIP/2.0 200 OK\r\n\r\n'),
    Buffer.from('INVITE sip:lobby@x SIP/2.0\r\nContent-Length: 99999999999\r\n\r\n'),
    invite('Content-Type: application/sdp\r\nContent-Length: 9', 'v=0\r\nm=au'),
    invite('Content-Type: application/sdp\r\nContent-Length: 900', 'v=0\r\n'),
    invite('Content-Type: text/plain\r\nContent-Length: 2', 'hi'),
    invite(`X-Long: ${'y'.repeat(30000)}`), Buffer.from('\r\n\r\n'), Buffer.alloc(0), Buffer.alloc(60000, 65),
  ];
  for (const packet of packets.filter((one) => one.length > 200)) {
    packets.push(packet.subarray(0, packet.length >> 1));
  }
  await sendUdp(system.sipPort, packets);
  for (const bytes of [noise(7, 5000), Buffer.from('INVITE sip:x SIP/2.0\r\nContent-Length: -5\r\n\r\n'),
    Buffer.alloc(200000, 66)]) {
    await talk(() => net.connect(system.sipPort, '127.0.0.1'), bytes, 1000);
  }
  const phone = await Phone.open(system, 'eve');
  await phone.dial('lobby');
  await phone.hangup();
  assert.deepEqual(await pids(system), before);
});

tell('media ports: noise, forged STUN, DTLS and RTP', async (system) => {
  const before = await pids(system);
  const stun = Buffer.concat([Buffer.from([0, 1, 0, 8, 0x21, 0x12, 0xa4, 0x42]), noise(9, 12),
    Buffer.from([0, 6, 0, 4]), Buffer.from('a:bc')]);
  const packets = [stun, stun.subarray(0, 19),
    ...Array.from({ length: 200 }, (_, i) => {
      const packet = noise(i + 100, 12 + i * 6);
      packet[0] = [0, 20, 22, 23, 128, 144, 200, 63][i % 8]; // STUN, DTLS, RTP, RTCP and none
      return packet;
    })];
  for (const port of [system.base + 2, system.base + 3]) await sendUdp(port, packets);
  // The ports of the calls themselves: a stranger's voice must not get in.
  for (let port = system.base + 20; port < system.base + 60; port++) await sendUdp(port, packets.slice(0, 60));
  assert.deepEqual(await pids(system), before);
});

tell('the telephones noticed nothing', async () => {
  const heard = await carla.heard();
  const gap = heard.slice(2).longestGapMs(VOICES.dan);
  assert.ok(gap < GAP_MS, `gap of ${gap} ms`);
  assert.ok(!carla.event('CALL_CLOSED') && !dan.event('CALL_CLOSED'));
});
