// placements.mjs - where the live conference is, and that it had one owner at a time.

import assert from 'node:assert/strict';

export const placeOf = async (system) =>
  (await system.sql("SELECT media_node, epoch FROM conferences WHERE state = 'live'"))[0];

// Epochs only rise; each is one worker's.
export async function assertPlaces(system) {
  const places = await system.sql('SELECT epoch, node FROM placements ORDER BY rowid');
  assert.deepEqual(places.map(({ epoch }) => epoch), [...new Set(places.map(({ epoch }) => epoch))].sort((a, b) => a - b));
  const { media_node: node, epoch } = await placeOf(system);
  assert.deepEqual(places.at(-1), { epoch, node });
}
