// Numbers of ours as accounts of two telephone networks: registered, refreshed,
// called, calling and removed. The networks are Kamailio.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import tls from 'node:tls';
import { Authority } from '../lib/certificates.mjs';
import { Edge } from '../lib/edge.mjs';
import { Kamailio } from '../lib/kamailio.mjs';

const ANNA = '+49301', BEN = '+49302', EVE = '+49401';
let edge, telco, other;

const ca = await Authority.make();
const [ours, theirs] = await Promise.all(['us', 'registrar'].map((name) => ca.sign(name, 'IP:127.0.0.1')));

before(async () => {
  edge = await Edge.start({
    outbound_allow: 'telco.example', trusted_networks: '127.0.0.1',
    tls_listen: '127.0.0.1:0', tls_certificate: ours.certificate, tls_key: ours.key, tls_ca: ca.file,
  });
  [telco, other] = await Promise.all([
    Kamailio.start(edge, {
      users: { [ANNA]: 'secret', [BEN]: 'word' }, minExpires: 60, serviceRoute: true,
    }),
    Kamailio.start(edge, {
      name: 'other', users: { [EVE]: 'pass' }, algorithm: 'SHA-256', maxExpires: 600,
      forbidsWrong: true,
    }),
  ]);
});
after(() => edge?.stop());

let cseq = 0;
// Registers a number; resolves to what roompool is told.
async function register(network, number, password, { contact = `c${number.slice(1)}`, expires = 3600,
  transport = 'udp', more = '' } = {}) {
  cseq += 10;
  edge.command(`register registrar=sip:${network.domain} aor=sip:${number}@${network.domain}`
    + ` next_hop=${network.uri};transport=${transport} contact=${contact} id=${contact}@edge`
    + ` cseq=${cseq} expires=${expires} user=${number} password=${password} ${more}`);
  return edge.told('regist');
}
const addresses = async (network, number) =>
  (await network.contacts(number)).map(({ Address }) => Address);

test('a number is registered with digest, for as long as the registrar says', async () => {
  assert.match(await register(telco, ANNA, 'secret'),
    /^registered 3600 cseq 11 contact sip:c49301@127.0.0.1:\d+ route <sip:orig@.*;lr> uris <sip:\+49301@telco.example>/);
  const [binding] = await telco.contacts(ANNA);
  assert.equal(binding.Address, `sip:c49301@127.0.0.1:${edge.sipPort}`);
  assert.equal(binding['Call-ID'], 'c49301@edge');
  assert.match(await register(other, EVE, 'pass', { transport: 'tcp' }), /^registered 600 .* route - /);
  assert.deepEqual(await addresses(other, EVE),
    [`sip:c49401@127.0.0.1:${edge.sipPort};transport=tcp`]);
});

test('it is refreshed, and one binding is removed, not the others', async () => {
  await register(telco, ANNA, 'secret', { expires: 1800 });
  assert.equal((await telco.contacts(ANNA)).length, 1);
  await register(telco, ANNA, 'secret', { contact: 'second' });
  assert.equal((await telco.contacts(ANNA)).length, 2);
  assert.match(await register(telco, ANNA, 'secret', { contact: 'second', expires: 0 }), /^registered 0 /);
  assert.deepEqual(await addresses(telco, ANNA), [`sip:c49301@127.0.0.1:${edge.sipPort}`]);
});

test('a binding of another worker goes when this one registers', async () => {
  const old = `sip:c49302@127.0.0.1:${edge.sipPort + 1}`;
  await register(telco, BEN, 'word', { contact: 'c49302' });
  await register(telco, BEN, 'word', { contact: 'moved', more: `old=sip:c49302@127.0.0.1:${edge.sipPort}` });
  assert.deepEqual(await addresses(telco, BEN), [`sip:moved@127.0.0.1:${edge.sipPort}`]);
  assert.match(await register(telco, BEN, 'word', { contact: 'moved', more: `old=${old}` }), /^registered/);
});

test('too short a time, a wrong password, an unknown number, nobody there', async () => {
  assert.match(await register(telco, ANNA, 'secret', { expires: 30 }), /^registered 60 /);
  assert.match(await register(telco, ANNA, 'wrong'), /^register-failed 401 /);
  assert.match(await register(other, EVE, 'wrong'), /^register-failed 403 /);
  assert.match(await register(telco, '+49399', 'x'), /^register-failed 404 /);
  const nobody = { domain: 'nobody.example', uri: `sip:127.0.0.1:${edge.sipPort + 9}` };
  assert.match(await register(nobody, ANNA, 'x', { transport: 'tcp' }), /^register-failed 0 /);
});

test('a call goes out with credentials by the Service-Route, and comes in at the Contact', async () => {
  edge.command(`start sip:${BEN}@telco.example 20000 from=${ANNA} from_host=telco.example`
    + ` identity=sip:${ANNA}@telco.example kind=2 contact=c49301 user=${ANNA} password=secret`
    + ` next_hop=${telco.uri} route=<sip:orig@127.0.0.1:${telco.port};lr>`);
  const incoming = await edge.told('incoming');
  assert.match(incoming, / moved from sip:\+49301@telco.example /);
  assert.match(incoming, / identity sip:\+49301@telco.example/);
  await edge.told('answered');
  edge.command('end Q.850;cause=16'); // of the one that came in: BYE by the record route
  const ends = [await edge.told('ended'), await edge.told('ended')];
  assert.ok(ends.some((line) => line.endsWith('cause Q.850;cause=16')), ends.join('\n'));
});

test('a number is registered through the edge of a network, and called through it', async () => {
  const edgeProxy = await Kamailio.start(edge, { name: 'edge', edgeOf: telco });
  const through = { ...telco, domain: telco.domain, uri: edgeProxy.uri };
  await register(telco, BEN, 'word', { contact: 'moved', expires: 0 });
  assert.match(await register(through, BEN, 'word', { contact: 'edged', transport: 'tcp' }), /^registered 3600 /);
  const [binding] = await telco.contacts(BEN);
  assert.match(binding.Path, new RegExp(`<sip:127.0.0.1:${edgeProxy.port};`));
  edge.command(`start sip:${BEN}@telco.example 20000 from=${ANNA} from_host=telco.example`
    + ` user=${ANNA} password=secret next_hop=${edgeProxy.uri};lr`);
  assert.match(await edge.told('incoming'), / edged from sip:\+49301@telco.example /);
  await edge.told('answered');
  edge.command('end');
  await edge.told('ended');
  await edge.told('ended');
});

test('a registrar is reached over TLS', async () => {
  const asked = [];
  const server = tls.createServer({ cert: await readFile(theirs.certificate), key: await readFile(theirs.key) },
    (socket) => socket.on('data', (data) => {
      const text = data.toString();
      asked.push(text);
      const line = (name) => new RegExp(`^${name}: .*$`, 'm').exec(text)[0].trim();
      socket.write([...['SIP/2.0 200 OK', ...['Via', 'From', 'To', 'Call-ID', 'CSeq', 'Contact'].map(line)],
        'Expires: 77', 'Content-Length: 0', '', ''].join('\r\n'));
    }));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const secure = { domain: 'secure.example', uri: `sip:127.0.0.1:${server.address().port}` };
  assert.match(await register(secure, ANNA, 'x', { transport: 'tls' }), /^registered 77 .*;transport=tls /);
  assert.match(asked[0], /^REGISTER sip:secure.example SIP\/2.0\r\nVia: SIP\/2.0\/TLS /);
  server.close();
});

test('an anonymous caller is named to the network, and hidden', async () => {
  edge.command(`start sip:${BEN}@telco.example 20000 from=${ANNA} from_host=telco.example wants=1`
    + ` identity=sip:${ANNA}@telco.example kind=2 user=${ANNA} password=secret next_hop=${telco.uri}`);
  assert.match(await edge.told('incoming'),
    / from sip:anonymous@anonymous.invalid .* identity sip:\+49301@telco.example anonymous$/);
  await edge.told('answered');
  edge.command('end');
  await edge.told('ended');
  await edge.told('ended');
});
