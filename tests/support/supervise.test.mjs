// supervise.test.mjs - what dies under tools/supervise comes back, also when
// several die at once.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { until } from '../e2e/lib/wait.mjs';

const SUPERVISE = new URL('../../tools/supervise', import.meta.url).pathname;
const NODES = ['one', 'two', 'three', 'four', 'five'];
const ROUNDS = 4; // fewer deaths a minute than make it give up

async function install() {
  const dir = await mkdtemp(join(tmpdir(), 'supervise-'));
  await mkdir(join(dir, 'bin'));
  await writeFile(join(dir, 'bin/sleeper'), '#!/bin/sh\nexec sleep 600\n', { mode: 0o755 });
  await writeFile(join(dir, 'nodes'), NODES.map((node) => `${node} sleeper\n`).join(''));
  await writeFile(join(dir, 'config'), '');
  return dir;
}

// One that ends as it is told.
const ENDER = "#!/bin/sh\ntrap 'kill $!; exit 0' TERM\nsleep 600 &\nwait\n";

const pidOf = async (dir, node) => Number(await readFile(join(dir, 'var/run', `${node}.pid`), 'utf8'));

// Pids of all, when all live and none is among `gone`.
async function living(dir, gone) {
  const pids = await Promise.all(NODES.map((node) => pidOf(dir, node)));
  return pids.every((pid) => pid > 0 && !gone.has(pid) && existsSync(`/proc/${pid}`)) && pids;
}

test('all that died at once are named and come back', { timeout: 240000 }, async () => {
  const dir = await install();
  const child = spawn(SUPERVISE, ['--bin', join(dir, 'bin'), '--nodes', join(dir, 'nodes'),
    '--config', join(dir, 'config'), '--dir', dir], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => { child.on('exit', resolve); });
  let said = '';
  child.stdout.on('data', (text) => { said += text; });
  const gone = new Set();
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const pids = await until('all run', () => living(dir, gone));
      for (const pid of pids) {
        gone.add(pid);
        process.kill(pid, 'SIGKILL');
      }
    }
    await until('all run again', () => living(dir, gone));
    const named = (node) => said.split(`${node} (pid `).length - 1;
    await until('all are named', () => NODES.every((node) => named(node) >= ROUNDS));
    for (const node of NODES) assert.equal(named(node), ROUNDS, said);
  } finally {
    child.kill('SIGTERM');
    assert.equal(await ended, 0);
    await rm(dir, { recursive: true });
  }
});

test('what ended as it was told is restarted, and is no death', { timeout: 240000 }, async () => {
  const dir = await install();
  await writeFile(join(dir, 'bin/ender'), ENDER, { mode: 0o755 });
  await writeFile(join(dir, 'nodes'), 'one ender\ntwo ender\n');
  const child = spawn(SUPERVISE, ['--bin', join(dir, 'bin'), '--nodes', join(dir, 'nodes'),
    '--config', join(dir, 'config'), '--dir', dir, '--wait', '5'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => { child.on('exit', resolve); });
  let said = '';
  child.stdout.on('data', (text) => { said += text; });
  try {
    const pid = await until('it runs', () => pidOf(dir, 'one'));
    // Within its first second it might be one that cannot do anything else.
    await until('it is old enough', async () =>
      Number((await readFile('/proc/uptime', 'utf8')).split(' ')[0])
        - Number((await readFile(`/proc/${pid}/stat`, 'utf8')).split(' ')[21]) / 100 > 2);
    process.kill(pid, 'SIGTERM');
    await until('it is started again', async () => (await pidOf(dir, 'one')) !== pid);
    await until('it is told', () => /one \(pid \d+\) ended as it was told: restarted/.test(said));
    assert.doesNotMatch(said, /is gone/);
  } finally {
    child.kill('SIGTERM');
    assert.equal(await ended, 0);
    await rm(dir, { recursive: true });
  }
});
