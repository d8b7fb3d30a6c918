// stand.mjs - applications built on the old SDK: a page of another origin than
// the API's, one tab each, and what is asked of it from a story.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import { latestHeard, Person } from '../browser.mjs';
import { Phone } from '../phone.mjs';
import { stories } from '../story.mjs';
import { PATIENCE_MS, until } from '../wait.mjs';

export const OLD = 'rc.21';
export const NEW = '1.1.3';

const PAGE = '<!doctype html><title>sdk</title><script type="module" src="/phone.mjs"></script>';

// Serves the page and the client's modules from an origin of its own.
async function servePage(system) {
  const server = http.createServer(async (request, response) => {
    const name = /^\/([a-z]+\.mjs)$/.exec(request.url)?.[1];
    const file = name && await readFile(new URL(name, import.meta.url)).catch(() => null);
    response.writeHead(request.url === '/' || file ? 200 : 404,
      { 'Content-Type': file ? 'text/javascript' : 'text/html' });
    response.end(file ?? (request.url === '/' ? PAGE : ''));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  system.onStop(() => server.close());
  return `http://localhost:${server.address().port}/`;
}

// Stories of a file, which share the system and the browsers; `fn` gets
// stand and system. What a story opened is closed after it, however it ended.
export function sdkStories(settings) {
  const tell = stories(settings);
  let stand;
  return (name, fn, options) => tell(name, async (system) => {
    stand ??= new Stand(system);
    try {
      await fn(stand, system);
    } finally {
      await stand.clear();
    }
  }, options);
}

// The people of a story file: a browser each, opened once.
class Stand {
  #people = new Map();
  #open = []; // tabs and telephones

  constructor(system) { this.system = system; }

  async person(voice) {
    this.url ??= servePage(this.system);
    if (!this.#people.has(voice)) this.#people.set(voice, Person.open(this.system, voice));
    return this.#people.get(voice);
  }

  async phone(voice, options) {
    const phone = await Phone.open(this.system, voice, options);
    this.#open.push(phone);
    return phone;
  }

  async clear() {
    await Promise.all(this.#open.filter((one) => !one.stays).map((one) => one.close()));
    this.#open = this.#open.filter((one) => one.stays);
  }

  // People with a tab each, who are called what their voice is:
  // { voice: generation, .. }
  logins(people) {
    return Promise.all(Object.entries(people).map(
      ([voice, generation]) => this.login(voice, generation, voice)));
  }

  // A tab of that person's browser, logged in as `user` with this generation.
  async login(voice, generation, user, options) {
    const tab = await this.tab(voice, generation, user);
    await tab.login(options);
    return tab;
  }

  async tab(voice, generation, user) {
    const person = await this.person(voice);
    await person.context.grantPermissions(['microphone', 'camera']);
    const page = await person.context.newPage();
    await page.goto(await this.url);
    await page.waitForFunction(() => window.Phone);
    await page.evaluate(([g, endpoint]) => { window.phone = new window.Phone(g, { endpoint }); },
      [generation, this.system.url]);
    const tab = new Tab(this.system, page, { voice, generation, user });
    this.#open.push(tab);
    return tab;
  }
}

export class Tab {
  #taken = 0; // events before this one are the past
  #seen = new Set();

  constructor(system, page, { voice, generation, user }) {
    Object.assign(this, { system, page, voice, generation, user });
  }

  get address() { return `${this.user}@localhost`; }

  async login({ token } = {}) {
    this.token = token ?? await this.system.token();
    await this.page.evaluate(async ([t, userId, own]) => {
      if (own) await window.phone.associate(t, userId);
      await window.phone.login({ token: t, userId });
    }, [this.token, this.user, this.generation === OLD]);
    const ready = await this.event('session:ready');
    this.session = `/RTC/v1/sessions/${ready.id}`;
    return ready;
  }

  // A method of the phone.
  phone(method, ...args) {
    return this.page.evaluate(([m, a]) => window.phone[m](...a), [method, args]);
  }

  // A method of one of its calls ('' or undefined: the newest).
  call(id, method, ...args) {
    return this.page.evaluate(([i, m, a]) => { window.phone.find(i)[m](...a); },
      [id || undefined, method, args]);
  }

  dial(to, options) { return this.phone('dial', to, options); }

  value(key) { return this.page.evaluate((k) => window.phone[k], key); }

  // The next event of that name which nobody asked for yet.
  async event(name, { timeoutMs = PATIENCE_MS, id } = {}) {
    let all = [];
    const found = await until(`${this} is told ${name}`, async () => {
      all = await this.value('events');
      const at = all.findIndex((event, i) => i >= this.#taken && !this.#seen.has(i)
        && event.name === name && (!id || event.id === id));
      if (at >= 0) this.#seen.add(at);
      return all[at];
    }, timeoutMs, 30).catch(async (error) => {
      error.message += `; told: ${all.map((e) => `${e.name} ${e.text ?? ''}`).join(', ')}; traps: `
        + JSON.stringify(await this.value('traps'));
      throw error;
    });
    return found;
  }

  // Everything told so far belongs to the past.
  async forget() { this.#taken = (await this.value('events')).length; }

  async told(name) { return (await this.value('events')).filter((event) => event.name === name); }

  // Events of its channel about a call or conference.
  async seen(id) {
    return (await this.value('seen')).filter((event) => event.resourceURL.split('/')[6] === id);
  }

  // It has done with this many of the server's offers. The older SDK tells its
  // application nothing of them.
  accepted(id, n) {
    return until(`${this} has accepted ${n} offers`, async () => (await this.seen(id)).filter(
      (event) => event.state === 'mod-terminated' && !event.sdp).length >= n);
  }

  stats(id) {
    return this.page.evaluate((i) => window.phone.find(i).media.stats(), id || undefined);
  }

  state(id) {
    return this.page.evaluate((i) => window.phone.find(i).state, id || undefined);
  }

  async connected(id) {
    await until(`${this} has media`, async () => (await this.stats(id)).connection === 'connected');
  }

  heard(seconds) { return latestHeard(this.page, seconds); }

  // One request of the application's own, with the tab's token.
  http(method, path, { headers = {}, body } = {}) {
    return this.system.http(method, path, {
      headers: { Authorization: `Bearer ${this.token}`, ...headers }, body });
  }

  // Nothing was swallowed, beside what the story itself provoked: kinds.
  async clean(...kinds) {
    const allowed = [...kinds, ...(this.generation === OLD ? ['move-terminated'] : [])];
    const traps = (await this.value('traps')).filter((trap) => !allowed.includes(trap.kind)
      && !(trap.kind === 'unknown state' && allowed.includes(trap.state)));
    assert.deepEqual(traps, [], `${this}: swallowed by the SDK`);
    assert.deepEqual((await this.told('error')).filter((e) => !kinds.includes(e.text)), [], `${this}: errors`);
  }

  async logout() {
    await this.phone('logout');
    await this.event('session:disconnected');
    this.isOut = true;
  }

  // Logs out, with nothing swallowed and no error before.
  async leave(...kinds) {
    await this.clean(...kinds);
    await this.logout();
  }

  // Ends what the story left open.
  async close() {
    if (!this.page.isClosed()) await this.page.close();
    if (this.session && !this.isOut) await this.http('DELETE', this.session);
  }

  toString() { return `${this.voice} (${this.generation})`; }
}
