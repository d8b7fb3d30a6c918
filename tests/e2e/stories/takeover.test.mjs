// A signaling worker is gone for good: its telephones, of UDP, TCP and TLS, talk
// on, and another one answers them, hangs up on them, and knows when they hang up.

import assert from 'node:assert/strict';
import { VOICES } from '../lib/audio.mjs';
import { Person } from '../lib/browser.mjs';
import { Authority } from '../lib/certificates.mjs';
import { hears } from '../lib/ears.mjs';
import { Phone } from '../lib/phone.mjs';
import { Seat } from '../lib/seat.mjs';
import { stories } from '../lib/story.mjs';
import { until } from '../lib/wait.mjs';

const ca = await Authority.make();
const ours = await ca.sign('us', 'IP:127.0.0.1');
const theirs = await ca.sign('telephone', 'IP:127.0.0.1');
const GAP_MS = 3000; // longest: less than the lease, more than a loaded machine stands still
const tlsPort = (base, n) => base + 6 + 2 * n;

const tell = stories({
  roompool: { sip_lease_ms: 4000 }, // longer than one stands still that lives
  signaling: { tls_certificate: ours.certificate, tls_key: ours.key, tls_ca: ca.file },
}, {
  signalings: 2,
  supervised: false,
  flags: (base) => Object.fromEntries([1, 2].map((n) =>
    [`signaling-${n}`, { tls_listen: `127.0.0.1:${tlsPort(base, n)}` }])),
});

const live = (system) => system.sql('SELECT name FROM v_live_participants');
const owners = async (system) => (await system.sql('SELECT DISTINCT node FROM calls'))
  .map(({ node }) => node.split('.')[0]).join();

tell('the telephones of a dead signaling worker go on at another', async (system) => {
  const tls = { ...theirs, ca: ca.file, port: tlsPort(system.base, 1) };
  const [anna, host, carla, dan, eve, finn] = await Promise.all([Person.open(system, 'anna'),
    Seat.join(system, 'lobby', 'Host'), Phone.open(system, 'carla'),
    Phone.open(system, 'dan', { transport: 'tcp' }),
    Phone.open(system, 'eve', { transport: 'tls', tls }),
    Phone.open(system, 'finn', { transport: 'tls', tls })]);
  await anna.join('lobby');
  await Promise.all([carla, dan, eve, finn].map((phone) => phone.dial('lobby')));
  await until('what is needed of all dialogs is known', async () =>
    (await system.sql("SELECT 1 FROM dialogs WHERE node LIKE 'signaling-1.%'")).length === 4);
  await hears(carla, 'anna');
  const from = (await carla.heard()).seconds;
  await system.signal('signaling-1', 'SIGKILL');
  await until('the other has taken them over', async () => await owners(system) === 'signaling-2'
    && (await system.sql("SELECT 1 FROM dialogs WHERE node LIKE 'signaling-2.%'")).length === 4);
  await until('a second more was heard', async () => (await carla.heard()).seconds > from + 1);
  const gap = (await carla.heard()).slice(from).longestGapMs(VOICES.anna);
  assert.ok(gap < GAP_MS, `gap of ${gap} ms`);

  // To the Contact that they were given now: over TLS by a connection of the telephone's.
  await Promise.all([carla.hangup(), eve.hangup()]);
  await until('carla and eve have left', async () => !(await live(system)).some(({ name }) =>
    /carla|eve/.test(name)));
  await until('theirs are no calls any more', async () => (await system.sql('SELECT 1 FROM calls')).length === 2);

  // By a connection of the worker's.
  for (const phone of [dan, finn]) {
    const [{ id }] = await system.sql(
      `SELECT participant_id AS id FROM v_live_participants WHERE name LIKE '%${phone.voice}%'`);
    const { status, text } = await host.post(`participants/${id}/disconnect`);
    assert.equal(status, 200, text);
    await phone.closed();
  }
  await until('no call is left', async () =>
    (await system.sql('SELECT 1 FROM calls')).length === 0);
  await Promise.all([anna, carla, dan, eve, finn].map((one) => one.close()));
});
