// phone.mjs - a person with a telephone: one baresip each, steered over its
// control socket; what it hears is written to a file by its sndfile module.

import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createWriteStream } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { makeVoice, readWav, Recording, VOICES, writeWav } from './audio.mjs';
import { inside } from './namespaces.mjs';
import { PATIENCE_MS, until } from './wait.mjs';

const MODULES = process.env.PARLEY_BARESIP_MODULES || '/usr/lib/baresip/modules';
const RATES = { 'PCMU/8000': 8000, 'PCMA/8000': 8000, 'G722/16000': 16000, 'opus/48000': 48000 };

// baresip listens for TLS on the port after its own.
function tlsText(tls) {
  return tls ? `sip_certificate ${tls.both}\nsip_cafile ${tls.ca}\nsip_verify_server yes\n` : '';
}

function configText(phone, wav, rate, channels) {
  return `poll_method epoll
${tlsText(phone.tls)}sip_listen ${phone.host}:${phone.sipPort}
call_local_timeout 60
audio_source aufile,${wav}
audio_player aubridge,nobody
audio_alert aubridge,nobody
ausrc_srate ${rate}
auplay_srate ${rate}
ausrc_channels ${channels}
auplay_channels ${channels}
rtp_ports ${phone.rtpPort}-${phone.rtpPort + 19}
audio_buffer 20-160
jitter_buffer_delay 3-10
net_interface ${phone.host}
snd_path ${phone.dir}/rec
opus_bitrate 48000
opus_stereo no
opus_sprop_stereo no
module_path ${MODULES}
module_tmp account.so
module g711.so
module g722.so
module opus.so
module aufile.so
module aubridge.so
module sndfile.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:${phone.controlPort}
`;
}

export class Phone {
  // codec: PCMU/8000, PCMA/8000, G722/16000 or opus/48000; transport: udp, tcp
  // or tls, which wants tls: { both, ca, port }: its certificate with key, the
  // authority's, and where the system listens. line: { network, user, password }:
  // it is registered at that Kamailio and calls by it; ports: as phonePorts() gave
  // them; seconds: that it can speak; place: network namespace, which system.connect()
  // reaches; traced: what it sends and receives is in its log
  static async open(system, voice, { codec = 'PCMU/8000', transport = 'udp', answer = 'auto', tls, line, ports, seconds = 100,
    place = system.place, traced = false } = {}) {
    const phone = new Phone();
    phone.system = system;
    phone.voice = voice;
    phone.transport = transport;
    phone.tls = tls;
    phone.line = line;
    phone.place = place;
    phone.traced = traced;
    phone.host = system.ownHost ?? '127.0.0.1'; // where it is; the system: sipHost
    [phone.sipPort, phone.controlPort, phone.rtpPort] = ports ?? await system.phonePorts();
    phone.dir = join(system.dir, `phone-${voice}`);
    phone.events = [];
    phone.replies = [];
    await mkdir(join(phone.dir, 'rec'), { recursive: true });
    const rate = RATES[codec];
    const wav = join(phone.dir, 'mic.wav');
    // One file holds a whole story: baresip does not repeat it.
    await writeWav(wav, makeVoice(VOICES[voice], rate, seconds), rate);
    await writeFile(join(phone.dir, 'config'), configText(phone, wav, rate, 1));
    const own = line ? `sip:${line.user}@${line.network.domain};transport=${transport}`
      : `sip:${voice}@${phone.host}:${phone.sipPort};transport=${transport}`;
    const account = line ? `;auth_user=${line.user};auth_pass=${line.password};outbound="${line.network.uri}";regint=300`
      : ';regint=0';
    await writeFile(join(phone.dir, 'accounts'),
      `<${own}>${account};audio_codecs=${codec};answermode=${answer}\n`);
    await writeFile(join(phone.dir, 'contacts'), '');
    await phone.#start();
    if (line) {
      await until(`${voice} is registered`, async () => (await line.network.contacts(line.user)).length);
    }
    return phone;
  }

  // Where others reach this telephone.
  get address() { return `sip:${this.number}`; }

  // Reached over TLS.
  get secure() { return `sip:${this.voice}@${this.host}:${this.sipPort + 1};transport=tls`; }

  // The same as people dial it.
  get number() { return `${this.voice}@${this.host}:${this.sipPort}`; }

  async #start() {
    this.child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...inside(this.place),
      'baresip', '-f', this.dir, '-v', ...this.traced ? ['-s'] : []], { stdio: ['ignore', 'pipe', 'pipe'] });
    const log = createWriteStream(join(this.dir, 'log'));
    // One of the two ends first.
    for (const stream of [this.child.stdout, this.child.stderr]) stream.pipe(log, { end: false });
    this.child.on('close', () => log.end());
    this.logged = finished(log);
    this.system.onStop(() => this.close());
    this.socket = await until('baresip listens', () => this.#connect());
    this.socket.on('error', () => {});
    let pending = Buffer.alloc(0);
    this.socket.on('data', (data) => {
      pending = this.#netstrings(Buffer.concat([pending, data]));
    });
    // It listens before it has read its account, and would answer 404.
    await until(`${this.voice} has an account`, async () =>
      (await this.command('reginfo')).data?.includes(this.line?.user ?? this.voice), PATIENCE_MS, 20);
  }

  #connect() {
    if (this.place) return this.system.connect(this.place, this.controlPort);
    return new Promise((resolve, reject) => {
      const socket = net.connect(this.controlPort, '127.0.0.1', () => resolve(socket));
      socket.once('error', reject);
    });
  }

  #netstrings(data) {
    for (;;) {
      const colon = data.indexOf(':');
      if (colon < 0) return data;
      const length = Number(data.toString('latin1', 0, colon));
      if (data.length < colon + 1 + length + 1) return data;
      const message = JSON.parse(data.toString('utf8', colon + 1, colon + 1 + length));
      (message.event ? this.events : this.replies).push({ at: Date.now(), ...message });
      data = data.subarray(colon + 2 + length);
    }
  }

  async command(command, params = '') {
    const token = `t${this.replies.length}-${Date.now()}`;
    const text = JSON.stringify({ command, params, token });
    this.socket.write(`${Buffer.byteLength(text)}:${text},`);
    return until(`baresip answers ${command}`,
      () => this.replies.find((reply) => reply.token === token), PATIENCE_MS, 10);
  }

  event(type, after = 0) {
    return this.events.find((event) => event.type === type && event.at >= after);
  }

  // What it was told of its calls, after the first n of its events.
  told(n = 0) {
    return this.events.slice(n).map(({ type }) => type).filter((type) => /^CALL_(?!RTCP)/.test(type));
  }

  async dial(user, { established = true } = {}) {
    const after = Date.now();
    await this.command('dial', this.line ? `sip:${user}@${this.line.network.domain};transport=${this.transport}`
      : `sip:${user}@${this.system.sipHost ?? '127.0.0.1'}:${this.tls?.port ?? this.system.sipPort};transport=${this.transport}`);
    if (established) await this.established(after);
  }

  async established(after = 0, timeoutMs = PATIENCE_MS) {
    await until(`${this.voice}'s call is established`,
      () => this.event('CALL_ESTABLISHED', after), timeoutMs).catch((error) => {
      error.message += `; events: ${this.events.map((e) => `${e.type} ${e.param ?? ''}`).join(', ')}`;
      throw error;
    });
  }

  closed(after = 0, timeoutMs = PATIENCE_MS) {
    return until(`${this.voice}'s call is closed`,
      () => this.event('CALL_CLOSED', after), timeoutMs);
  }

  // Keys one digit: RFC 4733, as baresip does.
  async key(digit) {
    await this.command('sndcode', digit);
  }

  // What it was keyed so far, each digit as it began.
  keys() {
    return this.events.filter(({ type }) => type === 'CALL_DTMF_START')
      .map(({ param }) => param).join('');
  }

  // SIP of one that is traced, a { from, to, text } each; whole once it is closed.
  async messages() {
    const log = await readFile(join(this.dir, 'log'), 'utf8');
    return [...log.matchAll(/#\n(?:UDP|TCP|TLS) (\S+) -> (\S+)\n([\s\S]*?)\x1b\[;m/g)]
      .map(([, from, to, text]) => ({ from, to, text }));
  }

  hangup() { return this.command('hangup'); }

  async #newest(kind) {
    const dir = join(this.dir, 'rec');
    const names = (await readdir(dir)).filter((name) => name.endsWith(`-${kind}.wav`)).sort();
    return names.length ? join(dir, names.at(-1)) : null;
  }

  // Bytes of that so far: they grow with each frame that is played.
  async heardBytes() {
    const path = await this.#newest('dec');
    return path ? (await stat(path)).size : 0;
  }

  // Everything heard in the newest call so far.
  async heard() {
    const path = await this.#newest('dec');
    if (!path) return new Recording(new Float32Array(0), 8000);
    const { rate, samples } = await readWav(path);
    return new Recording(samples, rate);
  }

  async close() {
    this.socket?.destroy();
    if (this.child && this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill('SIGTERM');
      const timer = setTimeout(() => this.child.kill('SIGKILL'), 10000);
      await this.logged;
      clearTimeout(timer);
    }
  }
}
