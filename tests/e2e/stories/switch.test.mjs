// Two calls at one client, joined by a transfer, and calls that move to another
// endpoint of the same user.

import { misses } from '../lib/ears.mjs';
import { allHear, hold, nobodyHears, resume, talk } from '../lib/sdk/acts.mjs';
import { NEW, OLD, sdkStories } from '../lib/sdk/stand.mjs';
import { until } from '../lib/wait.mjs';

const tell = sdkStories();

const over = (...tabs) => Promise.all(tabs.map((tab) => tab.leave()));

for (const [anna_, ben_, carla_] of [[NEW, OLD, NEW], [OLD, NEW, OLD]]) {
  tell(`${anna_} has two calls, switches, and transfers one to the other`, async (stand) => {
    const [anna, ben, carla] = await stand.logins({ anna: anna_, ben: ben_, carla: carla_ });
    const [toBen, bens] = await talk(anna, ben);
    await hold(anna, toBen);
    const [toCarla, carlas] = await talk(anna, carla);
    await Promise.all([misses(anna, ['ben']), misses(ben, ['anna', 'carla'])]);
    await hold(anna, toCarla);
    await resume(anna, toBen);
    await Promise.all([allHear(anna, ben), misses(anna, ['carla']), misses(carla, ['anna', 'ben'])]);

    await anna.call(toCarla, 'transfer', toBen);
    await anna.event('call:transfer-initiated', { id: toCarla });
    await anna.event('call:transferred', { id: toCarla });
    await Promise.all([anna.event('call:disconnected', { id: toCarla }),
      anna.event('call:disconnected', { id: toBen })]);
    await allHear(ben, carla);
    await Promise.all([misses(ben, ['anna']), misses(carla, ['anna'])]);

    // The two can still do everything, by the ids that they know.
    await hold(carla, carlas);
    await nobodyHears(ben, carla);
    await resume(carla, carlas);
    await allHear(ben, carla);
    await ben.call(bens, 'end', 'terminate');
    await Promise.all([ben.event('call:disconnected'), carla.event('call:disconnected')]);
    await over(anna, ben, carla);
  });
}

tell('a telephone is transferred to a browser', async (stand) => {
  const [anna, ben] = await stand.logins({ anna: NEW, ben: NEW });
  const dan = await stand.phone('dan');
  const toDan = await anna.dial(dan.number);
  await anna.event('call:connected', { id: toDan });
  await allHear(anna, dan);
  await hold(anna, toDan);
  const [toBen] = await talk(anna, ben);
  await anna.call(toDan, 'transfer', toBen);
  await anna.event('call:transferred', { id: toDan });
  await Promise.all([anna.event('call:disconnected', { id: toDan }),
    anna.event('call:disconnected', { id: toBen })]);
  await allHear(ben, dan);
  await misses(dan, ['anna']);
  await dan.hangup();
  await ben.event('call:disconnected');
  await over(anna, ben);
});

for (const [first, second] of [[NEW, OLD], [OLD, NEW]]) {
  tell(`${first} moves a call to ${second} of the same user`, async (stand) => {
    const [anna, ben, other, late] = await Promise.all([
      stand.login('anna', first, 'anna'), stand.login('ben', NEW, 'ben'),
      stand.login('carla', second, 'anna'), stand.login('anna', second, 'anna')]);
    const [id] = await talk(anna, ben);
    await anna.call(id, 'move');
    await Promise.all([other.event('call:incoming'), late.event('call:incoming')]);
    await other.call('', 'answer');
    await Promise.all([other.event('call:connected'), late.event('call:canceled'),
      anna.event('call:moved'), anna.event('call:disconnected')]);
    // The other tab has a voice of its own, so that it can be told apart.
    await allHear(other, ben);
    await misses(ben, ['anna']);
    await until('his call stands', async () => await ben.state() === 'connected');
    await ben.call('', 'end', 'terminate');
    await other.event('call:disconnected');
    await over(anna, ben, other, late);
  });
}

tell('nobody takes the call that moves: it stays', async (stand) => {
  const [anna, ben, other] = await Promise.all([stand.login('anna', NEW, 'anna'),
    stand.login('ben', OLD, 'ben'), stand.login('carla', NEW, 'anna')]);
  const [id] = await talk(anna, ben);
  await anna.call(id, 'move');
  await other.event('call:incoming');
  await other.call('', 'end', 'reject');
  await anna.event('call:restored');
  await until('it does not ring any more', async () => (await other.value('calls')).length === 0);
  await allHear(anna, ben); // what she let go of for the move is offered again
  await until('she has taken the offer', async () => await anna.state() === 'connected');
  await hold(anna, id);
  await nobodyHears(anna, ben);
  await resume(anna, id);
  await allHear(anna, ben);
  await anna.call(id, 'end', 'terminate');
  await ben.event('call:disconnected');
  const [{ text }] = await anna.told('error'); // why it did not move
  await anna.clean(text);
  await anna.logout();
  await over(ben, other);
});
