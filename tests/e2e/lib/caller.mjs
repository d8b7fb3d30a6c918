// caller.mjs - a client of the conference API in the spelling of the SDKs, over
// several front ends: it goes on through another when one is gone, asks again
// when it cannot know what became of a command, and keeps every event it got.
// Its SDP is text: no media flows.

import { PATIENCE_MS, pause, until } from './wait.mjs';

const BASE = '/RTC/v1';

export const OFFER = [
  'v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=group:BUNDLE 0',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'c=IN IP4 0.0.0.0', 'a=mid:0', 'a=sendrecv',
  'a=rtcp-mux', 'a=rtpmap:111 opus/48000/2', 'a=ice-ufrag:abcd',
  'a=ice-pwd:abcdefghijklmnopqrstuvwx', `a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`,
  'a=setup:actpass', 'a=candidate:1 1 udp 2130706431 127.0.0.1 9 typ host', '',
].join('\r\n');
const ANSWER = OFFER.replace('setup:actpass', 'setup:active');

const refused = ({ status, text }) => new Error(`refused: ${status} ${text}`);

export class Caller {
  events = []; // in order; what came twice in a row is in `repeats` instead
  repeats = [];
  polling = false;
  frontend = 1;
  cursor = 0; // of the last event of a stream
  failures = 0; // of polls
  #request; // of the poll
  #loop = Promise.resolve();

  // frontends: numbers of those it knows; streams: reads its events as a stream
  // with a cursor instead of polling.
  constructor(system, user, frontends, { streams = false } = {}) {
    Object.assign(this, { system, user, frontends, streams });
  }

  #next() {
    const at = this.frontends.indexOf(this.frontend);
    return this.frontends[(at + 1) % this.frontends.length];
  }

  // Until there is an answer. `isUnsure`: an earlier try may have been heard.
  async ask(method, path, { headers = {}, body } = {}) {
    const end = Date.now() + PATIENCE_MS;
    let isUnsure = false;
    for (;;) {
      try {
        const answer = await this.system.http(method, path, {
          frontend: this.frontend, body,
          headers: { Authorization: `Bearer ${this.token}`, Accept: 'application/json', ...headers },
        });
        if (answer.status < 500) return { ...answer, isUnsure };
      } catch {
        this.frontend = this.#next();
      }
      isUnsure = true;
      if (Date.now() > end) throw new Error(`${method} ${path}: never answered`);
      await pause(20);
    }
  }

  async open() {
    for (;;) {
      this.token = await until('a token', () =>
        this.system.token({ user: this.user, frontend: this.frontend }).catch((error) => {
          this.frontend = this.#next();
          throw error;
        }), PATIENCE_MS);
      const made = await this.ask('POST', `${BASE}/sessions`, { body: { session: {} } });
      if (made.status === 201) {
        this.session = made.headers.location;
        return;
      }
      // Heard the first time: that token has a session whose id we never got.
      if (!made.isUnsure || made.status !== 400) throw refused(made);
    }
  }

  get sessionId() { return this.session.split('/').at(-1); }

  async host() {
    const made = await this.ask('POST', `${this.session}/conferences`,
      { body: { conference: { sdp: OFFER } } });
    if (made.status >= 300) throw refused(made);
    return made.headers.location.split('/').at(-1);
  }

  // 409: it rings already.
  async invite(conf, user) {
    const made = await this.ask('PUT',
      `${this.session}/conferences/${conf}/participants/sip:${user}@localhost`);
    if (made.status >= 300 && made.status !== 409 && !made.isUnsure) throw refused(made);
  }

  async answer(conf) {
    const made = await this.ask('PUT', `${this.session}/conferences/${conf}`, {
      headers: { 'x-conference-action': 'call-answer' },
      body: { conferenceModifications: { sdp: ANSWER } },
    });
    if (made.status >= 300 && !made.isUnsure) throw refused(made);
  }

  async leave(conf) {
    const left = await this.ask('DELETE', `${this.session}/conferences/${conf}`,
      { headers: { 'x-delete-reason': 'terminate' } });
    if (left.status >= 300 && !left.isUnsure) throw refused(left);
  }

  async close() {
    await this.stopPolling();
    await this.ask('DELETE', this.session);
  }

  // ---- events ----

  startPolling() {
    if (this.polling) return;
    this.polling = true;
    this.#loop = this.#poll();
  }

  // Cuts a poll that waits.
  async stopPolling() {
    this.polling = false;
    this.cut();
    await this.#loop;
  }

  // The connection of the poll goes, as with a client that lost its network.
  cut() { this.#request?.destroy(); }

  async #poll() {
    while (this.polling) {
      try {
        const answer = await this.#read();
        if (answer.status === 200 && !this.streams) this.#take(answer.json);
        else if (answer.status >= 500) {
          this.failures++;
          await pause(20);
        } else if (answer.status >= 400) throw refused(answer);
      } catch (error) {
        if (error.message.startsWith('refused')) {
          this.error = error;
          return;
        }
        if (this.polling) this.failures++;
        this.frontend = this.#next();
        await pause(20);
      }
    }
  }

  #read() {
    const options = { frontend: this.frontend, headers: { Authorization: `Bearer ${this.token}` },
      onRequest: (request) => { this.#request = request; } };
    options.headers.Accept = 'application/json';
    if (this.streams) {
      let rest = '';
      options.headers.Accept = 'text/event-stream';
      if (this.cursor > 0) options.headers['Last-Event-ID'] = this.cursor;
      options.onData = (chunk, status) => {
        const blocks = (rest + chunk).split('\n\n');
        rest = blocks.pop(); // perhaps half of one
        if (status === 200) for (const block of blocks) this.#takeBlock(block);
      };
    }
    return this.system.http('GET', `${this.session}/events`, options);
  }

  #takeBlock(block) {
    const id = Number(block.match(/^id: ?(\d+)$/m)?.[1]);
    const data = block.match(/^data: ?(.*)$/m)?.[1];
    if (!id || !data) return; // a sign of life
    this.cursor = id;
    this.#take(JSON.parse(data));
  }

  #take(json) {
    for (const { eventObject } of json.events.eventList) {
      const last = this.events.at(-1);
      const isRepeat = last && JSON.stringify(last) === JSON.stringify(eventObject);
      (isRepeat ? this.repeats : this.events).push(eventObject);
    }
  }

  // The event of that state; of any conference when none is named.
  event(state, conf = '', reason = undefined) {
    return until(`${this.user} gets ${state}; had ${this.told().join(', ')}`, () => {
      if (this.error) throw this.error;
      return this.events.find((event) => event.state === state
        && event.resourceURL.endsWith(conf)
        && (reason === undefined || event.reason === reason));
    }, PATIENCE_MS, 10);
  }

  // Its story: the states of one conference, or of all.
  told(conf) {
    return this.events.filter(({ resourceURL }) => !conf || resourceURL.endsWith(`/${conf}`))
      .map(({ state }) => state);
  }
}
