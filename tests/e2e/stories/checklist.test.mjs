// What a server must do for the old SDK's clients, line by line: the numbers
// are those of the conformance checklist. Line 2 comes last, because its idle
// clients wait in the background all the while.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import tls from 'node:tls';
import { Person } from '../lib/browser.mjs';
import { misses } from '../lib/ears.mjs';
import { openProgram, recordProgram } from '../lib/rest.mjs';
import { allHear, answer, hold, host, meet, resume, ringPhone, talk } from '../lib/sdk/acts.mjs';
import { GENERATIONS } from '../lib/sdk/generations.mjs';
import { NEW, OLD, sdkStories } from '../lib/sdk/stand.mjs';
import { KNOWN, readError } from '../lib/sdk/wire.mjs';
import { pause, until } from '../lib/wait.mjs';

const tell = sdkStories({ roompool: { replace_ms: 1000, rejoin_ms: 1000, takeover: false } });
const idle = [];

const over = (...tabs) => Promise.all(tabs.map((tab) => tab.leave()));

const requests = async (tab, method, header) => (await tab.value('requests')).filter(
  (entry) => entry.method === method && (!header || header in (entry.headers ?? {})));
const noCalls = (...tabs) => Promise.all(tabs.map((tab) => until(`${tab} has no call`,
  async () => (await tab.value('calls')).length === 0)));
// The tab's last description with another direction, for requests by hand.
const described = (tab, direction) => tab.page.evaluate(
  (d) => window.phone.find().media.editedOffer(d), direction);

tell('1. a path and x-expires are enough to log in', async (stand) => {
  for (const generation of [OLD, NEW]) {
    const tab = await stand.login('carla', generation, `idle-${generation}`);
    const [made] = await requests(tab, 'POST');
    assert.equal(made.status, 201);
    const { expires } = (await tab.told('session:ready'))[0];
    assert.ok(Number.isInteger(expires) && expires >= 300, String(expires));
    await tab.phone('refresh');
    await until('it is refreshed', async () =>
      (await requests(tab, 'PUT')).some((entry) => entry.status < 300 && /sessions/.test(entry.path)));
    await tab.clean();
    tab.stays = true;
    idle.push(tab);
  }
});

tell('3. hold, resume, move and other media are answered exactly 204', async (stand) => {
  const [anna, ben] = await stand.logins({ anna: NEW, ben: OLD });
  const other = await stand.login('carla', NEW, 'anna');
  const conference = await host(anna);
  await hold(anna, conference, 'conference');
  await resume(anna, conference, 'conference');
  await anna.call(conference, 'end', 'terminate');
  await anna.event('conference:ended');
  const [id, theirs] = await talk(anna, ben);
  for (const [tab, peer, call] of [[anna, ben, theirs], [ben, anna, id]]) {
    await hold(tab, '');
    await peer.accepted(call, 1);
    await resume(tab, '');
    await peer.accepted(call, 2); // or the next change of the peer's meets our offer
  }
  await anna.call(id, 'upgrade');
  await anna.event('call:media-modified');
  await anna.call(id, 'move');
  await answer(other);
  await anna.event('call:disconnected');
  const words = new Set();
  for (const tab of [anna, ben, other]) {
    const puts = [...await requests(tab, 'PUT', 'x-calls-action'),
      ...await requests(tab, 'PUT', 'x-conference-action')];
    for (const { headers, status, state, modId } of puts) {
      const word = headers['x-calls-action'] ?? headers['x-conference-action'];
      words.add(word);
      assert.equal(status, 204, word);
      const isOwn = word.startsWith('initiate');
      const states = { 'call-answer': 'accepted', 'accept-call-mod': 'mod-accepted' };
      if (word !== 'initiate-call-move') assert.equal(state, isOwn ? 'mod-sent' : states[word], word);
      if (isOwn && word !== 'initiate-call-move') assert.ok(modId, word);
    }
  }
  assert.deepEqual([...words].sort(), ['accept-call-mod', 'call-answer', 'initiate-call-hold',
    'initiate-call-mod', 'initiate-call-move', 'initiate-call-resume', 'initiate-hold',
    'initiate-resume']);
  await other.call('', 'end', 'terminate');
  await ben.event('call:disconnected');
  await over(anna, ben, other);
});

tell('4. both ends are told that it is over; a DELETE again is harmless', async (stand) => {
  const [anna, ben] = await stand.logins({ anna: OLD, ben: NEW });
  for (const how of ['cancel', 'reject', 'terminate']) {
    const id = await anna.dial(ben.address);
    const { id: theirs } = await ben.event('call:incoming');
    if (how === 'terminate') {
      await ben.call('', 'answer');
      await Promise.all([ben.event('call:connected'), anna.event('call:connected')]);
    }
    const [actor, own] = how === 'reject' ? [ben, theirs] : [anna, id];
    await actor.call(own, 'end', how);
    await noCalls(anna, ben);
    for (const [tab, call] of [[anna, id], [ben, theirs]]) {
      const ends = (await tab.seen(call)).filter((event) => event.state === 'session-terminated');
      assert.equal(ends.length, 1, `${how}: ${tab}`);
      if (how === 'cancel') assert.equal(ends[0].reason, 'Call canceled');
      const again = await tab.http('DELETE', `${tab.session}/calls/${call}`,
        { headers: { 'x-delete-reason': how } });
      assert.ok(again.status < 500 && again.status !== 404, `${how} again: ${again.status}`);
    }
  }
  await over(anna, ben);
});

tell('5. the caller gets an sdp once, the callee none', async (stand) => {
  for (const [first, second] of [[NEW, OLD], [OLD, NEW]]) {
    const [anna, ben] = await stand.logins({ anna: first, ben: second });
    const [id, theirs] = await talk(anna, ben);
    const opens = async (tab, call) => (await tab.seen(call))
      .filter((event) => event.state.startsWith('session-'));
    assert.equal((await opens(anna, id)).filter((event) => event.sdp).length, 1);
    assert.equal((await opens(ben, theirs)).filter((event) => event.sdp).length, 0);
    await anna.call(id, 'end', 'terminate');
    await noCalls(anna, ben);
    await over(anna, ben);
  }
});

tell('6, 7. invitation and removal say how they stand', async (stand) => {
  const [anna, ben] = await stand.logins({ anna: NEW, ben: OLD });
  const id = await host(anna);
  await meet(anna, id, ben);
  const [invited] = (await requests(anna, 'PUT')).filter((entry) => /participants/.test(entry.path));
  assert.deepEqual([invited.status, invited.state], [204, 'add-pending']);
  assert.ok(invited.modId);
  const accepted = (await anna.seen(id)).filter((event) => event.state === 'mod-terminated');
  assert.equal(accepted.length, 1);
  assert.deepEqual([accepted[0].modId, accepted[0].reason, accepted[0].sdp],
    [invited.modId, 'success', undefined]);
  assert.equal((await anna.seen(id)).filter((event) => event.state === 'session-open').length, 1);
  await anna.call(id, 'remove', ben.address);
  await anna.event('conference:participant-removed');
  await ben.event('conference:ended');
  const [removed] = await requests(anna, 'DELETE');
  assert.ok(removed.status < 300);
  assert.equal(removed.state, 'remove-pending');
  await over(anna, ben);
});

tell('8. an edited description is a re-offer, and the direction of sound follows', async (stand) => {
  const [anna, ben] = await stand.logins({ anna: OLD, ben: NEW });
  // As caller its last description was an offer, as callee an answer.
  for (const isCaller of [true, false]) {
    await talk(...(isCaller ? [anna, ben] : [ben, anna]));
    const [first] = (await requests(anna, isCaller ? 'POST' : 'PUT', isCaller ? undefined : 'x-calls-action'))
      .filter((entry) => JSON.stringify(entry.body ?? '').includes('a=sendrecv')).slice(-1);
    await hold(anna, '');
    const last = (await requests(anna, 'PUT', 'x-calls-action')).at(-1);
    const plain = (body) => Object.values(body)[0].sdp.replace(/^o=.*$/m, 'o=')
      .replace(/a=(sendrecv|sendonly|recvonly)(?=\r)/g, 'a=direction');
    assert.equal(plain(last.body), plain(first.body), 'only direction and version differ');
    const held = (await anna.value('seen')).at(-1);
    assert.match(held.sdp, /a=recvonly|a=inactive/);
    await Promise.all([misses(anna, ['ben']), misses(ben, ['anna'])]);
    await resume(anna, '');
    await Promise.all([allHear(anna, ben), ben.event('call:resumed')]);
    await anna.call('', 'end', 'terminate');
    await noCalls(anna, ben);
  }
  await over(anna, ben);
});

tell('9. the server stays passive in DTLS through holds of either side', async (stand) => {
  const [anna, ben] = await stand.logins({ anna: OLD, ben: NEW });
  const id = await host(anna);
  await meet(anna, id, ben);
  for (let round = 0; round < 3; round++) {
    for (const tab of [anna, ben]) {
      await hold(tab, '', 'conference');
      await resume(tab, '', 'conference');
    }
  }
  await allHear(anna, ben);
  for (const tab of [anna, ben]) assert.equal((await tab.stats()).dtlsRole, 'client');
  await over(ben, anna); // whose check finds any a=setup:active
});

const ORIGIN = 'http://elsewhere.example';

// One refused request: a pair that every client survives, with CORS.
function assertSafe(what, answer, statuses) {
  assert.ok(statuses.includes(answer.status), `${what}: ${answer.status} ${answer.text}`);
  assert.ok(answer.headers['access-control-allow-origin'], `${what}: no CORS`);
  const exposed = (answer.headers['access-control-expose-headers'] ?? '').toLowerCase();
  for (const name of ['location', 'x-expires', 'x-state', 'x-modid']) {
    assert.ok(exposed.includes(name), `${what}: ${name} is not exposed`);
  }
  const read = { status: answer.status, text: answer.text,
    header: (name) => answer.headers[name.toLowerCase()] ?? null };
  for (const generation of [OLD, NEW]) {
    assert.doesNotThrow(() => readError(read, GENERATIONS[generation]), `${what} with ${generation}`);
  }
  const inner = answer.json?.RequestError
    && Object.values(answer.json.RequestError)[0];
  if (inner?.MessageId) {
    assert.ok(KNOWN[answer.status].includes(inner.MessageId), `${what}: ${inner.MessageId}`);
  }
  return inner?.MessageId;
}

tell('10. every error is one that clients survive, with CORS, and changes nothing', async (stand, system) => {
  const [anna, ben, carla] = await stand.logins({ anna: NEW, ben: OLD, carla: NEW });
  const id = await host(anna);
  await meet(anna, id, ben);
  const sdp = await described(anna, 'sendrecv');
  const own = anna.session;
  const conference = `${own}/conferences/${id}`;
  const action = (word, more) => ({ 'x-conference-action': word, ...more });
  const mod = (text) => ({ conferenceModifications: { sdp: text } });
  const from = (tab) => ({ Authorization: `Bearer ${tab.token}`, Origin: ORIGIN });
  const [unbound, bound] = [{ token: await system.token() }, { token: await system.token() }];
  await system.http('PUT', '/RTC/v1/userIds/bound', { headers: from(bound) });
  const gone = `/RTC/v1/sessions/${crypto.randomUUID()}`;
  const cases = [
    ['no token', 'GET', `${own}/events`, { Authorization: '' }, undefined, [401], 'POL0001'],
    ['a wrong token', 'GET', `${own}/events`, { Authorization: 'Bearer x.y.z' }, undefined, [401], 'POL0001'],
    ['poll of a session that is gone', 'GET', `${gone}/events`, {}, undefined, [404]],
    ['refresh of it', 'PUT', gone, {}, undefined, [404]],
    ['a conference in it', 'POST', `${gone}/conferences`, {}, { conference: { sdp } }, [404]],
    ["another's session", 'PUT', ben.session, {}, undefined, [403], 'POL1102'],
    ["another's events", 'GET', `${ben.session}/events`, {}, undefined, [403], 'POL1102'],
    ['a second session', 'POST', '/RTC/v1/sessions', {}, { session: {} }, [400], 'SVC8514'],
    ['nobody bound', 'POST', '/RTC/v1/sessions', from(unbound), { session: {} }, [400], 'SVC8512'],
    ['an E911 id of an account', 'POST', '/RTC/v1/sessions', { ...from(bound), 'x-e911Id': 'a:b:c:d' },
      { session: {} }, [400], 'SVC8510'],
    ['no sdp', 'POST', `${own}/conferences`, {}, { conference: {} }, [400]],
    ['a broken sdp', 'POST', `${own}/conferences`, {}, { conference: { sdp: 'v=0\r\nm=audio' } }, [400]],
    ['a broken body', 'POST', `${own}/conferences`, {}, '{"conference":', [400]],
    ['an empty body', 'POST', `${own}/calls`, {}, '', [400]],
    ['nobody to call', 'POST', `${own}/calls`, {}, { call: { calledParty: null, sdp } }, [400]],
    ['an unknown callee', 'POST', `${own}/calls`, {}, { call: { calledParty: 'sip:nobody@localhost', sdp } },
      [400], 'SVC0001'],
    ['no action', 'PUT', conference, {}, mod(sdp), [400], 'SVC0002'],
    ['an unknown action', 'PUT', conference, action('dance'), mod(sdp), [400], 'SVC0003'],
    ['a hold without sdp', 'PUT', conference, action('initiate-hold'), {}, [400]],
    ['a hold with a broken sdp', 'PUT', conference, action('initiate-hold'), mod('m=audio'), [400]],
    ['an answer of one who is in', 'PUT', conference, action('call-answer'), mod(sdp), [400]],
    ['a wrong modID', 'PUT', conference, action('accept-media-mod', { 'x-mod-Id': 'none' }), mod(sdp), [400]],
    ['a rejection of nothing', 'PUT', conference,
      action('rejectCancel-conference-mod', { 'x-modId': 'none' }), mod(sdp), [400]],
    ['an unknown conference', 'PUT', `${own}/conferences/none`, action('initiate-hold'), mod(sdp), [400]],
    ['leaving it', 'DELETE', `${own}/conferences/none`, {}, undefined, [400, 403]],
    ['an unknown call', 'PUT', `${own}/calls/none`, { 'x-calls-action': 'initiate-call-hold' }, mod(sdp), [400]],
    ['a call that is a conference', 'PUT', `${own}/calls/${id}`,
      { 'x-calls-action': 'initiate-call-hold' }, mod(sdp), [400]],
    ['a transfer without target', 'PUT', `${own}/calls/none`,
      { 'x-calls-action': 'initiate-call-transfer' }, mod(sdp), [400]],
    ['an unknown reason', 'DELETE', conference, { 'x-delete-reason': 'boredom' }, undefined, [400]],
    ['removing nobody', 'DELETE', `${conference}/participants/sip:nobody@localhost`, {}, undefined, [400]],
    ['inviting nobody', 'PUT', `${conference}/participants/null`, {}, undefined, [400]],
    ["a participant's invitation", 'PUT', `${ben.session}/conferences/${id}/participants/sip:carla@localhost`,
      from(ben), undefined, [400, 403]],
    ["a stranger's hold", 'PUT', `${carla.session}/conferences/${id}`,
      { ...from(carla), ...action('initiate-hold') }, mod(sdp), [400], 'SVC0003'],
    ["a stranger's end", 'DELETE', `${carla.session}/conferences/${id}`, from(carla), undefined, [400], 'SVC0003'],
    ["a stranger's invitation", 'PUT', `${carla.session}/conferences/${id}/participants/sip:ben@localhost`,
      from(carla), undefined, [400], 'SVC0003'],
    ['an id that is too long', 'PUT', `${own}/conferences/${'x'.repeat(300)}`,
      action('initiate-hold'), mod(sdp), [400]],
  ];
  for (const [what, method, path, headers, body, statuses, code] of cases) {
    const got = await system.http(method, path, { headers: { ...from(anna), ...headers }, body });
    const inner = assertSafe(what, got, statuses);
    if (code) assert.equal(inner, code, what);
  }
  const preflight = await system.http('OPTIONS', `${conference}/participants/x`, { headers: {
    Origin: ORIGIN, 'Access-Control-Request-Method': 'PUT',
    'Access-Control-Request-Headers': 'authorization,content-type' } });
  assert.ok(preflight.status < 300);
  const allowed = preflight.headers['access-control-allow-headers'].toLowerCase().split(/, ?/);
  for (const name of ['authorization', 'content-type', 'accept', 'x-arg', 'x-e911id', 'x-calls-action',
    'x-conference-action', 'x-modid', 'x-mod-id', 'x-delete-reason', 'x-transfertargetcallid']) {
    assert.ok(allowed.includes(name), `preflight: ${name}`);
  }
  await allHear(anna, ben);
  await over(ben, anna, carla);
});

tell('11. sessions of one user ring together; who loses gets Call canceled', async (stand) => {
  const [anna, ben] = await stand.logins({ anna: NEW, ben: OLD });
  const other = await stand.login('carla', NEW, 'ben');
  for (const [winner, loser] of [[ben, other], [other, ben]]) {
    const id = await host(anna);
    await anna.call(id, 'invite', ben.address);
    const { id: theirs } = await loser.event('conference:invitation-received');
    await answer(winner, { rings: 'conference:invitation-received' });
    await loser.event('conference:canceled');
    assert.equal((await loser.seen(theirs)).at(-1).reason, 'Call canceled');
    await allHear(anna, winner);
    await anna.call(id, 'end', 'terminate');
    await winner.event('conference:ended');
    await anna.event('conference:ended');
  }
  await over(anna, ben, other);
});

// A poll whose connection the client has closed before the front end reads it.
async function cutPoll(system, token, session) {
  const socket = tls.connect({ host: '127.0.0.1', port: system.httpsPort, rejectUnauthorized: false });
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  await system.signal('api-1', 'SIGSTOP');
  try {
    await new Promise((written) => {
      socket.write(`GET ${session}/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n\r\n`, written);
    });
    socket.destroy();
    await once(socket, 'close');
  } finally {
    await system.signal('api-1', 'SIGCONT');
  }
}

tell('12. a poll that the client cuts loses no event', async (stand, system) => {
  const [anna] = await stand.logins({ anna: NEW });
  const id = await host(anna);
  const token = await system.token();
  const headers = { Authorization: `Bearer ${token}` };
  await system.http('PUT', '/RTC/v1/userIds/cut', { headers });
  const made = await system.http('POST', '/RTC/v1/sessions', { headers, body: { session: {} } });
  const session = made.headers.location;
  for (let round = 0; round < 4; round++) {
    await cutPoll(system, token, session);
    await anna.call(id, 'invite', 'cut@localhost');
    await anna.event('conference:invitation-sent');
    await cutPoll(system, token, session);
    await anna.call(id, 'remove', 'cut@localhost');
    await anna.event('conference:participant-removed');
    for (const state of ['invitation-received', 'session-terminated']) {
      const { status, json } = await system.http('GET', `${session}/events`, { headers });
      assert.equal(status, 200);
      assert.equal(json.events.eventList.length, 1);
      assert.equal(json.events.eventList[0].eventObject.state, state);
    }
  }
  await anna.logout();
});

tell('13. invitation and cancel at once come in an answer each', async (stand, system) => {
  const [anna, ben, carla] = await stand.logins({ anna: OLD, ben: NEW, carla: OLD });
  for (const guest of [ben, carla]) {
    // A call, from within the page: canceled so soon that it may not ring at all.
    const call = await anna.page.evaluate(async (to) => {
      const made = await window.phone.dial(to);
      window.phone.find(made).end('cancel');
      return made;
    }, guest.address);
    await anna.event('call:canceled');
    const id = await host(anna);
    const path = `${anna.session}/conferences/${id}/participants/sip:${guest.address}`;
    const invited = await anna.http('PUT', path);
    await until('the invitation is on its way', async () => (await system.sql(
      `SELECT 1 FROM events WHERE conf_id = '${id}' AND kind = 'invitation-received'`)).length);
    const removed = await anna.http('DELETE', path);
    assert.deepEqual([invited.status, removed.headers['x-state']], [204, 'remove-pending']);
    await guest.event('conference:invitation-received');
    await noCalls(guest);
    assert.equal((await guest.seen(id)).length, 2);
    // Events come in order: those of the call are there by now.
    const rung = (await guest.seen(call)).map((event) => event.state);
    assert.ok(!rung.length || rung.join(' ') === 'invitation-received session-terminated', rung.join(' '));
    const polls = (await requests(guest, 'GET')).filter((entry) => entry.status === 200);
    assert.equal(polls.length, (await guest.value('seen')).length, 'one event an answer');
    await guest.clean();
    await anna.call(id, 'end', 'terminate');
    await noCalls(anna);
  }
  for (const tab of [ben, carla]) await over(tab);
  await anna.logout();
});

tell('14. a hold that fails while events wait still reaches the older client', async (stand) => {
  const [anna, ben, carla] = await stand.logins({ anna: NEW, ben: OLD, carla: NEW });
  const [id, theirs] = await talk(anna, ben);
  for (let round = 0; round < 3; round++) {
    // ben is slow to accept anna's hold: his own is refused meanwhile.
    await ben.page.evaluate((call) => {
      window.offered = new Promise((resolve) => {
        window.phone.channel.on('mod-received', call, resolve);
      });
    }, theirs);
    await anna.call(id, 'hold');
    await ben.page.evaluate(() => window.offered);
    const [conference] = await Promise.all([host(carla), ben.forget()]);
    await ben.page.evaluate(() => window.phone.find().hold());
    await carla.call(conference, 'invite', ben.address);
    const { status } = await ben.event('error');
    assert.equal(status, 409);
    const { modId, sdp } = await ben.page.evaluate(async (call) => {
      const event = await window.offered;
      const one = window.phone.find(call);
      window.phone.channel.on('mod-received', call, (later) => one.onModReceived(later));
      await one.onModReceived(event);
      return event;
    }, theirs);
    assert.ok(modId && sdp);
    await anna.event('call:held');
    await resume(anna, id);
    await Promise.all([allHear(anna, ben), ben.accepted(theirs, 2 * round + 2)]);
    await carla.call(conference, 'end', 'terminate');
    await carla.event('conference:ended');
  }
  await anna.call(id, 'end', 'terminate');
  await noCalls(anna, ben);
  await over(anna, carla);
  await ben.logout();
});

tell('15. the other spelling of every operation, among clients of the SDK', async (stand, system) => {
  const [anna, ben] = await stand.logins({ anna: NEW, ben: OLD });
  const dan = await Person.open(system, 'dan');
  await openProgram(dan);
  const call = (method, path, options = {}) => dan.page.evaluate(
    ([m, p, o]) => window.rest.call(m, p, o), [method, path, options]);
  const event = (state) => dan.page.evaluate((s) => window.rest.event(s), state);
  const own = async (direction) => (await dan.page.evaluate(() => window.rest.described()))
    .replace(/a=(sendrecv|sendonly|recvonly|inactive)(?=\r)/g, `a=${direction}`);
  const token = await system.token();
  await dan.page.evaluate(([t]) => window.rest.open(t, '', 'dan'), [token]);
  const made = await dan.page.evaluate(() => window.rest.host());
  assert.equal(made.status, 202);
  const id = JSON.parse(made.text).confId;
  assert.equal(made.location.split('/').at(-1), id);
  await recordProgram(dan);

  // The host invites, by the other spelling; slashes at the end do not matter.
  for (const guest of [anna, ben]) {
    const invited = await call('PUT', `${made.location}/participants/sip:${guest.address}/`);
    assert.deepEqual([invited.status, invited.state], [204, 'add-pending']);
    await answer(guest, { rings: 'conference:invitation-received' });
    const joined = await event('session-open');
    assert.equal(joined.modId, invited.modId);
    assert.ok(joined.participant, 'the one who joined is named');
  }
  await allHear(anna, ben, dan);

  const changes = [
    ['/mediaConferences/', { action: 'initiate-conference-hold' }, 'recvonly',
      (sdp) => ({ sdp }), () => Promise.all([misses(dan, ['anna', 'ben']), misses(anna, ['dan'])])],
    ['/RTC/v1/mediaConferences/', { 'x-conference-action': 'initiate-conference-resume' }, 'sendrecv',
      (sdp) => ({ conference: { sdp } }), () => allHear(anna, ben, dan)],
    ['', { action: 'initiate-conference-mod' }, 'sendrecv',
      (sdp) => ({ conferenceModifications: { sdp } }), () => allHear(anna, ben, dan)],
    ['/mediaConferences/', { 'x-calls-action': 'initiate-hold' }, 'sendonly',
      (sdp) => ({ callsMediaModifications: { sdp } }), () => misses(dan, ['anna', 'ben'])],
    ['', { 'x-conference-action': 'initiate-resume' }, 'sendrecv',
      (sdp) => ({ call: { sdp } }), () => allHear(anna, ben, dan)],
  ];
  for (const [base, headers, direction, body, holds] of changes) {
    const path = base ? `${base}${id}/` : made.location;
    const sent = await call('PUT', path, { headers, body: body(await own(direction)) });
    assert.deepEqual([sent.status, sent.state], [204, 'mod-sent'], JSON.stringify(headers) + sent.text);
    const done = await event('mod-terminated');
    assert.deepEqual([done.modId, done.reason], [sent.modId, 'success']);
    assert.ok(done.sdp);
    await holds();
  }

  // A worker dies: our offers are accepted in both spellings, and rejected.
  const [{ node }] = await system.sql('select distinct media_worker as node from v_live_participants'
    + ` where conf_id = '${id}'`);
  await system.kill(node.split('.')[0]);
  const offer = await event('mod-received');
  await dan.page.evaluate((sdp) => window.rest.reanswer(sdp), offer.sdp);
  const accepted = await call('PUT', `/mediaConferences/${id}`, {
    headers: { action: 'accept-conference-mod', modID: offer.modId },
    body: { sdp: await dan.page.evaluate(() => window.rest.described()) } });
  assert.deepEqual([accepted.status, accepted.state], [204, 'mod-accepted'], accepted.text);
  await event('mod-terminated');
  await Promise.all([allHear(anna, ben, dan), anna.accepted(id, 1), ben.accepted(id, 1)]);

  // A participant in the other spelling, of an SDK's conference.
  const ended = await call('DELETE', `/mediaConferences/${id}`);
  assert.equal(ended.status, 200);
  await event('session-terminated');
  await Promise.all([anna.event('conference:ended'), ben.event('conference:ended')]);
  const conference = await host(anna);
  await anna.call(conference, 'invite', 'dan@localhost');
  const invited = await event('invitation-received');
  await dan.page.evaluate((sdp) => window.rest.renew(sdp), invited.sdp);
  const joined = await call('PUT', `/mediaConferences/${conference}`, {
    headers: { action: 'conference-answer' },
    body: { conference: { sdp: await dan.page.evaluate(() => window.rest.described()) } } });
  assert.deepEqual([joined.status, joined.state], [204, 'accepted'], joined.text);
  await anna.event('conference:invitation-accepted');
  await recordProgram(dan);
  await allHear(anna, dan);
  assert.equal((await call('DELETE', `/mediaConferences/${conference}/`)).status, 200);
  await event('session-terminated');
  assert.equal(await anna.state(conference), 'connected', 'only the host ends it');
  await anna.call(conference, 'invite', 'dan@localhost');
  await event('invitation-received');
  assert.equal((await call('DELETE', `/mediaConferences/${conference}`,
    { headers: { 'x-delete-reason': 'reject' } })).status, 200);
  await anna.event('conference:invitation-rejected');
  await over(anna, ben);
});

// Holds in the way that arms a move, then leaves at least `afterMs` later.
async function holdThenLeave(tab, id, afterMs) {
  const path = `${tab.session}/conferences/${id}`;
  const held = await tab.http('PUT', path, { headers: { 'x-conference-action': 'initiate-call-hold' },
    body: { conferenceModifications: { sdp: await described(tab, 'recvonly') } } });
  assert.deepEqual([held.status, held.headers['x-state']], [204, 'mod-sent'], held.text);
  await pause(afterMs);
  const left = await tab.http('DELETE', path, { headers: { 'x-delete-reason': 'terminate' } });
  assert.equal(left.status, 200, left.text);
}

tell('16. DELETE soon after the hold moves the conference, more than 5 s after it leaves', async (stand, system) => {
  const [anna, ben] = await stand.logins({ anna: NEW, ben: NEW });
  const [other, guest, third, dan] = await Promise.all([stand.login('carla', OLD, 'anna'),
    stand.login('ben', OLD, 'guest'), stand.login('carla', NEW, 'guest'), stand.phone('dan')]);
  const moved = await host(anna);
  await ringPhone(anna, moved, dan);
  await allHear(anna, dan);
  const kept = await host(ben);
  await ben.call(kept, 'invite', guest.address);
  await third.event('conference:invitation-received');
  await answer(guest, { rings: 'conference:invitation-received' });
  await third.event('conference:canceled');

  await Promise.all([
    holdThenLeave(anna, moved, 1000).then(() => answer(other, { rings: 'conference:invitation-received' })),
    holdThenLeave(guest, kept, 5100),
    misses(dan, ['anna']),
  ]);
  await Promise.all([anna.event('conference:ended'), guest.event('conference:ended')]);
  // The telephone stayed, and hears the seat's new owner.
  await allHear(other, dan);
  assert.ok(!dan.event('CALL_CLOSED'));
  // Which is still the host's seat.
  const [row] = await system.sql('select count(*) as n, sum(role = \'host\') as hosts'
    + ` from v_live_participants where conf_id = '${moved}'`);
  assert.deepEqual(row, { n: 2, hosts: 1 });
  await other.call('', 'end', 'terminate');
  await Promise.all([other.event('conference:ended'), dan.closed()]);

  // The other one left, and nobody was asked to take the seat.
  assert.equal((await third.told('conference:invitation-received')).length, 1);
  assert.equal(await ben.state(kept), 'connected');
  assert.deepEqual((await system.sql('select count(*) as n from v_live_participants'
    + ` where conf_id = '${kept}'`))[0], { n: 1 });
  for (const tab of [anna, guest]) { // whose holds the SDK did not make
    await tab.logout();
  }
  await over(ben, other, third);
});

tell('2. idle clients have one poll open, answered 204 after 20 s, before they give up', async () => {
  for (const tab of idle) {
    const polls = await until('two polls of an idle client were answered', async () => {
      const all = await requests(tab, 'GET');
      return all.filter((poll) => poll.ended).length >= 2 && all;
    }, 60000);
    for (const [at, poll] of polls.entries()) {
      if (!poll.ended) {
        assert.equal(at, polls.length - 1, 'only the newest is open');
        continue;
      }
      assert.equal(poll.status, 204); // the younger gives up after 40 s
      const heldS = (poll.ended - poll.started) / 1000;
      assert.ok(heldS >= 20, `${heldS} s`);
      assert.ok(polls[at + 1].started >= poll.ended, 'one at a time');
    }
    await tab.leave();
  }
});
