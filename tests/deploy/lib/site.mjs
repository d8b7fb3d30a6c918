// site.mjs - Parley as docker-compose runs it, seen by its users and its operator.

import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../../e2e/lib/system.mjs';
import { until } from '../../e2e/lib/wait.mjs';
import { CLIENT_ADDRESS, HOST_ADDRESS } from './net.mjs';
import { run } from './sh.mjs';

const PROJECT = 'parley';
const HTTPS_PORT = 443;
export const WORKERS = ['media-worker', 'signaling-worker', 'api-frontend'];
export const SERVICES = ['roompool', 'haproxy', ...WORKERS];

// As tests/e2e/lib/system.mjs: what Person and Phone are opened with.
export class Site {
  #closers = [];
  #phones = 0;
  #kept = new Map(); // by container: service, log

  constructor(engine, dir) {
    Object.assign(this, { engine, dir });
    this.url = `https://${HOST_ADDRESS}`;
    this.ownHost = CLIENT_ADDRESS;
    this.sipHost = HOST_ADDRESS;
    this.sipPort = 5060;
    this.env = {
      COMPOSE_PROJECT_NAME: PROJECT, PARLEY_ADDRESS: HOST_ADDRESS, PARLEY_URL: this.url,
      PARLEY_NAMES: HOST_ADDRESS, PARLEY_HTTPS_PORT: String(HTTPS_PORT), PARLEY_VERSION: 'latest',
    };
  }

  compose(...args) {
    return this.engine.compose(['-f', join(ROOT, 'docker/compose.yml'), ...this.overrides ?? [], ...args], { env: this.env });
  }

  async scale(scale) {
    this.scales = { roompool: 1, haproxy: 1, ...scale };
    const flags = Object.entries(scale).flatMap(([service, n]) => ['--scale', `${service}=${n}`]);
    await this.compose('up', '-d', '--no-build', ...flags);
  }

  // What docker knows of the containers of a service, or all.
  async containers(service) {
    const filter = service ? `label=com.docker.compose.service=${service}` : `label=com.docker.compose.project=${PROJECT}`;
    const ids = (await this.engine.docker('ps', '-aq', '--no-trunc', '--filter', filter)).split('\n').filter(Boolean);
    if (!ids.length) return [];
    const all = JSON.parse(await this.engine.docker('inspect', ...ids));
    return all.map(({ Id, Name, State, Config, RestartCount }) => ({
      id: Id, name: Name.slice(1), service: Config.Labels['com.docker.compose.service'],
      running: State.Running && !State.Restarting, health: State.Health?.Status, pid: State.Pid,
      restarts: RestartCount,
    }));
  }

  // As many of each as were asked for, and all of them well.
  async sick() {
    const all = await this.containers();
    const bad = all.filter(({ running, health }) => !running || health !== 'healthy')
      .map(({ name, running, health }) => `${name} ${running ? health : 'does not run'}`);
    for (const [service, n] of Object.entries(this.scales)) {
      const there = all.filter((each) => each.service === service).length;
      if (there !== n) bad.push(`${there} of ${n} ${service}`);
    }
    return bad;
  }

  async healthy(timeoutMs = 90000) {
    let bad = [];
    await until('all containers are healthy', async () => {
      bad = await this.sick();
      return bad.length === 0;
    }, timeoutMs, 300).catch(async (error) => {
      error.message += `: ${bad.join(', ')}`;
      throw error;
    });
  }

  log(container, ...options) {
    return run('/bin/sh', ['-c', 'exec "$@" 2>&1', 'sh', '/usr/bin/docker', 'logs', ...options, container],
      { env: this.engine.env });
  }

  // The name that the process in a container has given itself this time.
  async node(container) {
    const names = [...(await this.log(container)).matchAll(/ process started node=(\S+)/g)];
    return names.at(-1)?.[1];
  }

  async containerOf(service, node) {
    for (const container of await this.containers(service)) {
      if (await this.node(container.id) === node) return container;
    }
    throw new Error(`no container of ${service} is ${node}`);
  }

  file(volume, name) {
    return join(this.engine.data, 'docker/volumes', `${PROJECT}_${volume}`, '_data', name);
  }

  async sql(query) {
    const text = await run('sqlite3', ['-readonly', '-json', '-cmd', '.timeout 2000',
      this.file('state', 'parley.db'), query]);
    return text.trim() ? JSON.parse(text) : [];
  }

  async readyz() {
    const answer = await fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(2000) });
    await answer.arrayBuffer();
    return answer.status === 200;
  }

  async phonePorts() {
    const base = 11000 + 30 * this.#phones++;
    return [base, base + 2, base + 6];
  }

  onStop(closer) { this.#closers.unshift(closer); }

  async close() {
    for (const closer of this.#closers) await closer();
    this.#closers = [];
  }

  // Logs of containers that are about to be removed.
  async archive() {
    for (const { id, service } of await this.containers()) this.#kept.set(id, { service, text: await this.log(id) });
  }

  // All that the containers of a service have ever said.
  async logOf(service) {
    await this.archive();
    return [...this.#kept.values()].filter((each) => each.service === service).map(({ text }) => text).join('');
  }

  async saveLogs(dir) {
    await mkdir(dir, { recursive: true });
    for (const { id, name } of await this.containers()) {
      await writeFile(join(dir, `${name}.log`), await this.log(id));
    }
    for (const name of ['parley.db', 'parley.db-wal']) {
      await copyFile(this.file('state', name), join(dir, name)).catch(() => {});
    }
  }
}
