// ports.mjs - blocks of ports that nobody else has: neither another program nor
// another story that runs beside this one. All are below those that any
// connection may be given.

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import net from 'node:net';

// Who has a block listens on its last port for as long as he lives.
const held = [];

async function listenOn(port) {
  const server = net.createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  server.unref();
  return server;
}

async function isFree(port) {
  const udp = createSocket('udp4');
  let tcp;
  try {
    tcp = await listenOn(port);
    udp.bind(port, '127.0.0.1');
    await once(udp, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    tcp?.close();
    udp.close();
  }
}

async function allFree(base, count) {
  for (let n = 0; n < count; n++) if (!await isFree(base + n)) return false;
  return true;
}

// Its first port. from, to: where blocks lie, of `size` ports each; looked: how
// many at the beginning of a block have to be free.
async function claim(from, to, size, looked = 7) {
  const blocks = Math.floor((to - from) / size);
  for (let n = 0; n < blocks; n++) {
    const base = from + (process.pid * 37 + n) % blocks * size;
    const server = await listenOn(base + size - 1).catch(() => undefined);
    if (!server) continue;
    if (await allFree(base, looked)) {
      held.push(server);
      return base;
    }
    server.close();
  }
  throw new Error(`no free block of ports from ${from} to ${to}`);
}

// A whole system: 100 ports.
export const systemPorts = () => claim(20000, 30000, 100);

// SIP (TLS: the one after it), control and first RTP port of a telephone.
export async function phonePorts() {
  const base = await claim(11000, 20000, 30);
  return [base, base + 2, base + 6];
}

// A network, a gateway: the first of 10.
export const placePorts = () => claim(9000, 11000, 10);
