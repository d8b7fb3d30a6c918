// kill -9 of roompool during a hundred parallel check-outs, again and again: no
// room is given to two, each asker's repeat gives the same, none is lost.

import assert from 'node:assert/strict';
import { counts, crowd } from '../lib/crowd.mjs';
import { stories } from '../lib/story.mjs';
import { PATIENCE_MS, until } from '../lib/wait.mjs';

const TARGET = 20;
const CROWD = 100;
const ROUNDS = 6;
const tell = stories({
  roompool: {
    pool_target: TARGET, pool_fill_per_s: 100, pool_max_rooms: 1000, max_rooms: 2000,
    pool_sweep_s: 1, pool_key_s: 3600,
  },
}, { supervised: false });

tell('a hundred at once, and roompool killed meanwhile', async (system) => {
  const names = new Set();
  for (let round = 1; round <= ROUNDS; round++) {
    const headers = { Authorization: `Bearer ${await system.token({ scope: 'rooms' })}` };
    const before = (await counts(system)).reserved;
    const all = crowd(system, headers, CROWD, round * CROWD);
    const least = before + Math.floor(CROWD * round / (ROUNDS + 1));
    await until('some are taken', async () => (await counts(system)).reserved >= least, PATIENCE_MS, 1);
    await system.kill('roompool');
    const rooms = await all;
    rooms.forEach((room) => names.add(room.name));
    assert.equal(names.size, round * CROWD);
    const again = await crowd(system, headers, CROWD, round * CROWD);
    assert.deepEqual(again.map((room) => room.name), rooms.map((room) => room.name));
    await until('the pool is full, and no room is nobody\'s', async () => {
      const now = await counts(system);
      const [{ n }] = await system.sql("select count(*) as n from rooms where source = 'pool'");
      return now.free === TARGET && now.reserved === round * CROWD && n === now.free + now.reserved;
    });
  }
});
