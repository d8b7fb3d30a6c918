// telco.mjs - everything around a Parley that device applications use: a
// telephone network with registrar and proxy (Kamailio), whose messages are
// copied to us, an OpenID provider, and a proxy that notes the HTTP requests.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Authority } from './certificates.mjs';
import { Kamailio } from './kamailio.mjs';
import { Oidc } from './oidc.mjs';
import { Phone } from './phone.mjs';
import { placePorts } from './ports.mjs';
import { Recorder } from './recorder.mjs';
import { SipTrace } from './trace.mjs';

const SECRET = 'kept-secret';

export class Telco {
  #closers = [];

  // accounts: numbers that the gateway registers; trunk: prefix of those that
  // are routed to it; phones: numbers of telephones; fixed: number of one that
  // does not register, see fixedPort.
  static async prepare({ accounts, trunk, phones, fixed }) {
    const telco = new Telco();
    Object.assign(telco, { accounts, trunk, phones, fixed });
    telco.authority = await Authority.make();
    telco.oidc = await Oidc.start(telco.authority, { scopes: ['WEBRTC', 'rooms', 'management'] });
    return telco;
  }

  onStop(closer) { this.#closers.unshift(closer); }

  // Settings of the system, once its ports and folder are known.
  async settings(base, dir) {
    this.dir = dir;
    this.frontend = base;
    this.sipPort = base + 1;
    this.trace = await SipTrace.open(this);
    const first = await placePorts();
    this.phonePorts = async () => [first];
    this.fixedPort = first + 1;
    this.network = await Kamailio.start(this, {
      users: Object.fromEntries([...this.accounts, ...this.phones].map((number) => [number, SECRET])),
      trunks: [{ prefix: this.trunk, domain: 'trunk.example', uri: `sip:127.0.0.1:${base + 1}` },
        { prefix: this.fixed, domain: 'fixed.example', uri: `sip:127.0.0.1:${this.fixedPort}` }],
      trace: this.trace.port, notFound: 404,
    });
    this.recorder = await Recorder.open(this.authority, () => this.frontend);
    const { certificate, key } = await this.authority.sign('gateway', 'DNS:localhost');
    const lines = join(dir, 'lines');
    await writeFile(lines, [
      ...this.accounts.map((number) => `${number} account domain=${this.network.domain} `
        + `next_hop=${this.network.uri};transport=tcp user=${number} password=${SECRET} identity=preferred`),
      `${this.trunk}* trunk domain=trunk.example next_hop=${this.network.uri};transport=tcp identity=asserted`, '',
    ].join('\n'), { mode: 0o600 });
    return {
      roompool: { lines_file: lines, notify_own_relay: false }, // the recorder sees its POSTs
      api: { certificate, certificate_key: key, outgoing_allow: '127.0.0.0/8',
        outgoing_ca: this.authority.file, ...await this.oidc.introspectionSettings(dir) },
      signaling: { outbound_allow: `127.0.0.0/8 ${this.network.domain} trunk.example` },
    };
  }

  phone(system, voice, number, how = {}) {
    return Phone.open(system, voice,
      { ...how, line: { network: this.network, user: number, password: SECRET } });
  }

  async stop() {
    for (const closer of this.#closers) await closer();
    await this.recorder?.close();
    await this.oidc.stop();
  }
}
