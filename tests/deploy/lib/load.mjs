// load.mjs - participants beside those whose ears the test uses: parley-load, as
// browsers and as telephones, over the same cable.

import { join } from 'node:path';
import { BIN } from '../../e2e/lib/system.mjs';
import { until } from '../../e2e/lib/wait.mjs';
import { start } from './sh.mjs';
import { CLIENT_ADDRESS, HOST_ADDRESS } from './net.mjs';

// n participants in rooms of up to 12 each, half as browsers, for so many seconds.
export class Load {
  constructor(n, seconds, room) {
    this.parts = [];
    this.half = Math.floor(n / 2);
    Object.assign(this, { n, seconds, room });
  }

  // One kind after the other, each once the one before is there; `count` tells
  // how many are in all rooms.
  async begin(count) {
    if (this.n < 4) return;
    await this.#come(count, this.half, 'web', '--adapter', 'parley-rest', '--server', `https://${HOST_ADDRESS}`);
    await this.#come(count, this.n - this.half, 'sip', '--adapter', 'parley-sip', '--server', `${HOST_ADDRESS}:5060`,
      '--transport', 'rtp', '--codec', 'pcma');
  }

  async #come(count, n, kind, ...args) {
    const rooms = Math.max(1, Math.round(n / 12));
    const each = Math.max(2, Math.floor(n / rooms));
    const before = await count();
    const child = start('nice', [join(BIN, 'parley-load'), '--remote', '--local', CLIENT_ADDRESS, '--json',
      '--duration', String(this.seconds), '--max-loss', '100', '--verify', '4', '--quiet', 'dtx',
      '--rooms', String(rooms), '--participants', String(each), '--room', `${this.room}-${kind}-%u`, ...args],
    { stdio: ['ignore', 'pipe', 'pipe'] });
    child.kind = kind;
    this.parts.push(child);
    await until(`the load by ${kind} is there`, async () => child.isOver() || await count() >= before + rooms * each,
      60000, 200);
    if (child.isOver()) throw new Error(`the load by ${kind} ended: ${child.output}`);
  }

  // Of each part: exit code and what it measured in short, once all are over.
  async results() {
    await Promise.all(this.parts.map((child) => child.ended()));
    return this.parts.map(({ kind, exitCode, output }) => `${kind}: exit code ${exitCode}, ${summary(output)}`);
  }

  close() {
    for (const child of this.parts) child.kill('SIGTERM');
  }
}

function summary(output) {
  try {
    const { due, received, lost, voices_due: voices, voices_heard: heard, reason } = JSON.parse(output.slice(output.indexOf('{')));
    return `${received} of ${due} packets, ${lost} lost, ${heard} of ${voices} voices heard${reason ? `; ${reason}` : ''}`;
  } catch {
    return output.trim().split('\n').at(-1);
  }
}
