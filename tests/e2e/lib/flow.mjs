// flow.mjs - what was exchanged between the parties of a call flow, as a
// picture in docs/pictures. Its rows are what was really sent: HTTP as the
// recording proxy and the OpenID provider saw it, events as they came to the
// device, SIP as the network copied it. Identifiers and times are left out, so
// that the same messages give the same bytes.
//
// Messages of different parties cross; which came first is not the same each
// time. A picture that is there keeps its order if everybody said the same to
// everybody again, in that order. PARLEY_PICTURES=write writes it; else it is compared.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ladder } from './ladder.mjs';
import { ROOT } from './system.mjs';
import { header } from './trace.mjs';
import { until } from './wait.mjs';

const LANES = { device: 'Device application', relay: 'Notification relay', gateway: 'WebRTC gateway',
  oauth: 'OAuth server', network: 'Telco network', remote: 'Remote endpoint' };
const ID = /^[0-9A-Za-z-]{20,}$/;
// /webrtc-call-handling/v0.4/sessions/7d1..: what the API calls it.
function pathText(path) {
  const [, api, , ...rest] = path.split('?')[0].split('/');
  return [api, ...rest.map((part) => (ID.test(part) ? '{id}' : part))].join('/');
}

function parsed(text) {
  try { return JSON.parse(text || '{}'); } catch { return {}; }
}

const sdpText = ({ offer, answer } = {}) => [offer && 'offer', answer && 'answer'].filter(Boolean).join(' + ');
const withSdp = (text, sdp) => (sdp ? `${text} (${sdp})` : text);

function eventText({ type, data }) {
  const name = type.split('.').at(-1);
  return withSdp([name, data.status ?? data.terminationReason].filter(Boolean).join(' '), sdpText(data));
}

const isSink = ({ method, headers }) => method === 'POST' && headers['content-type'] === 'application/cloudevents+json';

function requestRow(note) {
  const body = parsed(note.body);
  if (isSink(note)) {
    return { from: 'gateway', to: 'relay', kind: 'event', label: `POST: ${eventText(body)}` };
  }
  const to = note.path.startsWith('/notification-relay/') ? 'relay' : 'gateway';
  const what = note.headers.upgrade ? 'WebSocket' : note.method;
  const extra = body.types ? body.types.map((type) => type.split('.').at(-1)).join(', ')
    : [body.status, sdpText(body)].filter(Boolean).join(', ');
  return { from: 'device', to, kind: 'api', label: withSdp(`${what} ${pathText(note.path)}`, extra) };
}

function answerRow(note, { from, to, kind }) {
  const { status, regInfo, ...rest } = parsed(note.answer);
  const what = isSink(note) || note.status >= 300 ? ''
    : [regInfo?.regStatus ?? status, sdpText(rest)].filter(Boolean).join(', ');
  return { at: note.endedAt, from: to, to: from, kind, label: withSdp(String(note.status), what) };
}

function sipText({ first, text }) {
  const sdp = /^content-type:\s*application\/sdp/im.test(text) ? 'SDP' : '';
  const status = first.match(/^SIP\/2\.0 (\d+) (.*)$/);
  const cseq = header(text, 'CSeq').split(' ')[1];
  if (status) {
    const phrase = status[1] === '100' ? 'Trying' : status[2];
    return withSdp(`${status[1]} ${phrase}${['PRACK', 'BYE', 'REGISTER'].includes(cseq) && status[1] === '200'
      ? ` [${cseq}]` : ''}`, sdp);
  }
  const method = first.split(' ')[0];
  const isOff = method === 'REGISTER'
    && (/;\s*expires=0\b/i.test(header(text, 'Contact')) || header(text, 'Expires') === '0');
  const notes = [isOff && 'expires 0',
    /^(proxy-)?authorization:/im.test(text) && ['INVITE', 'REGISTER'].includes(method) && 'credentials', sdp];
  return withSdp(method, notes.filter(Boolean).join(', '));
}

// The network is several processes: what one sent may be copied to us after what
// another received in answer to it.
function inOrder(messages) {
  const of = ({ text }) => `${header(text, 'Via').match(/branch=([^;,\s]+)/)?.[1]} ${header(text, 'CSeq')}`;
  const isAnswer = ({ first }) => first.startsWith('SIP/2.0');
  const answeredAt = new Map();
  for (const message of messages.filter(isAnswer)) {
    answeredAt.set(of(message), Math.min(message.at, answeredAt.get(of(message)) ?? Infinity));
  }
  return messages.map((message) => (isAnswer(message) ? message : { ...message,
    at: Math.min(message.at, (answeredAt.get(of(message)) ?? Infinity) - 0.001) }))
    .sort((a, b) => a.at - b.at);
}

// Rows in the order of a picture that is there, when that order is possible.
function settle(rows, earlier) {
  const channel = ({ from, to, kind }) => `${kind}:${from}>${to}`;
  const key = (row) => `${row.kind}|${row.from}|${row.to}|${row.label}`;
  const perChannel = (list) => {
    const all = {};
    for (const row of list) (all[channel(row)] ??= []).push(key(row));
    return JSON.stringify(Object.entries(all).sort());
  };
  return earlier && perChannel(rows) === perChannel(earlier) ? earlier : rows;
}

const keep = (rows) => rows.map(({ from, to, kind, label }) => ({ from, to, kind, label }));

export class Flow {
  // telco: of telco.mjs. remotePorts: of telephones. since: when the first flow
  // began.
  constructor(telco, device, remotePorts, since) {
    Object.assign(this, { telco, device, remotePorts });
    this.#from(since);
  }

  #from(since) { Object.assign(this, { since, sounds: [] }); }

  // The next flow begins here, once what was before is over.
  async begin() {
    await this.#quiet();
    this.#from(Date.now());
  }

  // Somebody was heard between two parties.
  sound(from, to, label) {
    this.sounds.push({ at: Date.now(), from, to, kind: 'sound', label });
  }

  // Of one end of a message; the network is at the other, or is this one: its
  // connections to the gateway have ports of their own.
  #lane(port, other) {
    const { network, sipPort } = this.telco;
    if (port === network.port || (other === sipPort && port !== sipPort)) return 'network';
    return this.remotePorts.includes(port) ? 'remote' : 'gateway';
  }

  #sip() {
    const seen = new Set();
    return inOrder(this.telco.trace.messages).filter(({ at, text, from, to, first }) => {
      const same = `${from} ${to} ${text}`;
      if (at < this.since || seen.has(same) || first.startsWith('OPTIONS')) return false;
      seen.add(same);
      return !/^CSeq:.*OPTIONS/im.test(text);
    });
  }

  // Of this device: what it asks, and what is told to its sink.
  #notes() {
    const sink = new URL(this.device.sink ?? this.telco.recorder.url).pathname;
    return this.telco.recorder.notes.filter((note) => note.at >= this.since && note.method !== 'OPTIONS'
      && (isSink(note) ? note.path === sink : true));
  }

  async #events() { return (await this.device.events()).filter(({ at }) => at >= this.since); }

  // What was begun and is not over.
  async #open() {
    const notes = this.#notes();
    const calls = new Map();
    for (const { text, first } of this.#sip()) calls.set(header(text, 'Call-ID'), first);
    const isOver = (first) => /^(SIP\/2\.0 [2-6]|ACK)/.test(first);
    const told = (await this.#events()).length;
    const sent = notes.filter(isSink).length;
    return [...notes.filter(({ status }) => !status).map(({ method, path }) => `${method} ${path}`),
      ...[...calls.values()].filter((first) => !isOver(first)),
      ...(told === sent ? [] : [`${sent} events sent, ${told} told`])];
  }

  async #quiet() {
    let open;
    await until('everything is answered', async () => {
      open = await this.#open();
      return open.length === 0;
    }).catch((error) => { throw new Error(`${error.message}: ${open.join(', ')}`); });
  }

  async #rows() {
    const rows = [...this.sounds];
    for (const note of this.#notes()) {
      const row = { at: note.at, ...requestRow(note) };
      rows.push(row, answerRow(note, row));
    }
    for (const event of await this.#events()) {
      rows.push({ at: event.at, from: 'relay', to: 'device', kind: 'event', label: eventText(event) });
    }
    for (const message of this.#sip()) {
      rows.push({ at: message.at, kind: 'sip',
        from: this.#lane(message.from, message.to), to: this.#lane(message.to, message.from), label: sipText(message) });
    }
    for (const { at, from, label, answer } of this.telco.oidc.log.filter((one) => one.at >= this.since)) {
      rows.push({ at, from, to: 'oauth', kind: 'token', label }, { at, from: 'oauth', to: from, kind: 'token', label: answer });
    }
    return rows.sort((a, b) => a.at - b.at);
  }

  // The picture of what was exchanged since begin().
  async draw(name, title) {
    await this.#quiet();
    const file = join(ROOT, 'docs/pictures', `camara-${name}.svg`);
    const old = await readFile(file, 'utf8').catch(() => '');
    const [, list] = old.match(/<metadata>(.*?)<\/metadata>/s) ?? [];
    const rows = settle(keep(await this.#rows()), list && JSON.parse(list.replaceAll('&#62;', '>').replaceAll('&#60;', '<')
      .replaceAll('&#38;', '&')));
    const named = rows.map((row) => ({ ...row, from: LANES[row.from], to: LANES[row.to] }));
    const used = Object.values(LANES).filter((lane) => named.some(({ from, to }) => lane === from || lane === to));
    const text = ladder(title, used, named, JSON.stringify(rows));
    this.#from(Date.now());
    if (process.env.PARLEY_PICTURES === 'write') {
      await mkdir(join(ROOT, 'docs/pictures'), { recursive: true });
      await writeFile(file, text);
    } else if (text !== old) {
      throw new Error(`docs/pictures/camara-${name}.svg shows something else (PARLEY_PICTURES=write makes it anew):\n`
        + rows.map(({ from, to, label }) => `${from} -> ${to}: ${label}`).join('\n')
        + `\ninstead of\n${list}`);
    }
  }
}
