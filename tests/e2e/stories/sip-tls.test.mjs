// SIP over TLS: telephones that come by it and are called by it, and whom it
// keeps out.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import net from 'node:net';
import tls from 'node:tls';
import { complaints, untilSteady, VOICES } from '../lib/audio.mjs';
import { Authority } from '../lib/certificates.mjs';
import { Phone } from '../lib/phone.mjs';
import { placePorts } from '../lib/ports.mjs';
import { Seat } from '../lib/seat.mjs';
import { stories } from '../lib/story.mjs';
import { until } from '../lib/wait.mjs';

const ca = await Authority.make();
const ours = await ca.sign('us', 'IP:127.0.0.1');
const theirs = await ca.sign('telephone', 'IP:127.0.0.1');
const stranger = await (await Authority.make()).sign('stranger', 'IP:127.0.0.1');
const elsewhere = await ca.sign('elsewhere', 'DNS:localhost,URI:sip:example.org');
const byUri = await ca.sign('by-uri', 'URI:sip:127.0.0.1');

const port = await placePorts();

const tell = stories({ signaling: {
  tls_listen: `127.0.0.1:${port}`, tls_certificate: ours.certificate, tls_key: ours.key,
  tls_ca: ca.file, tls_check_clients: 'yes',
} });

async function options(with_) {
  return { host: '127.0.0.1', port, ca: await readFile(ca.file),
    ...(with_ && { cert: await readFile(with_.certificate), key: await readFile(with_.key) }) };
}

const OPTIONS = [
  'OPTIONS sip:127.0.0.1 SIP/2.0', 'Via: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bKtls1',
  'Max-Forwards: 70', 'From: <sip:t@127.0.0.1>;tag=1', 'To: <sip:127.0.0.1>', 'Call-ID: tls-1',
  'CSeq: 1 OPTIONS', 'Content-Length: 0', '', ''].join('\r\n');

async function hearsItself(phone) {
  await until('its voice comes back', async () => {
    const heard = await phone.heard();
    return heard.seconds > 2 && heard.slice(heard.seconds - 1).level(VOICES[phone.voice]) > 0.03;
  });
}

tell('a request over TLS is answered over TLS', async () => {
  const socket = tls.connect(await options(theirs));
  await once(socket, 'secureConnect');
  assert.ok(socket.authorized);
  let text = '';
  socket.on('data', (data) => { text += data; });
  // In pieces: records are not messages.
  socket.write(OPTIONS.slice(0, 40));
  socket.write(OPTIONS.slice(40) + OPTIONS.replace('tls1', 'tls2').replace('1 OPTIONS', '2 OPTIONS'));
  await until('two answers', () => text.split('SIP/2.0 200').length === 3);
  assert.match(text, /Via: SIP\/2\.0\/TLS 127\.0\.0\.1:9/);
  socket.end();
});

tell('who shows no certificate, a stranger\'s, or does not speak TLS, is not let in', async (system) => {
  const failed = async () => {
    const { text } = await system.http('GET', '/metrics');
    return Number(/^pl_sip_tls_failed_total\S* (\d+)/m.exec(text)?.[1] ?? 0);
  };
  const before = await failed();
  for (const who of [undefined, stranger]) {
    const socket = tls.connect(await options(who));
    let answered = false;
    socket.on('data', () => { answered = true; });
    socket.on('error', () => {});
    socket.on('secureConnect', () => socket.write(OPTIONS));
    await new Promise((resolve) => { socket.on('close', resolve); });
    assert.ok(!answered);
  }
  const plain = net.connect(port, '127.0.0.1', () => plain.write(OPTIONS));
  plain.on('error', () => {});
  plain.resume();
  await new Promise((resolve) => { plain.on('close', resolve); });
  await until('they are counted', async () => await failed() >= before + 3);
});

tell('a telephone calls over TLS and hears itself', async (system) => {
  const phone = await Phone.open(system, 'ben', { transport: 'tls', tls: { ...theirs, ca: ca.file, port } });
  await phone.dial('echo');
  await hearsItself(phone);
  assert.deepEqual(await untilSteady(async () => {
    const from = (await phone.heard()).seconds;
    await until('two more seconds are heard', async () => (await phone.heard()).seconds > from + 2);
    return complaints((await phone.heard()).slice(from, from + 2), { others: ['ben'], minSeconds: 1.5 });
  }), []);
  await phone.hangup();
  await phone.closed();
});

for (const [voice, what, certificate, scheme] of [['carla', 'address', theirs, 'sip'],
  ['dan', 'SIP domain', byUri, 'sips']]) {
  tell(`a telephone with a certificate for its ${what} is called by ${scheme}: over TLS`, async (system) => {
    const host = await Seat.join(system, 'clinic', 'Host', { pin: '13579' });
    const phone = await Phone.open(system, voice, { transport: 'tls', tls: { ...certificate, ca: ca.file, port } });
    const destination = scheme === 'sip' ? phone.secure : phone.secure.replace('sip:', 'sips:').split(';')[0];
    await host.post('dial', { body: { destination, role: 'GUEST', protocol: 'sip' } });
    await phone.established();
    await until('it hears the room', async () => (await phone.heard()).seconds > 1);
    const [{ id }] = await system.sql(
      `select participant_id as id from v_live_participants where name like '%${voice}%'`);
    await host.post(`participants/${id}/disconnect`); // BYE goes the same way
    await phone.closed();
  });
}

tell('nobody is called whose certificate is for another name', async (system) => {
  const host = await Seat.join(system, 'surgery', 'Host', { pin: '97531' });
  const phone = await Phone.open(system, 'eve', { transport: 'tls', tls: { ...elsewhere, ca: ca.file, port } });
  await host.post('dial', { body: { destination: phone.secure, role: 'GUEST', protocol: 'sip' } });
  await until('the call has failed', async () => (await system.sql(
    `select 1 from v_call_records where came_by = 'telephone' and address like '%${phone.voice}@%'`)).length === 1);
  assert.equal(phone.event('CALL_INCOMING'), undefined);
  assert.match(await system.log('signaling-1', 400), /tls_other_domain/);
});
