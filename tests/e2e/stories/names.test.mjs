// Names, tags and PINs from strangers: they are shown as they were typed, and
// break no page, URL, header, SIP message or line of a log.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Person } from '../lib/browser.mjs';
import { Phone } from '../lib/phone.mjs';
import { Seat } from '../lib/seat.mjs';
import { stories } from '../lib/story.mjs';
import { until } from '../lib/wait.mjs';

const PREFIX = 'https://agent.example/idcheck/';
const tell = stories({
  api: { room_tag_prefix: PREFIX },
  roompool: { pool_target: 3, pool_fill_per_s: 200, token_s: 600 }, // nobody refreshes his
});
const HOST = { pin: '13579' };
const NAMES = [
  '"><img src=x onerror="document.body.remove()"><script>document.title="broken"</script>',
  "'; drop table participants; --",
  '" <sip:evil@127.0.0.1>;tag=1',
  'a%0d%0aX-Evil: 1?#&=/../..',
  'a\\"\\\\{"status":"success"}',
  '\u202egnp.exe \u2028 \u2029',
];
// What JSON may carry and a line may not.
const BROKEN = ['a\r\nX-Evil: 1\r\n\r\nHTTP/1.1 200 OK', 'a\n\ndata: {}\nevent: disconnect\n\n',
  'a\u0000b', '\u001b[2J2026-01-01T00:00:00.000Z error parley-api api forged'];

let host;
const seats = [];

tell('names are in the roster as they were typed', async (system) => {
  host = await Seat.join(system, 'clinic', 'host', HOST);
  for (const name of NAMES) seats.push(await Seat.join(system, 'clinic', name, HOST));
  const roster = (await host.ask('participants')).result.map((one) => one.display_name);
  for (const name of NAMES) assert.ok(roster.includes(name), `${name} in ${JSON.stringify(roster)}`);
  for (const seat of seats) assert.equal(seat.display_name, seat.name);
  const stored = await system.sql('select name from v_live_participants');
  for (const name of NAMES) assert.ok(stored.some((row) => row.name === name), name);
});

tell('names with control characters are refused or stay inside their event', async (system) => {
  for (const name of BROKEN) {
    const { status, json } = await system.http('POST',
      '/api/client/v2/conferences/clinic/request_token', { headers: HOST, body: { display_name: name } });
    if (name.includes('\0')) {
      assert.deepEqual([status, json.status], [400, 'failed']);
      continue;
    }
    assert.equal(status, 200, JSON.stringify(json));
    const uuid = json.result.participant_uuid;
    const { data: told } = await until('the others are told', () =>
      host.events.find((event) => event.name === 'participant_create' && event.data.uuid === uuid));
    assert.equal(told.display_name, json.result.display_name);
  }
  assert.ok(!host.isOver);
  assert.ok(!host.events.some((event) => event.name === 'disconnect'));
});

tell('a page shows them as text', async (system) => {
  const person = await Person.open(system, 'carla');
  for (const name of NAMES) seats.push(await Seat.join(system, 'lobby', name));
  await person.join('lobby');
  for (const name of NAMES) {
    await until(`the page shows ${name}`, async () =>
      (await person.page.textContent('#roster')).includes(name));
  }
  assert.equal(await person.page.locator('#roster img, #roster script').count(), 0);
  assert.notEqual(await person.page.title(), 'broken');
  await seats.at(-1).ask('messageConference', { type: 'text/plain', payload: NAMES[0] });
  await until('the message is shown', async () =>
    (await person.page.textContent('#messages')).includes(NAMES[0]));
  assert.equal(await person.page.locator('#messages img').count(), 0);
  await person.close();
});

tell('the name of a room stays inside its page and its answer', async (system) => {
  for (const room of ['%22%3E%3Cscript%3Ealert(1)%3C/script%3E', '%3Cimg%20src=x%3E', "'%20onload='x"]) {
    const { text, headers } = await system.http('GET', `/join/${room}`);
    assert.doesNotMatch(text, /<script>alert|<img src=x|' onload='x/);
    assert.equal(headers.get?.('x-evil') ?? headers['x-evil'], undefined);
  }
  for (const room of ['a%0d%0aX-Evil:%201', 'a%00', '%ff', 'a%0aSet-Cookie:%20b']) {
    const { status, headers } = await system.http('POST',
      `/api/client/v2/conferences/${room}/request_token`, { body: { display_name: 'x' } });
    assert.ok(status === 400 || status === 404, `${status} for ${room}`);
    assert.ok(!Object.keys(headers).some((key) => /evil|cookie/i.test(key)));
  }
});

tell('a telephone is dialled under each of them', async (system) => {
  const phone = await Phone.open(system, 'gina');
  for (const name of NAMES) {
    const after = Date.now();
    const { status, json, text } = await host.post('dial', { body: {
      destination: phone.address, role: 'GUEST', protocol: 'sip', remote_display_name: name,
      source_display_name: name } });
    assert.equal(status, 200, text);
    await host.about({ id: json.result[0] }, (one) => one.has_media && one.display_name === name);
    await host.post(`participants/${json.result[0]}/disconnect`);
    await phone.closed(after);
  }
  for (const destination of ['sip:a@127.0.0.1\r\nX-Evil: 1', 'sip:a@127.0.0.1>\r\n', 'sip:a b@127.0.0.1',
    'sip:"@127.0.0.1', '\u0000']) {
    const { status } = await host.post('dial',
      { body: { destination, role: 'GUEST', protocol: 'sip' } });
    assert.ok(status === 400 || status === 403, `${status} for ${JSON.stringify(destination)}`);
  }
});

tell('a tag is an address whatever uuiData says, and hostile data takes no room', async (system) => {
  const token = await system.token({ scope: 'rooms' });
  const create = (query) => system.http('POST', `/room/create?uuiData=${query}`,
    { headers: { Authorization: `Bearer ${token}` } });
  const taken = async () => (await system.sql(
    "select count(*) as n from v_pool_rooms where state = 'reserved'"))[0].n;
  for (const text of ['1,2"><script>', '1,2/../../admin?x#y', '1,2 3&a=b', 'ä,ö', '%22,%0a1']) {
    const { status, json } = await create(encodeURIComponent(text));
    assert.equal(status, 200, text);
    const suffix = json.tag.slice(PREFIX.length);
    assert.ok(json.tag.startsWith(PREFIX));
    assert.match(suffix, /^[A-Za-z0-9_-]+$/);
    assert.equal(Buffer.from(suffix, 'base64url').toString(), text);
  }
  const before = await taken();
  for (const query of ['1%2C2%0d%0aX:y', '%00', '%ff', 'x'.repeat(3000), ','.repeat(200), '1,2&uuiData=3,4']) {
    const { status, json } = await create(query);
    assert.ok(status === 422 || status === 400 || status === 414, `${status} for ${query.slice(0, 30)}`);
    if (status === 422) assert.deepEqual(json.detail[0].loc, ['query', 'uuiData']);
  }
  assert.equal(await taken(), before);
});

tell('no line of any log is theirs', async (system) => {
  for (const node of system.nodes) {
    const text = await readFile(join(system.dir, 'var/log', `${node}.log`), 'utf8');
    for (const line of text.split('\n').slice(0, -1)) { // what follows the last is still being written
      assert.match(line, /^\d{4}-\d\d-\d\dT[\d:.]+Z (error|warn|info|debug|trace) parley-[a-z]+ /,
        `${node}: ${line}`);
      assert.doesNotMatch(line, /^2026-01-01|[\u0000-\u001f\u007f]/, node); // eslint-disable-line no-control-regex
    }
  }
  await host.ask('disconnectAll').catch(() => {});
});
