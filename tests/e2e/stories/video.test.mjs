// Video sessions with rooms of our own pool: the whole life of one, with a
// browser as the app and a telephone as the agent; what is refused.

import assert from 'node:assert/strict';
import { stories } from '../lib/story.mjs';
import { firstKind, today } from '../lib/video-life.mjs';

const PREFIX = 'https://agent.example/idcheck/';
const tell = stories({
  api: { room_tag_prefix: PREFIX },
  roompool: { pool_target: 4, pool_grace_s: 1, video_max_sessions: 20 },
});

tell('a client of the first kind and an agent on the telephone hear each other', firstKind);

tell('the app of today and an agent on the telephone hear each other', today);

async function ask(system, method, path, { scope = 'video', headers = {}, ...more } = {}) {
  const token = await system.token({ scope });
  return system.http(method, `/video/v2${path}`, {
    headers: { Authorization: `Bearer ${token}`, ...headers }, ...more });
}

tell('the room says what it is for', async (system) => {
  const { json } = await ask(system, 'POST', '/sessions?client_id=123&device_code=tag');
  const [{ reference }] = await system.sql(
    `select reference from video_sessions where session_id = '${json.session_id}'`);
  assert.match(reference, /^\d{6},\d{6}$/);
  const [{ tag }] = await system.sql(
    `select tag from v_pool_rooms where name = '${json.room_name}'`);
  assert.equal(tag, `${PREFIX}${Buffer.from(reference).toString('base64url')}`);
  await ask(system, 'DELETE', `/sessions/${json.session_id}`);
});

tell('what is no good is refused in one form', async (system) => {
  const app = { client_id: '1', device_code: '2' };
  const none = await system.http('POST', '/video/v2/sessions', { body: app });
  assert.deepEqual([none.status, none.json, none.headers['www-authenticate']],
    [401, { error: 'unauthorized' }, 'Bearer']);
  const other = await ask(system, 'POST', '/sessions', { scope: 'rooms', body: app });
  assert.deepEqual([other.status, other.json], [403, { error: 'forbidden' }]);
  for (const [method, path, body, status] of [
    ['POST', '/sessions', { client_id: '1' }, 422],
    ['POST', '/sessions', '{"client_id":', 400],
    ['POST', '/sessions', '[1]', 400],
    ['GET', '/sessions/nobody', undefined, 404],
    ['DELETE', '/sessions/nobody', undefined, 404],
    ['PUT', '/sessions/nobody', { status: 'ended' }, 404],
    ['PUT', '/sessions/nobody', { status: 'asleep' }, 422],
    ['POST', '/sessions/nobody/calls', { status: 'call_ringing' }, 404],
    ['PATCH', '/sessions/nobody', {}, 405],
    ['GET', '/nothing', undefined, 404],
  ]) {
    const headers = typeof body === 'string' ? { 'Content-Type': 'application/json' } : {};
    const answer = await ask(system, method, path, { body, headers });
    assert.equal(answer.status, status, `${method} ${path}`);
    assert.equal(typeof answer.json.error, 'string', answer.text);
  }
});

tell('without rooms an app is told to come again', async (system) => {
  const sessions = [];
  for (;;) {
    const { status, json, headers } = await ask(system, 'POST',
      `/sessions?client_id=123&device_code=d${sessions.length}`);
    if (status !== 201) {
      assert.equal(status, 503);
      assert.deepEqual(json, { error: 'no_room', status: 'session_not_granted' });
      assert.ok(headers['retry-after']);
      break;
    }
    sessions.push(json.session_id);
  }
  assert.equal(sessions.length, 20);
  assert.equal(new Set(sessions).size, 20);
  for (const id of sessions) await ask(system, 'DELETE', `/sessions/${id}`);
});

tell('where and when, by default', async (system) => {
  const where = await ask(system, 'GET', '/destinations');
  assert.deepEqual(where.json, [{ destination_name: 'Agents', destination_priority: 1 }]);
  const when = await ask(system, 'GET', '/service_hours');
  assert.equal(when.json.regular_service_periods[0].start_day, 'MON');
});
