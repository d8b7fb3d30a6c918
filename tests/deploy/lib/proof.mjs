// proof.mjs - what must be true of the state whatever was killed: what the
// database and the logs say about conferences and who owns them.

import assert from 'node:assert/strict';

// Every placement of a conference is in a later epoch than the one before, and
// no epoch is given twice: two workers never own a conference at one time.
export function placements(log) {
  return [...log.matchAll(/conference_placed.*?conf=(\S+) what="(\S+) epoch (\d+)"/g)]
    .map(([, conf, node, epoch]) => ({ conf, node, epoch: Number(epoch) }));
}

export function assertOneOwner(log) {
  const placed = placements(log);
  const last = new Map();
  const seen = new Map();
  for (const { conf, node, epoch } of placed) {
    assert.ok(epoch > (last.get(conf) ?? 0), `conference ${conf}: epoch ${epoch} (${node}) after ${last.get(conf)}`);
    last.set(conf, epoch);
    assert.equal(seen.get(epoch), undefined, `epoch ${epoch} of ${conf} was given to ${seen.get(epoch)}`);
    seen.set(epoch, conf);
  }
  return placed.length;
}

export const conferences = async (site) =>
  (await site.sql('SELECT conf_id FROM conferences')).map(({ conf_id: id }) => id);

// Conferences that were there before are there, or are recorded as ended.
export async function assertKept(site, before, what) {
  const rows = await site.sql('SELECT conf_id FROM conferences UNION SELECT conf_id FROM conference_records');
  const known = new Set(rows.map(({ conf_id: id }) => id));
  const lost = before.filter((id) => !known.has(id));
  assert.deepEqual(lost, [], `${what}: conferences lost`);
}

// What is left though nobody is there any more.
export async function leftovers(site) {
  const left = [];
  for (const table of ['v_live_participants', 'v_live_conferences', 'calls', 'dialogs']) {
    const [{ n }] = await site.sql(`SELECT count(*) AS n FROM ${table}`);
    if (n) left.push(`${n} rows in ${table}`);
  }
  for (const row of await site.sql("SELECT node, rooms, legs FROM v_workers WHERE state = 'up' AND (rooms > 0 OR legs > 0)")) {
    left.push(`${row.node} has ${row.rooms} rooms and ${row.legs} legs`);
  }
  return left;
}
