// The published client library, unmodified, in two browsers: a host and her
// guests in a room with two PINs. Tokens last 18 s, so that it renews them all
// the time, and none is over while a process is started again.

import assert from 'node:assert/strict';
import { VOICES } from '../lib/audio.mjs';
import { Person } from '../lib/browser.mjs';
import { HEARD, hears, latest } from '../lib/ears.mjs';
import { Member } from '../lib/member.mjs';
import { Phone } from '../lib/phone.mjs';
import { stories } from '../lib/story.mjs';
import { until } from '../lib/wait.mjs';

const TOKEN_S = 18;
const tell = stories({ roompool: { token_s: TOKEN_S, guests_only_s: 600, takeover: false } });
const ROOM = 'clinic';
const GUEST = { pin: '2468' };
const HOST = { pin: '13579' };
let browsers;
let carla; // host
let dan; // guest with sound
let eve; // guest without
let phone;

const loudness = ({ samples }) =>
  Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / Math.max(1, samples.length));

// There may be music.
const hearsNot = (member, voice) => until(`${member.name} does not hear ${voice}`, async () => {
  const heard = await latest(member, 0.5);
  return heard.seconds > 0.4 && heard.level(VOICES[voice]) < HEARD / 2;
});

async function hearsMusic(member) {
  await until(`${member.name} hears music`, async () => loudness(await member.heard(1)) > 0.01);
  assert.ok((await member.heard(1)).level(VOICES.carla) < HEARD / 2, 'and not the host');
}

// Of some requests the library does not tell the outcome, and the browser may
// tell us of its answer after it told the library.
const isRefused = (member, request) => until(`${member.name} is refused ${request}`, () =>
  new RegExp(`^403 .*/${request}$`).test(member.refusals.at(-1)));

const isGuestWaiting = (one) => one?.isWaiting;
const isInside = (one) => one?.serviceType === 'conference';

tell('asks for a PIN, refuses a wrong one, lets a guest wait with music', async (system) => {
  browsers = await Promise.all([Person.open(system, 'carla'), Person.open(system, 'dan')]);
  [carla, dan, eve] = await Promise.all([Member.open(browsers[0], 'Carla'),
    Member.open(browsers[1], 'Dan'), Member.open(browsers[1], 'Eve <b>')]);

  await dan.request('nowhere');
  assert.equal((await dan.signal('onError')).errorCode, '#pex154');
  assert.equal((await dan.request(ROOM)).status, 403);
  assert.deepEqual(await dan.signal('onPinRequired'), { hasHostPin: true, hasGuestPin: true });
  await dan.request(ROOM, { pin: '1111' });
  await dan.signal('onError', ({ error, errorCode }) =>
    error === 'Invalid PIN' && errorCode === '#pex101');

  // Only hosts have a PIN there.
  await dan.request('reception');
  await dan.signal('onPinRequired', ({ hasHostPin, hasGuestPin }) => hasHostPin && !hasGuestPin);

  const seat = await dan.join(ROOM, GUEST);
  assert.deepEqual([seat.role, seat.current_service_type, seat.expires],
    ['GUEST', 'waiting_room', String(TOKEN_S)]);
  await dan.signal('onParticipants', ({ participants }) => participants.length === 1);
  await dan.signal('onConferenceStatus', ({ status }) => status.started === false);
  await dan.signal('onCallConnected');
  assert.equal(await dan.serviceType(), 'waiting_room');
  await dan.listen();
  await hearsMusic(dan);
});

tell('the host comes: the room starts, the guest is let in, both are heard', async () => {
  const seat = await carla.join(ROOM, HOST);
  assert.deepEqual([seat.role, seat.current_service_type], ['HOST', 'conference']);
  await carla.signal('onCallConnected');
  await carla.listen();
  await dan.signal('onServiceType', (type) => type === 'conference');
  await dan.signal('onConferenceStatus', ({ status }) => status.started === true);
  await hears(dan, 'carla');
  await hears(carla, 'dan');
  await dan.sees(carla.uuid, 'the host', (one) => one?.isHost && one.hasMedia
    && one.displayName === 'Carla' && one.callType === 'audio');
  await carla.sees(dan.uuid, 'the guest', (one) => one && !one.isHost && isInside(one));
  await carla.signal('onStage', (one) => one.userId === dan.uuid && one.vad > 0);
});

tell('a locked room lets people in one by one, or all at once', async () => {
  await carla.must('lock', { lock: true });
  await dan.signal('onConferenceStatus', ({ status }) => status.locked);
  const seat = await eve.join(ROOM, GUEST, { media: false });
  assert.equal(seat.current_service_type, 'waiting_room');
  const finn = await Member.open(browsers[1], 'Finn');
  await finn.join(ROOM, GUEST, { media: false });
  await carla.sees(eve.uuid, 'one who waits', isGuestWaiting);
  await carla.sees(finn.uuid, 'another who waits', isGuestWaiting);
  await eve.signal('onParticipants');
  assert.equal((await eve.roster()).length, 1, 'who waits sees only herself');

  await carla.must('admit', { participantUuid: eve.uuid });
  await eve.signal('onServiceType', (type) => type === 'conference');
  await carla.sees(eve.uuid, 'her inside', isInside);
  await eve.sees(dan.uuid, 'the others now', isInside);
  await carla.sees(finn.uuid, 'the other still waiting', isGuestWaiting);

  await carla.must('lock', { lock: false });
  await finn.signal('onServiceType', (type) => type === 'conference');
  await carla.sees(finn.uuid, 'him inside', isInside);
  await finn.ask('disconnect', { reason: 'User initiated disconnect' });
  await carla.signal('onParticipantLeft', ({ participant }) => participant.uuid === finn.uuid);
  await finn.close();
});

tell('mutes one, mutes all guests, and says who may unmute', async () => {
  await carla.must('mute', { mute: true, participantUuid: dan.uuid });
  await dan.signal('onMyselfMuted', (isMuted) => isMuted);
  await hearsNot(carla, 'dan');
  await hears(dan, 'carla');
  await carla.must('mute', { mute: false, participantUuid: dan.uuid });
  await hears(carla, 'dan');

  await carla.must('muteAllGuests', { mute: true });
  await dan.signal('onConferenceStatus', ({ status }) => status.guestsMuted);
  await carla.sees(dan.uuid, 'the guest muted', (one) => one.isMuted);
  await carla.sees(carla.uuid, 'herself not', (one) => !one.isMuted);
  await hearsNot(carla, 'dan');
  await carla.must('guestsCanUnmute', { setting: false });
  await dan.signal('onConferenceStatus', ({ status }) => status.guestsCanUnmute === false);
  assert.deepEqual(await dan.ask('mute', { mute: false, participantUuid: dan.uuid }),
    { status: 403, result: 'Invalid role' });
  await carla.must('guestsCanUnmute', { setting: true });
  await carla.must('muteAllGuests', { mute: false });
  await hears(carla, 'dan');

  await dan.must('clientMute', { mute: true });
  await carla.sees(dan.uuid, 'that he muted himself', (one) => one.isClientMuted && !one.isMuted);
  await dan.must('clientMute', { mute: false });
  await dan.must('muteVideo', { muteVideo: true });
  await carla.sees(dan.uuid, 'his camera off', (one) => one.isCameraMuted && !one.isClientMuted);
});

tell('a guest may not do what hosts do', async () => {
  for (const [method, options] of [
    ['mute', { mute: true, participantUuid: carla.uuid }],
    ['kick', { participantUuid: carla.uuid }],
    ['spotlight', { enable: true, participantUuid: dan.uuid }],
    ['transfer', { destination: 'surgery', pin: '', role: 'guest', participantUuid: carla.uuid }],
  ]) {
    assert.deepEqual(await dan.ask(method, options), { status: 403, result: 'Invalid role' }, method);
  }
  for (const [method, options] of [['lock', { lock: true }], ['muteAllGuests', { mute: true }],
    ['disconnectAll', {}], ['dial', { destination: 'sip:x@127.0.0.1', role: 'GUEST' }]]) {
    assert.match((await dan.ask(method, options)).thrown, /403/, method);
    await dan.signal('onFailedRequest', (name) => name === method);
  }
  assert.equal((await carla.status()).locked, false);
  await dan.ask('setRole', { role: 'chair', participantUuid: dan.uuid });
  await isRefused(dan, 'role');
});

tell('messages, raised hands, spotlights, text under the picture, layouts', async () => {
  await carla.must('sendMessage', { payload: 'hello <i>all</i>', type: 'text/plain' });
  const message = await dan.signal('onMessage');
  assert.deepEqual([message.message, message.displayName, message.userId, message.direct],
    ['hello <i>all</i>', 'Carla', carla.uuid, false]);
  await eve.signal('onMessage');
  await dan.must('sendMessage', { payload: 'only you', type: 'text/plain',
    participantUuid: carla.uuid });
  const direct = await carla.signal('onMessage');
  assert.deepEqual([direct.message, direct.direct], ['only you', true]);
  await dan.must('sendApplicationMessage', { payload: { wave: 1 } });
  assert.deepEqual((await carla.signal('onApplicationMessage')).message, { wave: 1 });
  assert.equal((await eve.told('onMessage')).length, 1, 'a direct message is for one only');
  assert.deepEqual(await carla.told('onApplicationMessage', 1), [], 'told once');

  await dan.must('raiseHand', { raise: true });
  await carla.signal('onRaiseHand', ({ participant }) =>
    participant.uuid === dan.uuid && participant.raisedHand);
  await carla.must('lowerAllRaisedHands');
  await carla.sees(dan.uuid, 'the hand lowered', (one) => !one.raisedHand);
  await carla.must('spotlight', { enable: true, participantUuid: dan.uuid });
  await dan.sees(dan.uuid, 'himself in the spotlight', (one) => one.isSpotlight);
  await carla.must('spotlight', { enable: false, participantUuid: dan.uuid });
  await dan.sees(dan.uuid, 'himself out of it', (one) => !one.isSpotlight);
  await dan.must('setTextOverlay', { text: 'Dr. D', participantUuid: dan.uuid });
  await carla.sees(dan.uuid, 'his text', (one) => one.overlayText === 'Dr. D');

  assert.ok((await carla.ask('availableLayouts')).includes('1:7'));
  await carla.must('setLayout', { transforms: { layout: '1:0' } });
  await dan.signal('onRequestedLayout', ({ primaryScreen }) => primaryScreen.hostLayout === '1:0');
});

tell('states that are asked for', async () => {
  const everybody = await carla.must('requestParticipants');
  assert.deepEqual(everybody.map((one) => one.uuid).sort(),
    [carla.uuid, dan.uuid, eve.uuid].sort());
  const answer = await carla.ask('sendConferenceRequest',
    { path: 'conference_status', method: 'GET' });
  assert.equal(answer.status, 200);
  assert.deepEqual([answer.result.locked, answer.result.started], [false, true]);
});

tell('a guest becomes a host and a guest again', async () => {
  await carla.ask('setRole', { role: 'chair', participantUuid: dan.uuid });
  await dan.sees(dan.uuid, 'himself as host', (one) => one.isHost);
  await dan.must('lock', { lock: true });
  await dan.must('lock', { lock: false });
  await dan.ask('setRole', { role: 'guest', participantUuid: dan.uuid });
  await carla.sees(dan.uuid, 'him as guest', (one) => !one.isHost);
  assert.match((await dan.ask('lock', { lock: true })).thrown, /403/);
  // The last host stays one.
  await carla.ask('setRole', { role: 'guest', participantUuid: carla.uuid });
  await isRefused(carla, 'role');
  await carla.sees(carla.uuid, 'herself as host still', (one) => one.isHost);
});

tell('a telephone is dialled, heard and removed', async (system) => {
  phone = await Phone.open(system, 'gina');
  const uuids = await carla.must('dial', { destination: phone.address, role: 'GUEST',
    protocol: 'sip', remote_display_name: 'Gina' });
  assert.equal(uuids.length, 1);
  await carla.signal('onParticipantJoined', ({ participant }) => participant.uuid === uuids[0]);
  await carla.sees(uuids[0], 'the telephone answer', (one) => one?.hasMedia && isInside(one)
    && one.protocol === 'sip' && one.displayName === 'Gina');
  await hears(carla, 'gina');
  await hears(phone, 'carla');
  await carla.must('sendDTMF', { digits: '5#', participantUuid: uuids[0] });
  await until('the telephone is keyed', () => phone.keys() === '5#');
  // A browser takes keys too, and goes on hearing the room afterwards.
  await carla.must('sendDTMF', { digits: '12', participantUuid: dan.uuid });
  await hears(dan, 'gina');
  const after = Date.now();
  await carla.must('kick', { participantUuid: uuids[0] });
  await phone.closed(after);
  await carla.signal('onParticipantLeft', ({ participant }) => participant.uuid === uuids[0]);
  // One that declines is gone from the roster again.
  const busy = await Phone.open(system, 'finn', { answer: 'manual' });
  const [declined] = await carla.must('dial', { destination: busy.address, role: 'GUEST',
    protocol: 'sip' });
  await until('it rings', () => busy.event('CALL_INCOMING'));
  await carla.sees(declined, 'that it rings', (one) => one?.isConnecting);
  await busy.hangup();
  await carla.signal('onParticipantLeft', ({ participant }) => participant.uuid === declined);
});

tell('a guest is sent to another room and comes with the token he is given', async () => {
  await carla.must('transfer', { destination: 'surgery', pin: '8642', role: 'guest',
    participantUuid: dan.uuid });
  const { alias, token } = await dan.signal('onTransfer');
  assert.equal(alias, 'surgery');
  await dan.ask('disconnect', { reason: 'Transfer' });
  await carla.signal('onParticipantLeft', ({ participant }) => participant.uuid === dan.uuid);
  const seat = await dan.join(alias, { token });
  assert.deepEqual([seat.role, seat.conference_name, seat.current_service_type],
    ['GUEST', 'surgery', 'waiting_room']);
  const again = await eve.request('surgery', { token });
  assert.equal(again.status, 403, 'good once');
  // A host without sound opens that room by a word of hers.
  const hanna = await Member.open(browsers[0], 'Hanna');
  await hanna.join('surgery', { pin: '97531' }, { media: false });
  await hanna.sees(dan.uuid, 'him waiting', isGuestWaiting);
  await hanna.signal('onConferenceStatus', ({ status }) => status.started === false);
  await hanna.must('startConference');
  await hanna.signal('onConferenceStatus', ({ status }) => status.started);
  await hanna.sees(dan.uuid, 'him inside', isInside);
  await hanna.close();
  await dan.ask('disconnect', { reason: 'User initiated disconnect' });
});

tell('the front end dies: the library stays, and hears of what happens', async (system) => {
  const rosters = async (member) => (await member.told('onParticipants')).length;
  const before = [await rosters(carla), await rosters(eve)];
  await system.kill('api-1');
  for (const [n, member] of [carla, eve].entries()) {
    await until(`the library of ${member.name} is back`, async () => await rosters(member) > before[n]);
  }
  await carla.must('spotlight', { enable: true, participantUuid: eve.uuid });
  await carla.sees(eve.uuid, 'her in the spotlight', (one) => one?.isSpotlight);
  await eve.sees(eve.uuid, 'herself in it', (one) => one?.isSpotlight);
  assert.deepEqual(await carla.told('onDisconnected'), []);
});

tell('a page is sent to another room and goes on there', async (system) => {
  const page = await browsers[1].context.newPage();
  await page.goto(`${system.url}/join/${ROOM}`);
  await page.waitForSelector('body[data-ready=true]');
  await page.fill('#name', 'Ben');
  await page.click('#join');
  await page.waitForSelector('body[data-error=pin-required]');
  await page.fill('#pin', GUEST.pin);
  await page.click('#join');
  await page.waitForSelector('body[data-phase=room][data-media=connected]');
  const { uuid } = await page.evaluate(() => ({ ...document.body.dataset }));
  await carla.must('transfer', { destination: 'surgery', pin: '8642', role: 'guest',
    participantUuid: uuid });
  await until('the page has the other room', async () =>
    await page.textContent('#room-title') === 'surgery'
    && new URL(page.url()).pathname === '/join/surgery');
  await page.waitForSelector('body[data-is-waiting=true][data-media=connected]');
  await carla.signal('onParticipantLeft', ({ participant }) => participant.uuid === uuid);
  await page.close();
});

tell('the media worker dies: the application is told and calls again', async (system) => {
  const [{ node }] = await system.sql(
    `select media_node as node from conferences where state = 'live' and room_id = '${ROOM}'`);
  const before = (await carla.told('onCallConnected')).length;
  await system.kill(node.split('.')[0]); // its name; the rest is of this run
  await carla.signal('onCallDisconnected');
  await carla.page.evaluate(() => {
    window.app.remote = null;
    return window.app.client.restartCall({ bandwidth: 1264, mediaStream: window.app.stream });
  });
  await until('connected again', async () =>
    (await carla.told('onCallConnected')).length > before);
  await carla.listen();
  assert.deepEqual(await carla.told('onDisconnected'), []);
});

tell('who is removed is told why', async () => {
  await carla.must('kick', { participantUuid: eve.uuid });
  assert.deepEqual(await eve.signal('onDisconnected'),
    { error: 'Disconnected by another participant', errorCode: '#pex124' });
  await carla.signal('onParticipantLeft', ({ participant }) => participant.uuid === eve.uuid);
});

tell('a page that is closed leaves at once', async (system) => {
  const finn = await Member.open(browsers[1], 'Finn');
  await finn.join(ROOM, GUEST, { media: false });
  await carla.sees(finn.uuid, 'him', isInside);
  await finn.page.goto('about:blank');
  await carla.signal('onParticipantLeft', ({ participant }) => participant.uuid === finn.uuid);
  const [row] = await system.sql(
    `select leave_reason from participants where participant_id = '${finn.uuid}'`);
  assert.equal(row.leave_reason, 'Browser closed');
});

tell('tokens were renewed all the time; the meeting is ended for all', async () => {
  await until('renewed at least four times', async () =>
    (await carla.told('onTokenRefreshed')).length >= 4, 5 * TOKEN_S * 1000);
  assert.deepEqual(await carla.told('onDisconnected'), []);
  await hearsNot(carla, 'carla');
  await dan.join(ROOM, GUEST);
  await hears(carla, 'dan');
  await carla.must('disconnectAll');
  for (const one of [carla, dan]) {
    assert.deepEqual(await one.signal('onDisconnected', ({ errorCode }) => errorCode !== '#pex117'),
      { error: 'Conference terminated by another participant', errorCode: '#pex125' });
  }
  for (const one of [carla, dan, eve]) assert.deepEqual(one.console, [], 'nothing uncaught');
});
