// recorder.mjs - stands between device applications and the front end, and
// between the front end and its event sinks: a reverse proxy over HTTPS that
// keeps a note of every request. It changes nothing.

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import https from 'node:https';
import tls from 'node:tls';

export class Recorder {
  notes = []; // { at, endedAt, method, path, headers, body, status, answer }

  // authority: of certificates.mjs. target(): port of a front end, asked for
  // each request.
  static async open(authority, target) {
    const recorder = new Recorder();
    const { certificate, key } = await authority.sign('recorder', 'DNS:localhost');
    recorder.target = target;
    recorder.sockets = new Set();
    recorder.server = https.createServer({ cert: await readFile(certificate), key: await readFile(key) },
      (request, response) => recorder.#forward(request, response));
    recorder.server.on('upgrade', (request, socket, head) => recorder.#tunnel(request, socket, head));
    recorder.server.listen(0, '127.0.0.1');
    await once(recorder.server, 'listening');
    recorder.url = `https://localhost:${recorder.server.address().port}`;
    return recorder;
  }

  #note(request) {
    const note = { at: Date.now(), method: request.method, path: request.url, headers: request.headers };
    this.notes.push(note);
    return note;
  }

  async #forward(request, response) {
    const body = Buffer.concat(await request.toArray().catch(() => []));
    const note = { ...this.#note(request), body: body.toString() };
    this.notes[this.notes.length - 1] = note;
    const onward = https.request({
      host: '127.0.0.1', port: this.target(), method: request.method, path: request.url,
      headers: request.headers, rejectUnauthorized: false, agent: false, timeout: 30000,
    }, (answer) => {
      const chunks = [];
      const endedAt = Date.now();
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('error', () => response.destroy());
      answer.on('end', () => {
        Object.assign(note, { status: answer.statusCode, endedAt,
          answer: Buffer.concat(chunks).toString() });
        response.writeHead(answer.statusCode, answer.headers);
        response.end(Buffer.concat(chunks));
      });
    });
    onward.on('timeout', () => onward.destroy(new Error('no answer')));
    onward.on('error', () => {
      Object.assign(note, { status: 502, endedAt: Date.now(), answer: '' });
      if (!response.headersSent) response.writeHead(502);
      response.end();
    });
    onward.end(body);
  }

  // A WebSocket: its bytes as they are.
  #tunnel(request, socket, head) {
    const note = this.#note(request);
    const onward = tls.connect({ host: '127.0.0.1', port: this.target(), rejectUnauthorized: false }, () => {
      const lines = request.rawHeaders.flatMap((name, i, all) => (i % 2 ? [] : [`${name}: ${all[i + 1]}`]));
      onward.write(`${[`${request.method} ${request.url} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n`);
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    onward.once('data', (data) => {
      Object.assign(note, { status: Number(data.toString('latin1', 9, 12)), endedAt: Date.now() });
    });
    for (const [one, other] of [[socket, onward], [onward, socket]]) {
      this.sockets.add(one);
      one.on('error', () => {});
      one.on('close', () => { this.sockets.delete(one); other.destroy(); });
    }
  }

  async close() {
    for (const socket of this.sockets) socket.destroy();
    this.server.closeAllConnections();
    await new Promise((done) => { this.server.close(done); });
  }
}
