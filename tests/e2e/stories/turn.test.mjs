// Behind a firewall: the credentials that a participant gets open a relay at the
// TURN server, and a browser that may use nothing else hears and is heard.

import assert from 'node:assert/strict';
import { after } from 'node:test';
import { complaints, untilSteady } from '../lib/audio.mjs';
import { Person } from '../lib/browser.mjs';
import { keepConnections, usedCandidates } from '../lib/connections.mjs';
import { hears } from '../lib/ears.mjs';
import { stories } from '../lib/story.mjs';
import { TurnServer } from '../lib/turn.mjs';
import { pause } from '../lib/wait.mjs';

const LISTEN_S = 2; // short: one without a stutter is sooner found
const LIFE_S = 3600;
const turn = await TurnServer.open();
after(() => turn.close());
const tell = stories({
  api: { turn_urls: turn.url, turn_secret_file: turn.secretFile, turn_ttl_s: LIFE_S },
});

tell('the TURN server takes the credentials, and no others', async (system) => {
  const { json } = await system.http('POST', '/api/client/v2/conferences/lobby/request_token',
    { body: { display_name: 'Ann' } });
  assert.equal(json.result.stun, undefined, 'there is none');
  const [{ urls, username, credential }] = json.result.turn;
  assert.deepEqual(urls, [turn.url]);
  const [until, who] = username.split(':');
  assert.equal(who, json.result.participant_uuid);
  assert.ok(Math.abs(until - Date.now() / 1000 - LIFE_S) < 60, 'good for as long as it says');
  assert.ok(await turn.allocates(username, credential), turn.output);
  assert.ok(!await turn.allocates(`${Number(until) + 1}:${who}`, credential), 'of another time');
});

tell('a browser that may use nothing else is in the room', async (system) => {
  const [anna, ben] = await Promise.all([
    Person.open(system, 'anna'), Person.open(system, 'ben')]);
  await keepConnections(anna, { iceTransportPolicy: 'relay' });
  await Promise.all([anna.join('lobby'), ben.join('lobby')]);
  assert.equal((await usedCandidates(anna)).local.type, 'relay');
  await Promise.all([anna.startRecording(), ben.startRecording()]);
  await Promise.all([hears(anna, 'ben'), hears(ben, 'anna')]);
  const bad = await untilSteady(async () => {
    await pause(LISTEN_S * 1000); // the length of what is judged
    const [a, b] = await Promise.all([anna.heard(LISTEN_S), ben.heard(LISTEN_S)]);
    return [
      ...complaints(a, { others: ['ben'], own: ['anna'], minSeconds: LISTEN_S - 0.5 }),
      ...complaints(b, { others: ['anna'], own: ['ben'], minSeconds: LISTEN_S - 0.5 }),
    ];
  });
  assert.deepEqual(bad, []);
});
