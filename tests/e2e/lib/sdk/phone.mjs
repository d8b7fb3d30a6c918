// phone.mjs - the old browser SDK's phone object, as its application sees it:
// our own client with the same behaviour on the wire and in the browser. It
// also notes what the real one swallows without a word.

/* eslint-env browser */

import { Call } from './call.mjs';
import { Channel } from './channel.mjs';
import { GENERATIONS } from './generations.mjs';
import { readError, Wire } from './wire.mjs';

const NETWORK_DOMAIN = 'icmn.api.att.net';

// What the application dials, as the SDK says it.
export function calledParty(text) {
  if (text.includes('@')) return `sip:${text}`;
  if (/^\d{10}$/.test(text) || /^1\d{10}$/.test(text)) return `tel:+${text}`;
  if (/^\d+$/.test(text)) return `sip:${text}@${NETWORK_DOMAIN}`;
  return null;
}

export class Phone {
  events = []; // what the application was told
  traps = []; // what it was not told
  seen = []; // events of the channel
  requests = [];
  calls = [];
  players = new Map(); // of a track
  path = '';

  constructor(generation, { endpoint, base = '/RTC/v1' }) {
    this.name = generation;
    this.generation = GENERATIONS[generation];
    this.base = base;
    this.wire = new Wire(this.generation, endpoint, this.requests);
    window.addEventListener('error', (e) => this.trap('uncaught', { text: e.message }));
    window.addEventListener('unhandledrejection',
      (e) => this.trap('uncaught', { text: String(e.reason?.message ?? e.reason) }));
  }

  emit(name, details = {}) { this.events.push({ at: Date.now(), name, ...details }); }

  trap(kind, details) { this.traps.push({ at: Date.now(), kind, ...details }); }

  send(request) { return this.wire.request(request); }

  fail(answer, id) {
    const { event, ...told } = readError(answer, this.generation);
    this.emit(event, { id, ...told });
  }

  // The loudspeaker: a browser passes remote sound on only to what plays it,
  // and a track that was away for a while has to be played anew.
  async heard(track) {
    const stream = new MediaStream([track]);
    const audio = document.createElement('audio');
    audio.autoplay = true;
    audio.srcObject = stream;
    document.body.append(audio);
    this.players.get(track.id)?.remove();
    this.players.set(track.id, audio);
    this.recording ??= window.parleyRecorder?.start();
    await this.recording;
    window.parleyRecorder?.add(stream);
  }

  // ---- session ----

  associate(token, userId) {
    this.wire.token = token;
    return new Promise((resolve) => {
      this.send({
        method: 'PUT', path: `${this.base}/userIds/${userId}`, isBare: true,
        success: () => resolve(true),
        error: (answer) => {
          if (this.generation.bindsInLogin) throw new TypeError('association failed');
          this.fail(answer);
          resolve(false);
        },
      });
    });
  }

  async login({ token, userId, e911Id }) {
    this.wire.token = token;
    this.e911Id = e911Id;
    if (userId && this.generation.bindsInLogin && !await this.associate(token, userId)) return;
    this.send({
      method: 'POST', path: `${this.base}/sessions`,
      headers: { 'x-e911Id': e911Id ?? '', 'x-Arg': this.generation.requestTag },
      body: { session: { mediaType: 'dtls-srtp', ice: 'true',
        services: ['ip_voice_call', 'ip_video_call'] } },
      success: (answer) => this.#ready(answer),
      error: (answer) => this.fail(answer),
    });
  }

  #ready(answer) {
    const id = answer.header('Location')?.split('/')[4];
    const expires = answer.header('x-expires');
    if (!id || !expires) {
      this.emit('error', { text: 'no session id or no expiry' });
      return;
    }
    this.id = id;
    this.path = `${this.base}/sessions/${id}`;
    const seconds = Number.parseInt(expires, 10) || 0;
    this.refreshS = seconds >= 60 ? seconds - 60 : seconds;
    this.timer = setInterval(() => this.refresh(), this.refreshS * 1000);
    this.channel = new Channel(this.wire, this.generation, {
      error: (failed, isLast) => {
        if (this.generation.pollErrorsTold || isLast) this.fail(failed);
      },
      trap: (kind, details) => this.trap(kind, details),
      seen: (event) => this.seen.push({ at: Date.now(), ...event }),
    });
    this.channel.on('invitation-received', id, (event, callId) => this.#invited(event, callId));
    this.channel.start(this.path);
    this.emit('session:ready', { id, expires: seconds });
  }

  refresh() {
    this.send({
      method: 'PUT', path: this.path,
      success: () => {},
      error: (answer) => {
        if (!this.generation.refreshErrorsTold) throw new Error(`refresh: ${answer.status}`);
        this.fail(answer);
      },
    });
  }

  changeE911(e911Id) {
    this.send({
      method: 'PUT', path: this.path, body: { e911Association: { e911Id } },
      success: () => this.emit('address-updated'),
      error: (answer) => this.fail(answer),
    });
  }

  // Calls are hung up first, and the session goes when all of them are over.
  logout() {
    if (this.calls.length) {
      this.isLeaving = true;
      for (const call of this.calls) call.end('terminate');
      return;
    }
    this.channel.stop();
    clearInterval(this.timer);
    this.send({
      method: 'DELETE', path: this.path, headers: { 'x-e911Id': this.e911Id ?? 'undefined' },
      success: () => this.emit('session:disconnected'),
      error: (answer) => {
        this.emit('session:disconnected');
        this.fail(answer);
      },
    });
  }

  drop(call) {
    call.media.close();
    this.calls = this.calls.filter((other) => other !== call);
    if (call.id) this.channel.off(call.id);
    if (this.isLeaving && !this.calls.length) {
      this.isLeaving = false;
      this.logout();
    }
  }

  // ---- calls and conferences ----

  #invited({ type, from, sdp }, id) {
    const kind = type === 'calls' ? 'calls' : 'conferences';
    const isPending = this.calls.some((call) => call.isIncoming && call.state === 'created');
    if (isPending || this.calls.length >= this.generation.callsAtOnce) {
      this.emit('notification', { id, text: 'an invitation was ignored' });
      return;
    }
    if (kind === 'conferences' && this.calls.length && !this.generation.joinsWhileBusy) {
      this.trap('invitation dropped while busy', { id });
      return;
    }
    const call = new Call(this, kind, { peer: from, isIncoming: true });
    call.offered = sdp.slice(); // throws without one, as it does there
    call.listen(id);
    this.calls.push(call);
    this.emit(call.words.invited, { id, peer: from, type: call.media.read(sdp).type });
  }

  find(id) {
    const call = id ? this.calls.find((one) => one.id === id) : this.calls.at(-1);
    if (!call) throw new Error(`no call ${id ?? ''}`);
    return call;
  }

  async dial(text, { video = false } = {}) {
    const call = new Call(this, 'calls', { peer: text });
    this.calls.push(call);
    return call.create({ video, body: { calledParty: calledParty(text) } });
  }

  async startConference({ video = false } = {}) {
    const call = new Call(this, 'conferences');
    this.calls.push(call);
    return call.create({ video, body: {} });
  }

  addParticipants(id, texts) { for (const text of texts) this.find(id).invite(text); }
}

window.Phone = Phone;
