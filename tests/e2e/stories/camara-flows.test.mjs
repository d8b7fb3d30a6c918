// The flows of the device APIs, end to end: an application in a browser that
// registers, calls and is called through a telephone network of its own
// (Kamailio, registrar with digest), told of everything through the relay.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after } from 'node:test';
import { makeVoice, muLaw, VOICES } from '../lib/audio.mjs';
import { Person } from '../lib/browser.mjs';
import { Device } from '../lib/device.mjs';
import { hears, hearsWell } from '../lib/ears.mjs';
import { Flow } from '../lib/flow.mjs';
import { Management } from '../lib/management.mjs';
import { awaitSipp } from '../lib/sipp.mjs';
import { stories } from '../lib/story.mjs';
import { Telco } from '../lib/telco.mjs';
import { until } from '../lib/wait.mjs';

const MIA = '+493055501'; // an account at the registrar
const TOM = '+493077701'; // of a range that is routed to us
const [BEN, EVE] = ['+493011101', '+493011102']; // telephones that register
const DAN = '+493022201'; // one behind a network that speaks first

const telco = await Telco.prepare({ accounts: [MIA], trunk: '+4930777', phones: [BEN, EVE], fixed: DAN });
const tell = stories((base, dir) => telco.settings(base, dir));
after(() => telco.stop());

async function open(system, voice, number) {
  const token = await telco.oidc.userToken(number);
  return Device.open(system, voice, { base: telco.recorder.url, token, number });
}

const bindings = (number) => telco.network.contacts(number);

let mia;
let tom;
let ben;
let flow;

tell('4.1: a device has its events told through the relay', async (system) => {
  ben = await telco.phone(system, 'ben', BEN, { answer: 'manual' });
  const begun = Date.now();
  mia = await open(system, 'anna', MIA);
  flow = new Flow(telco, mia, [ben.sipPort, telco.fixedPort], begun);
  await mia.listenForCalls();
  await flow.draw('4.1', 'Subscription for call-related events');
});

tell('4.2: it registers; the registrar knows it', async () => {
  await mia.register();
  assert.equal(mia.registration.regInfo.phoneNumber, MIA);
  assert.equal((await bindings(MIA)).length, 1);
  await flow.draw('4.2', 'Registration and expiration subscription');
});

tell('4.3: it calls: the network is heard before the answer, then it hangs up', async (system) => {
  await writeFile(join(system.dir, 'early.ulaw'), muLaw(makeVoice(VOICES.dan, 8000, 4)));
  const dan = await awaitSipp(system, 'telephone', { port: telco.fixedPort });
  const id = await mia.call(`tel:${DAN}`);
  await mia.status(id, 'InProgress');
  await mia.connected(id);
  await mia.listen(id);
  await hears(mia, 'dan'); // the telephone answers after 10 s
  flow.sound('device', 'remote', 'early media is heard');
  assert.ok(!(await mia.statuses(id)).includes('Connected'), 'heard before it is answered');
  await mia.hears('dan');
  await mia.status(id, 'Connected');
  await mia.do('hangUp', id);
  await mia.status(id, 'Terminated');
  assert.deepEqual(await mia.statuses(id), ['InProgress', 'Ringing', 'Connected', 'Terminated']);
  assert.equal(await dan.done, 0);
  await flow.draw('4.3', 'Call origination and disconnection');
});

tell('4.3: it calls a telephone, which hangs up', async () => {
  const id = await mia.call(`tel:${BEN}`);
  await mia.status(id, 'Ringing');
  await ben.command('accept');
  await mia.status(id, 'Connected');
  await ben.hangup();
  await mia.status(id, 'Terminated');
  assert.deepEqual(await mia.statuses(id), ['Ringing', 'Connected', 'Terminated']);
});

tell('4.4: the telephone calls it: both are heard, the telephone hangs up', async () => {
  await flow.begin();
  const at = Date.now();
  const since = (await mia.events()).length;
  await ben.dial(MIA, { established: false });
  const id = await mia.invited(since);
  await mia.do('progress', id);
  await mia.do('status', id, 'Ringing');
  await until('ben hears it ring', () => ben.event('CALL_RINGING', at) ?? ben.event('CALL_PROGRESS', at));
  await mia.do('status', id, 'Connected');
  await ben.established(at);
  await mia.connected(id);
  await mia.listen(id);
  await Promise.all([mia.hears('ben'), hearsWell(ben, 'anna')]);
  flow.sound('device', 'remote', 'both are heard');
  await ben.hangup();
  await mia.status(id, 'Terminated');
  await flow.draw('4.4', 'Call termination and disconnection');
});

tell('two devices call each other through the network, one of a range, one of an account', async (system) => {
  tom = await open(system, 'carla', TOM);
  await tom.comeUp();
  const since = (await mia.events()).length;
  const id = await tom.call(`tel:${MIA}`);
  const theirs = await mia.invited(since);
  await mia.do('progress', theirs);
  await mia.do('status', theirs, 'Ringing');
  await tom.status(id, 'Ringing');
  await mia.do('status', theirs, 'Connected');
  await tom.status(id, 'Connected');
  await Promise.all([tom.connected(id), mia.connected(theirs)]);
  await Promise.all([tom.listen(id), mia.listen(theirs)]);
  await Promise.all([tom.hears('anna'), mia.hears('carla')]);
  await mia.do('hangUp', theirs);
  await tom.status(id, 'Terminated');
});

tell('calls that come to nothing say why', async () => {
  const ends = async (to, status, act = () => {}) => {
    const id = await tom.call(`tel:${to}`);
    await act(id);
    const { data } = await tom.status(id, status);
    return data.reason;
  };
  const rung = async (id) => { await tom.status(id, 'Ringing'); };
  assert.match(await ends('+493011199', 'NotReachable'), /404/);
  assert.match(await ends(BEN, 'Busy', async (id) => {
    await rung(id);
    await ben.hangup();
  }), /486/);
  let since = (await mia.events()).length;
  assert.match(await ends(MIA, 'Declined', async () =>
    mia.do('status', await mia.invited(since), 'Declined')), /603/);
  since = (await mia.events()).length;
  await ends(MIA, 'SessionCancelled', async (id) => {
    await mia.do('status', await mia.invited(since), 'Ringing');
    await rung(id);
    await tom.do('hangUp', id);
  });
  await mia.status(await mia.invited(since), 'SessionCancelled');
});

tell('a call outlives whatever is killed, and is brought into a conference: all hear each other', async (system) => {
  const id = await mia.call(`tel:${BEN}`);
  await mia.status(id, 'Ringing');
  await ben.command('accept');
  await mia.status(id, 'Connected');
  await mia.connected(id);
  for (const node of ['roompool', 'api-1', 'signaling-1']) await system.kill(node);
  const registration = `/webrtc-registration/v0.4/sessions/${mia.registration.registrationId}`;
  await until('her registration is still there', async () =>
    (await mia.do('ask', 'GET', registration)).status === 200);

  const [api, finn] = await Promise.all([Management.open(system), Person.open(system, 'finn')]);
  await finn.join('lobby');
  const seats = (await api.list('status/participant')).objects.filter(({ conference }) => conference !== 'lobby');
  for (const { id: participant } of seats) {
    await api.command('participant/transfer',
      { participant_id: participant, conference_alias: 'lobby', role: 'guest' });
  }
  await until('all are in the room', async () => (await finn.roster()).length === 3);
  await mia.listen(id);
  await Promise.all([mia.hears('ben', 'finn'), hearsWell(ben, 'anna', 'finn'), finn.hears('anna', 'ben')]);
  const at = Date.now();
  await mia.do('hangUp', id);
  await mia.status(id, 'Terminated');
  await until('she is out', async () => (await finn.roster()).length === 2);
  await ben.hangup();
  await ben.closed(at);
  const records = await system.sql(`select * from device_calls where media_session_id = '${id}'`);
  assert.equal(records.length, 1, 'and there is a record of it');
  await finn.close();
});

tell('4.5: its registration is refreshed', async () => {
  await flow.begin();
  const before = mia.registration.expiresAt;
  const { expiresAt } = await mia.do('refresh');
  assert.ok(expiresAt > before, `${expiresAt} after ${before}`);
  await flow.draw('4.5', 'Registration refresh');
});

tell('4.6: it leaves; the registrar forgets it, and callers are told', async () => {
  await mia.do('unregister');
  await until('nothing is registered', async () => (await bindings(MIA)).length === 0);
  for (const { id } of [mia.forCalls, mia.forEnd]) await mia.do('unsubscribe', id);
  for (const { id } of [mia.forCalls, mia.forEnd]) {
    await mia.event('subscription-ended', (data) => data.subscriptionId === id);
  }
  await flow.draw('4.6', 'De-registration and unsubscription');
  const at = Date.now();
  await ben.dial(MIA, { established: false });
  await ben.closed(at);
});
