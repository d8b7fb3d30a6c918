// sh.mjs - other programs, run and waited for.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';

// Standard output; what went wrong is in the error's text.
export function run(program, args, { env, cwd, input, timeoutMs = 120000 } = {}) {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, {
      env: { ...process.env, ...env }, cwd, timeout: timeoutMs, maxBuffer: 1 << 28,
    }, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      error.message = `${program} ${args.join(' ')}\n${stdout}${stderr}`.slice(-4000);
      return reject(error);
    });
    child.stdin.end(input);
  });
}

// Who starts it is told when it ends before `ended` is asked for; it never
// outlives us.
export function start(program, args, options = {}) {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', program, ...args],
    { stdio: ['ignore', 'pipe', 'pipe'], ...options, env: { ...process.env, ...options.env } });
  child.output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (data) => { child.output = (child.output + data).slice(-200000); });
  }
  child.isOver = () => child.exitCode !== null || child.signalCode !== null;
  child.ended = () => (child.isOver() ? Promise.resolve() : once(child, 'exit'));
  return child;
}
