// play.mjs - the users' side of deploy.mjs, inside their namespace: opens a page
// and a telephone, plays the rounds, prints what they cost.
//
// Environment: PARLEY_DEPLOY, what deploy.mjs tells (JSON).

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Person } from '../e2e/lib/browser.mjs';
import { Ears } from '../e2e/lib/ears.mjs';
import { Phone } from '../e2e/lib/phone.mjs';
import { until } from '../e2e/lib/wait.mjs';
import { Engine } from './lib/engine.mjs';
import { Load } from './lib/load.mjs';
import { assertOneOwner, leftovers } from './lib/proof.mjs';
import { plan, random, step } from './lib/rounds.mjs';
import { assertLeast } from './lib/secrets.mjs';
import { Site, SERVICES } from './lib/site.mjs';

const told = JSON.parse(process.env.PARLEY_DEPLOY);
const say = (text) => console.log(`${new Date().toISOString().slice(11, 23)} ${text}`);
const SPEECH_S = 600;

// Rooms by any name and room for all, for the load; and the engine looks at
// health more often.
async function override(site) {
  const path = join(told.dir, 'test.yml');
  const healthcheck = { interval: '1s' };
  // A measurement of what is lost, not of what fits into this machine; and who stands
  // still for a while is not gone: the end of a process is told by its connection.
  const services = Object.fromEntries(Object.entries({
    roompool: { PARLEY_ROOMPOOL_CREATE_ROOMS: 'on-join' },
    'media-worker': { PARLEY_MEDIA_BUDGET_PERMILLE: '0' },
    'signaling-worker': { PARLEY_SIGNALING_OVERLOAD_TARGET_MS: '0' },
    'api-frontend': {},
  }).map(([name, more]) => [name, { healthcheck, environment: { PARLEY_COMMON_BEATS_MISSED: '40', ...more } }]));
  services.haproxy = { healthcheck };
  await writeFile(path, JSON.stringify({ services }));
  site.overrides = ['-f', path];
}

async function up(site) {
  site.base = told.scale;
  const at = Date.now();
  await site.scale(site.base);
  await site.healthy();
  await until('the platform answers through HAProxy', () => site.readyz());
  say(`up and healthy in ${Date.now() - at} ms: ${JSON.stringify(site.scales)}`);
  say(`${await assertLeast(site, SERVICES)} secrets: each container can read its own only`);
}

const present = async (site) => (await site.sql('SELECT count(*) AS n FROM v_live_participants'))[0].n;

// A round of a seed: everybody comes, everything happens, everybody goes.
async function round(site, seed, table) {
  const draw = random(seed);
  const person = await Person.open(site, 'anna');
  const phone = await Phone.open(site, 'carla', { seconds: SPEECH_S });
  const others = new Load(told.participants - 2, told.loadSeconds, `load${seed}`);
  try {
    await person.join('lobby');
    await phone.dial('lobby');
    const ears = new Ears(person, phone);
    await ears.both(30000);
    await others.begin(() => present(site));
    say(`seed ${seed}: ${await present(site)} participants`);
    for (const name of plan(draw, told.steps)) {
      const at = Date.now();
      const { what, gaps } = await step(site, name, draw, { ears, person, phone });
      table.push({ seed, name, ...gaps });
      say(`  ${name.padEnd(24)} ${String(what ?? '').padEnd(28)} telephone ${gaps.phone} ms, page ${gaps.page} ms silent;`
        + ` well again after ${((Date.now() - at) / 1000).toFixed(1)} s`);
    }
    for (const result of await others.results()) say(`  load by ${result}`);
    await phone.hangup();
    await phone.closed();
    await person.page.click('#leave');
    await until('both have left', async () => (await site.sql(
      "SELECT 1 FROM v_live_participants WHERE room = 'lobby'")).length === 0, 30000);
  } finally {
    others.close();
    await site.close();
  }
}

async function settled(site) {
  let left = [];
  await until('nothing is left behind', async () => {
    left = await leftovers(site);
    return left.length === 0;
  }, 60000, 500).catch((error) => {
    error.message += `: ${left.join(', ')}`;
    throw error;
  });
  await site.healthy();
}

function show(table) {
  const value = (list, p) => {
    const sorted = list.filter((x) => !Number.isNaN(x)).sort((a, b) => a - b);
    return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] : '-';
  };
  console.log('\nsilence in ms (median, worst; again: had to be offered anew)');
  console.log(`${'step'.padEnd(24)} ${'n'.padStart(4)} ${'telephone'.padStart(14)} ${'page'.padStart(14)} ${'again'.padStart(6)}`);
  for (const name of new Set(table.map((row) => row.name))) {
    const rows = table.filter((row) => row.name === name);
    const both = (key) => {
      const list = rows.map((row) => row[key]);
      return `${value(list, 0.5)}, ${value(list, 1)}`.padStart(14);
    };
    const again = rows.filter((row) => Number.isNaN(row.phone) || Number.isNaN(row.page)).length;
    console.log(`${name.padEnd(24)} ${String(rows.length).padStart(4)} ${both('phone')} ${both('page')} ${String(again).padStart(6)}`);
  }
}

const engine = Engine.of(told.engine);
const site = new Site(engine, told.dir);
const table = [];
let failed = 0;
try {
  await override(site);
  await up(site);
  for (const seed of told.seeds) {
    await round(site, seed, table);
    await settled(site);
    const placed = assertOneOwner(await site.logOf('roompool'));
    say(`seed ${seed}: well; ${placed} placements so far, each in an epoch of its own`);
  }
} catch (error) {
  failed = 1;
  console.error(error);
  await site.saveLogs(told.logs).catch(() => {});
  console.error(`logs of all containers: ${told.logs}`);
} finally {
  await site.close();
}
if (table.length) show(table);
assert.ok(told.seeds.length);
console.log(`\n${table.length} steps, ${told.seeds.length} seeds: ${failed ? 'FAILED' : 'passed'}`);
process.exit(failed);
