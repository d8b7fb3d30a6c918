// Every request of the client API, by the published wrappers that check each
// answer's type, and what it does to the roster of the others. No media flows.

import assert from 'node:assert/strict';
import { OFFER } from '../lib/caller.mjs';
import { Phone } from '../lib/phone.mjs';
import { Seat } from '../lib/seat.mjs';
import { stories } from '../lib/story.mjs';
import { until } from '../lib/wait.mjs';

// Nobody renews the host's token.
const tell = stories({ roompool: { token_s: 600 } });
const ROOM = 'clinic';
const HOST = { pin: '13579' };
const GUEST = { pin: '2468' };
let host;
let guest;

const isTrue = ({ status, result }) => status === 200 && result === true;
const isNull = ({ status, result }) => status === 200 && result === null;
const isRefused = (text) => ({ status, result }) => status === 403 && result === text;

async function check(seat, name, isSo, body, params) {
  const answer = await seat.ask(name, body, params);
  assert.ok(isSo(answer), `${seat.name}: ${name}: ${JSON.stringify(answer)}`);
  return answer;
}
const over = (seat) => ({ participantUuid: seat.id });

tell('asks for PINs, and opens the stream in order', async (system) => {
  assert.equal((await Seat.request(system, 'nowhere', 'Ann')).status, 404);
  const asked = await Seat.request(system, ROOM, 'Ann');
  assert.equal(asked.status, 403);
  assert.equal(asked.data.result.guest_pin, 'required');
  assert.equal((await Seat.request(system, ROOM, 'Ann', { pin: 'none' })).data.result.pin, 'required');
  assert.equal((await Seat.request(system, ROOM, 'Ann', { pin: '1111' })).data.result, 'Invalid PIN');

  guest = await Seat.join(system, ROOM, 'Bob', GUEST);
  assert.equal(guest.role, 'GUEST');
  assert.equal(guest.current_service_type, 'waiting_room');
  const names = guest.events.map(({ name }) => name);
  assert.deepEqual(names.slice(0, 5), ['participant_sync_begin', 'participant_create',
    'participant_sync_end', 'conference_update', 'layout']);
  guest.forget();

  host = await Seat.join(system, ROOM, 'Ann', HOST);
  assert.equal(host.role, 'HOST');
  assert.equal(host.current_service_type, 'conference');
  assert.equal(guest.events.filter(({ name }) => name === 'participant_create').length, 0,
    'who waits does not see the others');
});

tell('a host without media starts the conference and lets the guest in', async () => {
  assert.equal((await host.ask('conferenceStatus')).result.started, false);
  for (const path of ['start_conference', 'lock', 'muteguests', 'disconnect', 'message', 'dial']) {
    const { status, text } = await guest.post(path, {
      body: { type: 'text/plain', payload: 'x', destination: 'sip:dan@127.0.0.1' },
    });
    assert.equal(status, 403, `${path}: ${text}`);
    assert.equal(text, '{"status":"failed","result":"Invalid role"}');
  }
  await check(host, 'startConference', isTrue);
  await guest.about(guest, ({ service_type: type }) => type === 'conference');
  await guest.state(({ started }) => started);
  await guest.event('participant_create', ({ uuid }) => uuid === host.id);
  assert.equal((await host.ask('conferenceStatus')).result.started, true);
  const roster = (await host.ask('participants')).result;
  assert.deepEqual(roster.map(({ uuid }) => uuid).sort(), [host.id, guest.id].sort());
});

const FLAGS = [
  ['muteParticipant', (one) => one.is_muted === 'YES'],
  ['unmuteParticipant', (one) => one.is_muted === 'NO'],
  ['spotlightonParticipant', (one) => one.spotlight > 1.7e9],
  ['spotlightoffParticipant', (one) => one.spotlight === 0],
  ['buzzParticipant', (one) => one.buzz_time > 1.7e9],
  ['clearbuzzParticipant', (one) => one.buzz_time === 0],
  ['denyrxpresentationParticipant', (one) => one.rx_presentation_policy === 'DENY'],
  ['allowrxpresentationParticipant', (one) => one.rx_presentation_policy === 'ALLOW'],
  ['overlaytextParticipant', (one) => one.overlay_text === 'Mr B', { text: 'Mr B' }],
];

tell('the host changes a guest, everybody is told', async () => {
  for (const [name, isSo, body] of FLAGS) {
    await check(host, name, isTrue, body, over(guest));
    await host.about(guest, isSo);
    await guest.about(guest, isSo);
  }
});

const OWN = [
  ['clientMuteParticipant', (one) => one.is_client_muted === true],
  ['clientUnmuteParticipant', (one) => one.is_client_muted === false],
  ['videoMuteParticipant', (one) => one.is_video_muted === true],
  ['videoUnmuteParticipant', (one) => one.is_video_muted === false],
  ['buzzParticipant', (one) => one.buzz_time > 0],
];

tell('a guest changes itself, and nobody else', async () => {
  for (const [name, isSo] of OWN) {
    await check(guest, name, isTrue);
    await host.about(guest, isSo);
    await check(guest, name, isRefused('Invalid role'), undefined, over(host));
  }
  await check(host, 'clearAllBuzz', isTrue);
  await guest.about(guest, (one) => one.buzz_time === 0);
  for (const [name, body] of [['roleParticipant', { role: 'chair' }], ['spotlightonParticipant'],
    ['transferParticipant', { conference_alias: 'lobby', role: 'guest' }]]) {
    await check(guest, name, isRefused('Invalid role'), body);
  }
});

tell('the room: lock, mute all, layouts', async (system) => {
  await check(host, 'muteguests', isTrue);
  await guest.state((one) => one.guests_muted);
  await guest.about(guest, (one) => one.is_muted === 'YES');
  await check(host, 'setGuestsCanUnmute', isTrue, { setting: false });
  await guest.state((one) => !one.guests_can_unmute);
  await check(host, 'unmuteguests', isTrue);
  await guest.about(guest, (one) => one.is_muted === 'NO');
  await check(host, 'transformLayout', isTrue, { transforms: { layout: '4:0' } });
  await guest.event('layout', ({ view }) => view === '4:0');
  const { result } = await host.ask('availableLayouts');
  assert.ok(result.includes('4:0'));

  await check(host, 'lock', isTrue);
  await guest.state((one) => one.locked);
  const late = await Seat.join(system, ROOM, 'Eve', GUEST);
  assert.equal(late.current_service_type, 'waiting_room');
  await check(host, 'unlockParticipant', isTrue, undefined, over(late));
  await late.about(late, ({ service_type: type }) => type === 'conference');
  await check(host, 'unlock', isTrue);
  await check(host, 'disconnectParticipant', isTrue, undefined, over(late));
  assert.equal((await late.event('disconnect')).reason, 'Disconnected by another participant');
  await guest.event('participant_delete', ({ uuid }) => uuid === late.id);
  await until('the stream ends', () => late.isOver);
});

tell('messages to all and to one, not to their sender', async () => {
  const text = 'Grüße <b>\n';
  await check(guest, 'messageConference', isTrue, { type: 'text/plain', payload: text });
  assert.deepEqual(await host.event('message_received'),
    { origin: 'Bob', uuid: guest.id, type: 'text/plain', payload: text, direct: false });
  await check(host, 'messageParticipant', isTrue,
    { type: 'application/json', payload: '{"a":1}' }, over(guest));
  assert.equal((await guest.event('message_received')).direct, true, 'its own was not among them');
});

tell('media requests have their types', async () => {
  const { result } = await host.ask('callsWebrtcParticipant',
    { call_type: 'WEBRTC', sdp: OFFER, media_type: 'audio' });
  assert.ok(result.sdp.startsWith('v=0'));
  const call = { callUuid: result.call_uuid };
  await check(host, 'ack', isTrue, {}, call);
  await check(host, 'newCandidate', isNull, { candidate: '', mid: '0' }, call);
  await check(host, 'dtmf', isTrue, { digits: '1#' }, call);
  await check(host, 'statistics', isNull, { audio: { rx_packets_lost: 0 } }, call);
  await check(host, 'disconnectCall', isNull, {}, call);
  await check(host, 'takeFloor', isRefused('Not supported here'));
  await check(host, 'releaseFloor', isNull);
  await check(host, 'callsWebrtcParticipant', isRefused('Invalid role'),
    { call_type: 'WEBRTC', sdp: OFFER }, over(guest));
});

tell('keys reach a telephone: those it was dialled with, and others later', async (system) => {
  const phone = await Phone.open(system, 'gina');
  const { json } = await host.post('dial',
    { body: { destination: phone.address, role: 'GUEST', protocol: 'sip', dtmf_sequence: '1,23#' } });
  const [id] = json.result;
  const has = (keys) => until(`the telephone was keyed ${keys}`, () => phone.keys() === keys);
  await has('123#');
  const to = { participantUuid: id };
  await check(host, 'dtmfParticipant', isTrue, { digits: '99*D' }, to);
  await check(host, 'dtmfParticipant', isTrue, { digits: '0' }, to);
  await has('123#99*D0');
  await check(guest, 'dtmfParticipant', isRefused('Invalid role'), { digits: '1' }, to);
  const { status } = await host.post(`participants/${id}/dtmf`, { body: { digits: '1 2' } });
  assert.equal(status, 400);
  await check(host, 'disconnectParticipant', isTrue, undefined, to);
  await phone.closed();
  assert.equal(phone.keys(), '123#99*D0');
});

tell('says what it cannot do', async () => {
  await check(host, 'dtmfParticipant', isRefused('Not possible now'), { digits: '1' }, over(guest));
  for (const body of [{ destination: 'nonsense:::' }, { destination: 'sip:dan@127.0.0.1', protocol: 'rtmp' }]) {
    const { status, text } = await host.post('dial', { body });
    assert.equal(status, 403);
    assert.equal(text, '{"status":"failed","result":"Gateway dial out failed"}');
  }
  assert.equal((await host.post('participants/nobody/mute')).status, 404);
});

tell('roles: the other is told to renew its token; the last host stays', async () => {
  await check(host, 'roleParticipant', isTrue, { role: 'chair' }, over(guest));
  await guest.event('refresh_token');
  const { result } = await guest.ask('refreshToken', {});
  assert.equal(result.role, 'HOST');
  guest.token = result.token;
  await check(guest, 'roleParticipant', isTrue, { role: 'guest' }, over(guest));
  await check(host, 'roleParticipant', isRefused('Not possible now'), { role: 'guest' });
});

tell('a transfer lets one in without a PIN, once', async (system) => {
  const to = (body) => host.ask('transferParticipant', { conference_alias: 'surgery', ...body }, over(guest));
  assert.equal((await to({ role: 'guest' })).result, 'Invalid PIN');
  assert.equal((await to({ role: 'host', pin: '8642' })).result, 'Invalid PIN');
  assert.ok(isTrue(await to({ role: 'host', pin: '97531' })));
  const { alias, token } = await guest.event('refer');
  assert.equal(alias, 'surgery');
  const there = await Seat.join(system, alias, 'Bob', { token });
  assert.equal(there.role, 'HOST');
  assert.equal((await Seat.request(system, alias, 'Bob', { token })).data.result.pin, 'required');
  const beacon = () => there.post('release_token', { headers: {}, query: `?token=${there.token}` });
  assert.equal((await beacon()).text, '{"status":"success","result":true}');
  assert.equal((await beacon()).status, 200, 'twice is harmless');
});

tell('the host ends it for all', async () => {
  await check(host, 'disconnect', isTrue);
  for (const one of [host, guest]) {
    assert.equal((await one.event('disconnect')).reason,
      'Conference terminated by another participant');
  }
  assert.ok(isTrue(await guest.ask('releaseToken', {})));
  await check(guest, 'muteParticipant', isRefused('Invalid token'));
});
