// sipp.mjs - one call of a SIPp scenario, for what baresip cannot do.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { ROOT } from './system.mjs';

async function run(system, scenario, transport, more, port) {
  const [freePort, , rtpPort] = await system.phonePorts();
  const sipPort = port ?? freePort;
  const child = spawn('sipp', [
    ...more, '-sf', join(ROOT, 'tests/e2e/sipp', `${scenario}.xml`),
    '-i', '127.0.0.1', '-p', String(sipPort), '-mi', '127.0.0.1',
    '-mp', String(rtpPort), '-t', transport, '-m', '1', '-nostdin', '-rtp_echo',
    '-timeout', '60s', '-timeout_error', '-trace_err', '-error_file', join(system.dir, `${scenario}.err`),
  ], { stdio: ['ignore', 'ignore', 'ignore'], cwd: system.dir });
  system.onStop(() => { if (child.exitCode === null) child.kill('SIGKILL'); });
  return { child, done: once(child, 'exit').then(([code]) => code),
    address: `sipp@127.0.0.1:${sipPort}` };
}

// Starts a scenario of tests/e2e/sipp/ against a room; `done` resolves to the
// exit code (0: the call went as the scenario says).
export function startSipp(system, scenario, user, { transport = 'u1' } = {}) {
  return run(system, scenario, transport,
    [`127.0.0.1:${system.sipPort}`, '-s', user, '-l', '1']);
}

// Starts a scenario that waits to be called at `address`.
export function awaitSipp(system, scenario, { transport = 'u1', port } = {}) {
  return run(system, scenario, transport, [], port);
}
