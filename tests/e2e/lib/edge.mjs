// edge.mjs - the signaling worker alone, with a scripted roompool: what a story
// needs that is about SIP and nothing else.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { phonePorts } from './ports.mjs';
import { BIN } from './system.mjs';
import { PATIENCE_MS, until } from './wait.mjs';

export class Edge {
  #closers = [];

  // settings: of section [signaling]
  static async start(settings = {}) {
    const edge = new Edge();
    edge.dir = await mkdtemp(join(tmpdir(), 'parley-edge-'));
    try {
      [edge.sipPort] = await edge.phonePorts();
      await edge.#spawn(settings);
    } catch (error) {
      await edge.stop();
      throw error;
    }
    return edge;
  }

  phonePorts() { return phonePorts(); }

  async #start(name, args, stdio) {
    const log = await open(join(this.dir, `${name}.log`), 'a');
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', join(BIN, name), ...args],
      { stdio: [...stdio, log.fd] });
    await log.close();
    this.onStop(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    });
    return child;
  }

  async #spawn(settings) {
    const bus = `ipc://${join(this.dir, 'bus')}`;
    this.pool = await this.#start('fake_pool', [bus], ['pipe', 'pipe']);
    this.lines = [];
    let rest = '';
    this.pool.stdout.on('data', (data) => {
      const parts = (rest + data).split('\n');
      rest = parts.pop();
      this.lines.push(...parts);
    });
    const flags = Object.entries({
      bus, run_dir: this.dir, udp_listen: `127.0.0.1:${this.sipPort}`,
      tcp_listen: `127.0.0.1:${this.sipPort}`, drain_ms: 2500, ...settings,
    }).map(([key, value]) => `--${key}=${value}`);
    this.worker = await this.#start('parley-signaling', flags, ['ignore', 'ignore']);
    await this.told('hello');
  }

  // Command the scripted roompool (tests/support/fake_pool.h).
  command(line) { this.pool.stdin.write(`${line}\n`); }

  // The next line that begins so, after those taken before; it and those before
  // it are taken.
  async told(start, timeoutMs = PATIENCE_MS) {
    const at = await until(`roompool is told '${start}'`,
      () => this.lines.findIndex((line) => line.startsWith(start)) + 1, timeoutMs)
      .catch(async (error) => {
        error.message += `\n${this.lines.join('\n')}\n${await this.log()}`;
        throw error;
      });
    return this.lines.splice(0, at).at(-1);
  }

  log() { return readFile(join(this.dir, 'parley-signaling.log'), 'utf8').catch(() => ''); }

  onStop(closer) { this.#closers.unshift(closer); }

  async stop() {
    for (const closer of this.#closers) await closer();
    await rm(this.dir, { recursive: true, force: true });
  }
}
