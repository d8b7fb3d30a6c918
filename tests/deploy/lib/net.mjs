// net.mjs - two network namespaces and a cable between them: one is the host
// that Parley runs on, in the other are its users. Nothing reaches the machine's
// own network, in either direction.

import { inside, ip, sweep, sweepNamespaces } from '../../e2e/lib/namespaces.mjs';

export { inside };

const PREFIX = 'parley-deploy-';
const BRIDGE_PREFIX = 'parley-b'; // and a process id: at most 15 characters
const BRIDGE_ADDRESS = '198.51.100.1'; // for documentation: nobody's
export const HOST_ADDRESS = '10.77.0.1';
export const CLIENT_ADDRESS = '10.77.0.2';

// For an engine in the machine's own network: with no bridge it would remove
// docker0, which is another engine's. Nothing is routed to this one.
export class Bridge {
  static async open() {
    await sweep('/sys/class/net', BRIDGE_PREFIX, (name) => ip('link', 'del', name));
    const bridge = new Bridge();
    bridge.name = `${BRIDGE_PREFIX}${process.pid}`;
    await ip('link', 'add', bridge.name, 'type', 'bridge');
    await ip('address', 'add', `${BRIDGE_ADDRESS}/30`, 'dev', bridge.name);
    return bridge;
  }

  close() { return ip('link', 'del', this.name).catch(() => {}); }
}

export class Net {
  static async open() {
    await sweepNamespaces(PREFIX);
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
