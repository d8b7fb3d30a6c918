// A telephone puts its party through to another, by REFER, without asking first.
// That one has its place then: it is heard, and hangs up.

import assert from 'node:assert/strict';
import { hears } from '../lib/ears.mjs';
import { NEW, sdkStories } from '../lib/sdk/stand.mjs';
import { until } from '../lib/wait.mjs';

const tell = sdkStories({});

tell('a telephone puts its caller through to another', async (stand, system) => {
  const anna = await stand.login('anna', NEW, 'anna');
  const dan = await stand.phone('dan');
  const eve = await stand.phone('eve', { answer: 'manual' });
  await anna.dial(dan.number);
  await anna.event('call:connected');
  await hears(anna, 'dan');
  await dan.command('transfer', eve.address);
  await until('eve rings', () => eve.event('CALL_INCOMING'));
  assert.ok(!dan.event('CALL_CLOSED'), 'until she answers all is as before');
  await eve.command('accept');
  await eve.established();
  await dan.closed();
  await hears(anna, 'eve');
  await hears(eve, 'anna');
  await until('dan has left', async () => {
    const names = (await system.sql("SELECT display_name AS name FROM participants "
      + "WHERE state = 'active' ORDER BY name")).map(({ name }) => name);
    assert.deepEqual(names, ['anna', 'eve'], names.join());
    return true;
  });
  await eve.hangup();
  await anna.event('call:disconnected');
});
