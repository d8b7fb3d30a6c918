// Managed rooms: checked out by an application, joined by page and telephone
// with the PINs that it was given, removed, and replaced; nobody gets a room
// twice.

import assert from 'node:assert/strict';
import { Person } from '../lib/browser.mjs';
import { counts, fills } from '../lib/crowd.mjs';
import { hears } from '../lib/ears.mjs';
import { Phone } from '../lib/phone.mjs';
import { stories } from '../lib/story.mjs';
import { until } from '../lib/wait.mjs';

const PREFIX = 'https://agent.example/idcheck/';
const TARGET = 6;
const tell = stories({
  api: { room_tag_prefix: PREFIX },
  roompool: { pool_target: TARGET, pool_fill_per_s: 200 },
});
let room;
let phone;
let watched; // event stream of a host that is no page

async function ask(system, method, path, { scope = 'rooms', headers = {}, ...more } = {}) {
  const token = await system.token({ scope });
  return system.http(method, path, {
    headers: { Authorization: `Bearer ${token}`, ...headers }, ...more });
}

const full = (system) => fills(system, TARGET);

tell('a room is checked out, with its tag and two PINs', async (system) => {
  await full(system);
  const [oldest] = await system.sql(
    "select room_no, name from v_pool_rooms where state = 'free' order by room_no limit 1");
  const { status, json } = await ask(system, 'POST', '/room/create?uuiData=123456,765432');
  assert.equal(status, 200);
  room = json;
  assert.deepEqual(Object.keys(room), ['id', 'name', 'service_type', 'allow_guests', 'pin',
    'guest_pin', 'tag', 'aliases']);
  assert.deepEqual([room.id, room.name], [oldest.room_no, oldest.name]);
  assert.match(room.name, /^[A-Za-z0-9][A-Za-z0-9_-]{15,}$/);
  assert.equal(room.tag, `${PREFIX}MTIzNDU2LDc2NTQzMg`);
  assert.match(room.pin, /^\d{4}$/);
  assert.match(room.guest_pin, /^\d{4}$/);
  assert.notEqual(room.pin, room.guest_pin);
  assert.equal(room.aliases[0].alias, room.name);
  const look = await ask(system, 'GET', `/room/${room.name}?constrained_attributes=true`);
  assert.deepEqual(look.json, room);
  await full(system);
  assert.equal((await counts(system)).reserved, 1);
});

tell('a guest and a host join by page and hear each other', async (system) => {
  const [ann, ben] = await Promise.all([Person.open(system, 'carla', { name: 'ann' }),
    Person.open(system, 'dan', { name: 'ben' })]);
  await ann.joinWithPin(room.name, room.guest_pin);
  await ann.page.waitForSelector('body[data-is-waiting=true]');
  await ben.joinWithPin(room.name, room.pin);
  await ben.page.waitForSelector('body[data-is-host=true]');
  await ann.page.waitForSelector('body[data-is-waiting=false]');
  await Promise.all([ann.startRecording(), ben.startRecording()]);
  await hears(ann, 'dan');
  await hears(ben, 'carla');
  assert.equal((await counts(system))['in-use'], 1);

  const seat = await system.http('POST',
    `/api/client/v2/conferences/${room.name}/request_token`,
    { body: { display_name: 'watcher', pin: room.pin }, headers: { pin: room.pin } });
  assert.equal(seat.json.result.role, 'HOST');
  watched = { text: '' };
  watched.over = system.http('GET',
    `/api/client/v2/conferences/${room.name}/events?token=${seat.json.result.token}`,
    { onData: (chunk) => { watched.text += chunk; } });
  watched.over.catch(() => {});
  await until('the watcher reads', () => watched.text.includes('participant_sync_end'));
  watched.pages = [ann, ben];
});

tell('a telephone dials the room and keys the PIN of guests', async (system) => {
  phone = await Phone.open(system, 'eve');
  await phone.dial(room.name);
  await until('the prompt is heard', async () =>
    (await phone.heard()).samples.some((sample) => Math.abs(sample) > 0.05));
  for (const digit of `${room.guest_pin}#`) await phone.key(digit);
  await hears(phone, 'carla', 'dan');
  await hears(watched.pages[0], 'eve');
});

tell('DELETE ends what goes on, with its text, and the room is replaced', async (system) => {
  const { status } = await ask(system, 'DELETE', `/room/${room.name}`);
  assert.equal(status, 204);
  await until('it is told', () => watched.text.includes('API initiated conference termination'));
  for (const page of watched.pages) {
    await until('the page has left', async () => (await page.state()).phase !== 'room');
    await page.close();
  }
  await until('the telephone is hung up', () => phone.event('CALL_CLOSED'));
  assert.equal((await ask(system, 'GET', `/room/${room.name}`)).status, 404);
  assert.equal((await ask(system, 'DELETE', `/room/${room.name}`)).status, 204);
  assert.equal((await ask(system, 'DELETE', '/room/never-there')).status, 404);
  const again = await system.http('POST',
    `/api/client/v2/conferences/${room.name}/request_token`,
    { body: { display_name: 'late' }, headers: { pin: room.pin } });
  assert.equal(again.status, 404);
  await full(system);
  await until('it is gone, and nothing else', async () => {
    const now = await counts(system);
    assert.deepEqual([now.deleted, now['in-use'], now.reserved], [1, 0, 0]);
    return true;
  });
});

tell('a room is changed, and a key gives one room', async (system) => {
  const key = { headers: { 'Idempotency-Key': 'retry-1' } };
  const first = await ask(system, 'POST', '/room/create?uuiData=1,2', key);
  const second = await ask(system, 'POST', '/room/create?uuiData=312c32', key);
  assert.deepEqual(second.json, first.json);
  const other = await ask(system, 'POST', '/room/create?uuiData=3,4', key);
  assert.equal(other.status, 422);
  assert.deepEqual(other.json.detail[0].loc, ['header', 'Idempotency-Key']);
  const path = `/room/${first.json.name}`;
  const change = await ask(system, 'PATCH', path,
    { body: { pin: '123456', guest_pin: '654321', description: 'kiosk' } });
  assert.deepEqual([change.status, change.text], [202, '']);
  const whole = await ask(system, 'GET', `${path}?constrained_attributes=false`);
  assert.deepEqual([whole.json.pin, whole.json.guest_pin, whole.json.description],
    ['123456', '654321', 'kiosk']);
  const bad = await ask(system, 'PUT', path, { body: { guest_pin: '123456' } });
  assert.equal(bad.status, 422);
  const list = await ask(system, 'GET', '/rooms');
  assert.ok(list.json.some((one) => one.name === first.json.name));
  await ask(system, 'DELETE', path);
});

tell('a hundred check-outs at once are a hundred rooms', async (system) => {
  await full(system);
  const token = await system.token({ scope: 'rooms' });
  const headers = { Authorization: `Bearer ${token}` };
  const before = await counts(system);
  const answers = await Promise.all(Array.from({ length: 100 }, () =>
    system.http('POST', '/room/create?uuiData=123456,765432', { headers })));
  assert.deepEqual([...new Set(answers.map((one) => one.status))], [200]);
  assert.equal(new Set(answers.map((one) => one.json.name)).size, 100);
  assert.equal(new Set(answers.map((one) => one.json.id)).size, 100);
  await full(system);
  assert.equal((await counts(system)).reserved, before.reserved + 100);
  const gone = await ask(system, 'DELETE', '/rooms', { scope: 'rooms.admin' });
  assert.equal(gone.status, 200);
  assert.ok(gone.json.deleted >= 100);
  await full(system);
  assert.equal((await counts(system)).reserved, 0);
});
