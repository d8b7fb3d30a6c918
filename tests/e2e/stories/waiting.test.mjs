// Telephones and the join page in a room with two PINs: who waits hears music,
// the host lets people in, and a meeting without hosts or company ends.

import assert from 'node:assert/strict';
import { VOICES } from '../lib/audio.mjs';
import { Person } from '../lib/browser.mjs';
import { HEARD, hears, latest } from '../lib/ears.mjs';
import { Phone } from '../lib/phone.mjs';
import { stories } from '../lib/story.mjs';
import { PATIENCE_MS, until } from '../lib/wait.mjs';

const tell = stories({ roompool: { guests_only_s: 2, last_participant_s: 2 } });
const ROOM = 'clinic';
const GUEST_PIN = '2468';
const HOST_PIN = '13579';
let carla; // host, by page
let dan; // guest, by page
let eve; // guest, by telephone

const loudness = (samples) =>
  Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / Math.max(1, samples.length));

async function dialWithPin(phone, pin) {
  await phone.dial(ROOM);
  await until('the prompt is heard', async () => loudness((await latest(phone, 0.5)).samples) > 0.02);
  for (const digit of `${pin}#`) await phone.key(digit);
}

// Sound all the time, and the voice of nobody in it.
async function hearsMusic(phone) {
  await until(`${phone.voice} hears music`, async () => {
    const heard = await latest(phone, 2);
    return heard.seconds > 1.9 && [0, 0.5, 1, 1.5].every((from) =>
      loudness(heard.slice(from, from + 0.5).samples) > 0.005);
  });
  const heard = await latest(phone, 1);
  for (const voice of ['carla', 'dan']) assert.ok(heard.level(VOICES[voice]) < HEARD / 2, voice);
}

// Who waits talks all the time, and is heard by nobody in the room.
async function isNotHeard(voice) {
  const { seconds } = await eve.heard();
  const heard = await until('a second of the room is heard', async () => {
    const sound = await eve.heard();
    const second = sound.slice(sound.seconds - 1);
    return sound.seconds > seconds + 1 && second.level(VOICES.carla) > HEARD && second;
  });
  assert.ok(heard.level(VOICES[voice]) < HEARD / 2, `${voice} is not heard`);
}

const queue = (person) => person.page.$$eval('#waiting > li', (items) =>
  items.map((li) => ({ ...li.dataset })));
const says = (person, key, value) => person.page.waitForSelector(
  `body[data-${key}=${value}]`, { timeout: PATIENCE_MS });

tell('guests wait with music, by telephone and by page, until the host joins', async (system) => {
  [carla, dan] = await Promise.all([Person.open(system, 'carla', { recorder: false }),
    Person.open(system, 'dan')]);
  eve = await Phone.open(system, 'eve');
  await dialWithPin(eve, GUEST_PIN);
  const keyed = (await eve.heard()).seconds;
  await hearsMusic(eve);
  await dan.joinWithPin(ROOM, GUEST_PIN);
  await says(dan, 'is-waiting', 'true');
  await dan.page.waitForSelector('#waiting-title:text-is("The host is not here yet.")');
  await dan.startRecording();
  await until('music is heard on the page', async () => {
    const heard = await dan.heard(1);
    return heard.seconds > 0.9 && loudness(heard.samples) > 0.01;
  });
  assert.equal(await dan.page.isVisible('#roster'), false);
  assert.equal(await dan.page.isVisible('#host'), false);
  // Not only the words at the start: these take 4 s.
  await until('some time went by', async () => (await eve.heard()).seconds > keyed + 6.5);
  await hearsMusic(eve);
  assert.ok(!eve.event('CALL_CLOSED'));

  await carla.joinWithPin(ROOM, HOST_PIN);
  await says(carla, 'is-host', 'true');
  await says(dan, 'is-waiting', 'false');
  await hears(eve, 'carla');
  await hears(eve, 'dan');
  await until('the host sees both', async () => (await carla.roster()).length === 3);
  assert.equal(await dan.page.isVisible('#host'), false, 'host controls are for hosts');
  assert.equal(await dan.page.isVisible('#roster'), true);
});

tell('a locked room holds a telephone until the host admits it', async (system) => {
  await carla.page.press('[data-host=lock]', 'Enter');
  await says(dan, 'is-locked', 'true');
  assert.equal(await dan.page.isVisible('#locked'), true);
  const finn = await Phone.open(system, 'finn');
  await dialWithPin(finn, GUEST_PIN);
  await until('the host sees who waits', async () => (await queue(carla)).length === 1);
  await hearsMusic(finn);
  await isNotHeard('finn');
  assert.equal((await carla.roster()).length, 3);
  assert.match(await carla.page.textContent('#waiting-count'), /1$/);
  await carla.page.press('#waiting .act-admit', 'Enter');
  await hears(finn, 'carla');
  await hears(eve, 'finn');
  await until('nobody waits', async () => (await queue(carla)).length === 0);
  assert.equal(await carla.page.evaluate(() => document.activeElement.dataset.host), 'lock',
    'the focus is not lost');

  // A second one, by page; unlocking lets him in.
  const ben = await Person.open(system, 'ben', { recorder: false });
  await ben.joinWithPin(ROOM, GUEST_PIN);
  await says(ben, 'is-waiting', 'true');
  await ben.page.waitForSelector('#waiting-title:text-matches("locked[.] The host has been told")');
  await isNotHeard('ben');
  await carla.page.click('[data-host=lock]');
  await says(ben, 'is-waiting', 'false');
  await hears(eve, 'ben');
  await says(dan, 'is-locked', 'false');
  await ben.page.click('#leave');
  await finn.hangup();
  await until('three are left', async () => (await carla.roster()).length === 3);
});

tell('the host mutes all guests, telephones too', async () => {
  await carla.page.click('[data-host=mute]');
  await says(dan, 'is-muted-by-host', 'true');
  await until('the telephone hears the host only', async () => {
    const heard = await latest(eve, 0.5);
    return heard.level(VOICES.carla) > HEARD && heard.level(VOICES.dan) < HEARD / 2;
  });
  await until('the page shows both muted', async () => (await carla.roster())
    .filter((one) => one.muted === 'true').length === 2);
  // Guests may unmute themselves, as long as the host allows it.
  await dan.page.keyboard.press('m');
  await says(dan, 'is-muted-by-host', 'false');
  await hears(eve, 'dan');
  await carla.page.click('[data-host=mute]');
  await until('nobody is muted', async () => (await carla.roster())
    .every((one) => one.muted === 'false'));
});

tell('messages are shown as they were typed, to the others and to oneself', async () => {
  const text = '<img src=x onerror="document.body.remove()"> & "hi"';
  await carla.page.fill('#chat-text', text);
  await carla.page.keyboard.press('Enter');
  const shown = (person) => person.page.$$eval('#messages > li', (items) =>
    items.map((li) => [li.querySelector('strong').textContent, li.querySelector('span').textContent]));
  await until('dan reads it', async () => (await shown(dan)).length === 1);
  assert.deepEqual(await shown(dan), [['carla', text]]);
  await until('carla sees hers', async () => (await shown(carla)).length === 1);
  assert.deepEqual(await shown(carla), [['You', text]]);
});

tell('a guest is made a host and a guest again; a telephone is called', async (system) => {
  const entry = `#roster > li[data-name=dan]`;
  await carla.page.click(`${entry} .act-role`);
  await says(dan, 'is-host', 'true');
  assert.equal(await dan.page.isVisible('#host'), true);
  const gina = await Phone.open(system, 'gina');
  await dan.page.click('[data-host=dial]');
  await dan.page.keyboard.type(gina.address);
  await dan.page.keyboard.press('Enter');
  await hears(gina, 'carla');
  await until('all four are there', async () => (await carla.roster())
    .filter((one) => one.media === 'true').length === 4);
  const after = Date.now();
  const [phone] = (await carla.roster()).filter((one) => one.kind === 'phone'
    && one.name.includes('gina'));
  await carla.page.click(`#roster > li[data-uuid="${phone.uuid}"] .act-remove`);
  await gina.closed(after);
  await carla.page.click(`${entry} .act-role`);
  await says(dan, 'is-host', 'false');
  assert.equal(await dan.page.isVisible('#host'), false);
});

tell('without a host the guests are sent home', async () => {
  const after = Date.now();
  await carla.page.click('#leave');
  await dan.page.waitForSelector('body[data-phase=ended][data-error=host-left]');
  await eve.closed(after);
});

tell('a telephone with the host PIN opens the room; the last one does not stay alone', async (system) => {
  const host = await Phone.open(system, 'anna');
  await dan.page.click('#again');
  await dan.inRoom();
  await says(dan, 'is-waiting', 'true');
  await dialWithPin(host, HOST_PIN);
  await says(dan, 'is-waiting', 'false');
  await hears(host, 'dan');
  const after = Date.now();
  await dan.page.click('#leave');
  await host.closed(after);
  await until('the meeting is over', async () => (await system.sql(
    'select count(*) as n from v_live_conferences'))[0].n === 0);
});

tell('the host ends the meeting for everybody, after she was asked', async () => {
  await carla.joinWithPin(ROOM, HOST_PIN);
  await dan.page.click('#again');
  await dan.inRoom();
  await says(dan, 'is-waiting', 'false');
  await carla.page.click('[data-host=end]');
  await carla.page.keyboard.press('Escape');
  assert.equal((await dan.state()).phase, 'room');
  await carla.page.click('[data-host=end]');
  await carla.page.click('#end-confirm');
  for (const person of [carla, dan]) {
    await person.page.waitForSelector('body[data-phase=ended][data-error=ended-by-host]');
    // Loaded under the server's own content security policy.
    assert.deepEqual(person.console.filter((line) => /Content Security|uncaught/.test(line)), []);
  }
});

tell('where only hosts have a PIN, guests leave the box empty', async (system) => {
  const eve = await Person.open(system, 'eve', { recorder: false });
  for (const [person, pin] of [[eve, ''], [carla, '24680']]) {
    await person.visit('reception');
    await person.fillDoor();
    await person.page.click('#join');
    await person.page.waitForSelector('body[data-error=pin-for-hosts]');
    await person.page.fill('#pin', pin);
    await person.page.keyboard.press('Enter');
    await person.inRoom();
    if (!pin) await says(person, 'is-waiting', 'true');
  }
  await says(carla, 'is-host', 'true');
  await says(eve, 'is-waiting', 'false');
  await says(eve, 'is-host', 'false');
  await until('both are there', async () => (await carla.roster()).length === 2);
});
