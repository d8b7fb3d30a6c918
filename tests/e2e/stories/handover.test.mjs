// A media worker is killed, then another one is told to end: a browser and a
// telephone hear each other on through its sibling, which has its ports, and
// neither is told anything.

import assert from 'node:assert/strict';
import { Person } from '../lib/browser.mjs';
import { keepConnections } from '../lib/connections.mjs';
import { Ears, hears } from '../lib/ears.mjs';
import { Phone } from '../lib/phone.mjs';
import { assertPlaces, placeOf } from '../lib/placements.mjs';
import { stories } from '../lib/story.mjs';
import { until } from '../lib/wait.mjs';

const tell = stories({ common: { drain_ms: 10000 } });
const GAP_MS = 5000; // longest: what a loaded machine needs, no measurement
let anna;
let carla;

/* eslint-env browser */
// What would be other after a new offer: connections, and what is agreed.
const agreed = () => anna.page.evaluate(() => window.connections.map((one) => ({
  mine: one.localDescription.sdp, theirs: one.remoteDescription.sdp,
  state: one.connectionState,
})));

// The other worker has the room; both were heard without a break, and again.
async function goesOn(system, signal) {
  const [before, old, told] = [await agreed(), await placeOf(system), carla.events.length];
  const ears = new Ears(anna, carla);
  await ears.begin();
  await system.signal(old.media_node.split('.')[0], signal);
  await until('it has another place', async () => (await placeOf(system)).epoch > old.epoch);
  await ears.again();
  for (const gap of Object.values(await ears.gaps())) assert.ok(gap < GAP_MS, `gap of ${gap} ms`);
  assert.notEqual((await placeOf(system)).media_node, old.media_node);
  // A browser doubts a connection that was silent for a while; a new offer would stay.
  await until('the connections are the same', async () => {
    assert.deepEqual(await agreed(), before);
    return true;
  });
  assert.deepEqual(carla.told(told), []);
  await assertPlaces(system);
}

tell('a browser and a telephone are in a room', async (system) => {
  [anna, carla] = await Promise.all([Person.open(system, 'anna'), Phone.open(system, 'carla', { seconds: 300 })]);
  await keepConnections(anna);
  await anna.join('lobby');
  await carla.dial('lobby');
  await hears(carla, 'anna');
});

tell('their media worker is killed: they hear each other on, and are told nothing', async (system) => {
  await goesOn(system, 'SIGKILL');
  await until('it is started again', async () => (await system.sql("SELECT 1 FROM v_workers WHERE "
    + "role = 'media-worker' AND state = 'up' AND life = 'ready'")).length === 2);
});

tell('the next is told to end: it hands them over', async (system) => {
  const { media_node: node } = await placeOf(system);
  await goesOn(system, 'SIGTERM');
  await until('it has ended', async () => (await system.sql(
    `SELECT 1 FROM v_workers WHERE node = '${node}' AND state = 'up'`)).length === 0);
  // A page of metrics has what roompool said in time.
  const text = await until('roompool tells its numbers', async () => {
    const page = (await system.http('GET', '/metrics')).text;
    return /^pl_roompool_takeovers_total\{/m.test(page) && page;
  });
  const metric = (name) => Number(text.match(new RegExp(`^${name}\\{[^}]*\\} (\\d+)`, 'm'))?.[1] ?? 0);
  assert.equal(metric('pl_roompool_takeovers_total'), 2);
  assert.equal(metric('pl_roompool_legs_imported_total'), 4);
  assert.equal(metric('pl_roompool_legs_lost_total'), 0);
  await Promise.all([anna.close(), carla.close()]);
});
