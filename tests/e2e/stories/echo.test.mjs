// One person alone can test: the echo room returns the own voice.

import assert from 'node:assert/strict';
import { complaints, rhythmComplaints, untilSteady, VOICES } from '../lib/audio.mjs';
import { Person } from '../lib/browser.mjs';
import { Phone } from '../lib/phone.mjs';
import { stories } from '../lib/story.mjs';
import { pause, until } from '../lib/wait.mjs';

const tell = stories();

tell('the page returns the own voice', async (system) => {
  const anna = await Person.open(system, 'anna');
  await anna.join('echo');
  const bad = await untilSteady(async () => {
    await anna.startRecording();
    await pause(4000); // the length of what is judged
    const { said, heard } = await anna.stopRecording();
    return [...complaints(heard.slice(1), { others: ['anna'] }),
      ...rhythmComplaints(said, heard.slice(1), 'anna')];
  });
  assert.deepEqual(bad, []);
});

tell('a page for which no worker has room says so, and comes in when one has', async (system) => {
  const anna = await Person.open(system, 'anna', { recorder: false });
  const { page } = anna;
  const answers = [503, 403]; // no worker at all; the one of this room is full
  let asked = 0;
  await page.route('**/calls', (route) => {
    const status = answers[asked++];
    return status ? route.fulfill({ status, json: { status: 'failed', result: 'Out of resource' } })
      : route.continue();
  });
  await page.clock.install();
  await anna.visit('echo');
  await anna.fillDoor();
  await page.click('#join');
  for (const [tries, pause_s] of [[1, 5], [2, 10]]) {
    await until(`it asked ${tries} times`, async () => asked === tries);
    const message = page.locator('#room-message[role=status]');
    await message.waitFor();
    assert.match(await message.textContent(), /no capacity/);
    await page.clock.fastForward(pause_s * 1000);
  }
  await anna.inRoom();
  await page.locator('#room-message').waitFor({ state: 'hidden' });
  assert.equal(asked, 3);

  // These workers have no folder for recordings: what the server says is shown.
  await page.click('[data-host=record]');
  await page.waitForSelector('body[data-error=cannot-record]');
  assert.equal(await page.textContent('#room-message'), 'Recording is not possible here.');
});

for (const [codec, transport] of [['PCMU/8000', 'udp'], ['PCMA/8000', 'tcp'],
  ['G722/16000', 'udp'], ['opus/48000', 'tcp']]) {
  tell(`a telephone with ${codec} over ${transport} hears itself`, async (system) => {
    const voice = { PCMU: 'ben', PCMA: 'carla', G722: 'dan', opus: 'eve' }[codec.split('/')[0]];
    const phone = await Phone.open(system, voice, { codec, transport });
    await phone.dial('echo');
    await until('its voice comes back', async () => {
      const heard = await phone.heard();
      return heard.seconds > 2 && heard.slice(heard.seconds - 1).level(VOICES[voice]) > 0.03;
    });
    const bad = await untilSteady(async () => {
      const from = (await phone.heard()).seconds;
      await until('four more seconds are heard', async () => (await phone.heard()).seconds > from + 4);
      return complaints((await phone.heard()).slice(from, from + 4), { others: [voice] });
    });
    assert.deepEqual(bad, []);
    await phone.hangup();
    await phone.closed();
    const [good] = await until('how good it was is written down', async () => {
      const rows = await system.sql('select codec, packets, lost_percent from v_call_quality'
        + ` where came_by = 'telephone' and codec like '${codec.split('/')[0]}/%'`);
      return rows.length > 0 && rows;
    });
    assert.ok(good.packets > 100 && good.lost_percent < 5, JSON.stringify(good));
  });
}
