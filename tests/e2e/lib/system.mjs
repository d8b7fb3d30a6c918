// system.mjs - the whole of Parley, started for one story: its own ports, its
// own folder, the supervisor that operators use. Everything that a story opens
// is closed with it, by process id.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, appendFile, mkdir, mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import tls from 'node:tls';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { inside } from './namespaces.mjs';
import { phonePorts, systemPorts } from './ports.mjs';
import { PATIENCE_MS, pause, until } from './wait.mjs';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
export const BIN = process.env.PARLEY_BIN || join(ROOT, 'build/debug/bin');
const run = promisify(execFile);

// Front end n of up to three.
const frontendPort = (base, n) => (n === 1 ? base : base + 2 + n);

// Signaling worker n of up to two.
const sipPort = (base, n) => (n === 1 ? base + 1 : base + 6);

// flags: more of them, by node.
function nodesText(base, medias, frontends, signalings, flags) {
  const media = (n) => `media-${n} parley-media --webrtc_port=${base + 1 + n}`
    // one that was restarted while another has its port finds the next
    + ` --webrtc_ports=${19 - n} --rtp_port_min=${base + 20 * n} --rtp_port_max=${base + 20 * n + 19}`
    + ' --bind_address=127.0.0.1 --announce_address=127.0.0.1 --announce_loopback=true';
  return [
    'roompool parley-roompool',
    ...medias.map(media),
    ...signalings.map((n) =>
      `signaling-${n} parley-signaling --udp_listen=127.0.0.1:${sipPort(base, n)}`
      + ` --tcp_listen=127.0.0.1:${sipPort(base, n)}`),
    ...frontends.map((n) =>
      `api-${n} parley-api --port=${frontendPort(base, n)} --listen=127.0.0.1`),
    '',
  ].map((line) => [line, ...Object.entries(flags[line.split(' ')[0]] ?? {})
    .map(([key, value]) => `--${key}=${value}`)].join(' ')).join('\n');
}

const ROOMS = `
[room lobby]

[room echo]
mode = echo

[room meeting]
pin = 4711

[room small]
max_participants = 1

[room clinic]
pin = 2468
host_pin = 13579

[room surgery]
pin = 8642
host_pin = 97531

[room reception]
host_pin = 24680
`;

function configText(base, settings) {
  const section = (name, fixed) => {
    const all = { ...fixed, ...settings[name] };
    return [`[${name}]`, ...Object.entries(all).map(([k, v]) => `${k} = ${v}`), ''].join('\n');
  };
  // Who stands still for a second on a busy machine is neither lost nor overloaded.
  return [
    section('common', { bus: 'ipc://var/run/bus', run_dir: 'var/run', drain_ms: 2000, beats_missed: 20 }),
    section('roompool', { database: 'var/parley.db', max_talkers: 6, sip_lease_ms: 3000, query_ms: 10000 }),
    section('api', {
      web_dir: join(ROOT, 'web'), openapi: join(ROOT, 'api-frontend/openapi.json'),
      issuer: `https://localhost:${base}`, max_per_address: 1000,
    }),
    section('signaling', { outbound_allow: '127.0.0.0/8', overload_target_ms: 5000 }),
    section('media', { prompts_dir: join(ROOT, 'media-worker/prompts') }),
    ROOMS,
    ...Object.keys(settings).filter((name) => name.startsWith('room ')).map((name) => section(name)),
  ].join('\n');
}

export class System {
  #closers = [];
  #children = new Map(); // by node, when we are the supervisor

  // settings: { roompool: { key: value }, .. } over the ones above, further
  // rooms ('room NAME'), or a function (base port, folder) that gives them
  // medias, frontends, signalings: how many, up to 2, 3 and 2; supervised: false starts the
  // processes without the supervisor, which gives up when too much dies; flags:
  // keys that one node has otherwise, { 'api-2': { key: value } }, or a function;
  // bins: folders of other builds' programs, by node (not supervised); places:
  // network namespaces, by node (not supervised), of net, a Namespaces.
  static async start(settings = {},
    { medias = 2, frontends = 1, signalings = 1, supervised = true, flags = {}, bins = {},
      places = {}, net } = {}) {
    const system = new System();
    system.medias = [1, 2].slice(0, medias);
    system.frontends = [1, 2, 3].slice(0, frontends);
    system.signalings = [1, 2].slice(0, signalings);
    system.supervised = supervised;
    system.bins = { ...bins };
    Object.assign(system, { places, net });
    system.dir = await mkdtemp(join(tmpdir(), 'parley-e2e-'));
    system.base = await systemPorts();
    system.httpsPort = system.base;
    system.sipPort = system.base + 1;
    system.url = `https://localhost:${system.httpsPort}`;
    await mkdir(join(system.dir, 'var'), { mode: 0o700 });
    await writeFile(join(system.dir, 'nodes'),
      nodesText(system.base, system.medias, system.frontends, system.signalings,
        typeof flags === 'function' ? await flags(system.base, system.dir) : flags));
    await writeFile(join(system.dir, 'parley.conf'), configText(system.base,
      typeof settings === 'function' ? await settings(system.base, system.dir) : settings));
    try {
      await system.#spawn();
    } catch (error) {
      await system.stop();
      throw error;
    }
    return system;
  }

  async #spawn() {
    this.output = '';
    if (this.supervised) {
      this.#supervise();
      for (const node of this.nodes) await this.ready(node);
    } else {
      for (const node of this.nodes) await this.#startNode(node);
    }
    const workers = this.nodes.length - this.frontends.length - 1;
    await until('roompool has heard of all workers', async () => (await this.sql(
      "select * from v_workers where life = 'ready'")).length >= workers);
    for (const frontend of this.frontends) {
      await until('the front end is ready', async () => {
        const { status } = await this.http('GET', '/readyz', { frontend });
        return status === 200;
      });
    }
  }

  #supervise() {
    this.child = spawn(join(ROOT, 'tools/supervise'), [
      '--bin', BIN, '--nodes', join(this.dir, 'nodes'),
      '--config', join(this.dir, 'parley.conf'), '--dir', this.dir,
    ], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.on('data', (data) => { this.output += data; });
    }
  }

  async #startNode(node, more = []) {
    const [, program, ...flags] = (await readFile(join(this.dir, 'nodes'), 'utf8'))
      .split('\n').map((line) => line.split(' ')).find(([name]) => name === node);
    await mkdir(join(this.dir, 'var/run'), { recursive: true, mode: 0o700 });
    await mkdir(join(this.dir, 'var/log'), { recursive: true });
    await rm(join(this.dir, 'var/run', `${node}.ready`), { force: true });
    const log = await open(join(this.dir, 'var/log', `${node}.log`), 'a');
    const known = flags.filter((flag) => !this.bins[node] || !flag.startsWith('--webrtc_ports='));
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...inside(this.places[node]),
      join(this.bins[node] ?? BIN, program),
      `--config=${join(this.dir, 'parley.conf')}`, `--node=${node}`, ...known, ...more],
      { cwd: this.dir, stdio: ['ignore', log.fd, log.fd] });
    this.#children.set(node, child);
    await log.close();
    await this.ready(node);
  }

  get nodes() {
    return ['roompool',
      ...this.medias.map((n) => `media-${n}`),
      ...this.signalings.map((n) => `signaling-${n}`),
      ...this.frontends.map((n) => `api-${n}`)];
  }

  #isOver(node) {
    const child = this.supervised ? this.child : this.#children.get(node);
    return child.exitCode !== null || child.signalCode !== null;
  }

  ready(node, timeoutMs = PATIENCE_MS) {
    return until(`${node} is ready`, async () => {
      if (this.#isOver(node)) throw new Error(`it ended:\n${this.output}`);
      await access(join(this.dir, 'var/run', `${node}.ready`));
      return true;
    }, timeoutMs).catch(async (error) => {
      error.message += `\n${this.output}\n${await this.log(node)}`;
      throw error;
    });
  }

  async pid(node) {
    if (!this.supervised) return this.#children.get(node).pid;
    return Number(await readFile(join(this.dir, 'var/run', `${node}.pid`), 'utf8'));
  }

  // Send a signal; resolves when it was sent.
  async signal(node, name) {
    process.kill(await this.pid(node), name);
  }

  // kill -9; resolves when a successor is ready.
  async kill(node) {
    if (!this.supervised) {
      const child = this.#children.get(node);
      child.kill('SIGKILL');
      if (!this.#isOver(node)) await once(child, 'exit');
      await this.#startNode(node);
      return;
    }
    const old = await this.pid(node);
    process.kill(old, 'SIGKILL');
    await until(`${node} is started again`, async () => (await this.pid(node)) !== old);
    await this.ready(node);
  }

  // As ./run restart does it: told to end, it hands over what it has; the
  // supervisor starts it again. Resolves when roompool has it again.
  async restart(node) {
    const old = await this.pid(node);
    process.kill(old, 'SIGTERM');
    await until(`${node} is restarted`, async () => (await this.pid(node)) !== old, PATIENCE_MS, 20);
    await this.ready(node);
    const since = (name) => stat(join(this.dir, 'var/run', `${name}.ready`)).then(({ mtimeMs }) => mtimeMs);
    await until('all have found roompool, and it has them', async () => {
      const [pool, ...others] = await Promise.all(this.nodes.map(since));
      // Both may have been written within one tick of the system's clock.
      return others.every((at) => at >= pool) && (await this.sql("SELECT 1 FROM v_workers "
        + "WHERE state = 'up' AND life = 'ready'")).length === this.nodes.length - 1;
    }, PATIENCE_MS, 20);
  }

  // End it, start that of another build (none: ours) with more flags.
  async replace(node, bin, { how = 'SIGTERM', more = [] } = {}) {
    await this.#stopNode(node, how);
    if (bin) this.bins[node] = bin; else delete this.bins[node];
    await this.#startNode(node, more);
  }

  // Whether a node says itself that it works, as containers ask it.
  async isHealthy(node) {
    const text = await readFile(join(this.dir, 'nodes'), 'utf8');
    const [, program] = text.match(new RegExp(`^${node} (\\S+)`, 'm'));
    return run(join(BIN, program), ['--health', `--node=${node}`, `--config=${join(this.dir, 'parley.conf')}`],
      { cwd: this.dir }).then(() => true, () => false);
  }

  log(node, lines = 25) {
    return readFile(join(this.dir, 'var/log', `${node}.log`), 'utf8')
      .then((text) => text.split('\n').slice(-lines).join('\n'), () => '(no log)');
  }

  // Rows of the state, read as an administrator would.
  async sql(query) {
    const { stdout } = await run('sqlite3', ['-readonly', '-json', '-cmd', '.timeout 2000',
      join(this.dir, 'var/parley.db'), query]);
    return stdout.trim() ? JSON.parse(stdout) : [];
  }

  // 0: the balancer before them, where there is one.
  frontendPort(n) { return n === 0 ? this.balancerPort : frontendPort(this.base, n); }

  // A connection that begins in a namespace.
  connect(place, port) { return this.net.connect(place, port); }

  // How a front end in a namespace is reached.
  #way(node) {
    const place = this.places[node];
    if (!place) return {};
    const createConnection = ({ port }, done) => {
      this.connect(place, port).then((socket) =>
        done(null, tls.connect({ socket, rejectUnauthorized: false })), done);
    };
    return { agent: undefined, createConnection };
  }

  // One HTTPS request; body may be an object (JSON) or text.
  // frontend: which one is asked; onRequest is given the request, to cut it;
  // onData each part of the answer as it comes; agent: of connections that stay.
  http(method, path, { headers = {}, body, timeoutMs = 40000, frontend = 1, onRequest,
    onData = () => {}, agent = false } = {}) {
    return new Promise((resolve, reject) => {
      const text = body && typeof body === 'object' ? JSON.stringify(body) : body;
      const request = https.request({
        host: '127.0.0.1', port: this.frontendPort(frontend), method, path, rejectUnauthorized: false,
        agent, timeout: timeoutMs, ...this.#way(`api-${frontend}`),
        headers: {
          ...(body && typeof body === 'object' ? { 'Content-Type': 'application/json' } : {}),
          ...(text === undefined ? {} : { 'Content-Length': Buffer.byteLength(text) }),
          ...headers,
        },
      }, (response) => {
        const chunks = [];
        response.on('data', (chunk) => {
          chunks.push(chunk);
          onData(chunk, response.statusCode);
        });
        response.on('error', reject);
        response.on('end', () => {
          const raw = Buffer.concat(chunks).toString();
          let json;
          try { json = JSON.parse(raw); } catch { json = undefined; }
          resolve({ status: response.statusCode, headers: response.headers, text: raw, json });
        });
      });
      request.on('timeout', () => request.destroy(new Error(`${method} ${path}: no answer`)));
      request.on('error', reject);
      onRequest?.(request);
      request.end(text);
    });
  }

  // user: whom it speaks for; scope: what it is good for.
  async token({ user, scope = 'WEBRTC', frontend = 1 } = {}) {
    const env = await readFile(join(this.dir, 'var/dev-client.env'), 'utf8');
    const value = (key) => env.match(new RegExp(`^${key}=(.*)$`, 'm'))[1];
    const { status, json, text } = await this.http('POST', '/oauth/v4/token', {
      frontend,
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'client_credentials', client_id: value('CLIENT_ID'),
        client_secret: value('CLIENT_SECRET'), scope,
        ...(user ? { user } : {}),
      }).toString(),
    });
    if (status !== 200) throw new Error(`no token: ${status} ${text}`);
    return json.access_token;
  }

  phonePorts() { return phonePorts(); }

  onStop(closer) { this.#closers.unshift(closer); }

  async stop({ keep = Boolean(process.env.PARLEY_E2E_KEEP) } = {}) {
    for (const closer of this.#closers) await closer();
    let worst = 0;
    for (const node of [...this.#children.keys()].reverse()) {
      worst = Math.max(worst, await this.#stopNode(node));
    }
    if (this.child && this.child.exitCode === null) {
      this.child.kill('SIGTERM');
      const late = setTimeout(() => this.child.kill('SIGTERM'), 20000);
      await once(this.child, 'exit');
      clearTimeout(late);
    }
    if (!keep) await rm(this.dir, { recursive: true, force: true });
    return this.child ? this.child.exitCode : worst;
  }

  async #stopNode(node, how = 'SIGTERM') {
    const child = this.#children.get(node);
    if (!this.#isOver(node)) {
      child.kill(how);
      const late = setTimeout(() => child.kill('SIGKILL'), 20000);
      await once(child, 'exit');
      clearTimeout(late);
    }
    return child.exitCode ?? 128;
  }
}

// What a failed story leaves to read: the ends of all logs, in the output.
export async function tellLogs(system) {
  if (!system) return;
  const parts = [`--- supervisor\n${system.output}`];
  for (const node of system.nodes) parts.push(`--- ${node}\n${await system.log(node, 40)}`);
  console.error(parts.join('\n'));
}

export { pause, appendFile };
