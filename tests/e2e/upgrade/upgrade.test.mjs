// Processes of an older build beside those of this one, under a call: upgraded
// one by one with roompool first (as docs/upgrade.md says) or last, and back.
//
// usage: PARLEY_OLD_BIN=<older build>/bin PARLEY_BIN=<build>/bin node --test upgrade.test.mjs

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VOICES } from '../lib/audio.mjs';
import { Person } from '../lib/browser.mjs';
import { Phone } from '../lib/phone.mjs';
import { System, tellLogs } from '../lib/system.mjs';
import { until } from '../lib/wait.mjs';

const OLD = process.env.PARLEY_OLD_BIN;
const WORKERS = ['media-1', 'media-2', 'signaling-1', 'signaling-2', 'api-1', 'api-2'];

const live = (system) => system.sql('select name from v_live_participants');

async function hears(phone, voice, after = 0) {
  await until(`${phone.voice} hears ${voice}`, async () => {
    const heard = await phone.heard();
    return heard.seconds > after + 1 && heard.slice(heard.seconds - 0.5).level(VOICES[voice]) > 0.03;
  }, 20000);
}

// Everybody is there, hears who speaks, and nobody had to be dialled again.
async function goesOn(system, { carla, anna }, what) {
  await until(`${what}: both are there`, async () => (await live(system)).length === 2);
  await hears(carla, 'anna', (await carla.heard()).seconds);
  assert.ok(!carla.event('CALL_CLOSED'), `${what}: the telephone was not hung up`);
  await until(`${what}: the page is open`, async () => (await anna.state()).link === 'open');
  console.log(`${what}: goes on`);
}

async function comeAndGo(system, what) {
  const dan = await Phone.open(system, `dan`);
  await dan.dial('echo');
  await hears(dan, 'dan');
  await dan.hangup();
  await until(`${what}: he has left`, async () => (await live(system)).length === 2);
  await dan.close();
}

async function begin(bins) {
  const system = await System.start({ roompool: { sip_lease_ms: 3000 } },
    { signalings: 2, frontends: 2, supervised: false, bins });
  const [anna, carla] = await Promise.all([Person.open(system, 'anna'), Phone.open(system, 'carla')]);
  await anna.join('lobby');
  await carla.dial('lobby');
  await hears(carla, 'anna');
  return { system, anna, carla };
}

const olds = (nodes) => Object.fromEntries(nodes.map((node) => [node, OLD]));

async function play(fn, bins) {
  const here = await begin(bins);
  try {
    await fn(here);
  } catch (error) {
    await tellLogs(here.system);
    throw error;
  } finally {
    await here.anna.close();
    await here.system.stop();
  }
}

// The media worker that has the room.
const owner = async (system) =>
  (await system.sql("select media_worker from v_live_conferences where room = 'lobby'"))[0].media_worker.split('.')[0];

const upgrade = (name, order) => test(name, { skip: !OLD, timeout: 240000 }, () => play(async (here) => {
  for (const node of order) {
    // The builds before 2026-11-21 end a signaling worker's calls when they are told to end.
    const how = node.startsWith('signaling') ? 'SIGKILL' : 'SIGTERM';
    await here.system.replace(node, undefined, { how });
    await goesOn(here.system, here, `${node} is new`);
    await comeAndGo(here.system, node);
  }
}, olds(['roompool', ...WORKERS])));

upgrade('roompool first, then the workers', ['roompool', ...WORKERS]);
upgrade('the workers first, then roompool', [...WORKERS, 'roompool']);

test('back: the workers of a new roompool are the older ones again', { skip: !OLD, timeout: 240000 },
  () => play(async (here) => {
    for (const node of WORKERS) {
      // A sibling may go on at its port, and the older build knows one port only.
      const more = node.startsWith('media')
        ? [`--webrtc_port=${here.system.base + 10 + Number(node.at(-1))}`] : [];
      await here.system.replace(node, OLD, { more });
      await goesOn(here.system, here, `${node} is old again`);
      await comeAndGo(here.system, node);
    }
  }, {}));

test('an older media worker is lost beside a new one: its room is offered anew', { skip: !OLD, timeout: 120000 },
  () => play(async (here) => {
    const lost = await owner(here.system);
    await here.system.signal(lost, 'SIGKILL');
    await until('it is elsewhere', async () => (await owner(here.system)) !== lost);
    await goesOn(here.system, here, `${lost} was killed`);
  }, olds(['media-1', 'media-2'])));

test('a new media worker is lost beside an older one', { skip: !OLD, timeout: 120000 },
  () => play(async (here) => {
    const first = await owner(here.system);
    const other = first === 'media-1' ? 'media-2' : 'media-1';
    await here.system.replace(other, OLD);
    await here.system.signal(first, 'SIGKILL');
    await until('it is elsewhere', async () => (await owner(here.system)) !== first);
    await goesOn(here.system, here, `${first} was killed`);
  }, {}));
