// seat.mjs - somebody in a room by the published wrappers of the client API's
// requests, @pexip/infinity-api: each of them throws when an answer has not the
// exact type. No media flows.

import { build } from 'esbuild';
import { join } from 'node:path';
import { ROOT } from './system.mjs';
import { until } from './wait.mjs';

let bundled;

// Bundled, as its files import each other without their endings.
function library() {
  bundled ??= build({
    stdin: {
      contents: "export * from '@pexip/infinity-api';",
      resolveDir: join(ROOT, 'tests/e2e'),
    },
    bundle: true, write: false, format: 'esm', platform: 'node', logLevel: 'error',
  }).then(({ outputFiles }) => import(
    `data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString('base64')}`));
  return bundled;
}

const fetcher = (system) => async (url, { method = 'GET', headers, body } = {}) => {
  const { pathname, search } = new URL(url);
  const answer = await system.http(method.toUpperCase(), pathname + search, {
    headers: Object.fromEntries(new Headers(headers)), body,
  });
  return new Response(answer.text || null, { status: answer.status, headers: answer.headers });
};

// One block of an event stream; undefined for signs of life and the like.
function parse(block) {
  const value = (key) => block.split('\n').find((line) => line.startsWith(`${key}: `))
    ?.slice(key.length + 2);
  const name = value('event');
  return name && { name, data: JSON.parse(value('data')) };
}

export class Seat {
  events = [];

  // What request_token answers; a Seat takes it.
  static async request(system, room, name, { pin, token } = {}) {
    const api = await library();
    const fetch = fetcher(system);
    return api.requestToken({
      fetcher: pin ? api.withPin(fetch, pin) : fetch, host: system.url,
      params: { conferenceAlias: room }, body: { display_name: name, token },
    });
  }

  static async join(system, room, name, how) {
    const { status, data } = await Seat.request(system, room, name, how);
    if (status !== 200) throw new Error(`${name} is refused: ${status} ${JSON.stringify(data)}`);
    const seat = new Seat();
    Object.assign(seat, { system, room, name, ...data.result, id: data.result.participant_uuid });
    await seat.#watch();
    return seat;
  }

  // Ask by the library's function of that name; participantUuid: ours.
  async ask(name, body, params = {}) {
    const api = await library();
    const { status, data } = await api[name]({
      fetcher: api.withToken(fetcher(this.system), this.token), host: this.system.url, body,
      params: { conferenceAlias: this.room, participantUuid: this.id, ...params },
    });
    return { status, result: data?.result };
  }

  // Beyond what the library knows: beacons, refusals of what is for hosts.
  post(path, { headers = { token: this.token }, query = '', body } = {}) {
    return this.system.http('POST',
      `/api/client/v2/conferences/${this.room}/${path}${query}`, { headers, body });
  }

  #watch() {
    let rest = '';
    const path = `/api/client/v2/conferences/${this.room}/events?token=${this.token}`;
    const take = (text) => {
      const blocks = (rest + text).split('\n\n');
      rest = blocks.pop();
      this.events.push(...blocks.map(parse).filter(Boolean));
    };
    this.isOver = false;
    const ends = this.system.http('GET', path, {
      timeoutMs: 0,
      onData: (chunk) => take(chunk.toString()),
      onRequest: (request) => this.system.onStop(() => request.destroy()),
    });
    ends.catch(() => {}).then(() => { this.isOver = true; });
    return this.event('stage');
  }

  // The first event of that name, and that is so, that nobody asked for yet.
  event(name, isSo = () => true) {
    return until(`${this.name} is told ${name}`, () => {
      const at = this.events.findIndex((one) => one.name === name && isSo(one.data));
      if (at < 0) return undefined;
      return { is: this.events.splice(at, 1)[0].data };
    }).then(({ is }) => is, (error) => {
      error.message += `; told: ${this.events.map((one) => one.name)}`;
      throw error;
    });
  }

  // The next update of somebody that is so.
  about(other, isSo) {
    return this.event('participant_update', (one) => one.uuid === other.id && isSo(one));
  }

  state(isSo) { return this.event('conference_update', isSo); }

  forget() { this.events = []; }
}
