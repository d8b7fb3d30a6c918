// join.js - the join page: door (name, PIN, microphone), room, and what is
// between them when the network or a server process fails.
//
// State shows in data attributes of <body>: phase (form, joining, room,
// ended), media (none, connecting, connected, lost), link (open, lost), muted,
// error (code of the message shown), uuid (own participant), and those of
// room.js.

import { Chat } from './chat.js';
import { RoomClient } from './client.js';
import { Call, listDevices, openMicrophone, watchLevel } from './media.js';
import { RoomView } from './room.js';
import { isWaiting } from './roster.js';
import { Wishes } from './wishes.js';
import { wordsFor, wordsForEnd } from './words.js';

const $ = (selector) => document.querySelector(selector);
const state = document.body.dataset;
let alias = decodeURIComponent(
  location.pathname.replace(/^\/join\/?/, '').replace(/\/$/, '')) || 'lobby';
const MEDIA_PAUSES_MS = [200, 500, 1000, 2000, 4000, 8000];
const BUSY_PAUSES_MS = [1000, 2000, 5000, 10000, 20000, 30000]; // no worker has room for us
const RETRY_DOOR_MS = 2000;
const QUIET_MS = 1500; // what heals sooner is not worth a word
const wait = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

const seat = {
  name: '',
  pin: '',
  noPin: '', // what to say instead of a PIN
  client: null,
  mic: null, // track, null when listening only
  call: null,
  callId: '',
  stopLevel: null,
  since: 0,
  attempt: 0, // grows with each start of the media: late results are stale
  retaking: false, // a new seat is being taken
};

const announce = (text) => { $('#announce').textContent = text; };

// Whether a server that is away for the moment is all that is wrong.
const isAway = ({ code }) => code === 'unreachable' || code === 'restarting';

// Ask the server for something; what it refuses is shown.
async function askOnce(what) {
  await (seat.client && what(seat.client).catch(showSoft));
}

// The same for what may be done twice: it is, while the server restarts.
const wishes = new Wishes({
  isAway,
  wait,
  refused: (error, subject) => { if (subject !== 'self') showSoft(error); },
});
const ask = (subject, what) =>
  wishes.make(subject, async () => seat.client && what(seat.client));

const acts = {
  mute: (uuid, muted) => ask(`mute ${uuid}`, (client) => client.muteOther(uuid, muted)),
  remove: (uuid) => ask(`remove ${uuid}`, (client) => client.remove(uuid)),
  admit: (uuid) => ask(`admit ${uuid}`, (client) => client.admit(uuid)),
  promote: (uuid, toHost) => ask(`promote ${uuid}`, (client) => client.promote(uuid, toHost)),
  lock: (on) => ask('lock', (client) => client.lock(on)),
  muteGuests: (on) => ask('guests', (client) => client.muteGuests(on)),
  record: (on) => askOnce((client) => client.record(on)),
  endForAll: () => ask('end', (client) => client.endForAll()),
  dial: (number) => askOnce((client) => client.dial(number)
    .then(() => announce(`Calling ${number}`))),
};
const view = new RoomView(document, acts, announce);
const chat = new Chat($('#messages'), $('#chat-form'),
  (text) => seat.client.say(text).catch((error) => {
    showSoft(error);
    throw error;
  }));

function showPhase(phase) {
  state.phase = phase;
  const inRoom = phase === 'room';
  $('#door').hidden = inRoom;
  $('#room').hidden = !inRoom;
  $('#door-form').hidden = phase === 'ended';
  $('#ended').hidden = phase !== 'ended';
  for (const control of $('#door-form').elements) {
    control.disabled = phase === 'joining';
  }
  $('#join').textContent = phase === 'joining' ? 'Joining…' : 'Join';
}

// Show a message at the door and in the room; no text hides it.
function showMessage(code, text, kind = 'error') {
  state.error = code;
  for (const box of [$('#door-message'), $('#room-message')]) {
    box.hidden = !text;
    box.dataset.kind = kind;
    box.setAttribute('role', kind === 'info' ? 'status' : 'alert');
    box.textContent = text;
  }
}

function showSoft(error) {
  showMessage(error.code ?? 'failed', wordsFor(error.code, alias, error.text));
  setTimeout(() => { if (state.error === error.code) showMessage('', ''); }, 5000);
}

function showMedia(media) {
  state.media = media;
  showStatus();
}

// What is not as it should be, as a code of words.js.
function trouble() {
  if (state.phase !== 'room') return '';
  if (state.media === 'lost') return 'media-lost';
  return state.link === 'lost' ? 'link-away' : '';
}

// One quiet line says so once it lasts, and goes with it. More important words
// stay.
function showTrouble() {
  const isOurs = ['', undefined, 'link-away', 'media-lost'].includes(state.error);
  const code = trouble();
  if (isOurs && (state.error ?? '') !== code) {
    showMessage(code, code && wordsFor(code, alias), 'info');
  }
}

let troubleTimer = 0;
function watchTrouble() {
  if (!trouble()) {
    clearTimeout(troubleTimer);
    troubleTimer = 0;
    showTrouble();
  } else {
    troubleTimer ||= setTimeout(() => {
      troubleTimer = 0;
      showTrouble();
      showPill();
    }, QUIET_MS);
  }
}

function showStatus() {
  watchTrouble();
  showPill();
}

function showPill() {
  const pill = $('#status');
  if (state.error === 'link-away') {
    pill.textContent = 'Reconnecting';
    pill.dataset.state = 'lost';
  } else if (state.media === 'connected') {
    pill.textContent = 'Connected';
    pill.dataset.state = 'connected';
  } else {
    pill.textContent = state.media === 'lost' ? 'Reconnecting' : 'Connecting';
    pill.dataset.state = state.media === 'lost' ? 'lost' : 'connecting';
  }
}

// The door ------------------------------------------------------------------

async function takeMicrophone() {
  const track = await openMicrophone($('#mic-choice').value,
    $('#original-sound').checked);
  seat.mic = track;
  watchMicrophone();
}

function watchMicrophone() {
  seat.stopLevel?.();
  seat.stopLevel = watchLevel(seat.mic, (level) => {
    $('#mute').style.setProperty('--level', seat.mic?.enabled ? level : 0);
  });
  const track = seat.mic;
  track.onended = () => {
    if (seat.mic === track) {
      showMessage('mic-gone', wordsFor('mic-gone', alias));
      fillDevices();
    }
  };
}

async function enter({ withMicrophone }) {
  seat.name = $('#name').value.trim();
  seat.pin = $('#pin').value.trim() || seat.noPin;
  if (!seat.name) {
    showMessage('no-name', wordsFor('no-name', alias));
    $('#name').focus();
    return;
  }
  remember();
  showMessage('', '');
  showPhase('joining');
  try {
    if (withMicrophone && seat.mic?.readyState !== 'live') await takeMicrophone();
    await takeSeatPatiently();
  } catch (error) {
    doorClosed(error);
    return;
  }
  enterRoom();
}

// While the server is away, try again for as long as the page is open.
async function takeSeatPatiently() {
  for (;;) {
    try {
      await takeSeat();
      return;
    } catch (error) {
      if (!isAway(error)) throw error;
      showMessage(error.code, wordsFor(error.code, alias), 'info');
      await wait(RETRY_DOOR_MS);
    }
  }
}

async function takeSeat(referToken) {
  const client = new RoomClient(alias);
  await client.join(seat.name, seat.pin, referToken);
  seat.client?.close();
  seat.client = client;
  state.uuid = client.self;
  listen(client);
}

function doorClosed(error) {
  showPhase('form');
  const code = error.code ?? 'failed';
  if (!error.code) console.error(error);
  if (code.startsWith('mic') || code === 'insecure') {
    $('#listen-only').hidden = false;
  }
  const asksPin = code === 'pin-required' || code === 'pin-for-hosts';
  if (asksPin) seat.noPin = code === 'pin-for-hosts' ? 'none' : '';
  if (asksPin || code === 'pin-wrong') {
    $('#pin-field').hidden = false;
    $('#pin').value = '';
    $('#pin').focus();
  } else {
    $('#join').focus();
  }
  showMessage(code, wordsFor(code, alias, error.text), asksPin ? 'info' : 'error');
}

function remember() {
  try {
    localStorage.setItem('parley.name', seat.name);
    localStorage.setItem('parley.originalSound', $('#original-sound').checked ? '1' : '');
  } catch { /* private mode */ }
}

function recall() {
  try {
    $('#name').value = localStorage.getItem('parley.name') ?? '';
    $('#original-sound').checked = Boolean(localStorage.getItem('parley.originalSound'));
  } catch { /* private mode */ }
}

// The room ------------------------------------------------------------------

function enterRoom() {
  showMessage('', '');
  showRoomName(seat.client.roomName);
  seat.since = Date.now();
  setMuted(false);
  $('#mute').hidden = !seat.mic;
  showPhase('room');
  fillDevices();
  startMedia();
}

function listen(client) {
  const on = (type, handler) => client.addEventListener(type, (event) => {
    if (seat.client === client) handler(event.detail);
  });
  const draw = () => {
    view.draw(client);
    drawMute();
  };
  on('roster', draw);
  on('conference', draw);
  on('stage', (talking) => view.stage(talking));
  on('message', (message) => chat.add(message));
  on('refer', (place) => follow(place));
  on('joined', (person) => announce(isWaiting(person)
    ? `${person.display_name} waits to be let in` : `${person.display_name} joined`));
  on('parted', (person) => announce(`${person.display_name} left`));
  on('link', (link) => {
    state.link = link;
    showStatus();
  });
  on('call-disconnected', ({ call_uuid: call }) => {
    if (!call || call === seat.callId) restartMedia();
  });
  on('lapsed', () => takeSeatAgain());
  on('disconnect', (reason) => end(reason));
}

// A host sends us to another room: take the seat that is kept for us there.
async function follow({ alias: to, token }) {
  if (state.phase !== 'room' || seat.retaking) return;
  seat.retaking = true;
  const old = seat.client;
  dropCall();
  wishes.forget();
  seat.client = null;
  old.leave('Transfer');
  [alias, seat.pin, seat.noPin] = [to, '', ''];
  view.clear();
  chat.clear();
  try {
    await takeSeat(token);
    history.replaceState(null, '', `/join/${encodeURIComponent(alias)}`);
    showRoomName(seat.client.roomName);
    announce(`You are in ${seat.client.roomName} now`);
    startMedia();
  } catch (error) {
    leaveRoom();
    doorClosed(error);
  } finally {
    seat.retaking = false;
  }
}

// The seat is gone (server restarted, machine slept): take a new one with the
// same name and PIN, then bring the media up again.
async function takeSeatAgain() {
  if (state.phase !== 'room' || seat.retaking) return;
  seat.retaking = true;
  dropCall();
  showMedia('lost');
  showMessage('link-lost', wordsFor('link-lost', alias), 'info');
  try {
    await takeSeatPatiently();
    if (state.phase !== 'room') return;
    showMessage('', '');
    if (state.muted === 'true') tellMuted();
    startMedia();
  } catch (error) {
    leaveRoom();
    doorClosed(error);
  } finally {
    seat.retaking = false;
  }
}

function dropCall() {
  seat.attempt++;
  seat.call?.close();
  seat.call = null;
  seat.callId = '';
}

function restartMedia() {
  const old = seat.callId;
  dropCall();
  if (old) seat.client.endCall(old).catch(() => {});
  showMedia('lost');
  startMedia();
}

async function startMedia() {
  const attempt = ++seat.attempt;
  const client = seat.client;
  const stale = () => attempt !== seat.attempt || state.phase !== 'room';
  if (state.media !== 'lost') showMedia('connecting');
  let pauses = MEDIA_PAUSES_MS;
  for (let failures = 0; !stale();) {
    if (failures > 0) {
      await wait(pauses[Math.min(failures, pauses.length) - 1]);
      if (stale()) return;
    }
    try {
      await startCall(client, attempt, stale);
      return;
    } catch (error) {
      if (stale()) return;
      seat.call?.close();
      seat.call = null;
      if (error.code === 'lapsed') {
        takeSeatAgain();
        return;
      }
      const isBusy = error.code === 'busy';
      const next = isBusy ? BUSY_PAUSES_MS : MEDIA_PAUSES_MS;
      failures = next === pauses ? failures + 1 : 1;
      pauses = next;
      showMediaBusy(isBusy);
      showMedia('lost');
    }
  }
}

// Say once that there is no capacity for us, until there is.
function showMediaBusy(isBusy) {
  const isShown = state.error === 'media-busy';
  if (isBusy && !isShown) {
    showMessage('media-busy', wordsFor('media-busy', alias), 'info');
  } else if (!isBusy && isShown) {
    showMessage('', '');
  }
}

async function startCall(client, attempt, stale) {
  const call = new Call({
    iceServers: client.iceServers,
    onTrack: (stream) => { if (!stale()) play(stream); },
    onState: (media) => { if (!stale()) mediaChanged(media); },
  });
  seat.call = call;
  let callId = '';
  await call.start(seat.mic, async (offer) => {
    const result = await client.startCall(offer);
    callId = result.call_uuid;
    return result.sdp;
  });
  if (stale()) {
    call.close();
    client.endCall(callId).catch(() => {});
    return;
  }
  seat.callId = callId;
  await client.ackCall(callId).catch(() => {});
}

function mediaChanged(media) {
  if (media === 'connected') {
    showMediaBusy(false);
    showMedia('connected');
  } else {
    restartMedia();
  }
}

async function play(stream) {
  const audio = $('#remote');
  audio.srcObject = stream;
  try {
    await audio.play();
    $('#unblock').hidden = true;
  } catch (error) {
    // Autoplay refused: one click of the visitor allows it.
    if (error.name === 'NotAllowedError') $('#unblock').hidden = false;
  }
}

function setMuted(muted) {
  if (seat.mic) seat.mic.enabled = !muted;
  state.muted = String(muted);
  drawMute();
}

function drawMute() {
  const muted = state.muted === 'true' || state.isMutedByHost === 'true';
  const button = $('#mute');
  button.setAttribute('aria-pressed', String(muted));
  button.querySelector('span').textContent = muted ? 'Unmute' : 'Mute';
  button.querySelector('use').setAttribute('href', muted ? '#i-mic-off' : '#i-mic');
}

async function toggleMute() {
  const byHost = state.isMutedByHost === 'true';
  if (byHost) {
    try {
      await seat.client.muteOther(seat.client.self, false);
    } catch {
      showSoft({ code: 'host-muted' });
      return;
    }
  }
  const muted = !byHost && state.muted !== 'true';
  setMuted(muted);
  announce(muted ? 'Your microphone is muted' : 'Your microphone is on');
  tellMuted();
}

// For the others' rosters: no word where it fails, as nobody hears us anyway.
function tellMuted() {
  const muted = state.muted === 'true';
  ask('self', (client) => client.showMuted(muted));
}

function leaveRoom() {
  dropCall();
  wishes.forget();
  seat.client?.close();
  seat.client = null;
  seat.stopLevel?.();
  seat.stopLevel = null;
  seat.mic?.stop();
  seat.mic = null;
  $('#remote').srcObject = null;
  view.clear();
  chat.clear();
  state.media = 'none';
  state.uuid = '';
}

async function leave() {
  const { client, callId } = seat;
  seat.client = null;
  if (callId) client?.endCall(callId).catch(() => {});
  leaveRoom();
  showPhase('ended');
  showMessage('left', 'You left the room.', 'info');
  $('#again').focus();
  await client?.leave('User initiated disconnect');
}

function end(reason) {
  const { client } = seat;
  seat.client = null;
  leaveRoom();
  showPhase('ended');
  const [code, text] = wordsForEnd(reason);
  showMessage(code, text, 'info');
  client?.leave(reason);
}

function showRoomName(name) {
  for (const el of document.querySelectorAll('[data-room-name]')) el.textContent = name;
  document.title = `${name} - Parley`;
}

function showClock() {
  if (state.phase !== 'room') return;
  const s = Math.floor((Date.now() - seat.since) / 1000);
  const pad = (n) => String(n).padStart(2, '0');
  const h = Math.floor(s / 3600);
  $('#clock').textContent = h
    ? `${h}:${pad(Math.floor(s / 60) % 60)}:${pad(s % 60)}`
    : `${Math.floor(s / 60)}:${pad(s % 60)}`;
}

// Devices -------------------------------------------------------------------

function fill(select, devices, chosen) {
  const options = devices.map((device, i) =>
    new Option(device.label || `Device ${i + 1}`, device.deviceId, false,
      device.deviceId === chosen));
  select.replaceChildren(...options);
}

async function fillDevices() {
  const mics = await listDevices('audioinput').catch(() => []);
  fill($('#mic-live'), mics, seat.mic?.getSettings().deviceId);
  $('#mic-live').parentElement.hidden = !seat.mic || mics.length < 2;
  const picks = [new Option('Default', ''), ...mics.map((device) =>
    new Option(device.label || 'Microphone', device.deviceId))];
  const chosen = $('#mic-choice').value;
  $('#mic-choice').replaceChildren(...picks);
  $('#mic-choice').value = chosen;
  const speakers = 'setSinkId' in HTMLMediaElement.prototype
    ? await listDevices('audiooutput').catch(() => []) : [];
  fill($('#speaker-live'), speakers, $('#remote').sinkId);
  $('#speaker-label').hidden = speakers.length < 2;
}

async function changeMicrophone() {
  try {
    const track = await openMicrophone($('#mic-live').value, $('#original-sound').checked);
    track.enabled = state.muted !== 'true';
    const old = seat.mic;
    seat.mic = track;
    old?.stop();
    await seat.call?.replaceTrack(track);
    watchMicrophone();
  } catch (error) {
    showSoft(error);
  }
}

// Wiring --------------------------------------------------------------------

$('#door-form').addEventListener('submit', (event) => {
  event.preventDefault();
  enter({ withMicrophone: true });
});
$('#listen-only').addEventListener('click', () => enter({ withMicrophone: false }));
$('#again').addEventListener('click', () => {
  showPhase('form');
  enter({ withMicrophone: true });
});
$('#mute').addEventListener('click', toggleMute);
$('#leave').addEventListener('click', leave);
$('#unblock').addEventListener('click', () => play($('#remote').srcObject));
$('#mic-live').addEventListener('change', changeMicrophone);
$('#speaker-live').addEventListener('change', (event) => {
  $('#remote').setSinkId(event.target.value).catch(showSoft);
});
navigator.mediaDevices?.addEventListener?.('devicechange', fillDevices);
document.addEventListener('keydown', (event) => {
  const typing = event.target.closest?.('input, select, textarea');
  if (event.key === 'm' && !typing && !event.ctrlKey && !event.metaKey &&
      !event.altKey && state.phase === 'room' && seat.mic) toggleMute();
});
addEventListener('pagehide', () => seat.client?.beacon());
// Back from the browser's page cache the seat is gone already.
addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });
addEventListener('online', () => { if (state.media === 'lost') restartMedia(); });
setInterval(showClock, 1000);

recall();
showRoomName(alias);
state.media = 'none';
state.ready = 'true';
if (alias === 'echo') {
  $('#door-hint').textContent = 'You will hear your own voice: headphones help.';
}
($('#name').value ? $('#join') : $('#name')).focus();
