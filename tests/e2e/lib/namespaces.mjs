// namespaces.mjs - hosts of a story, each a network namespace, and cables between
// them, made as root. Nothing reaches the machine's own network, in either direction.

import { execFile, execFileSync, fork } from 'node:child_process';
import { access, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const DIR = '/run/netns';
const PREFIX = 'parley-e2e-';
const DOOR = join(dirname(fileURLToPath(import.meta.url)), 'door.mjs');
const execute = promisify(execFile);

// What a program's line begins with, so that it runs there; '' is here.
export const inside = (namespace) => (namespace ? ['nsenter', `--net=${join(DIR, namespace)}`, '--'] : []);

export const ip = (...args) => execute('ip', args);

// Those of runs that were killed: names that begin with a prefix and a process id.
export async function sweep(dir, prefix, remove) {
  const names = await readdir(dir).catch(() => []);
  for (const name of names.filter((each) => each.startsWith(prefix))) {
    const pid = name.slice(prefix.length).split('-')[0];
    if (!await access(`/proc/${pid}`).then(() => true, () => false)) await remove(name);
  }
}

export const sweepNamespaces = (prefix) => sweep(DIR, prefix, (name) => ip('netns', 'del', name));

// Connections that begin in a namespace and end here: a process of ours in there
// opens them and hands them over.
class Door {
  #waiting = new Map();
  #asked = 0;

  constructor(namespace) {
    const [program, ...args] = inside(namespace);
    this.child = fork(DOOR, { execPath: program, execArgv: [...args, process.execPath] });
    this.child.on('message', ({ id, error }, socket) => {
      this.#waiting.get(id)?.(socket, error);
      this.#waiting.delete(id);
    });
    for (const end of ['error', 'exit']) this.child.on(end, () => this.#fail());
    this.child.unref();
    this.child.channel.unref();
  }

  connect(port, host) {
    return new Promise((resolve, reject) => {
      const id = ++this.#asked;
      this.#waiting.set(id, (socket, error) => (socket ? resolve(socket) : reject(new Error(error))));
      this.child.send({ id, port, host }, (error) => { if (error) this.#fail(); });
    });
  }

  #fail() {
    for (const answer of this.#waiting.values()) answer(null, 'the process in the namespace has ended');
    this.#waiting.clear();
  }

  close() { this.child.kill('SIGKILL'); }
}

export class Namespaces {
  #names = [];
  #doors = new Map();
  #atExit = () => this.#remove();

  // Gone when this process ends, by a signal it can hear, too; those of one that was
  // killed go when the next begins. make: given them, adds what is needed.
  static async open(make) {
    await sweepNamespaces(PREFIX);
    const all = new Namespaces();
    process.on('exit', all.#atExit);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(130));
    try {
      await make(all);
    } catch (error) {
      all.close();
      throw error;
    }
    return all;
  }

  // A host of its own; gives the namespace's name.
  async add(name) {
    const full = `${PREFIX}${process.pid}-${name}`;
    this.#names.push(full);
    await ip('netns', 'add', full);
    await ip('-n', full, 'link', 'set', 'lo', 'up');
    return full;
  }

  // A switch: what is plugged in (cable() without an address) is one network.
  async addSwitch(name) {
    const full = await this.add(name);
    await ip('-n', full, 'link', 'add', 'bridge', 'type', 'bridge');
    await ip('-n', full, 'link', 'set', 'bridge', 'up');
    return full;
  }

  // From one to the other: [namespace, interface, address with length]; without an
  // address it is plugged into a switch. Its ends are made where they belong: when
  // interfaces or addresses come and go, the browsers that see it drop their
  // connections (ERR_NETWORK_CHANGED).
  async cable(one, other) {
    await ip('link', 'add', one[1], 'netns', one[0], 'type', 'veth', 'peer', 'name', other[1], 'netns', other[0]);
    for (const [namespace, name, address] of [one, other]) {
      const how = address ? ['address', 'add', address, 'dev', name] : ['link', 'set', name, 'master', 'bridge'];
      await ip('-n', namespace, ...how);
      // No IPv6 address of its own, which would come to be a second or two later.
      await ip('-n', namespace, 'link', 'set', name, 'addrgenmode', 'none');
      await ip('-n', namespace, 'link', 'set', name, 'up');
    }
  }

  // The way out of a namespace.
  route(namespace, gateway) { return ip('-n', namespace, 'route', 'add', 'default', 'via', gateway); }

  // Packet filter and address translation of a namespace, as nft(8) reads it.
  rules(namespace, text) { return this.run(namespace, 'nft', text); }

  // It is a router.
  forwards(namespace) { return this.run(namespace, 'sh', '-c', 'echo 1 >/proc/sys/net/ipv4/ip_forward'); }

  // A program there, to its end; gives its output.
  async run(namespace, ...line) {
    const [program, ...args] = [...inside(namespace), ...line];
    return (await execute(program, args)).stdout;
  }

  // A connection of that namespace.
  connect(namespace, port, host = '127.0.0.1') {
    if (!this.#doors.has(namespace)) this.#doors.set(namespace, new Door(namespace));
    return this.#doors.get(namespace).connect(port, host);
  }

  #remove() {
    for (const door of this.#doors.values()) door.close();
    for (const name of this.#names.splice(0)) {
      try {
        execFileSync('ip', ['netns', 'del', name], { stdio: 'ignore' });
      } catch { /* it was never made */ }
    }
  }

  close() {
    process.off('exit', this.#atExit);
    this.#remove();
  }
}
