// Everything is restarted, one process after the other, behind a balancer and
// under calls: nobody is cut off, nobody has to do anything.

import assert from 'node:assert/strict';
import { BEHIND, putBefore } from '../lib/balancer.mjs';
import { Person } from '../lib/browser.mjs';
import { Caller } from '../lib/caller.mjs';
import { hears } from '../lib/ears.mjs';
import { Phone } from '../lib/phone.mjs';
import { stories } from '../lib/story.mjs';
import { until } from '../lib/wait.mjs';

const tell = stories({ api: BEHIND, common: { drain_ms: 15000 } }, { frontends: 2, signalings: 2 });

tell('a rolling restart of all processes: nobody is cut off', async (system) => {
  await putBefore(system);
  const [anna, carla] = await Promise.all([Person.open(system, 'anna'), Phone.open(system, 'carla', { seconds: 200 })]);
  const [host, guest] = ['host', 'guest'].map((user) => new Caller(system, user, [0]));
  for (const caller of [host, guest]) caller.frontend = 0;
  await Promise.all([anna.join('lobby'), host.open(), guest.open()]);
  guest.startPolling();
  await carla.dial('lobby');
  await hears(carla, 'anna');
  await anna.page.evaluate(() => {
    window.clicks = 0;
    addEventListener('click', () => { window.clicks++; }, true);
    window.told = [];
    new MutationObserver(() => window.told.push(document.body.dataset.error))
      .observe(document.body, { attributeFilter: ['data-error'] });
  });

  for (const node of system.nodes) await system.restart(node);

  for (const node of system.nodes) await until(`${node} is healthy`, () => system.isHealthy(node));

  const from = (await carla.heard()).seconds;
  await until('the telephone gets sound', async () => (await carla.heard()).seconds > from + 0.6);
  await hears(carla, 'anna');
  await until('the page has its events again', async () => (await anna.state()).link === 'open');
  await anna.inRoom();
  await anna.hears('carla');
  const { clicks, told } = await anna.page.evaluate(() => ({ clicks: window.clicks, told: window.told }));
  assert.equal(clicks, 0);
  // A quiet line at most, which goes by itself.
  assert.deepEqual(told.filter((code) => !['', 'link-away', 'media-lost'].includes(code)), []);
  await until('the page complains of nothing', async () => (await anna.state()).error === '');

  assert.ok(!carla.event('CALL_CLOSED'), 'the telephone was hung up');
  assert.equal(carla.events.filter(({ type }) => type === 'CALL_ESTABLISHED').length, 1);
  assert.equal((await system.sql('SELECT 1 FROM calls')).length, 1);

  // The poll has gone on, elsewhere and without a fault.
  const conf = await host.host();
  await host.invite(conf, guest.user);
  await guest.event('invitation-received');
  assert.equal(guest.failures, 0);
  await guest.stopPolling();
  await host.leave(conf);

  // The one that has the call now hears when it ends.
  await carla.hangup();
  await until('the telephone has left', async () => (await anna.roster()).length === 1);
  await anna.page.goto('about:blank');
  await until('nobody is left', async () =>
    (await system.sql('SELECT 1 FROM v_live_participants')).length === 0);
});
