// turn.mjs - coturn on the loopback interface, which checks credentials by a
// secret that it shares with the front end.

import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { placePorts } from './ports.mjs';
import { until } from './wait.mjs';

export class TurnServer {
  // Made before the system, whose settings name it.
  static async open() {
    const server = new TurnServer();
    server.dir = await mkdtemp(join(tmpdir(), 'parley-turn-'));
    server.port = await placePorts();
    server.secret = randomBytes(16).toString('hex');
    server.secretFile = join(server.dir, 'secret');
    server.url = `turn:127.0.0.1:${server.port}?transport=udp`;
    await writeFile(server.secretFile, `${server.secret}\n`, { mode: 0o600 });
    server.output = '';
    server.child = spawn('turnserver', ['-n', '--use-auth-secret',
      `--static-auth-secret=${server.secret}`, '--realm=parley.test', '--listening-ip=127.0.0.1',
      '--relay-ip=127.0.0.1', `--listening-port=${server.port}`, '--allow-loopback-peers',
      '--no-tls', '--no-dtls', '--no-cli', '--log-file=stdout', '--verbose',
      `--pidfile=${join(server.dir, 'pid')}`, `--userdb=${join(server.dir, 'db')}`],
    { stdio: ['ignore', 'pipe', 'pipe'], cwd: server.dir });
    server.child.on('error', (error) => { server.output += error; });
    for (const stream of [server.child.stdout, server.child.stderr]) {
      stream.on('data', (data) => { server.output += data; });
    }
    await until('the TURN server answers', () => server.binds()).catch((error) => {
      error.message += `\n${server.output}`;
      throw error;
    });
    return server;
  }

  // Whether it answers a STUN binding request. RFC 8489 section 5
  async binds() {
    const socket = createSocket('udp4');
    const ask = Buffer.concat([Buffer.from([0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42]), randomBytes(12)]);
    const answered = once(socket, 'message', { signal: AbortSignal.timeout(500) });
    socket.send(ask, this.port, '127.0.0.1');
    return answered.then(() => true, () => false).finally(() => socket.close());
  }

  // Whether it gives somebody with these credentials a relay.
  allocates(username, credential) {
    return new Promise((resolve) => {
      execFile('turnutils_uclient', ['-u', username, '-w', credential, '-p', String(this.port),
        '-y', '-n', '1', '-m', '1', '-c', '127.0.0.1'], { timeout: 20000 },
      (error, stdout) => resolve(!error && /Total transmit time/.test(stdout)));
    });
  }

  async close() {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill('SIGTERM');
      await once(this.child, 'exit');
    }
    await rm(this.dir, { recursive: true, force: true });
  }
}
