// Calls between two users and with a telephone, by clients of both generations
// of the old SDK.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeVoice, muLaw, VOICES } from '../lib/audio.mjs';
import { hears, misses } from '../lib/ears.mjs';
import { awaitSipp } from '../lib/sipp.mjs';
import { allHear, answer, hold, nobodyHears, resume, talk } from '../lib/sdk/acts.mjs';
import { NEW, OLD, sdkStories } from '../lib/sdk/stand.mjs';
import { until } from '../lib/wait.mjs';

const RING_S = 15; // longer than anybody needs to answer
const tell = sdkStories({ roompool: { ring_timeout_s: RING_S } });

const over = (...tabs) => Promise.all(tabs.map((tab) => tab.leave()));

for (const [first, second] of [[NEW, NEW], [NEW, OLD], [OLD, NEW], [OLD, OLD]]) {
  tell(`${first} calls ${second}: heard, not while held, heard again, hung up`, async (stand) => {
    const [anna, ben] = await stand.logins({ anna: first, ben: second });
    const [id, theirs] = await talk(anna, ben);
    for (const [holder, other, call] of [[anna, ben, theirs], [ben, anna, id]]) {
      await hold(holder, '');
      await other.accepted(call, 1);
      if (other.generation === NEW) await other.event('call:held');
      await nobodyHears(anna, ben);
      await resume(holder, '');
      await other.accepted(call, 2); // or its own hold meets our offer
      if (other.generation === NEW) await other.event('call:resumed');
      await allHear(anna, ben);
    }
    await (first === NEW ? ben.call(theirs, 'end', 'terminate') : anna.call(id, 'end', 'terminate'));
    await Promise.all([anna.event('call:disconnected'), ben.event('call:disconnected')]);
    await over(anna, ben);
  });
}

tell('both sides hold: sound is back when both have resumed', async (stand) => {
  const [anna, ben] = await stand.logins({ anna: NEW, ben: NEW });
  const [id] = await talk(anna, ben);
  await hold(anna, id);
  await ben.event('call:held');
  await until('ben has answered', async () => await ben.state() === 'connected');
  await hold(ben, '');
  await anna.event('call:held');
  await until('anna has answered', async () => await anna.state() === 'held');
  await resume(anna, id);
  await nobodyHears(anna, ben);
  await ben.event('call:resumed'); // on anna's side; he still holds
  assert.equal(await ben.state(), 'held');
  await resume(ben, '');
  await allHear(anna, ben);
  await anna.call(id, 'end', 'terminate');
  await Promise.all([anna.event('call:disconnected'), ben.event('call:disconnected')]);
  await over(anna, ben);
});

tell('all endpoints of a user ring; one rejects, one answers, the third is canceled', async (stand) => {
  const [anna, ben] = await stand.logins({ anna: NEW, ben: OLD });
  const [other, third] = await Promise.all([
    stand.login('carla', NEW, 'ben'), stand.login('ben', NEW, 'ben')]);
  const id = await anna.dial(ben.address);
  await Promise.all([ben, other, third].map((tab) => tab.event('call:incoming')));
  await other.call('', 'end', 'reject');
  await until('one does not ring any more', async () => (await other.value('calls')).length === 0);
  await ben.call('', 'answer');
  await Promise.all([ben.event('call:connected'), anna.event('call:connected'),
    third.event('call:canceled')]);
  await allHear(anna, ben);
  await misses(anna, ['carla']);
  await anna.call(id, 'end', 'terminate');
  await ben.event('call:disconnected');
  await over(anna, ben, other, third);
});

for (const [first, second] of [[NEW, OLD], [OLD, NEW]]) {
  tell(`${first} calls ${second}: canceled, rejected, not answered, nobody there`, async (stand) => {
    const [anna, ben] = await stand.logins({ anna: first, ben: second });
    const gone = (tab) => until(`${tab} has no call`, async () => (await tab.value('calls')).length === 0,
      RING_S * 1000 + 15000);
    const id = await anna.dial(ben.address);
    await ben.event('call:incoming');
    await anna.call(id, 'end', 'cancel');
    await Promise.all([anna.event('call:canceled'), ben.event('call:canceled')]);

    await anna.dial(ben.address);
    await ben.event('call:incoming');
    await ben.call('', 'end', 'reject');
    // The configured word is that of the younger generation.
    await anna.event(first === NEW ? 'call:rejected' : 'call:disconnected');
    await gone(ben);

    await anna.dial(ben.address);
    await ben.event('call:incoming');
    await Promise.all([gone(anna), gone(ben)]); // nobody else ends the ringing
    await over(ben);

    await anna.clean();
    for (const nobody of ['nobody@localhost', 'nobody', ben.address]) {
      assert.equal(await anna.dial(nobody), '', nobody);
      const { status } = await anna.event('error');
      assert.ok(status === 400 || status === 403, `${nobody}: ${status}`);
    }
    // A network that is not there: refused at once or a moment later.
    await anna.dial('911');
    await gone(anna);
    await anna.logout();
  });
}

tell('what a telephone says before it answers is heard', async (stand, system) => {
  const anna = await stand.login('anna', NEW, 'anna');
  await writeFile(join(system.dir, 'early.ulaw'), muLaw(makeVoice(VOICES.dan, 8000, 4)));
  const dan = await awaitSipp(system, 'early-media');
  const id = await anna.dial(dan.address);
  await hears(anna, 'dan');
  assert.equal(await anna.state(id), 'connecting', 'heard before it is answered');
  await anna.event('call:connected');
  await hears(anna, 'dan');
  await anna.call(id, 'end', 'terminate');
  await anna.event('call:disconnected');
  assert.equal(await dan.done, 0);
  await over(anna);
});

tell('a call to a telephone: answer, hold, hang up', async (stand) => {
  const anna = await stand.login('anna', NEW, 'anna');
  const dan = await stand.phone('dan');
  const id = await anna.dial(dan.number);
  await anna.event('call:connected');
  await allHear(anna, dan);
  await hold(anna, id);
  await nobodyHears(anna, dan);
  await resume(anna, id);
  await allHear(anna, dan);
  await dan.hangup();
  await anna.event('call:disconnected');
  await over(anna);
});

tell('a call to a telephone of an old client; the telephone is busy, rings in vain', async (stand) => {
  const anna = await stand.login('anna', OLD, 'anna');
  const eve = await stand.phone('eve', { answer: 'manual' });
  await anna.dial(eve.number);
  await until('it rings', () => eve.event('CALL_INCOMING'));
  await eve.hangup();
  await Promise.all([anna.event('call:disconnected'), eve.closed()]);
  const after = Date.now();
  const id = await anna.dial(eve.number);
  await until('it rings', () => eve.event('CALL_INCOMING', after));
  await anna.call(id, 'end', 'cancel');
  await anna.event('call:canceled');
  await eve.closed(after);
  const again = Date.now();
  const last = await anna.dial(eve.number);
  await until('it rings', () => eve.event('CALL_INCOMING', again));
  await eve.command('accept');
  await anna.event('call:connected');
  await allHear(anna, eve);
  await anna.call(last, 'end', 'terminate');
  await Promise.all([anna.event('call:disconnected'), eve.closed(again)]);
  await over(anna);
});

tell('the caller hears ringing until the other answers', async (stand) => {
  const [anna, ben] = await stand.logins({ anna: NEW, ben: NEW });
  const id = await anna.dial(ben.address);
  await ben.event('call:incoming');
  await anna.event('call:ringback-provided');
  await until('something is heard', async () => {
    const heard = await anna.heard(0.5);
    return Math.max(...heard.samples) > 0.02;
  });
  await ben.call('', 'answer');
  await anna.event('call:connected', { id });
  await allHear(anna, ben);
  await anna.logout(); // hangs up first
  await ben.event('call:disconnected');
  await over(ben);
});

tell('video is refused properly, and the call goes on as audio', async (stand) => {
  for (const [first, second] of [[NEW, OLD], [OLD, NEW]]) {
    const [anna, ben] = await stand.logins({ anna: first, ben: second });
    const [id, theirs] = await talk(anna, ben);
    await anna.call(id, 'upgrade');
    const { type } = await anna.event('call:media-modified');
    assert.equal(type, first === NEW ? 'audio' : 'video'); // the older does not look
    await allHear(anna, ben);
    await hold(anna, id);
    await nobodyHears(anna, ben);
    await resume(anna, id);
    await Promise.all([allHear(anna, ben), ben.accepted(theirs, 2)]);
    await anna.call(id, 'end', 'terminate');
    await ben.event('call:disconnected');
    // And when it is offered from the beginning.
    const video = await anna.dial(ben.address, { video: true });
    await answer(ben);
    assert.equal((await anna.event('call:connected', { id: video })).type,
      first === NEW ? 'audio' : 'video');
    await allHear(anna, ben);
    await ben.call('', 'end', 'terminate');
    await anna.event('call:disconnected', { id: video });
    await over(anna, ben);
  }
});
