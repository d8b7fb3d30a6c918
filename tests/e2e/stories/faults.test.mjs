// kill -9 of each process: what goes on, what comes back, what is told.

import assert from 'node:assert/strict';
import { VOICES } from '../lib/audio.mjs';
import { Person } from '../lib/browser.mjs';
import { hears, misses } from '../lib/ears.mjs';
import { Phone } from '../lib/phone.mjs';
import { Seat } from '../lib/seat.mjs';
import { stories } from '../lib/story.mjs';
import { pause, until } from '../lib/wait.mjs';

// Without a sibling's help: handover.test.mjs is about that.
// What is killed is noticed at once; nothing here has to wait for these to pass.
const tell = stories({
  roompool: { sip_lease_ms: 15000, replace_ms: 15000, rejoin_ms: 15000, takeover: false },
});
let anna;
let ben;
let carla;

// What a browser hears during a second.
async function browserHears(person, voice) {
  await until(`${person.name} hears ${voice}`, async () => {
    await person.startRecording();
    await pause(1000); // the length of what is judged
    const { heard } = await person.stopRecording();
    return heard.slice(0.3).level(VOICES[voice]) > 0.03;
  });
}

// A death happens once, so a neighbour's load cannot be told from it by trying
// again; but a call that is made anew is told to the telephone.
const BREAK_MS = 3000;
async function hearsOn(happens) {
  const [from, events] = [(await carla.heard()).seconds, carla.events.length];
  await happens();
  await until('two more seconds were heard', async () => (await carla.heard()).seconds > from + 2);
  await hears(carla, 'anna');
  assert.deepEqual(carla.told(events), [], 'nothing was told');
  const gap = (await carla.heard()).slice(from).longestGapMs(VOICES.anna);
  assert.ok(gap < BREAK_MS, `gap of ${gap} ms`);
}

tell('three in a room', async (system) => {
  [anna, ben] = await Promise.all([Person.open(system, 'anna'), Person.open(system, 'ben')]);
  carla = await Phone.open(system, 'carla', { transport: 'tcp' });
  await Promise.all([anna.join('lobby'), ben.join('lobby')]);
  await carla.dial('lobby');
  await hears(carla, 'anna');
  await browserHears(anna, 'carla');
});

tell('roompool dies: calls go on, and the state is whole after its return', async (system) => {
  const before = await system.sql('select * from v_live_participants');
  assert.equal(before.length, 3);
  await hearsOn(async () => {
    await system.kill('roompool');
    await until('everybody is known again', async () =>
      (await system.sql('select * from v_live_participants')).length === 3);
  });
  await until('the pages see the roster again', async () => (await anna.roster()).length === 3
    && (await anna.state()).link === 'open');
  // The new one can still decide: mute by the host reaches the media.
  const item = ben.page.locator('#roster li[data-self=false][data-kind=browser]');
  await item.locator('.act-mute').click();
  await misses(carla, ['anna']);
  // The button does the opposite of what the page knows.
  await until('the page knows', async () => await item.getAttribute('data-muted') === 'true');
  await item.locator('.act-mute').click();
  await hears(carla, 'anna');
});

tell('a telephone answers while roompool is away: it is in the room', async (system) => {
  const host = await Seat.join(system, 'clinic', 'Host', { pin: '13579' });
  const dan = await Phone.open(system, 'dan', { answer: 'manual' });
  await host.post('dial', { body: { destination: dan.address, role: 'GUEST', protocol: 'sip' } });
  await until('it rings', () => dan.event('CALL_INCOMING'));
  const old = await system.pid('roompool');
  await system.signal('roompool', 'SIGKILL');
  await dan.command('accept');
  await dan.established();
  await until('roompool is started again', async () => (await system.pid('roompool')) !== old);
  await system.ready('roompool');
  await until('the telephone is in the room', async () => (await system.sql(
    "select 1 from v_live_participants where came_by = 'telephone' and name like '%dan%'"
    + " and state = 'active' and media = 'connected'")).length === 1);
  await until('it hears the room', async () => (await dan.heard()).seconds > 1);
  await dan.hangup();
  await dan.closed();
  await host.post('release_token');
});

tell('the front end dies: media goes on, the pages come back', async (system) => {
  await hearsOn(async () => {
    await system.kill('api-1');
    for (const person of [anna, ben]) {
      await until(`${person.name}'s page is linked again`, async () => {
        const state = await person.state();
        return state.link === 'open' && state.media === 'connected' && state.phase === 'room';
      });
    }
  });
  // The pages hear of news again.
  const dan = await Phone.open(system, 'dan');
  await dan.dial('lobby');
  for (const person of [anna, ben]) {
    await until(`${person.name} sees who came`, async () => (await person.roster()).length === 4);
  }
  await dan.hangup();
  await until('and who left', async () => (await ben.roster()).length === 3);
  await dan.close();
});

tell('the media worker dies: pages rejoin by themselves', async (system) => {
  const rows = await system.sql("select * from v_live_participants");
  const node = ['media-1', 'media-2'].find((name) => JSON.stringify(rows).includes(name));
  assert.ok(node, `the view names the worker: ${JSON.stringify(rows)}`);
  await system.kill(node);
  await Promise.all([anna.inRoom(), ben.inRoom()]);
  await browserHears(anna, 'ben');
  await browserHears(ben, 'anna');
  await until('the telephone is back in the mix or was hung up', async () => {
    if (carla.event('CALL_CLOSED')) return true;
    const heard = await carla.heard();
    return heard.slice(heard.seconds - 0.5).level(VOICES.anna) > 0.03;
  });
});

tell('the signaling worker dies: its calls go on, new ones come', async (system) => {
  const finn = await Phone.open(system, 'finn');
  await finn.dial('lobby');
  await hears(finn, 'ben');
  const [{ node }] = await system.sql('SELECT DISTINCT node FROM calls');
  await system.kill('signaling-1');
  await until('its successor has its telephones', async () => (await system.sql(
    `SELECT 1 FROM dialogs WHERE node = '${node}'`)).length === 0);
  await hears(finn, 'ben');
  const eve = await Phone.open(system, 'eve');
  await eve.dial('lobby');
  await hears(eve, 'ben');
  for (const phone of [eve, finn]) {
    await phone.hangup();
    await until(`${phone.voice} has left`, async () => (await system.sql(
      `SELECT 1 FROM v_live_participants WHERE name LIKE '%${phone.voice}%'`)).length === 0);
  }
});

tell('all stops cleanly', async (system) => {
  await Promise.all([anna.close(), ben.close(), carla.close()]);
  assert.equal(await system.stop(), 0, system.output);
});
