// Two hosts, a network namespace each, with a cable of their own for the bus (TCP,
// CURVE keys by parleyctl): the far one is lost with a room, then cut off with it.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after } from 'node:test';
import { promisify } from 'node:util';
import { Person } from '../lib/browser.mjs';
import { Ears } from '../lib/ears.mjs';
import { ip, Namespaces } from '../lib/namespaces.mjs';
import { Phone } from '../lib/phone.mjs';
import { assertPlaces, placeOf } from '../lib/placements.mjs';
import { stories } from '../lib/story.mjs';
import { BIN } from '../lib/system.mjs';
import { PATIENCE_MS, pause, until } from '../lib/wait.mjs';

const run = promisify(execFile);
const BUS = 'tcp://10.77.1.1:7700';
const GAP_MS = 20000; // of a loaded machine, no measurement

let near;
let far;
let users;
const ADDRESS = {};
const net = await Namespaces.open(async (it) => {
  [near, far, users] = await Promise.all(['near', 'far', 'users'].map((name) => it.add(name)));
  const outer = await it.addSwitch('outer');
  Object.assign(ADDRESS, { [near]: '198.51.100.1', [far]: '198.51.100.2', [users]: '198.51.100.9' });
  for (const [n, place] of [near, far, users].entries()) {
    await it.cable([place, 'eth0', `${ADDRESS[place]}/24`], [outer, `port${n}`]);
  }
  await it.cable([near, 'eth1', '10.77.1.1/24'], [far, 'eth1', '10.77.1.2/24']);
});
after(() => net.close());

// Keys as docs/deploy.md has them: roompool's host makes all, each further host
// gets what it runs.
async function keysOf(dir) {
  const keys = join(dir, 'bus-keys');
  await run(join(BIN, 'parleyctl'), ['keys', keys]);
  const there = join(dir, 'bus-keys-far');
  await mkdir(there, { mode: 0o700 });
  for (const name of ['roompool.pub', 'media.pub', 'media.key', 'signaling.pub', 'signaling.key']) await copyFile(join(keys, name), join(there, name));
  const worker = (role, folder = keys) => ({
    bus: BUS, bus_server_key: join(folder, 'roompool.pub'),
    bus_public_key: join(folder, `${role}.pub`), bus_secret_key: join(folder, `${role}.key`),
  });
  return {
    roompool: { bus: BUS, bus_secret_key: join(keys, 'roompool.key'), bus_allowed_keys: join(keys, 'allowed') },
    near: worker, far: (role) => worker(role, there),
  };
}

const FAR = 'media-1';
const NEAR = 'media-2';
// A host that stands still for a second is not lost; one that is cut off is after three.
const tell = stories({ common: { beats_missed: 12 }, roompool: { sip_lease_ms: 1000 } }, {
  supervised: false, net, signalings: 2,
  places: { roompool: near, [FAR]: far, [NEAR]: near, 'signaling-1': near, 'signaling-2': far, 'api-1': near },
  flags: async (base, dir) => {
    const keys = await keysOf(dir);
    const media = (place) => ({ bind_address: '', announce_address: ADDRESS[place], announce_loopback: false });
    const sip = (place, port) => ({ udp_listen: `${ADDRESS[place]}:${port}`, tcp_listen: '' });
    return {
      roompool: keys.roompool,
      [FAR]: { ...keys.far('media'), ...media(far) },
      [NEAR]: { ...keys.near('media'), ...media(near) },
      'signaling-1': { ...keys.near('signaling'), ...sip(near, base + 1) },
      'signaling-2': { ...keys.far('signaling'), ...sip(far, base + 1) },
      'api-1': { ...keys.near('api'), listen: '0.0.0.0' },
    };
  },
});

const isAt = (system, name) => until(`the room is at ${name}`, async () =>
  (await placeOf(system))?.media_node.startsWith(name), PATIENCE_MS, 20);
let anna;
let carla;
let ears;

// Something happens to the far host; afterwards both hear each other at the near
// one, and nobody did anything.
async function goesOn(system, what, happens) {
  await isAt(system, FAR);
  await ears.begin();
  const at = Date.now();
  await happens();
  await isAt(system, NEAR);
  const movedMs = Date.now() - at;
  await until('both have media there', async () => (await system.sql(
    "SELECT 1 FROM v_live_participants WHERE media = 'connected'")).length === 2);
  await anna.inRoom();
  await ears.again();
  const gaps = await ears.gaps();
  console.log(`${what}: at the near host after ${movedMs} ms; silence: telephone ${gaps.phone} ms, page ${gaps.page} ms`);
  for (const ms of Object.values(gaps)) assert.ok(ms < GAP_MS, `silence of ${ms} ms`);
  assert.equal(await anna.page.evaluate(() => window.clicks), 0);
  assert.ok(!carla.event('CALL_CLOSED'), 'the telephone was not hung up');
  await assertPlaces(system);
}

const isReady = (system, name) => until(`${name} is with roompool`, async () => (await system.sql(
  `SELECT 1 FROM v_workers WHERE node LIKE '${name}.%' AND state = 'up' AND life = 'ready'`)).length === 1);

// The far host sends nothing to anybody: packets of its outer interface.
const sent = async () => JSON.parse((await ip('-j', '-s', '-n', far, 'link', 'show', 'eth0')).stdout)[0].stats64.tx.packets;
const isSilent = () => until('the far host sends nothing', async () => {
  const before = await sent();
  await pause(300);
  return await sent() - before < 5; // ARP and the like; a leg sends 15
});

tell('two meet in a room of the far host', async (system) => {
  Object.assign(system, { url: `https://${ADDRESS[near]}:${system.base}`, place: users,
    ownHost: ADDRESS[users], sipHost: ADDRESS[far] });
  [anna, carla] = await Promise.all([Person.open(system, 'anna'), Phone.open(system, 'carla', { seconds: 300 })]);
  await anna.join('lobby');
  await anna.page.evaluate(() => {
    window.clicks = 0;
    addEventListener('click', () => { window.clicks++; }, true);
  });
  await carla.dial('lobby');
  // Of two that are equal, roompool takes the one whose name sorts first: the far
  // one. Where a load was measured, they may differ.
  if (!(await placeOf(system)).media_node.startsWith(FAR)) await system.replace(NEAR);
  await isAt(system, FAR);
  ears = new Ears(anna, carla, { follows: true });
  await ears.both();
});

tell('its media worker is killed: the near host offers anew', async (system) => {
  await goesOn(system, 'killed', () => system.signal(FAR, 'SIGKILL'));
});

tell('the near one drains: the room goes to the far host', async (system) => {
  await system.replace(FAR);
  await isReady(system, FAR);
  await system.replace(NEAR);
  await isAt(system, FAR);
  await ears.both();
  await isReady(system, NEAR);
});

tell('the cable of the bus is cut: the near one goes on, and owns the room when it is mended', async (system) => {
  await goesOn(system, 'cut', () => ip('-n', far, 'link', 'set', 'eth1', 'down'));
  const place = await placeOf(system);
  const events = carla.events.length;
  await ip('-n', far, 'link', 'set', 'eth1', 'up');
  await isReady(system, FAR);
  await isSilent();
  await ears.both();
  assert.deepEqual(await placeOf(system), place, 'it was not moved again');
  assert.deepEqual(carla.told(events), [], 'the telephone was told nothing');
  await assertPlaces(system);
  const [{ node }] = await system.sql('SELECT node FROM calls');
  assert.ok(node.startsWith('signaling-1.'), `its dialog is at ${node}`);
  await carla.hangup();
  await until('nobody is left but the page', async () => (await system.sql('SELECT 1 FROM calls')).length === 0
    && (await system.sql('SELECT 1 FROM v_live_participants')).length === 1);
  await Promise.all([anna.close(), carla.close()]);
});
