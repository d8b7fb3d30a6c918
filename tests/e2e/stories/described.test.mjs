// What openapi.json says of the room, client, video and management APIs is what
// they answer: to requests that are good, that come twice or too late, and that
// make no sense.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Definition } from '../lib/camara.mjs';
import { fills } from '../lib/crowd.mjs';
import { Management } from '../lib/management.mjs';
import { stories } from '../lib/story.mjs';

const SECRET = 'a secret of the desk';
const SENDER = 'events:of another platform';
const NOBODY = '00000000-0000-4000-8000-000000000000';
const LARGE = `{"display_name":"${'x'.repeat(300000)}"}`;
const P = '/api/client/v2/conferences/{alias}';
const P_SEAT = `${P}/participants/{participant}`;
const V = '/video/v2/sessions';
const TARGET = 2;
const tell = stories(async (base, dir) => {
  await writeFile(join(dir, 'var/desk'), SECRET, { mode: 0o600 });
  await writeFile(join(dir, 'var/sink'), SENDER, { mode: 0o600 });
  return {
    api: { room_public_secret_file: join(dir, 'var/desk'), room_sink_file: join(dir, 'var/sink') },
    // Nobody reads the events of the seats here.
    roompool: { pool_target: TARGET, pool_fill_per_s: 200, abandoned_s: 600 },
  };
});
let ours;

// A request of the description; status: one that is to come.
async function ask(system, status, method, path, { ids = {}, query = '', headers = {}, body } = {}) {
  ours ??= await Definition.ours(system);
  const filled = path.replace(/\{(.*?)\}/g, (all, name) => encodeURIComponent(ids[name] ?? all));
  const answer = await system.http(method, filled + query, { body, headers: {
    ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers } });
  const what = `${method} ${filled}${query} ${String(JSON.stringify(body)).slice(0, 80)}`;
  assert.equal(answer.status, status, `${what}: ${answer.text}`);
  ours.checkAllOurs(method, path, answer, what);
  return answer.json;
}

const bearer = async (system, scope) => ({ Authorization: `Bearer ${await system.token({ scope })}` });

tell('rooms', async (system) => {
  const headers = await bearer(system, 'rooms');
  const admin = await bearer(system, 'rooms rooms.admin');
  const other = await bearer(system, 'video');
  const key = { ...headers, 'Idempotency-Key': 'k' };
  await fills(system, TARGET);
  const room = await ask(system, 200, 'POST', '/room/create', { headers: key, query: '?uuiData=1,2' });
  const ids = { room_name: room.name };
  await ask(system, 422, 'POST', '/room/create', { headers: key, query: '?uuiData=1,3' });
  await ask(system, 401, 'POST', '/room/create');
  await ask(system, 403, 'POST', '/room/create', { headers: other });
  for (const path of ['/rooms', '/room/all']) await ask(system, 200, 'GET', path, { headers });
  for (const query of ['', '?constrained_attributes=true', '?constrained_attributes=false']) {
    await ask(system, 200, 'GET', '/room/{room_name}', { headers, ids, query });
  }
  await ask(system, 422, 'GET', '/room/{room_name}', { headers, ids, query: '?constrained_attributes=x' });
  for (const method of ['PATCH', 'PUT']) {
    const change = (status, body) => ask(system, status, method, '/room/{room_name}', { headers, ids, body });
    await change(202, { pin: '123456', guest_pin: '654321', tag: 't', description: 'd' });
    for (const body of ['{', '[]', { pin: '1' }, { tag: 7 }, { pin: '654321' }]) await change(422, body);
    await change(413, LARGE);
  }
  await ask(system, 200, 'GET', '/public/room/{room_name}', { ids, headers: { 'x-auth-token': SECRET } });
  await ask(system, 403, 'GET', '/public/room/{room_name}', { ids, headers: { 'x-auth-token': 'x' } });
  await ask(system, 401, 'GET', '/public/room/{room_name}', { ids });
  await ask(system, 202, 'POST', '/rooms/create', { headers: admin, query: '?count=1' });
  await ask(system, 422, 'POST', '/rooms/create', { headers: admin, query: '?count=x' });
  await ask(system, 503, 'POST', '/rooms/create', { headers: admin, query: '?count=100000' });
  await ask(system, 403, 'POST', '/rooms/create', { headers, query: '?count=1' });
  for (const status of [204, 204]) await ask(system, status, 'DELETE', '/room/{room_name}', { headers, ids });
  for (const method of ['GET', 'DELETE', 'PATCH']) {
    await ask(system, 404, method, '/room/{room_name}', { headers, ids: { room_name: 'none' },
      body: method === 'PATCH' ? {} : undefined });
  }
  await ask(system, 200, 'DELETE', '/rooms', { headers: admin });
  await ask(system, 403, 'DELETE', '/rooms', { headers });
  const sender = { Authorization: `Basic ${Buffer.from(SENDER).toString('base64')}` };
  for (const body of [{ event: 'conference_ended', data: { name: 'x' } }, '{', [], { event: 5 }]) {
    await ask(system, 200, 'POST', '/public/event_sink', { headers: sender, body });
  }
  await ask(system, 401, 'POST', '/public/event_sink', { body: {} });
  await ask(system, 200, 'GET', '/health');
});

tell('video sessions', async (system) => {
  const headers = await bearer(system, 'video');
  const wish = { client_id: '1', device_code: '2' };
  await fills(system, TARGET);
  const made = await ask(system, 201, 'POST', V, { headers, body: wish });
  const ids = { session_id: made.session_id, client_call_id: 'c' };
  const one = (status, method, body, path = '') =>
    ask(system, status, method, `${V}/{session_id}${path}`, { headers, ids, body });
  await ask(system, 401, 'POST', V, { body: wish });
  await ask(system, 403, 'POST', V, { headers: await bearer(system, 'rooms'), body: wish });
  await ask(system, 400, 'POST', V, { headers, body: '{' });
  await ask(system, 422, 'POST', V, { headers, body: {} });
  await ask(system, 413, 'POST', V, { headers, body: LARGE });
  await ask(system, 415, 'POST', V, { headers: { ...headers, 'Content-Type': 'text/plain' }, body: 'x' });
  await one(200, 'GET');
  await one(200, 'PUT', { status: 'started' });
  await one(422, 'PUT', { status: 'asleep' });
  await one(201, 'POST', { status: 'call_ringing', client_call_id: 'c' }, '/calls');
  await one(422, 'POST', {}, '/calls');
  await one(200, 'PUT', { status: 'call_in_call' }, '/calls');
  await one(200, 'PUT', { status: 'call_ended' }, '/calls/{client_call_id}');
  await one(422, 'PUT', { status: 'call_ended', client_call_id: 'd' }, '/calls/{client_call_id}');
  await one(413, 'PUT', LARGE, '/calls/{client_call_id}');
  for (const status of [204, 204]) await one(status, 'DELETE');
  await one(409, 'PUT', { status: 'started' });
  await one(200, 'PUT', { status: 'ended' });
  ids.session_id = 'none';
  for (const [method, body] of [['GET'], ['DELETE'], ['PUT', { status: 'ended' }]]) await one(404, method, body);
  for (const what of ['destinations', 'service_hours']) {
    await ask(system, 200, 'GET', `/video/v2/${what}`, { headers });
    await ask(system, 401, 'GET', `/video/v2/${what}`);
  }
  await ask(system, 200, 'GET', '/device/.well-known/openid-configuration');
});

// Every request of a host about the room, about a guest, and about itself.
const OF_ROOM = `lock unlock muteguests unmuteguests start_conference clearallbuzz clearspotlights
  stop_recording`.split(/\s+/);
const OF_ANYBODY = `mute unmute client_mute client_unmute video_muted video_unmuted spotlighton
  spotlightoff unlock buzz clearbuzz allowrxpresentation denyrxpresentation`.split(/\s+/);
const OF_ONESELF = 'release_floor hide_live_captions preferred_aspect_ratio notify_not_afk'.split(' ');
const NOT_HERE = 'take_floor show_live_captions pres_in_mix fecc'.split(' ');

tell('seats', async (system) => {
  const api = await Management.open(system);
  await api.create('configuration/conference', {
    name: 'Described', allow_guests: true, pin: '4471', guest_pin: '9036', participant_limit: 3 });
  const ids = { alias: 'Described', call: 'none' };
  const join = (status, pin, body) => ask(system, status, 'POST', `${P}/request_token`,
    { ids, headers: pin ? { pin } : {}, body });
  const { result: host } = await join(200, '4471', { display_name: 'host', call_tag: 'desk' });
  const { result: guest } = await join(200, '9036', { display_name: 'guest' });
  await join(403, undefined, { display_name: 'x' });
  await join(403, '1111', { display_name: 'x' });
  for (const body of ['{', '[]', {}]) await join(400, '4471', body);
  await join(413, '4471', LARGE);
  await ask(system, 404, 'POST', `${P}/request_token`, { ids: { alias: 'none' }, body: { display_name: 'x' } });

  const headers = { token: host.token };
  const post = (status, path, body = {}, more = {}) => ask(system, status, 'POST', path,
    { ids: { participant: guest.participant_uuid, ...ids, ...more }, headers, body });
  const own = { participant: host.participant_uuid };
  const nobody = { participant: NOBODY };
  const get = (status, path) => ask(system, status, 'GET', path,
    { ids: { participant: guest.participant_uuid, ...ids }, headers });
  for (const what of ['conference_status', 'participants', 'available_layouts', 'layout_svgs']) {
    await get(200, `${P}/${what}`);
    await ask(system, 403, 'GET', `${P}/${what}`, { ids });
  }
  for (const path of [`${P}/presentation.jpeg`, `${P}/presentation_high.jpeg`, `${P_SEAT}/avatar.jpg`]) await get(404, path);
  for (const what of OF_ROOM) {
    await post(200, `${P}/${what}`);
    await post(400, `${P}/${what}`, '{');
  }
  for (const what of OF_ANYBODY) {
    await post(200, `${P_SEAT}/${what}`);
    await post(400, `${P_SEAT}/${what}`, '[]');
    await post(404, `${P_SEAT}/${what}`, {}, nobody);
  }
  for (const what of OF_ONESELF) {
    await post(200, `${P_SEAT}/${what}`, {}, own);
    await post(403, `${P_SEAT}/${what}`);
  }
  for (const what of NOT_HERE) await post(403, `${P_SEAT}/${what}`, {}, own);
  await post(200, `${P}/set_guests_can_unmute`, { setting: true });
  await post(400, `${P}/set_guests_can_unmute`, { setting: 'x' });
  await post(200, `${P}/message`, { type: 'text/plain', payload: 'x' });
  await post(400, `${P}/message`, { payload: 5 });
  await post(200, `${P_SEAT}/message`, { payload: 'x' });
  await post(200, `${P}/transform_layout`, { transforms: { layout: '1:7' } });
  await post(400, `${P}/transform_layout`, { transforms: { layout: 'x' } });
  await post(400, `${P}/dial`, {});
  await post(403, `${P}/dial`, { destination: 'sip:a@b', protocol: 'h323' });
  await post(403, `${P}/play`, { prompt: 'none' }); // no media yet
  await post(400, `${P}/play`, {});
  await post(400, `${P}/start_recording`, { stems: 5 });
  await post(200, `${P_SEAT}/overlaytext`, { text: 'x' });
  await post(400, `${P_SEAT}/overlaytext`, { text: 5 });
  await post(200, `${P_SEAT}/role`, { role: 'chair' });
  await post(200, `${P_SEAT}/role`, { role: 'guest' });
  await post(400, `${P_SEAT}/role`, { role: 'x' });
  await post(404, `${P_SEAT}/transfer`, { conference_alias: 'none', role: 'guest' });
  await post(400, `${P_SEAT}/transfer`, {});
  await post(400, `${P_SEAT}/dtmf`, { digits: 'x' });
  await post(403, `${P_SEAT}/dtmf`, { digits: '1' });
  await post(400, `${P_SEAT}/calls`, { sdp: '' }, own);
  await post(403, `${P_SEAT}/calls`, { sdp: 'x' }, own);
  await post(403, `${P_SEAT}/calls`, { sdp: 'x' });
  for (const [what, body, status] of [['ack', {}, 200], ['new_candidate', { candidate: '' }, 200],
    ['new_candidate', {}, 400], ['update', { sdp: 'x' }, 403], ['dtmf', { digits: '1' }, 200], ['dtmf', {}, 400],
    ['statistics', {}, 200], ['fecc', {}, 403], ['ack', '[]', 400], ['disconnect', {}, 200]]) {
    await post(status, `${P_SEAT}/calls/{call}/${what}`, body, own);
  }
  await post(413, `${P}/lock`, LARGE);
  const { result: { token } } = await post(200, `${P}/refresh_token`);
  headers.token = token;
  await post(200, `${P_SEAT}/disconnect`);
  await post(404, `${P_SEAT}/disconnect`);
  await ask(system, 204, 'GET', `${P}/theme`, { ids });
  for (const status of [200, 200]) await post(status, `${P}/release_token`);
  for (const what of ['lock', 'refresh_token']) await post(403, `${P}/${what}`);
  await ask(system, 200, 'GET', '/api/client/v2/status');
});

tell('objects, live ones and commands', async (system) => {
  const { authorization: Authorization } = await Management.open(system);
  const headers = { Authorization };
  const admin = (status, method, path, more) => ask(system, status, method, `/api/admin/${path}/`,
    { headers, ...more });
  for (const resource of ['configuration/v1/conference', 'configuration/v1/conference_alias',
    'configuration/v1/automatic_participant', 'configuration/v1/event_sink', 'status/v1/conference',
    'status/v1/participant', 'history/v1/conference', 'history/v1/participant', 'history/v1/recording',
    'history/v1/recording_file', 'history/v1/talk_interval']) {
    await admin(200, 'GET', resource);
    await admin(200, 'GET', `${resource}/schema`);
    await admin(400, 'GET', resource, { query: '?none=1' });
    await admin(401, 'GET', resource, { headers: {} });
    await admin(404, 'GET', `${resource}/{id}`, { ids: { id: '999' } });
  }
  const name = 'configuration/v1/conference';
  await admin(201, 'POST', name, { body: { name: 'Object' } });
  const { objects: [{ id }] } = await admin(200, 'GET', name, { query: '?name=Object' });
  await admin(200, 'GET', `${name}/{id}`, { ids: { id } });
  for (const [status, body] of [[400, '{'], [400, '[]'], [400, { name: 5 }], [413, LARGE]]) {
    await admin(status, 'POST', name, { body });
    for (const method of ['PUT', 'PATCH']) await admin(status, method, `${name}/{id}`, { ids: { id }, body });
  }
  await admin(415, 'POST', name, { body: 'x', headers: { ...headers, 'Content-Type': 'text/plain' } });
  await admin(202, 'PUT', `${name}/{id}`, { ids: { id }, body: { name: 'Other' } });
  await admin(202, 'PATCH', `${name}/{id}`, { ids: { id }, body: { tag: 't' } });
  const command = (status, what, body, more) => admin(status, 'POST', 'command/v1/{kind}/{command}',
    { ids: { kind: what.split('/')[0], command: what.split('/')[1] }, body, ...more });
  await ask(system, 200, 'POST', `${P}/request_token`, { ids: { alias: 'Other' }, body: { display_name: 'x' } });
  await command(202, 'conference/lock', { conference_id: id, setting: 'toggle' });
  await command(400, 'conference/lock', {});
  await command(404, 'conference/unlock', { conference_id: NOBODY });
  await command(404, 'participant/mute', { participant_id: NOBODY });
  await command(404, 'participant/none', {});
  await command(400, 'participant/dial', { conference_alias: 'Other' });
  await command(413, 'conference/lock', LARGE);
  await command(415, 'conference/lock', 'x', { headers: { ...headers, 'Content-Type': 'text/plain' } });
  await command(401, 'conference/lock', {}, { headers: {} });
  await command(202, 'conference/disconnect', { conference_id: id });
  await admin(204, 'DELETE', `${name}/{id}`, { ids: { id } });
  await admin(404, 'DELETE', `${name}/{id}`, { ids: { id } });
});
