// net.mjs - two network namespaces and a cable between them: one is the host
// that Parley runs on, in the other are its users. Nothing reaches the machine's
// own network, in either direction.

import { access, readdir } from 'node:fs/promises';
import { run } from './sh.mjs';

const PREFIX = 'parley-deploy-';
export const HOST_ADDRESS = '10.77.0.1';
export const CLIENT_ADDRESS = '10.77.0.2';

export const inside = (namespace) => ['nsenter', `--net=/run/netns/${namespace}`, '--'];

const ip = (...args) => run('ip', args);

// Those of runs that were killed.
async function sweep() {
  const names = await readdir('/run/netns').catch(() => []);
  for (const name of names.filter((each) => each.startsWith(PREFIX))) {
    const pid = name.slice(PREFIX.length).split('-')[0];
    if (!await access(`/proc/${pid}`).then(() => true, () => false)) await ip('netns', 'del', name);
  }
}

export class Net {
  static async open() {
    await sweep();
    const net = new Net();
    net.host = `${PREFIX}${process.pid}-host`;
    net.client = `${PREFIX}${process.pid}-client`;
    try {
      await net.#make();
    } catch (error) {
      await net.close();
      throw error;
    }
    return net;
  }

  async #make() {
    for (const name of [this.host, this.client]) {
      await ip('netns', 'add', name);
      await ip('-n', name, 'link', 'set', 'lo', 'up');
    }
    await ip('link', 'add', 'eth0', 'netns', this.host, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', this.client);
    for (const [name, address] of [[this.host, HOST_ADDRESS], [this.client, CLIENT_ADDRESS]]) {
      await ip('-n', name, 'address', 'add', `${address}/24`, 'dev', 'eth0');
      await ip('-n', name, 'link', 'set', 'eth0', 'up');
    }
    // Programs that look for a way out before they listen find one.
    await ip('-n', this.host, 'route', 'add', 'default', 'via', CLIENT_ADDRESS);
    await ip('-n', this.client, 'route', 'add', 'default', 'via', HOST_ADDRESS);
  }

  async close() {
    for (const name of [this.host, this.client]) await ip('netns', 'del', name).catch(() => {});
  }
}
