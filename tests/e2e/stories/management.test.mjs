// The management API as its published clients use it: rooms are made, found,
// changed and removed by number; a room that was made so is joined by page and
// telephone, seen while it is live, commanded, and read about afterwards.

import https from 'node:https';
import assert from 'node:assert/strict';
import { Person } from '../lib/browser.mjs';
import { hears } from '../lib/ears.mjs';
import { Management, refused } from '../lib/management.mjs';
import { Phone } from '../lib/phone.mjs';
import { Seat } from '../lib/seat.mjs';
import { stories } from '../lib/story.mjs';
import { until } from '../lib/wait.mjs';

const LIMIT = 250; // requests of one user in a window
const tell = stories({
  // So that even a slow machine asks too much at once, and the stories that follow do not.
  api: { management_requests: LIMIT, management_window_s: 20 },
  roompool: { pool_target: 3 },
});
const CONFERENCE = 'configuration/conference';
const ALIAS = 'configuration/conference_alias';
const AUTOMATIC = 'configuration/automatic_participant';
const SINK = 'configuration/event_sink';
let api;
let room; // { id, location }

// All that the update request has, as the client fills it in.
const update = (name, more) => ({
  id: 0, resource_uri: '', name, aliases: null, allow_guests: false,
  automatic_participants: null, breakout_rooms: false, call_type: 'video', creation_time: '',
  crypto_mode: null, denoise_enabled: false, description: '', direct_media: 'never',
  direct_media_notification_duration: 0, enable_active_speaker_indication: false,
  enable_chat: 'default', enable_overlay_text: false, force_presenter_into_main: false,
  gms_access_token: null, guest_identity_provider_group: null, guest_pin: '', guest_view: null,
  guests_can_present: true, guests_can_see_guests: 'no_hosts', host_identity_provider_group: null,
  host_view: null, ivr_theme: null, live_captions_enabled: 'default', match_string: '',
  max_callrate_in: null, max_callrate_out: null, max_pixels_per_second: null,
  media_playlist: null, mssip_proxy: null, mute_all_guests: false,
  non_idp_participants: 'disallow_all', on_completion: null, participant_limit: null, pin: '',
  pinning_config: null, post_match_string: '', post_replace_string: '',
  primary_owner_email_address: '', replace_string: '', scheduled_conferences: null,
  scheduled_conferences_count: 0, service_type: 'conference', softmute_enabled: false,
  sync_tag: '', system_location: null, tag: '', teams_proxy: null,
  two_stage_dial_type: 'regular', ...more,
});

tell('a room is made in one request, with its aliases', async (system) => {
  api = await Management.open(system);
  room = await api.create(CONFERENCE, {
    name: 'Kiosk 7', service_type: 'conference', allow_guests: true, pin: '4471',
    guest_pin: '9036', aliases: [{ alias: 'kiosk-7' }, { alias: 'Kiosk.Seven', description: 'd' }],
    participant_limit: 6, description: 'front desk', tag: 'https://desk.example/7',
  });
  assert.equal(room.location, `https://localhost:${system.httpsPort}${
    api.uri(CONFERENCE, room.id)}`);
  const made = await api.get(CONFERENCE, room.id);
  assert.deepEqual([made.id, made.name, made.pin, made.guest_pin, made.participant_limit,
    made.tag, made.host_view], [room.id, 'Kiosk 7', '4471', '9036', 6,
    'https://desk.example/7', 'one_main_seven_pips']);
  assert.deepEqual(made.aliases.map((one) => [one.alias, one.description, one.conference]),
    [['kiosk-7', '', made.resource_uri], ['Kiosk.Seven', 'd', made.resource_uri]]);
});

tell('what is wrong is told by field, all at once', async () => {
  assert.deepEqual(await refused(400, api.create(CONFERENCE, { name: 'Kiosk 7' })),
    { conference: { name: (await refused(400, api.create(CONFERENCE, { name: 'kiosk 7' })))
      .conference.name } });
  const { conference } = await refused(400, api.create(CONFERENCE,
    { pin: '12', call_type: 'smell', allow_guests: 'yes' }));
  assert.deepEqual(Object.keys(conference).sort(), ['allow_guests', 'call_type', 'name', 'pin']);
  const pins = await refused(400, api.create(CONFERENCE, { name: 'n', guest_pin: '1234' }));
  assert.ok(JSON.stringify(pins.conference).length > 4);
  const alias = await refused(400, api.create(ALIAS,
    { alias: 'KIOSK-7', conference: api.uri(CONFERENCE, room.id) }));
  assert.ok(alias.conference_alias.alias[0]);
  await refused(404, api.get(CONFERENCE, 999999));
  await refused(404, api.request('POST', '/api/admin/configuration/v1/conference', {}));
  for (const method of ['DELETE', 'PATCH']) {
    await refused(405, api.request(method, '/api/admin/configuration/v1/conference/', {}));
  }
  const moved = await api.request('GET', '/api/admin/configuration/v1/conference?name=x');
  assert.deepEqual([moved.status, moved.headers.location],
    [301, '/api/admin/configuration/v1/conference/?name=x']);
});

tell('nobody gets in without credentials', async (system) => {
  const nobody = await system.http('GET', '/api/admin/configuration/v1/conference/');
  assert.equal(nobody.status, 401);
  assert.match(nobody.headers['www-authenticate'], /^Basic realm="/);
  for (const [scope, status] of [['rooms', 403], ['management', 200]]) {
    const token = await system.token({ scope });
    const answer = await system.http('GET', '/api/admin/configuration/v1/conference/',
      { headers: { Authorization: `Bearer ${token}` } });
    assert.equal(answer.status, status, scope);
  }
});

tell('Terraform applies: alias by a second POST, update by PUT, lists that are null stay',
  async () => {
    const made = await api.create(CONFERENCE, { name: 'Clinic 3', crypto_mode: '',
      service_type: 'conference', enable_chat: 'no', guests_can_present: true });
    const { id: aliasId, location } = await api.create(ALIAS,
      { alias: 'clinic.3', conference: made.location });
    const state = await api.get(CONFERENCE, made.id);
    assert.deepEqual([state.enable_chat, state.crypto_mode, state.guests_can_present],
      ['no', '', true]);
    assert.deepEqual(state.aliases.map((one) => one.id), [aliasId]);

    await api.replace(CONFERENCE, made.id, update('Clinic 3', { description: 'west wing',
      allow_guests: true, pin: '135790', host_view: 'four_mains_zero_pips',
      max_callrate_in: 512, primary_owner_email_address: 'ann@example.org',
      tag: 't', participant_limit: 12 }));
    const next = await api.get(CONFERENCE, made.id);
    assert.deepEqual([next.description, next.host_view, next.max_callrate_in, next.enable_chat,
      next.primary_owner_email_address, next.participant_limit, next.crypto_mode],
    ['west wing', 'four_mains_zero_pips', 512, 'default', 'ann@example.org', 12, null]);
    assert.deepEqual(next.aliases.map((one) => one.id), [aliasId]);
    assert.equal(next.creation_time, state.creation_time);

    await api.replace(ALIAS, aliasId,
      { alias: 'clinic.3', conference: state.resource_uri, description: 'by the door' });
    await api.replace(CONFERENCE, made.id, update('Clinic 3', { aliases: [location] }));
    const last = await api.get(CONFERENCE, made.id);
    assert.deepEqual(last.aliases.map((one) => [one.id, one.description]),
      [[aliasId, 'by the door']]);
    assert.equal(last.allow_guests, false);

    await api.remove(ALIAS, aliasId);
    await refused(404, api.remove(ALIAS, aliasId));
    assert.deepEqual((await api.get(CONFERENCE, made.id)).aliases, []);
    await api.remove(CONFERENCE, made.id);
    await refused(404, api.remove(CONFERENCE, made.id));
    await refused(404, api.get(CONFERENCE, made.id));
  });

tell('whatever is set is given back, and only what is given changes', async () => {
  const everything = {
    name: 'All of it', aliases: [{ alias: 'all-of-it', description: 'the one' }],
    allow_guests: true, breakout_rooms: true, call_type: 'audio', crypto_mode: 'besteffort',
    denoise_enabled: true, description: 'über & <b>', direct_media: 'best_effort',
    direct_media_notification_duration: 7, enable_active_speaker_indication: true,
    enable_chat: 'yes', enable_overlay_text: true, force_presenter_into_main: true,
    gms_access_token: '/api/admin/configuration/v1/gms_access_token/1/',
    guest_identity_provider_group: 'g', guest_pin: '246810#', guest_view: 'ac',
    guests_can_present: false, guests_can_see_guests: 'always', host_identity_provider_group: 'h',
    host_view: 'one_main_zero_pips', ivr_theme: '/api/admin/configuration/v1/ivr_theme/2/',
    live_captions_enabled: 'no', match_string: '^(.*)$', max_callrate_in: 128,
    max_callrate_out: 8192, max_pixels_per_second: 'fullhd', media_playlist: 'm',
    mssip_proxy: 'p', mute_all_guests: true, non_idp_participants: 'allow_if_trusted',
    on_completion: '{"disconnect": true}', participant_limit: 1000000, pin: '13579#',
    pinning_config: 'c', post_match_string: 'a', post_replace_string: 'b',
    primary_owner_email_address: 'ann@example.org', replace_string: '\\1',
    service_type: 'lecture', softmute_enabled: true, sync_tag: 's', system_location: 'l',
    tag: 'https://x/?a=1&b="2"', teams_proxy: 't', two_stage_dial_type: 'teams',
  };
  const { id } = await api.create(CONFERENCE, everything);
  const made = await api.get(CONFERENCE, id);
  const { aliases: [alias], ...rest } = everything;
  for (const [name, value] of Object.entries(rest)) assert.deepEqual(made[name], value, name);
  assert.deepEqual([made.aliases[0].alias, made.aliases[0].description],
    [alias.alias, alias.description]);
  await api.change(CONFERENCE, id, { tag: 'other', max_callrate_in: null, some_day: 1 });
  assert.deepEqual(await api.get(CONFERENCE, id),
    { ...made, tag: 'other', max_callrate_in: null });
  await api.replace(CONFERENCE, id, made);
  assert.deepEqual(await api.get(CONFERENCE, id), made);
  await api.remove(CONFERENCE, id);
});

tell('who is dialled, and where events go', async () => {
  const who = await api.create(AUTOMATIC, { alias: 'sip:desk@127.0.0.1:9', protocol: 'sip',
    conference: [], call_type: 'audio', role: 'chair', routing: 'manual', streaming: false,
    keep_conference_alive: 'keep_conference_alive_never', remote_display_name: 'Desk' });
  await api.replace(AUTOMATIC, who.id, { alias: 'sip:desk@127.0.0.1:9', protocol: 'sip',
    conference: [room.location], call_type: 'audio', role: 'guest', routing: 'manual',
    streaming: false, keep_conference_alive: 'keep_conference_alive_if_multiple',
    system_location: null });
  const one = await api.get(AUTOMATIC, who.id);
  assert.deepEqual([one.role, one.remote_display_name, one.conference],
    ['guest', '', [api.uri(CONFERENCE, room.id)]]);
  assert.deepEqual((await api.get(CONFERENCE, room.id)).automatic_participants,
    [api.uri(AUTOMATIC, who.id)]);
  await api.remove(AUTOMATIC, who.id);
  assert.deepEqual((await api.get(CONFERENCE, room.id)).automatic_participants, []);

  const sink = await api.create(SINK, { name: 'log', url: 'https://127.0.0.1:9/', username: 'u',
    password: 'secret', bulk_support: false, verify_tls_certificate: true, version: 2 });
  assert.equal((await api.get(SINK, sink.id)).username, 'u');
  await api.replace(SINK, sink.id, { name: 'log', url: 'https://127.0.0.1:9/x',
    bulk_support: true, verify_tls_certificate: true, version: 2 });
  assert.equal((await api.get(SINK, sink.id)).bulk_support, true);
  await api.remove(SINK, sink.id);
});

tell('lists are found through filters, and read by following next', async () => {
  const ids = [];
  for (let i = 0; i < 45; i += 1) {
    ids.push((await api.create(CONFERENCE, { name: `ward-${i}`, tag: i % 2 ? 'odd' : 'even' })).id);
  }
  const wards = '?name__startswith=ward-';
  const page = await api.list(CONFERENCE, wards);
  assert.deepEqual([page.objects.length, page.meta.limit, page.meta.offset,
    page.meta.total_count, page.meta.previous], [20, 20, 0, 45, null]);
  const { objects, total } = await api.every(CONFERENCE, `${wards}&limit=7&order_by=-id`);
  assert.deepEqual(objects.map((one) => one.id), ids.toReversed());
  assert.equal(total, 45);
  assert.equal((await api.list(CONFERENCE, `${wards}&limit=0`)).objects.length, 45);
  const found = await api.list(CONFERENCE, '?name=ward-7&tag=odd');
  assert.deepEqual(found.objects.map((one) => one.id), [ids[7]]);
  assert.deepEqual((await api.list(CONFERENCE, '?name=nobody')).objects, []);
  assert.equal((await api.list(CONFERENCE, '?limit=10&name__icontains=WARD-1')).meta.total_count,
    11);
  for (const [filter, count] of [['=kiosk-7', 1], ['=KIOSK-7', 0], ['__iexact=KIOSK-7', 1]]) {
    assert.equal((await api.list(CONFERENCE, `?aliases__alias${filter}`)).meta.total_count, count);
  }
  assert.deepEqual((await api.list(ALIAS, `?conference=${room.id}&alias__endswith=7`)).objects
    .map((one) => one.alias), ['kiosk-7']);
  for (const query of ['?nmae=ward-1', '?name__sounds=ward', '?pin=4471', '?limit=-1',
    '?order_by=pin']) {
    const { error } = await refused(400, api.list(CONFERENCE, query));
    assert.match(error, /not an allowed|Invalid limit/);
  }
  for (const id of ids) await api.remove(CONFERENCE, id);
  assert.equal((await api.list(CONFERENCE, wards)).meta.total_count, 0);
});

tell('too many requests are refused for a while, and clients try again', async () => {
  const agent = new https.Agent({ keepAlive: true });
  api.system.onStop(() => agent.destroy());
  const eager = await Management.open(api.system, { retries: 5, agent });
  let asked = 0;
  const ask = async () => {
    for (let i = 0; i < LIMIT / 10; i += 1, asked += 1) await eager.list(CONFERENCE, '?limit=1');
  };
  await until('one of them had to be tried again', async () => {
    await Promise.all(Array.from({ length: 11 }, ask));
    return eager.tries > asked;
  }, 60000);
});

tell('a room of the room API has the paths that it names', async (system) => {
  const token = await system.token({ scope: 'rooms' });
  const headers = { Authorization: `Bearer ${token}` };
  const { json: taken } = await system.http('POST', '/room/create?uuiData=1,2', { headers });
  const { json: whole } = await system.http('GET',
    `/room/${taken.name}?constrained_attributes=false`, { headers });
  const { json: same } = await api.request('GET', whole.resource_uri);
  assert.deepEqual([same.id, same.name, same.pin, same.tag],
    [taken.id, taken.name, taken.pin, taken.tag]);
  const { json: alias } = await api.request('GET', api.uri(ALIAS, whole.aliases[0].id));
  assert.deepEqual([alias.alias, alias.conference],
    [whole.aliases[0].alias, whole.aliases[0].conference]);
  await system.http('DELETE', `/room/${taken.name}`, { headers });
});

tell('page and telephone meet in it; it is seen, commanded, and read about', async (system) => {
  const [ann, ben] = await Promise.all([Person.open(system, 'carla', { name: 'ann' }),
    Person.open(system, 'dan', { name: 'ben' })]);
  await ann.joinWithPin('kiosk-7', '9036');
  await ann.page.waitForSelector('body[data-is-waiting=true]');
  const waiting = await api.list('status/participant', '?conference=Kiosk%207');
  assert.deepEqual(waiting.objects.map((one) => [one.display_name, one.role, one.service_type]),
    [['ann', 'guest', 'waiting_room']]);
  await ben.joinWithPin('kiosk.seven', '4471');
  await ann.page.waitForSelector('body[data-is-waiting=false]');
  await Promise.all([ann.startRecording(), ben.startRecording()]);
  await hears(ann, 'dan');

  const phone = await Phone.open(system, 'eve');
  await phone.dial('kiosk-7');
  await until('the prompt is heard', async () =>
    (await phone.heard()).samples.some((sample) => Math.abs(sample) > 0.05));
  for (const digit of '9036#') await phone.key(digit);
  await hears(ben, 'eve');

  const { objects: [live] } = await api.list('status/conference', '?name=Kiosk%207');
  assert.deepEqual([live.is_started, live.is_locked, live.tag],
    [true, false, 'https://desk.example/7']);
  const people = (await api.list('status/participant', '?conference=Kiosk%207')).objects;
  const of = (protocol, name) => people.find((one) =>
    one.protocol === protocol && (!name || one.display_name === name));
  assert.deepEqual([people.length, of('WebRTC', 'ben').role, of('SIP').role],
    [3, 'chair', 'guest']);
  assert.equal((await api.list('status/participant', '?conference=Kiosk%207&role=chair'))
    .meta.total_count, 1);

  const sip = of('SIP').id;
  const muted = async (flag) => until('it is told', async () =>
    (await api.get('status/participant', sip)).is_muted === flag);
  await api.command('participant/mute', { participant_id: sip });
  await muted(true);
  await api.command('participant/mute', { participant_uuid: sip, setting: 'toggle' });
  await muted(false);
  await api.command('conference/lock', { conference_id: live.id });
  await ben.page.waitForSelector('body[data-is-locked=true]');
  await api.command('conference/lock', { conference_id: room.id, setting: 'unlock' });
  await ben.page.waitForSelector('body[data-is-locked=false]');
  await api.command('participant/disconnect', { participant_id: sip });
  await until('the telephone is hung up', () => phone.event('CALL_CLOSED'));
  assert.deepEqual(await refused(404, api.command('participant/mute', { participant_id: sip })),
    { status: 'error', error: 'Participant not found' });

  const watcher = await Seat.join(system, 'kiosk-7', 'watcher', { pin: '4471' });
  await api.command('conference/disconnect', { conference_id: live.id });
  const { reason } = await watcher.event('disconnect');
  assert.match(reason, /^API initiated conference termination/);
  await until('it is over', async () => (await api.list('status/conference',
    '?name=Kiosk%207')).meta.total_count === 0);
  const past = await until('it is history', async () => (await api.list('history/conference',
    '?name=Kiosk%207')).objects[0]);
  assert.equal(past.tag, 'https://desk.example/7');
  const then = await api.list('history/participant',
    `?conference_name=Kiosk%207&start_time__gte=${past.start_time}`);
  assert.ok(then.objects.some((one) => one.display_name === 'ann' && one.role === 'guest'));
  assert.ok(then.objects.some((one) => one.protocol === 'SIP'));
  await Promise.all([ann.close(), ben.close(), phone.close()]);
});

tell('hosts are made, guests admitted, muted and sent elsewhere by command', async (system) => {
  const lobby = await api.create(CONFERENCE, { name: 'Next door',
    aliases: [{ alias: 'next-door' }] });
  const guest = await Seat.join(system, 'kiosk-7', 'gil', { pin: '9036' });
  const host = await Seat.join(system, 'kiosk-7', 'hal', { pin: '4471' });
  await api.command('participant/unlock', { participant_id: guest.id });
  await host.about(guest, (one) => one.service_type !== 'waiting_room');
  const { objects: [live] } = await api.list('status/conference', '?name=Kiosk%207');
  await api.command('conference/mute_guests', { conference_id: live.id });
  await host.state((one) => one.guests_muted);
  await api.command('conference/unmute_guests', { conference_id: live.id });
  await host.state((one) => !one.guests_muted);
  await api.command('conference/transform_layout',
    { conference_id: live.id, layout: '4:0', enable_overlay_text: true });
  const layout = await host.event('layout', (one) => one.overlay_text_enabled);
  assert.equal(layout.requested_layout.primary_screen.guest_layout, '4:0');
  await api.command('participant/role', { participant_id: guest.id, role: 'chair' });
  await host.about(guest, (one) => one.role === 'chair');
  assert.equal((await api.get('status/participant', guest.id)).role, 'chair');
  await api.command('participant/transfer',
    { participant_id: guest.id, conference_alias: 'next-door', role: 'guest' });
  const refer = await guest.event('refer');
  assert.equal(refer.alias, 'next-door');
  const moved = await Seat.join(system, 'next-door', 'gil', { token: refer.token });
  assert.equal((await api.get('status/participant', moved.id)).conference, 'Next door');
  await api.command('participant/disconnect', { participant_uuid: moved.id });
  assert.match((await moved.event('disconnect')).reason, /^API initiated participant disconnect/);
  await api.command('conference/disconnect', { conference_id: live.id });
  await host.event('disconnect');
  await refused(404, api.command('participant/transfer',
    { participant_id: moved.id, conference_alias: 'next-door' }));
  await api.remove(CONFERENCE, lobby.id);
});

tell('a telephone is dialled into a room; a removed room cannot be joined', async (system) => {
  const host = await Seat.join(system, 'kiosk-7', 'host', { pin: '4471' });
  const phone = await Phone.open(system, 'eve');
  const dialled = await api.command('participant/dial', { conference_alias: 'kiosk-7',
    destination: phone.address, protocol: 'sip', role: 'guest', streaming: false,
    keep_conference_alive: 'keep_conference_alive_if_multiple', remote_display_name: 'Desk' });
  assert.deepEqual(dialled.data.participant_ids, [dialled.result]);
  await phone.established();
  const seen = await until('it is seen', async () => {
    const one = await api.get('status/participant', dialled.result);
    return one.has_media && one;
  });
  assert.deepEqual([seen.display_name, seen.call_direction, seen.protocol], ['Desk', 'out', 'SIP']);
  await refused(404, api.command('participant/dial',
    { conference_alias: 'nowhere', destination: phone.address, protocol: 'sip' }));
  await api.remove(CONFERENCE, room.id);
  await refused(404, api.remove(CONFERENCE, room.id));
  const late = await Seat.request(system, 'kiosk-7', 'late', { pin: '4471' });
  assert.equal(late.status, 404);
  assert.equal((await api.list(ALIAS, '?alias=kiosk-7')).meta.total_count, 0);
  assert.ok(host.isOver === false);
  await phone.close();
});
