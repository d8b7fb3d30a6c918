// load.mjs - participants beside those whose ears the test uses: parley-load, as
// browsers and as telephones, over the same cable.

import { join } from 'node:path';
import { BIN } from '../../e2e/lib/system.mjs';
import { start } from './sh.mjs';
import { CLIENT_ADDRESS, HOST_ADDRESS } from './net.mjs';

// n participants in rooms of up to 12 each, half as browsers, for so many seconds.
export function load(n, seconds, room) {
  const common = ['--remote', '--local', CLIENT_ADDRESS, '--json', '--duration', String(seconds),
    '--max-loss', '100', '--verify', '4', '--quiet', 'dtx'];
  const part = (count, kind, ...args) => {
    const rooms = Math.max(1, Math.round(count / 12));
    const child = start('nice', [join(BIN, 'parley-load'), ...common, '--rooms', String(rooms),
      '--participants', String(Math.max(2, Math.floor(count / rooms))), '--room', `${room}-${kind}-%u`, ...args],
    { stdio: ['ignore', 'pipe', 'pipe'] });
    child.kind = kind;
    return child;
  };
  const half = Math.floor(n / 2);
  const parts = n < 4 ? [] : [
    part(half, 'web', '--adapter', 'parley-rest', '--server', `https://${HOST_ADDRESS}`),
    part(n - half, 'sip', '--adapter', 'parley-sip', '--server', `${HOST_ADDRESS}:5060`,
      '--transport', 'rtp', '--codec', 'pcma'),
  ];
  return {
    parts,
    isOver: () => parts.every((child) => child.isOver()),
    // Of each: exit code and what it measured, or what it said.
    async results() {
      await Promise.all(parts.map((child) => child.ended()));
      return parts.map(({ kind, exitCode, output }) => ({ kind, exitCode, output }));
    },
  };
}
