// kill -9 of a front end, and of roompool, at each step of joining a
// conference: the clients go on through the other front end, and each gets
// every event of its session once and in order. An event may come twice in a
// row only when the process died that alone knew whether it had been written.

import assert from 'node:assert/strict';
import test from 'node:test';
import { Caller } from '../lib/caller.mjs';
import { stories } from '../lib/story.mjs';
import { PATIENCE_MS, pause, until } from '../lib/wait.mjs';

const FRONTENDS = [1, 2];
const tell = stories({}, { frontends: FRONTENDS.length, supervised: false });

// What one does, and which events end it. Who acts is the one whose front end
// is struck.
const STEPS = [
  { name: 'sessions are created', who: 'guest', act: async (s) => {
    await s.host.open();
    await s.guest.open();
  } },
  { name: 'a poll waits', who: 'host', act: (s) => {
    s.guest.startPolling();
    s.host.startPolling();
    return parked(s, s.host);
  } },
  { name: 'a conference is created while nobody polls', who: 'host', act: async (s) => {
    await s.host.stopPolling();
    s.conf = await s.host.host();
  } },
  { name: 'its session-open is delivered', who: 'host', act: (s) => {
    s.host.startPolling();
    return s.host.event('session-open', s.conf);
  } },
  { name: 'the guest is invited', who: 'host', act: (s) => s.host.invite(s.conf, s.guest.user) },
  { name: 'the invitation is delivered', who: 'guest', act: (s) => invited(s) },
  { name: 'the guest answers', who: 'guest', act: (s) => s.guest.answer(s.conf) },
  { name: 'the success is delivered', who: 'host', act: async (s) => {
    await s.guest.event('session-open', s.conf);
    await s.host.event('mod-terminated', s.conf, 'success');
  } },
  { name: 'the guest leaves', who: 'guest', act: async (s) => {
    await s.guest.leave(s.conf);
    await s.guest.event('session-terminated', s.conf);
  } },
  { name: 'the host ends it', who: 'host', act: async (s) => {
    await s.host.leave(s.conf);
    await s.host.event('session-terminated', s.conf);
  } },
];

const STORY = {
  host: ['session-open', 'mod-terminated', 'session-terminated'],
  guest: ['invitation-received', 'session-open', 'session-terminated'],
};

// Polls that wait at a front end; NaN when it is away.
async function polls(s, frontend) {
  const { text } = await s.system.http('GET', '/metrics', { frontend })
    .catch(() => ({ text: '' }));
  return Number(text.match(/^pl_api_polls\S* (\d+)/m)?.[1]);
}

const failures = ({ host, conf }) => host.events.filter(({ state, resourceURL, reason }) =>
  state === 'mod-terminated' && resourceURL.endsWith(conf) && reason !== 'success');

// An invitation whose roompool died before anybody rang has failed, and its
// host is told so: it invites again, once. The request that it sent again as
// nobody had answered may have been that already.
async function invited(s) {
  await until('the guest is rung, or the host told why not', () =>
    s.guest.told(s.conf).length > 0 || failures(s).length > 0, PATIENCE_MS, 10);
  if (s.guest.told(s.conf).length === 0) await s.host.invite(s.conf, s.guest.user);
  await s.guest.event('invitation-received', s.conf);
}

// Until the poll of a client is known to its front end.
const parked = (s, client) => until('the poll waits', async () =>
  await polls(s, client.frontend) > 0);

// What roompool stored for a session, as its client should have been told.
const stored = (client) => client.system.sql('select seq, kind, conf_id, mod_id, reason '
  + `from events where owner = 'session' and owner_id = '${client.sessionId}' order by seq`);
const line = (state, conf, modId, reason) => [state, conf, modId || '', reason || ''].join(' ');
const told = ({ state, resourceURL, modId, reason }) =>
  line(state, resourceURL.split('/').at(-1), modId, reason);

async function assertWhole(client, mayRepeat) {
  let rows;
  await until(`${client.user} has what is stored`, async () => {
    rows = await stored(client);
    return rows.length === client.events.length;
  }).catch(() => {}); // said below
  assert.deepEqual(client.events.map(told), rows.map(({ kind, conf_id, mod_id, reason }) =>
    line(kind === 'invite-result' ? 'mod-terminated' : kind, conf_id, mod_id, reason)));
  assert.deepEqual(rows.map(({ seq }) => seq), rows.map((_, i) => i + 1), 'no gaps');
  assert.ok(client.repeats.length <= mayRepeat,
    `came again: ${JSON.stringify(client.repeats.map(told))}`);
}

let n = 0;
let repeats = 0;

// The two of a story; their polls end with it, however it ends.
async function withTwo(system, tale, streams = false) {
  n++;
  const s = { system, host: new Caller(system, `host${n}`, FRONTENDS),
    guest: new Caller(system, `guest${n}`, FRONTENDS, { streams }) };
  try {
    await tale(s);
    await Promise.all([s.host.close(), s.guest.close()]);
  } finally {
    await Promise.all([s.host.stopPolling(), s.guest.stopPolling()]);
  }
}

// The story, with `strike` at one step: with its request under way, or done.
// Some guests read a stream; where they stand they say themselves, so
// that nothing comes twice.
const play = (system, at, isUnderWay, strike) => withTwo(system, async (s) => {
  let restored;
  for (const step of STEPS) {
    if (step.name !== at) {
      await step.act(s);
      continue;
    }
    const acting = step.act(s);
    acting.catch(() => {}); // awaited below
    if (isUnderWay) await pause(n % 4 * 5); // not always at the very beginning
    else await acting;
    restored = strike(s, s[step.who]);
    await acting;
  }
  await restored;
  for (const role of ['host', 'guest']) {
    const story = [...STORY[role]];
    if (role === 'host' && failures(s).length > 0) story.splice(1, 0, 'mod-terminated');
    assert.deepEqual(s[role].told(s.conf), story, role);
    await assertWhole(s[role], s[role].streams ? 0 : 1);
    repeats += s[role].repeats.length;
  }
}, n % 5 < 2);

const EACH = STEPS.map(({ name }) => name);
const VICTIMS = [
  { victim: 'their front end', steps: EACH,
    strike: (s, client) => s.system.kill(`api-${client.frontend}`) },
  { victim: 'the front end of the other', // who is to get an event of it
    steps: ['the guest is invited', 'the guest answers'],
    strike: (s, client) =>
      s.system.kill(`api-${(client === s.host ? s.guest : s.host).frontend}`) },
  { victim: 'roompool', steps: EACH, strike: (s) => s.system.kill('roompool') },
];

for (const { victim, steps, strike } of VICTIMS) {
  for (const name of steps) {
    for (const isUnderWay of [true, false]) {
      tell(`${victim} dies ${isUnderWay ? 'as' : 'after'} ${name}`,
        (system) => play(system, name, isUnderWay, strike));
    }
  }
}

// ---- the invitation is in a front end's hands when its reader is gone ----

// The guest's front end stands still; its client goes; roompool hands it the
// invitation; it goes on, or dies. Nobody has read the invitation.
const standStill = (system, isKilled) => withTwo(system, async (s) => {
  await s.host.open();
  await s.guest.open();
  s.conf = await s.host.host();
  s.guest.startPolling();
  await parked(s, s.guest);
  const node = `api-${s.guest.frontend}`;
  await system.signal(node, 'SIGSTOP');
  const stopped = s.guest.frontend;
  await s.guest.stopPolling();
  s.host.frontend = FRONTENDS.find((other) => other !== stopped);
  await s.host.invite(s.conf, s.guest.user);
  await until('the invitation is stored', async () => (await stored(s.guest)).length === 1);
  const restored = isKilled ? system.kill(node) : system.signal(node, 'SIGCONT');
  if (!isKilled) { // an answer to this comes after what it had before it
    await restored;
    await system.http('GET', '/healthz', { frontend: stopped });
  }
  s.guest.startPolling();
  await s.guest.event('invitation-received', s.conf);
  await restored;
  await assertWhole(s.guest, 0);
});

tell('a connection is cut while its front end stands still', (system) => standStill(system, false));
tell('a front end dies with an invitation in its hands', (system) => standStill(system, true));
test.after(() => console.log(`events that came twice: ${repeats}`));
