// Browsers and telephones in one room: everybody hears everybody else.

import assert from 'node:assert/strict';
import { complaints, rhythmComplaints, untilSteady, VOICES } from '../lib/audio.mjs';
import { Person } from '../lib/browser.mjs';
import { Phone } from '../lib/phone.mjs';
import { stories } from '../lib/story.mjs';
import { pause, until } from '../lib/wait.mjs';

const LISTEN_S = 4;
const tell = stories();

tell('two browsers and two telephones hear each other and not themselves', async (system) => {
  const names = ['anna', 'ben', 'carla', 'dan'];
  const [anna, ben] = await Promise.all([
    Person.open(system, 'anna'), Person.open(system, 'ben')]);
  const carla = await Phone.open(system, 'carla', { codec: 'PCMU/8000', transport: 'udp' });
  const dan = await Phone.open(system, 'dan', { codec: 'opus/48000', transport: 'tcp' });

  await Promise.all([anna.join('lobby'), ben.join('lobby')]);
  await Promise.all([carla.dial('lobby'), dan.dial('lobby')]);

  await until('the page shows all four, with media', async () => {
    const roster = await anna.roster();
    return roster.length === 4 && roster.every((one) => one.media === 'true');
  });
  const roster = await anna.roster();
  assert.deepEqual(roster.map((one) => one.kind).sort(), ['browser', 'browser', 'phone', 'phone']);
  assert.equal(roster.filter((one) => one.self === 'true').length, 1);
  await until('the page shows who speaks', async () => {
    const speaking = (await anna.roster()).filter((one) => one.speaking === 'true');
    return speaking.length >= 3;
  });

  const bad = await untilSteady(async () => {
    await Promise.all([anna.startRecording(), ben.startRecording()]);
    await pause(LISTEN_S * 1000); // the length of what is judged
    const [a, b] = await Promise.all([anna.stopRecording(), ben.stopRecording()]);
    const tail = (recording) => recording.slice(recording.seconds - LISTEN_S + 1, recording.seconds);
    const ears = {
      anna: a.heard.slice(0.5), ben: b.heard.slice(0.5),
      carla: tail(await carla.heard()), dan: tail(await dan.heard()),
    };
    return [
      ...names.flatMap((name) => complaints(ears[name], {
        others: names.filter((other) => other !== name), own: [name],
      }).map((text) => `${name}: ${text}`)),
      ...rhythmComplaints(a.said, ears.ben, 'anna'), ...rhythmComplaints(b.said, ears.anna, 'ben'),
    ];
  });
  assert.deepEqual(bad, []);

  // Mute silences one for all others.
  await anna.page.click('#mute');
  assert.equal((await anna.state()).muted, 'true');
  await until('anna is not heard', async () => {
    const heard = await carla.heard();
    return heard.slice(heard.seconds - 0.5).level(VOICES.anna) < 0.005;
  });
  await anna.page.click('#mute');
  await until('anna is heard again', async () => {
    const heard = await carla.heard();
    return heard.slice(heard.seconds - 0.5).level(VOICES.anna) > 0.03;
  });

  // Leaving shows; the others stay.
  await carla.hangup();
  await anna.page.click('#leave');
  await until('ben sees two left', async () => (await ben.roster()).length === 2);
  assert.equal((await anna.state()).phase, 'ended');
});
