// The only media worker stands still until it is taken for lost, and comes back:
// its room begins anew there, and everybody hears everybody again.

import assert from 'node:assert/strict';
import { Person } from '../lib/browser.mjs';
import { hears } from '../lib/ears.mjs';
import { Phone } from '../lib/phone.mjs';
import { stories } from '../lib/story.mjs';
import { until } from '../lib/wait.mjs';

const tell = stories({ roompool: { replace_ms: 15000 } }, { medias: 1 });
const workers = (system) => system.sql("SELECT node FROM v_workers WHERE node LIKE 'media-%' AND state = 'up'");

tell('a page and a telephone are offered media anew by the same worker', async (system) => {
  const [anna, carla] = await Promise.all([Person.open(system, 'anna'), Phone.open(system, 'carla')]);
  await anna.join('lobby');
  await carla.dial('lobby');
  await hears(carla, 'anna');
  const before = await workers(system);
  await system.signal('media-1', 'SIGSTOP');
  await until('it is taken for lost', async () => (await workers(system)).length === 0);
  await system.signal('media-1', 'SIGCONT');
  await until('both have media again', async () => (await system.sql(
    "SELECT 1 FROM v_live_participants WHERE media = 'connected'")).length === 2);
  assert.deepEqual(await workers(system), before);
  await hears(carla, 'anna');
  await anna.inRoom();
  await anna.hears('carla');
  assert.ok(!carla.event('CALL_CLOSED'), 'the telephone was not hung up');
});
