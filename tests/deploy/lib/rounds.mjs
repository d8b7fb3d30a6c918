// rounds.mjs - what happens to the containers in a round, in an order that a seed
// draws, and what must be true after each step.

import assert from 'node:assert/strict';
import { until } from '../../e2e/lib/wait.mjs';
import { assertKept, conferences } from './proof.mjs';
import { WORKERS } from './site.mjs';

// A small generator of numbers, so that a seed means the same everywhere (mulberry32).
export function random(seed) {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = state;
    x = Math.imul(x ^ (x >>> 15), x | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) % n;
  };
}

function shuffled(list, draw) {
  const out = [...list];
  for (let i = out.length - 1; i > 0; i--) {
    const j = draw(i + 1);
    [out[i], out[j]] = [out[j], out[i]];
  }
  return out;
}

// The container that matters to who listens: it has their room, or their call.
async function holder(site, service, draw) {
  if (service === 'media-worker') {
    const [{ node }] = await site.sql(`SELECT c.media_node AS node FROM conferences c
      JOIN participants p USING (conf_id) WHERE p.display_name = 'anna' AND c.media_node IS NOT NULL
      ORDER BY c.epoch DESC LIMIT 1`);
    return site.containerOf(service, node);
  }
  if (service === 'signaling-worker') {
    const [{ node }] = await site.sql("SELECT node FROM calls WHERE participant_id IN"
      + " (SELECT participant_id FROM participants WHERE display_name LIKE '%carla%') LIMIT 1");
    return site.containerOf(service, node);
  }
  const all = await site.containers(service);
  return all[draw(all.length)];
}

async function crash(site, service, draw) {
  const container = await holder(site, service, draw);
  await site.engine.crash(container.id);
  await until(`${container.name} is started again`, async () => {
    const now = (await site.containers(service)).find(({ id }) => id === container.id);
    return now.running && now.restarts > container.restarts;
  }, 60000, 100);
  return container.name;
}

// As an operator: docker stops one (SIGTERM, then the time of stop_grace_period),
// and starts it again. It must have ended by itself, with 0.
async function drain(site, service, draw) {
  const container = await holder(site, service, draw);
  await site.engine.docker('stop', '-t', '30', container.id);
  const code = (await site.engine.docker('inspect', '--format', '{{.State.ExitCode}}', container.id)).trim();
  assert.equal(code, '0', `${container.name} was drained: exit code`);
  await site.engine.docker('start', container.id);
  return container.name;
}

const bigger = (scale) => Object.fromEntries(WORKERS.map((name) => [name, scale[name] + 1]));

export const STEPS = {
  'scale up': async (site) => site.scale(bigger(site.base)),
  'scale down': async (site) => {
    await site.archive();
    await site.scale(site.base);
  },
  'drain media-worker': (site, draw) => drain(site, 'media-worker', draw),
  'drain signaling-worker': (site, draw) => drain(site, 'signaling-worker', draw),
  'drain api-frontend': (site, draw) => drain(site, 'api-frontend', draw),
  'kill media-worker': (site, draw) => crash(site, 'media-worker', draw),
  'kill signaling-worker': (site, draw) => crash(site, 'signaling-worker', draw),
  'kill api-frontend': (site, draw) => crash(site, 'api-frontend', draw),
  'kill roompool': (site, draw) => crash(site, 'roompool', draw),
  'kill haproxy': (site, draw) => crash(site, 'haproxy', draw),
};

// All steps in the seed's order; `scale down` comes after `scale up`.
export function plan(draw, names = Object.keys(STEPS)) {
  const order = shuffled(names, draw);
  const up = order.indexOf('scale up');
  const down = order.indexOf('scale down');
  if (up > down && down >= 0) [order[up], order[down]] = [order[down], order[up]];
  return order;
}

// One step; gives the gaps that it cost, in ms.
export async function step(site, name, draw, { ears, person, phone }) {
  const before = await conferences(site);
  const rosterBefore = (await person.roster()).length;
  await ears.begin();
  const what = await STEPS[name](site, draw);
  await until(`the page is linked and has media after ${name}`, async () => {
    const state = await person.state();
    return state.phase === 'room' && state.media === 'connected' && state.link === 'open';
  }, 40000).catch(async (error) => {
    error.message += `: ${JSON.stringify(await person.state())} ${person.console.slice(-8).join(' | ')}`;
    throw error;
  });
  await until('the telephone hears the page', () => ears.phoneHears(), 40000, 100);
  await until('all calls are at workers that live', async () => (await site.sql(
    "SELECT 1 FROM calls WHERE node NOT IN (SELECT node FROM workers WHERE state = 'up')")).length === 0, 30000, 200);
  await site.healthy();
  const gaps = await ears.gaps();
  await ears.both();
  assert.ok(!phone.event('CALL_CLOSED'), `${name}: the telephone's call was ended`);
  await until(`the page has its roster again after ${name}`, async () => (await person.roster()).length === rosterBefore);
  await assertKept(site, before, name);
  return { what, gaps };
}
