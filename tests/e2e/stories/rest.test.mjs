// Driven over REST: token, session, events, conference, invitations by SIP
// address and by user, leave, remove, end.

import assert from 'node:assert/strict';
import { complaints, untilSteady } from '../lib/audio.mjs';
import { Person } from '../lib/browser.mjs';
import { hears, latest } from '../lib/ears.mjs';
import { Phone } from '../lib/phone.mjs';
import { openProgram, recordProgram } from '../lib/rest.mjs';
import { stories } from '../lib/story.mjs';
import { pause, until } from '../lib/wait.mjs';

const LISTEN_S = 2; // short: one without a stutter is sooner found
const tell = stories();

async function program(system, voice, base, user) {
  const person = await Person.open(system, voice);
  await openProgram(person);
  const token = await system.token();
  const made = await person.page.evaluate(
    ([t, b, u]) => window.rest.open(t, b, u), [token, base, user]);
  assert.ok(made.location.startsWith(`${base}/sessions/`), made.location);
  assert.ok(Number(made.expires) > 0, 'x-expires is a number');
  return person;
}

const call = (person, method, path, options) => person.page.evaluate(
  ([m, p, o]) => window.rest.call(m, p, o), [method, path, options ?? {}]);
const event = (person, state) => person.page.evaluate((s) => window.rest.event(s), state);

for (const base of ['', '/RTC/v1']) {
  const dialect = base ? 'the SDK spelling' : 'the bare spelling';
  tell(`a conference over ${dialect}: host, telephone and user`, async (system) => {
    const anna = await program(system, 'anna', base, `anna${base ? 1 : 0}`);
    const ben = await program(system, 'ben', base, `ben${base ? 1 : 0}`);
    const carla = await Phone.open(system, base ? 'dan' : 'carla');

    const made = await anna.page.evaluate(() => window.rest.host());
    assert.equal(made.status, base ? 201 : 202);
    const conference = made.location;

    const dialled = await call(anna, 'PUT', `${conference}/participants/${carla.address}`);
    assert.equal(dialled.status, 204, dialled.text);
    assert.equal(dialled.state, 'add-pending');
    await carla.established();
    const joined = await event(anna, base ? 'mod-terminated' : 'session-open');
    if (base) assert.equal(joined.modId, dialled.modId);

    const rung = await call(anna, 'PUT',
      `${conference}/participants/sip:ben${base ? 1 : 0}@localhost`);
    assert.equal(rung.status, 204, rung.text);
    const { answered } = await ben.page.evaluate(() => window.rest.answer());
    assert.equal(answered.status, 204, answered.text);
    await event(ben, 'session-open');

    const ears = [anna, ben, carla];
    const others = (ear) => ears.filter((other) => other !== ear).map(({ voice }) => voice);
    await Promise.all([recordProgram(anna), recordProgram(ben)]);
    await Promise.all(ears.map((ear) => hears(ear, ...others(ear))));
    await until('the telephone has heard enough', async () => (await carla.heard()).seconds > LISTEN_S);
    const bad = await untilSteady(async () => {
      await pause(LISTEN_S * 1000); // the length of what is judged
      const heard = await Promise.all(ears.map((ear) => latest(ear, LISTEN_S)));
      return ears.flatMap((ear, i) => complaints(heard[i], {
        others: others(ear), own: [ear.voice], minSeconds: LISTEN_S - 0.5,
      }).map((text) => `${ear.voice}: ${text}`));
    });
    assert.deepEqual(bad, []);
    await Promise.all([anna.stopRecording(), ben.stopRecording()]);

    // Remove the telephone, ben leaves, the host ends.
    const removed = await call(anna, 'DELETE', `${conference}/participants/${carla.address}`);
    assert.ok(removed.status < 300, removed.text);
    assert.equal(removed.state, 'remove-pending');
    await carla.closed();

    const bensConference = conference.replace(/\/sessions\/[^/]+/,
      (await ben.page.evaluate(() => window.rest.session)).replace(base, ''));
    const left = await call(ben, 'DELETE', bensConference,
      { headers: { 'x-delete-reason': 'terminate' } });
    assert.equal(left.status, 200, left.text);
    await event(ben, 'session-terminated');

    const ended = await call(anna, 'DELETE', conference,
      { headers: { 'x-delete-reason': 'terminate' } });
    assert.equal(ended.status, 200, ended.text);
    await event(anna, 'session-terminated');
    await until('nobody is left', async () =>
      (await system.sql('select * from v_live_participants where conf_id = '
        + `'${conference.split('/').at(-1)}'`)).length === 0);
    await Promise.all([anna.close(), ben.close(), carla.close()]);
  });
}

tell('a telephone that rejects, and one that nobody can dial', async (system) => {
  const eve = await program(system, 'eve', '/RTC/v1', 'eve');
  const made = await eve.page.evaluate(() => window.rest.host());
  const gina = await Phone.open(system, 'gina', { answer: 'manual' });
  const dialled = await call(eve, 'PUT', `${made.location}/participants/${gina.address}`);
  assert.equal(dialled.status, 204, dialled.text);
  await until('it rings', () => gina.event('CALL_INCOMING'));
  await gina.hangup();
  const rejected = await event(eve, 'mod-terminated');
  assert.equal(rejected.modId, dialled.modId);
  assert.notEqual(rejected.reason, 'success');

  const nobody = await call(eve, 'PUT', `${made.location}/participants/null`);
  assert.ok(nobody.status === 400 || nobody.status === 204, String(nobody.status));
});

tell('what a stranger gets', async (system) => {
  const none = await system.http('POST', '/sessions', { body: { session: {} } });
  assert.equal(none.status, 401);
  const forged = await system.http('POST', '/sessions', {
    headers: { Authorization: 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.' }, body: { session: {} },
  });
  assert.equal(forged.status, 401);
  const token = await system.token();
  const missing = await system.http('GET', '/sessions/nope/events', {
    headers: { Authorization: `Bearer ${token}` } });
  assert.equal(missing.status, 404);
});
