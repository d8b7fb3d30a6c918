// Numbers that are accounts of a telephone network: a device that registers for
// one has it bound at the network's registrar, which may refuse it, is asked
// again when a signaling worker or roompool dies, and forgets it in the end.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after } from 'node:test';
import { Kamailio } from '../lib/kamailio.mjs';
import { DEVICE_SCOPES } from '../lib/oidc.mjs';
import { placePorts } from '../lib/ports.mjs';
import { stories } from '../lib/story.mjs';
import { until } from '../lib/wait.mjs';

const [MIA, WRONG, NOBODY, SILENT] = [1, 2, 3, 4].map((n) => `+4930777${n}`);
const closers = [];
after(async () => { for (const closer of closers) await closer(); });
let network;

const tell = stories(async (_base, dir) => {
  network = await Kamailio.start({ dir, phonePorts: async () => [await placePorts()],
    onStop: (closer) => closers.push(closer) },
  { users: { [MIA]: 'kept', [WRONG]: 'kept' }, maxExpires: 600 });
  const account = `account domain=${network.domain} next_hop=${network.uri};transport=tcp`;
  const lines = join(dir, 'lines');
  await writeFile(lines, [
    `${MIA} ${account} password=kept`, `${WRONG} ${account} password=guessed`, `${NOBODY} ${account} password=kept`,
    `${SILENT} account domain=silent.example next_hop=sip:127.0.0.1:9;transport=tcp password=kept`, '',
  ].join('\n'), { mode: 0o600 });
  return { roompool: { lines_file: lines, registration_min_s: 1 } };
}, { signalings: 2 });

const soon = (seconds) => new Date(Date.now() + seconds * 1000).toISOString();

async function deviceOf(system, number) {
  const token = await system.token({ scope: DEVICE_SCOPES.join(' '), user: number });
  const headers = { Authorization: `Bearer ${token}` };
  const base = '/webrtc-registration/v0.4/sessions';
  const ask = (method, path = '', body = undefined) => system.http(method, base + path, { headers, body });
  return {
    ask,
    register: (more = {}) => ask('POST', '', { deviceId: randomUUID(), ...more }),
  };
}

async function binding(number) {
  const contacts = await network.contacts(number);
  assert.ok(contacts.length < 2, JSON.stringify(contacts));
  return contacts[0];
}

const row = async (system, number) => (await system.sql(
  `select * from registrations where number = '${number}' and state = 'registered'`))[0];

tell('a device has its number bound, extends that, and ends it', async (system) => {
  const mia = await deviceOf(system, MIA);
  const made = await mia.register();
  assert.equal(made.status, 201, made.text);
  const { Address, 'Call-ID': callId } = await binding(MIA);
  const stored = await row(system, MIA);
  assert.equal(stored.contact, Address);
  assert.equal(stored.sip_call_id, callId);
  const extended = await mia.ask('PUT', `/${made.json.registrationId}`, {});
  assert.equal(extended.status, 200, extended.text);
  assert.ok((await row(system, MIA)).cseq > stored.cseq);
  assert.equal((await mia.ask('DELETE', `/${made.json.registrationId}`)).status, 204);
  await until('the registrar has forgotten it', async () => !(await binding(MIA)));
});

tell('the network refuses, or is not there', async (system) => {
  for (const [number, status, code] of [[WRONG, 403, 'PERMISSION_DENIED'], [NOBODY, 403, 'PERMISSION_DENIED'],
    [SILENT, 503, 'UNAVAILABLE'], ['+49309999', 403, 'PERMISSION_DENIED']]) {
    const answer = await (await deviceOf(system, number)).register();
    assert.equal(answer.status, status, `${number}: ${answer.text}`);
    assert.equal(answer.json.code, code);
    assert.equal(await row(system, number), undefined);
  }
});

tell('another signaling worker takes the binding over, and roompool may die', async (system) => {
  const mia = await deviceOf(system, MIA);
  const made = await mia.register();
  assert.equal(made.status, 201, made.text);
  const first = await row(system, MIA);
  await system.kill(first.node.split('.')[0]);
  const second = await until('it is bound by another process', async () => {
    const now = await row(system, MIA);
    return now.node !== first.node && now;
  });
  await until('the registrar has its address', async () => (await binding(MIA)).Address === second.contact);
  await system.kill('roompool');
  await until('it is known', async () => (await mia.ask('GET', `/${made.json.registrationId}`)).status === 200);
  await until('the registrar agrees', async () => (await binding(MIA)).Address === (await row(system, MIA)).contact);
  // .. and it expires.
  const brief = await mia.ask('PUT', `/${made.json.registrationId}`, { registrationExpireTime: soon(4) });
  assert.equal(brief.status, 200, brief.text);
  await until('the registrar has forgotten it', async () => !(await binding(MIA)));
  await until('it is gone', async () => (await mia.ask('GET', `/${made.json.registrationId}`)).status === 404);
  for (const log of ['roompool', 'signaling-1', 'signaling-2']) {
    assert.ok(!(await system.log(log, 10000)).includes('kept'), `${log} has the password`);
  }
});
