// kamailio.mjs - a telephone network of its own: one Kamailio, registrar and
// proxy, on a port of its own. It keeps everything in memory.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from './wait.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));

export class Kamailio {
  // system: has dir, phonePorts() and onStop(). users: { name: password };
  // algorithm: MD5 or SHA-256; withQop: false challenges as RFC 2069 did; minExpires: shorter
  // ones get 423; maxExpires: longer ones are cut; serviceRoute: calls are to
  // come by a route that it names; forbidsWrong: a wrong password gets 403, not
  // another challenge; notFound: status for who is not registered;
  // challengesCalls: false takes calls without credentials. trunks: [{ prefix,
  // domain, uri }]: where numbers go that nobody registers. trace: port that
  // gets a copy of every message, see trace.mjs. edgeOf: another one, whose
  // edge this is: all that comes goes on to it, with Path and Record-Route.
  static async start(system, {
    name = 'telco', domain = `${name}.example`, users = {}, algorithm = 'MD5', withQop = true,
    minExpires = 0, maxExpires = 3600, serviceRoute = false, forbidsWrong = false,
    notFound = 480, challengesCalls = true, nonceExpire = 300, port, trunks = [], trace,
    edgeOf,
  } = {}) {
    const network = new Kamailio();
    network.domain = domain;
    network.port = port ?? (await system.phonePorts())[0];
    network.dir = join(system.dir, `kamailio-${name}`);
    await mkdir(network.dir, { recursive: true });
    const words = {
      PORT: network.port, DOMAIN: domain, DEBUG: process.env.PARLEY_KAMAILIO_DEBUG || -1,
      ALGORITHM: algorithm, WITH_QOP: withQop ? 1 : 0,
      MIN_EXPIRES: minExpires, MAX_EXPIRES: maxExpires, NONCE_EXPIRE: nonceExpire,
      NOT_FOUND: `${notFound}", "${notFound === 404 ? 'Not Found' : 'Not Registered'}`,
      FORBIDS_WRONG: forbidsWrong ? 1 : 0, CHALLENGES_CALLS: challengesCalls ? 1 : 0,
      USERS: Object.entries(users)
        .map(([user, password]) => `  $sht(users=>${user}) = "${password}";`).join('\n') || '  return;',
      ALIASES: trunks.map(({ domain: one }) => `alias="${one}"`).join('\n'),
      TRUNKS: trunks.map(({ prefix, uri }) => `  if ($rU =~ "^\\${prefix}") {
    $du = "${uri}";
    if (!t_relay()) sl_reply_error();
    exit;
  }`).join('\n'),
      EDGE: edgeOf ? `  if (is_method("REGISTER")) {
    add_path();
    $du = "${edgeOf.uri}";
  } else {
    loose_route(); # from there: our Path
    if ($sp != ${edgeOf.port}) $du = "${edgeOf.uri}";
    record_route();
  }
  if (!t_relay()) sl_reply_error();
  exit;` : '',
      TRACE: trace ? `loadmodule "siptrace.so"
modparam("siptrace", "duplicate_uri", "sip:127.0.0.1:${trace}")
modparam("siptrace", "hep_mode_on", 1)
modparam("siptrace", "hep_version", 3)
modparam("siptrace", "trace_to_database", 0)
modparam("siptrace", "trace_on", 1)
modparam("siptrace", "trace_mode", 1)` : '',
      SERVICE_ROUTE: serviceRoute
        ? `  append_to_reply("Service-Route: <sip:orig@127.0.0.1:${network.port};lr>\\r\\n");` : '',
    };
    const text = (await readFile(join(HERE, 'kamailio.cfg'), 'utf8'))
      .replace(/@([A-Z_]+)@/g, (all, word) => words[word] ?? all);
    await writeFile(join(network.dir, 'kamailio.cfg'), text);
    await network.#spawn(system);
    return network;
  }

  // Where it is reached.
  get uri() { return `sip:127.0.0.1:${this.port}`; }

  async #spawn(system) {
    const log = await open(join(this.dir, 'log'), 'a');
    this.child = spawn('setpriv', ['--pdeathsig', 'TERM', '--', 'kamailio', '-DD', '-E',
      '-f', join(this.dir, 'kamailio.cfg'), '-Y', this.dir, '-w', this.dir,
      '-P', join(this.dir, 'pid'), '-m', '32', '-M', '4'],
    { stdio: ['ignore', log.fd, log.fd] });
    await log.close();
    system.onStop(() => this.stop());
    await until('Kamailio answers', async () => {
      if (this.child.exitCode !== null) throw new Error('it ended');
      return this.rpc('core.version');
    }).catch(async (error) => {
      error.message += `\n${await this.log()}`;
      throw error;
    });
  }

  log(lines = 25) {
    return readFile(join(this.dir, 'log'), 'utf8')
      .then((text) => text.split('\n').slice(-lines).join('\n'));
  }

  async rpc(method, ...params) {
    const response = await fetch(`http://127.0.0.1:${this.port}/`, {
      method: 'POST', headers: { 'Content-Type': 'application/json', Connection: 'close' },
      body: JSON.stringify({ jsonrpc: '2.0', method, params, id: 1 }),
      signal: AbortSignal.timeout(15000),
    });
    const { result, error } = await response.json();
    if (error) throw new Error(`${method}: ${error.message}`, { cause: error });
    return result;
  }

  // Bindings of a user: [{ Address, Expires, 'Call-ID', CSeq, .. }], [] none.
  async contacts(user) {
    try {
      const { Contacts } = await this.rpc('ul.lookup', 'location', user);
      return Contacts.map(({ Contact }) => Contact);
    } catch (error) {
      if (error.cause) return [];
      throw error;
    }
  }

  async stop() {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGTERM');
    const late = setTimeout(() => this.child.kill('SIGKILL'), 5000);
    await once(this.child, 'exit');
    clearTimeout(late);
  }
}
