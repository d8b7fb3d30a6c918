// A signaling worker is gone for good: its telephones talk on, and another one
// answers them, hangs up on them, and knows when they hang up.

import assert from 'node:assert/strict';
import { VOICES } from '../lib/audio.mjs';
import { Person } from '../lib/browser.mjs';
import { Phone } from '../lib/phone.mjs';
import { Seat } from '../lib/seat.mjs';
import { stories } from '../lib/story.mjs';
import { until } from '../lib/wait.mjs';

const tell = stories({ roompool: { sip_lease_ms: 500 } }, { signalings: 2, supervised: false });

const live = (system) => system.sql('SELECT name FROM v_live_participants');
const owners = async (system) => (await system.sql('SELECT DISTINCT node FROM calls'))
  .map(({ node }) => node.split('.')[0]).join();

tell('the telephones of a dead signaling worker go on at another', async (system) => {
  const [anna, host, carla, dan] = await Promise.all([Person.open(system, 'anna'),
    Seat.join(system, 'lobby', 'Host'), Phone.open(system, 'carla'),
    Phone.open(system, 'dan', { transport: 'tcp' })]);
  await anna.join('lobby');
  await Promise.all([carla.dial('lobby'), dan.dial('lobby')]);
  await until('what is needed of both dialogs is known', async () =>
    (await system.sql("SELECT 1 FROM dialogs WHERE node LIKE 'signaling-1.%'")).length === 2);
  await until('carla hears anna', async () => {
    const heard = await carla.heard();
    return heard.seconds > 1 && heard.slice(heard.seconds - 0.5).level(VOICES.anna) > 0.03;
  });
  const from = (await carla.heard()).seconds;
  await system.signal('signaling-1', 'SIGKILL');
  await until('the other has taken them over', async () => await owners(system) === 'signaling-2'
    && (await system.sql("SELECT 1 FROM dialogs WHERE node LIKE 'signaling-2.%'")).length === 2);
  await until('a second more was heard', async () => (await carla.heard()).seconds > from + 1);
  const gap = (await carla.heard()).slice(from).longestGapMs(VOICES.anna);
  assert.ok(gap < 400, `gap of ${gap} ms`);

  // To the Contact that it was given now.
  await carla.hangup();
  await until('carla has left', async () => !(await live(system)).some(({ name }) =>
    name.includes('carla')));
  assert.equal((await system.sql('SELECT 1 FROM calls')).length, 1);

  const [{ id }] = await system.sql(
    "SELECT participant_id AS id FROM v_live_participants WHERE name LIKE '%dan%'");
  const { status, text } = await host.post(`participants/${id}/disconnect`);
  assert.equal(status, 200, text);
  await dan.closed();
  await until('no call is left', async () =>
    (await system.sql('SELECT 1 FROM calls')).length === 0);
  await Promise.all([anna.close(), carla.close(), dan.close()]);
});
