// wishes.test.mjs - what a page wishes while the server is away: in order, and
// nothing old beside something newer.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

const source = await readFile(new URL('../../../web/assets/wishes.js', import.meta.url));
// The page's scripts are modules; no package says so to node.
const { Wishes } = await import(`data:text/javascript;base64,${source.toString('base64')}`);

const turn = () => new Promise((resolve) => { setImmediate(resolve); });
const AWAY = { code: 'unreachable' };

// A server that hears or not, and time that passes when it is told to.
class World {
  heard = [];
  refused = [];
  pauses = [];
  isAway = true;

  wishes = new Wishes({
    isAway: (error) => error === AWAY,
    refused: (error, subject) => this.refused.push([subject, error.code]),
    wait: (ms) => new Promise((resolve) => { this.pauses.push({ ms, resolve }); }),
  });

  wish(subject, what) {
    this.wishes.make(subject, async () => {
      if (this.isAway) throw AWAY;
      this.heard.push(what);
    });
  }

  async pass() {
    for (const { resolve } of this.pauses.splice(0)) resolve();
    await turn();
  }
}

test('a wish is repeated until it is heard, and then no more', async () => {
  const world = new World();
  world.wish('lock', 'on');
  await turn();
  await world.pass();
  assert.deepEqual(world.heard, []);
  world.isAway = false;
  await world.pass();
  await world.pass();
  assert.deepEqual(world.heard, ['on']);
  assert.deepEqual(world.refused, []);
});

test('an old wish is not repeated beside a newer one', async () => {
  const world = new World();
  world.wish('lock', 'on');
  await turn();
  world.isAway = false; // back, or another seat was taken
  world.wish('lock', 'off');
  await turn();
  assert.deepEqual(world.heard, ['off']); // it did not wait for the old one's pause
  await world.pass();
  assert.deepEqual(world.heard, ['off']);
});

test('what is under way does not overtake what comes later', async () => {
  const world = new World();
  let answer;
  world.isAway = false;
  world.wishes.make('self', () => new Promise((resolve, reject) => {
    world.heard.push('muted');
    answer = reject;
  }));
  await turn();
  world.wish('self', 'unmuted');
  await turn();
  assert.deepEqual(world.heard, ['muted']);
  answer(AWAY);
  await turn();
  assert.deepEqual(world.heard, ['muted', 'unmuted']);
  assert.deepEqual(world.refused, []); // nobody wants the first one any more
});

test('wishes of several things keep their order', async () => {
  const world = new World();
  world.wish('guests', 'all muted');
  world.wish('mute anna', 'anna speaks');
  await turn();
  world.isAway = false;
  await world.pass();
  assert.deepEqual(world.heard, ['all muted', 'anna speaks']);
});

test('a refusal is told, and the next one goes on', async () => {
  const world = new World();
  world.isAway = false;
  world.wishes.make('lock', async () => { throw { code: 'not-host' }; });
  world.wish('guests', 'all muted');
  await turn();
  assert.deepEqual(world.refused, [['lock', 'not-host']]);
  assert.deepEqual(world.heard, ['all muted']);
});

test('a server that stays away is given up', async () => {
  const world = new World();
  world.wish('lock', 'on');
  await turn();
  for (let i = 0; i < 10; i++) await world.pass();
  assert.deepEqual(world.refused, [['lock', 'unreachable']]);
  assert.equal(world.pauses.length, 0);
});

test('nothing of one room is wished in the next', async () => {
  const world = new World();
  world.wish('end', 'ended for all');
  await turn();
  world.wishes.forget();
  world.isAway = false;
  await world.pass();
  await turn();
  assert.deepEqual(world.heard, []);
  assert.deepEqual(world.refused, []);
  world.wish('lock', 'on');
  await turn();
  assert.deepEqual(world.heard, ['on']);
});
