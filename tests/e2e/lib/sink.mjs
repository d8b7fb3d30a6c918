// sink.mjs - an event sink: an HTTPS server that is told what happens in rooms,
// or to devices, takes it, or behaves as badly as it is asked to.

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { placePorts } from './ports.mjs';
import { PATIENCE_MS, until } from './wait.mjs';

const run = promisify(execFile);

export class Sink {
  events = []; // taken, in order, repeats too
  refused = 0; // requests that were not
  status = 204; // of the answers; 0: none
  mostAtOnce = 0;

  contentType = 'application/json'; // of what it takes

  // Made before the system, whose settings name its certificate. It wants a
  // password, or a token.
  static async open({ user, password, token }) {
    const sink = new this();
    sink.dir = await mkdtemp(join(tmpdir(), 'parley-sink-'));
    sink.certificate = join(sink.dir, 'cert.pem');
    await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
      'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost',
      '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1',
      '-keyout', join(sink.dir, 'key.pem'), '-out', sink.certificate]);
    sink.wanted = token ? `Bearer ${token}`
      : `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
    await sink.listen(await placePorts()); // kept while it is away
    return sink;
  }

  get url() { return `https://localhost:${this.port}/events`; }

  // Come (again); the port stays.
  async listen(port = this.port) {
    let nowOpen = 0;
    this.server = https.createServer({
      key: await readFile(join(this.dir, 'key.pem')), cert: await readFile(this.certificate),
    }, async (request, response) => {
      nowOpen += 1;
      this.mostAtOnce = Math.max(this.mostAtOnce, nowOpen);
      response.on('close', () => { nowOpen -= 1; });
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      this.#take(request, Buffer.concat(chunks).toString(), response);
    }).listen(port, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = this.server.address().port;
  }

  #take(request, text, response) {
    const isGood = request.method === 'POST' && request.url === '/events'
      && request.headers['content-type'] === this.contentType
      && request.headers.authorization === this.wanted;
    const status = isGood ? this.status : 401;
    if (status >= 200 && status < 300) this.events.push(JSON.parse(text));
    else this.refused += 1;
    if (status) response.writeHead(status).end();
  }

  // Its port is closed.
  async leave() {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  // As a receiver reads it: without repeats.
  get story() {
    const seen = new Set();
    let start = 0;
    return this.events.filter(({ node, seq, event }) => {
      if (event === 'eventsink_started') start += 1;
      const key = `${node} ${start} ${seq}`;
      return !seen.has(key) && seen.add(key);
    });
  }

  // The first event that is so; resolves to it.
  has(what, isSo, timeoutMs = PATIENCE_MS) {
    return until(`the sink is told ${what}`, () => this.story.find(isSo), timeoutMs)
      .catch((error) => {
        error.message += `; told: ${this.story.map(({ seq, event, type, data }) => `${seq ?? data.status} ${event ?? type}`)}`;
        throw error;
      });
  }

  async close() {
    if (this.server.listening) await this.leave();
    await rm(this.dir, { recursive: true, force: true });
  }
}

// One that is told what happens to devices, as CloudEvents.
export class CloudSink extends Sink {
  contentType = 'application/cloudevents+json';

  get story() {
    const seen = new Set();
    return this.events.filter(({ source, id }) => {
      const key = `${source} ${id}`;
      return !seen.has(key) && seen.add(key);
    });
  }
}
