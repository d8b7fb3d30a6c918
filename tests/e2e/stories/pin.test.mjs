// A room with a PIN: the page asks for it, a telephone keys it.

import assert from 'node:assert/strict';
import { VOICES } from '../lib/audio.mjs';
import { Person } from '../lib/browser.mjs';
import { HEARD, hears } from '../lib/ears.mjs';
import { Phone } from '../lib/phone.mjs';
import { startSipp } from '../lib/sipp.mjs';
import { stories } from '../lib/story.mjs';
import { until } from '../lib/wait.mjs';

const tell = stories();
let ben;

tell('the page asks for the PIN, refuses a wrong one, takes the right one', async (system) => {
  ben = await Person.open(system, 'ben', { recorder: false });
  await ben.visit('meeting');
  await ben.page.fill('#name', 'ben');
  await ben.page.evaluate(() => { document.querySelector('#original-sound').checked = true; });
  assert.equal(await ben.page.isVisible('#pin'), false);
  await ben.page.click('#join');
  await ben.page.waitForSelector('body[data-error=pin-required]');
  assert.equal(await ben.page.isVisible('#pin'), true);
  await ben.page.fill('#pin', '1234');
  await ben.page.keyboard.press('Enter');
  await ben.page.waitForSelector('body[data-error=pin-wrong]');
  await ben.page.fill('#pin', '4711');
  await ben.page.keyboard.press('Enter');
  await ben.inRoom();
  // Loaded under the server's own content security policy.
  assert.deepEqual(ben.console.filter((line) => /Content Security|uncaught/.test(line)), []);
});

async function dialAndHearPrompt(phone) {
  await phone.dial('meeting');
  await until('the prompt is heard', async () => {
    const heard = await phone.heard();
    const loudest = heard.samples.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
    return loudest > 0.05;
  });
  const heard = await phone.heard();
  assert.ok(heard.level(VOICES.ben) < HEARD, 'hears nothing of the room yet');
}

async function key(phone, digits) {
  for (const digit of digits) await phone.key(digit);
}

const telephones = async () => (await ben.roster())
  .filter((one) => one.kind === 'phone' && one.media === 'true' && one.waiting !== 'true');

tell('a telephone keys the PIN by RFC 4733 and is in the room', async (system) => {
  const phone = await Phone.open(system, 'carla');
  await dialAndHearPrompt(phone);
  await key(phone, '4711#');
  await hears(phone, 'ben');
  await until('ben sees the telephone', async () => (await telephones()).length === 1);
  const after = Date.now();
  await phone.hangup();
  await phone.closed(after);
  await until('and sees it leave', async () => (await ben.roster()).length === 1);
});

tell('a telephone keys the PIN by SIP INFO and is in the room', async (system) => {
  const call = await startSipp(system, 'pin-by-info', 'meeting');
  await until('ben sees the telephone', async () => (await telephones()).length === 1);
  assert.equal(await call.done, 0, 'the call went as the scenario says');
  await until('and sees it leave', async () => (await ben.roster()).length === 1);
});


tell('three wrong tries end the call', async (system) => {
  const phone = await Phone.open(system, 'eve');
  await dialAndHearPrompt(phone);
  for (const pin of ['1111#', '2222#', '3333#']) {
    assert.ok(!phone.event('CALL_CLOSED'), 'still in the call');
    const before = (await phone.heard()).seconds;
    await key(phone, pin);
    if (pin !== '3333#') {
      await until('an answer to the wrong PIN is heard', async () => {
        const heard = (await phone.heard()).slice(before);
        return heard.seconds > 0.5
          && heard.samples.some((x) => Math.abs(x) > 0.05);
      });
    }
  }
  await phone.closed(0, 30000);
  await until('ben is alone', async () =>
    (await system.sql('select count(*) as n from v_live_participants'))[0].n === 1);
});
