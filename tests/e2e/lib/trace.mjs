// trace.mjs - what a SIP network really sent and received: copies of every
// message in HEP version 3, as Kamailio's siptrace sends them, on a UDP port.

import { createSocket } from 'node:dgram';
import { once } from 'node:events';

const CHUNK = { sourcePort: 7, targetPort: 8, seconds: 9, microseconds: 10, payload: 15 };

// Chunks of a packet by type; undefined when it is no HEP 3.
function parse(packet) {
  if (packet.toString('latin1', 0, 4) !== 'HEP3') return undefined;
  const chunks = new Map();
  for (let at = 6; at + 6 <= packet.length;) {
    const length = packet.readUInt16BE(at + 4);
    if (length < 6) break;
    chunks.set(packet.readUInt16BE(at + 2), packet.subarray(at + 6, at + length));
    at += length;
  }
  return chunks;
}

export class SipTrace {
  messages = []; // { at, from, to: ports, first: line, text }

  static async open(system) {
    const trace = new SipTrace();
    trace.socket = createSocket('udp4');
    trace.socket.bind(0, '127.0.0.1');
    await once(trace.socket, 'listening');
    trace.port = trace.socket.address().port;
    trace.socket.on('message', (packet) => trace.#take(packet));
    system.onStop(() => trace.socket.close());
    return trace;
  }

  #take(packet) {
    const chunks = parse(packet);
    const text = chunks?.get(CHUNK.payload)?.toString();
    if (!text?.trim()) return;
    const port = (type) => chunks.get(type).readUInt16BE(0);
    const number = (type) => chunks.get(type).readUInt32BE(0);
    const at = number(CHUNK.seconds) * 1000 + number(CHUNK.microseconds) / 1000;
    this.messages.push({ at, from: port(CHUNK.sourcePort), to: port(CHUNK.targetPort),
      first: text.slice(0, text.indexOf('\r\n')), text });
  }
}

// Value of a message's header, '' none.
export const header = (text, name) =>
  text.match(new RegExp(`^${name}[ \\t]*:[ \\t]*(.*)\\r$`, 'im'))?.[1] ?? '';
