// crowd.mjs - applications that take rooms all at once, each until it has one.

import assert from 'node:assert/strict';
import { until } from './wait.mjs';

// A room for client `name`, who asks with a key of its own again and again.
export function persist(system, headers, name) {
  return until(`client ${name} gets a room`, async () => {
    const { status, json } = await system.http('POST', `/room/create?uuiData=${name},1`,
      { headers: { ...headers, 'Idempotency-Key': `crowd-${name}` }, timeoutMs: 10000 });
    assert.ok(status === 200 || status === 503, `status ${status}`);
    return status === 200 && json;
  }, 60000, 200);
}

// n of them; resolves with their rooms.
export const crowd = (system, headers, n, first = 0) => Promise.all(
  Array.from({ length: n }, (_, i) => persist(system, headers, first + i)));

export const counts = async (system) => Object.fromEntries(
  (await system.sql('select state, rooms from v_pool')).map((row) => [row.state, row.rooms]));

export const fills = (system, target) => until('the pool is full', async () =>
  (await counts(system)).free === target);
