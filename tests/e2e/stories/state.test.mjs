// The state can be read while all runs, and says who is where.

import assert from 'node:assert/strict';
import { Person } from '../lib/browser.mjs';
import { Phone } from '../lib/phone.mjs';
import { stories } from '../lib/story.mjs';
import { until } from '../lib/wait.mjs';

const tell = stories();

tell('v_live_participants tells who is where, and reading disturbs nothing', async (system) => {
  const anna = await Person.open(system, 'anna', { recorder: false });
  const carla = await Phone.open(system, 'carla');
  await anna.join('lobby');
  // A reader that never stops while people come and go.
  let reading = true;
  let reads = 0;
  const reader = (async () => {
    while (reading) {
      await system.sql('select * from v_live_participants, v_workers');
      reads++;
    }
  })();
  await carla.dial('lobby');
  await until('both are in the view, with all that is known of them', async () => {
    const all = await system.sql('select * from v_live_participants');
    const text = JSON.stringify(all);
    return all.length === 2 && ['lobby', 'page', 'telephone', 'anna', 'opus'].every((word) => text.includes(word));
  });
  await until('it was read some times', () => reads > 3);
  await carla.hangup();
  await until('the view follows', async () =>
    (await system.sql('select * from v_live_participants')).length === 1);
  reading = false;
  await reader;
  for (const view of ['v_live_conferences', 'v_workers', 'v_call_records']) {
    await until(`${view} has rows`, async () => (await system.sql(`select * from ${view}`)).length > 0);
  }
});

tell('the pages and probes of an installation', async (system) => {
  for (const [path, pattern] of [['/healthz', /./], ['/readyz', /./],
    ['/metrics', /^# HELP pl_/m], ['/openapi.json', /"openapi"/], ['/', /<title>Parley/]]) {
    const { status, text } = await system.http('GET', path);
    assert.equal(status, 200, path);
    assert.match(text, pattern, path);
  }
  const page = await system.http('GET', '/join/lobby');
  assert.match(page.headers['content-security-policy'], /default-src/);
  assert.doesNotMatch(page.headers['content-security-policy'], /unsafe/);
});

tell('a full room, an unknown room, no microphone: the page says so', async (system) => {
  const anna = await Person.open(system, 'anna', { recorder: false });
  await anna.join('small');
  const ben = await Person.open(system, 'ben', { recorder: false });
  for (const [room, code] of [['small', 'full'], ['nowhere', 'unknown-room']]) {
    await ben.visit(room);
    await ben.fillDoor();
    await ben.page.click('#join');
    await ben.page.waitForSelector(`body[data-error=${code}]`);
    assert.ok(await ben.page.isVisible('#door-message'));
  }
  const deaf = await Person.open(system, '', { name: 'finn', recorder: false });
  await deaf.visit('lobby');
  await deaf.fillDoor();
  await deaf.page.click('#join');
  await deaf.page.waitForSelector('body[data-error^=mic]');
  await deaf.page.click('#listen-only');
  await deaf.inRoom();
});
