// Conferences of clients of both generations of the old SDK, in a page of
// another origin, with telephones.

import assert from 'node:assert/strict';
import { complaints, untilSteady } from '../lib/audio.mjs';
import { hears, misses } from '../lib/ears.mjs';
import { allHear, answer, hold, host, meet, resume, ringPhone } from '../lib/sdk/acts.mjs';
import { NEW, OLD, sdkStories } from '../lib/sdk/stand.mjs';
import { PATIENCE_MS, pause, until } from '../lib/wait.mjs';

const RING_S = 15; // longer than anybody takes to answer
const RANG = { timeoutMs: RING_S * 1000 + PATIENCE_MS };
const LISTEN_S = 3;
const tell = sdkStories({ roompool: { ring_timeout_s: RING_S } });

for (const [first, second] of [[NEW, OLD], [OLD, NEW]]) {
  tell(`${first} hosts ${second} and a telephone: heard, held, resumed, ended`, async (stand) => {
    const [anna, ben, dan] = await Promise.all([
      stand.login('anna', first, 'anna'), stand.login('ben', second, 'ben'),
      stand.phone(first === NEW ? 'dan' : 'eve')]);
    const id = await host(anna);
    await meet(anna, id, ben);
    await ringPhone(anna, id, dan);
    await allHear(anna, ben, dan);
    assert.deepEqual(await untilSteady(async () => {
      await pause(LISTEN_S * 1000); // the length of what is judged
      const heard = [await anna.heard(LISTEN_S), await ben.heard(LISTEN_S), await dan.heard()];
      heard[2] = heard[2].slice(heard[2].seconds - LISTEN_S);
      return [anna, ben, dan].flatMap((ear, at, all) => complaints(heard[at], {
        others: all.filter((other) => other !== ear).map((other) => other.voice), own: [ear.voice],
      }).map((text) => `${ear.voice}: ${text}`));
    }), []);

    // The host's hold does not end it, nor does a participant's.
    for (const [holder, rest] of [[anna, [ben, dan]], [ben, [anna, dan]]]) {
      await hold(holder, '', 'conference');
      await Promise.all([misses(holder, rest.map((ear) => ear.voice)),
        ...rest.map((ear) => misses(ear, [holder.voice])), allHear(...rest)]);
      await resume(holder, '', 'conference');
      await allHear(anna, ben, dan);
    }

    await anna.call(id, 'end', 'terminate');
    await Promise.all([anna.event('conference:ended'), ben.event('conference:ended'), dan.closed()]);
    await Promise.all([anna.leave(), ben.leave()]);
  });

  tell(`${first} invites ${second}: rejected, not answered, removed, left`, async (stand) => {
    const [anna, ben, carla] = await stand.logins({ anna: first, ben: second, carla: second });
    const id = await host(anna);
    await meet(anna, id, carla);

    await anna.call(id, 'invite', ben.address);
    await ben.event('conference:invitation-received');
    await ben.call('', 'end', 'reject');
    // The configured word of a rejection is that of the younger generation.
    await anna.event(first === NEW ? 'conference:invitation-rejected' : 'notification');
    await until('the rejected call is over', async () => (await ben.value('calls')).length === 0);

    await anna.call(id, 'invite', ben.address);
    await ben.event('conference:invitation-received');
    await anna.event('notification', RANG);
    await until('it stops ringing', async () => (await ben.value('calls')).length === 0);

    await meet(anna, id, ben);
    await allHear(anna, ben, carla);
    await anna.call(id, 'remove', ben.address);
    await anna.event('conference:participant-removed');
    await ben.event('conference:ended');
    await Promise.all([misses(anna, ['ben']), misses(carla, ['ben'])]);

    // A participant's DELETE takes only itself out.
    await meet(anna, id, ben);
    await allHear(anna, ben, carla);
    await carla.call('', 'end', 'terminate');
    await carla.event('conference:ended');
    await Promise.all([misses(anna, ['carla']), allHear(anna, ben)]);

    // Logging out ends what the host holds, and frees the token.
    await anna.logout();
    await ben.event('conference:ended');
    const again = await stand.tab('anna', first, 'anna');
    await again.login({ token: anna.token });
    await Promise.all([again.leave(), ben.leave(), carla.leave(), anna.clean()]);
  });
}

tell('who is in a conference: the younger joins a second one, the older never knows', async (stand) => {
  const [anna, ben, carla] = await stand.logins({ anna: NEW, ben: NEW, carla: OLD });
  const id = await host(anna);
  const [own, other] = [await host(ben), await host(carla)];
  await anna.call(id, 'invite', carla.address);
  await anna.event('notification', RANG); // nobody else ends the ringing
  assert.equal((await carla.told('conference:invitation-received')).length, 0);
  await anna.call(id, 'invite', ben.address);
  await hold(ben, own, 'conference');
  await answer(ben, { rings: 'conference:invitation-received' });
  await anna.event('conference:invitation-accepted');
  await Promise.all([hears(anna, 'ben'), hears(ben, 'anna')]);
  await carla.call(other, 'end', 'terminate');
  await carla.event('conference:ended');
  // What rang in vain ended in vain, too.
  await Promise.all([ben.leave(), anna.leave(), carla.leave('invitation dropped while busy', 'dropped event')]);
});
