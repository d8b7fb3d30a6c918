// device.mjs - a device application: a Chromium with a microphone, a page that
// speaks the device APIs, and what it was told.

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Person } from './browser.mjs';
import { hearsWell } from './ears.mjs';
import { PATIENCE_MS, until } from './wait.mjs';

const HERE = join(dirname(fileURLToPath(import.meta.url)), 'device');
const PAGE = '<!doctype html><title>device</title><audio id="remote"></audio><script src="/app.js"></script>';

// Where the page comes from: another origin than the APIs'.
async function serve(system) {
  const script = await readFile(join(HERE, 'app.js'));
  const server = http.createServer((request, response) => {
    const isScript = request.url === '/app.js';
    response.writeHead(200, { 'Content-Type': isScript ? 'text/javascript' : 'text/html' });
    response.end(isScript ? script : PAGE);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  system.onStop(() => { server.closeAllConnections(); server.close(); });
  return `http://localhost:${server.address().port}/`;
}

export class Device {
  // voice: name in VOICES; base: where the APIs are; token: of its user
  static async open(system, voice, { base = system.url, token, number }) {
    const device = new Device();
    Object.assign(device, { system, voice, number, deviceId: randomUUID() });
    device.person = await Person.open(system, voice);
    const { page } = device.person;
    await page.goto(await serve(system));
    await page.evaluate((all) => window.app.setUp(...all), [base, token, device.deviceId]);
    return device;
  }

  // A function of the page.
  do(name, ...values) {
    return this.person.page.evaluate(([what, all]) => window.app[what](...all), [name, values])
      .catch((error) => {
        error.message += `; ${this.voice}'s page: ${this.person.console.join(' | ')}`;
        throw error;
      });
  }

  events() { return this.person.page.evaluate(() => window.app.events); }

  // The first event of that type that is so; since: how many there were.
  event(type, isSo = () => true, { since = 0, timeoutMs = PATIENCE_MS } = {}) {
    return until(`${this.voice} is told ${type}`, async () =>
      (await this.events()).slice(since).find((one) => one.type.endsWith(`.${type}`) && isSo(one.data)),
    timeoutMs).catch(async (error) => {
      error.message += `; told: ${(await this.events()).map(({ type: t, data }) =>
        `${t.split('.').at(-1)} ${data.status ?? ''} ${data.reason ?? ''}`).join(', ')}`;
      throw error;
    });
  }

  status(id, status, how) {
    return this.event('session-status', (data) => data.mediaSessionId === id && data.status === status, how);
  }

  // What a call was, in the order in which it was told.
  async statuses(id) {
    return (await this.events()).filter(({ data }) => data.mediaSessionId === id)
      .sort((a, b) => a.data.sequenceNumber - b.data.sequenceNumber).map(({ data }) => data.status);
  }

  // Flow 4.1: a channel, and what is told of calls.
  async listenForCalls() {
    this.sink = await this.do('openChannel');
    this.forCalls = await this.do('subscribe', ['session-invitation', 'session-status']);
  }

  // Flow 4.2.
  async register() {
    this.registration = await this.do('register');
    this.forEnd = await this.do('subscribe', ['registration-ends']);
  }

  async comeUp() {
    await this.listenForCalls();
    await this.register();
  }

  call(to, more) { return this.do('call', `tel:${this.number}`, to, more); }

  // Answer the next invitation; resolves with its id.
  async invited(since = 0) {
    const { data } = await this.event('session-invitation', () => true, { since });
    return data.mediaSessionId;
  }

  connected(id) {
    return until(`${this.voice}'s media stands`, () => this.person.page.evaluate(
      (one) => window.app.calls[one].pc.connectionState === 'connected', id)).catch(async (error) => {
      error.message += `; ${JSON.stringify(await this.person.page.evaluate((one) => ({
        state: window.app.calls[one]?.pc.connectionState, error: window.app.calls[one]?.error }), id))}`;
      throw error;
    });
  }

  // Begin to record what is heard in a call.
  listen(id) {
    return this.person.page.evaluate(async (one) => {
      if (window.parleyRecorder.context) await window.parleyRecorder.stop();
      await window.parleyRecorder.start(window.app.calls[one].remote);
    }, id);
  }

  // While listening: the last seconds.
  heard(seconds) { return this.person.heard(seconds); }

  hears(...others) { return hearsWell(this, ...others); }

  close() { return this.person.close(); }
}
