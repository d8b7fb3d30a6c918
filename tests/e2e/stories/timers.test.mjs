// How long a room goes on without a host, or with one participant: told to the
// published client library with its codes, and to telephones by hanging up.

import assert from 'node:assert/strict';
import { Person } from '../lib/browser.mjs';
import { Member } from '../lib/member.mjs';
import { Phone } from '../lib/phone.mjs';
import { stories } from '../lib/story.mjs';
import { until } from '../lib/wait.mjs';

const tell = stories({ roompool: { waiting_s: 6, guests_only_s: 1, last_participant_s: 1 } });
const ROOM = 'clinic';
const GUEST = { pin: '2468' };
const HOST = { pin: '13579' };
let carla; // host
let dan; // guest
let eve; // guest

const endOf = async (member, reasons) =>
  (await until(`${member.name}'s end`, async () => {
    const told = await member.told('onDisconnected');
    return told.length >= reasons && told;
  })).at(-1);

tell('no host comes in time', async (system) => {
  const browser = await Person.open(system, 'dan');
  [carla, dan, eve] = await Promise.all(['Carla', 'Dan', 'Eve'].map(
    (name) => Member.open(browser, name)));
  const phone = await Phone.open(system, 'gina');
  await dan.join(ROOM, GUEST);
  await phone.dial(ROOM);
  await until('the prompt is heard', async () =>
    (await phone.heard()).samples.some((sample) => Math.abs(sample) > 0.05));
  for (const digit of '2468#') await phone.key(digit);
  assert.deepEqual(await endOf(dan, 1), {
    error: 'Timeout waiting for conference host to join or permit access to locked conference',
    errorCode: '#pex126',
  });
  await phone.closed();
  await until('nobody is left', async () => (await system.sql(
    'select count(*) as n from v_live_participants'))[0].n === 0);
});

tell('the hosts leave: the guests are sent home', async () => {
  await carla.join(ROOM, HOST);
  await carla.signal('onCallConnected');
  await dan.join(ROOM, GUEST);
  await eve.join(ROOM, GUEST, { media: false });
  await eve.sees(dan.uuid, 'both', (one) => one?.serviceType === 'conference');
  await carla.ask('disconnect', { reason: 'User initiated disconnect' });
  for (const [member, reasons] of [[dan, 2], [eve, 1]]) {
    assert.deepEqual(await endOf(member, reasons), {
      error: 'All conference hosts departed hosted conference', errorCode: '#pex141' });
  }
});

tell('the last one does not stay alone', async () => {
  const before = (await carla.told('onCallConnected')).length;
  await carla.join(ROOM, HOST);
  await until('she is connected again', async () => (await carla.told('onCallConnected')).length > before);
  await dan.join(ROOM, GUEST);
  await carla.sees(dan.uuid, 'him', (one) => one?.serviceType === 'conference');
  await dan.ask('disconnect', { reason: 'User initiated disconnect' });
  assert.deepEqual(await endOf(carla, 1), {
    error: 'Last remaining participant removed from conference after timeout',
    errorCode: '#pex142',
  });
  for (const one of [carla, dan, eve]) assert.deepEqual(one.console, [], 'nothing uncaught');
});
