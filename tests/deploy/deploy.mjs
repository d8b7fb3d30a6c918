// deploy.mjs - docker/compose.yml on a real engine, and everything that happens
// to containers: scaling, draining, kill -9 of each kind, while people talk.
//
// usage: node tests/deploy/deploy.mjs [options]
//   --seeds N            rounds, each with an order of its own (1)
//   --seed S             the first one's number (1)
//   --participants N     in all: a page, a telephone, the others by parley-load (50)
//   --images built       programs of PARLEY_BIN put into images, without a network;
//            dockerfile  docker/Dockerfile, as operators build them (default)
//   --steps A,B          only these (default: all; see lib/rounds.mjs)
//   --load-seconds N     how long the others stay (90)
//
// Needs root. All of it stands in two network namespaces and an engine of its own
// and is gone afterwards, after a failure and Ctrl-C too; images that were built
// by the Dockerfile stay in build/deploy, so that the next run is quick.

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../e2e/lib/system.mjs';
import { Engine } from './lib/engine.mjs';
import { buildByDockerfile, buildQuickly } from './lib/images.mjs';
import { inside, Net } from './lib/net.mjs';
import { STEPS } from './lib/rounds.mjs';
import { run, start } from './lib/sh.mjs';

const { values: how } = parseArgs({ options: {
  seeds: { type: 'string', default: '1' }, seed: { type: 'string', default: '1' },
  participants: { type: 'string', default: '50' }, images: { type: 'string', default: 'dockerfile' },
  steps: { type: 'string', default: Object.keys(STEPS).join(',') },
  'load-seconds': { type: 'string', default: '90' },
} });
const say = (text) => console.log(`==> ${text}`);
const SCALE = { 'media-worker': 3, 'signaling-worker': 2, 'api-frontend': 2 };

const closers = [];
let closing;
function close() {
  closing ??= (async () => {
    for (const closer of closers.reverse()) await closer().catch((error) => console.error(error.message));
  })();
  return closing;
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => { close().then(() => process.exit(130)); });
}

async function main() {
  const dir = await mkdtemp('/tmp/parley-deploy-');
  closers.push(() => rm(dir, { recursive: true, force: true }));
  const isBuilt = how.images === 'built';
  const data = isBuilt ? join(dir, 'data') : join(ROOT, 'build/deploy');
  await mkdir(join(ROOT, 'build'), { recursive: true });
  if (!isBuilt) {
    const builder = await Engine.start(join(dir, 'b'), { data });
    closers.push(() => builder.stop({ keepData: true }));
    await buildByDockerfile(builder, say);
    await builder.stop({ keepData: true });
  }
  const net = await Net.open();
  closers.push(() => net.close());
  const engine = await Engine.start(join(dir, 'e'), { data, namespace: net.host });
  closers.push(async () => {
    if (!isBuilt) await engine.clear();
    await engine.stop({ keepData: !isBuilt });
  });
  if (isBuilt) await buildQuickly(engine, dir, say);
  else await engine.clear();
  const first = Number(how.seed);
  const player = start(...command(net.client, [process.execPath, join(ROOT, 'tests/deploy/play.mjs')]), {
    stdio: 'inherit',
    env: {
      NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_NO_WARNINGS: '1',
      PARLEY_DEPLOY: JSON.stringify({
        dir, engine: { dir: engine.dir, data }, scale: SCALE,
        logs: join(ROOT, 'build/deploy-logs'), participants: Number(how.participants),
        loadSeconds: Number(how['load-seconds']), steps: how.steps.split(','),
        seeds: Array.from({ length: Number(how.seeds) }, (_, i) => first + i),
      }),
    },
  });
  closers.push(async () => {
    player.kill('SIGKILL');
    await player.ended();
  });
  await player.ended();
  return player.exitCode ?? 1;
}

const command = (namespace, line) => {
  const [program, ...rest] = [...inside(namespace), ...line];
  return [program, rest];
};

// Why it cannot be done here; nothing when it can.
async function obstacle() {
  if (process.getuid() !== 0) return 'not root';
  for (const program of ['dockerd', 'containerd', 'docker-compose', 'haproxy', 'iptables', 'ip', 'sqlite3']) {
    if (!await run('sh', ['-c', `PATH=$PATH:/usr/sbin command -v ${program}`]).catch(() => '')) return `no ${program}`;
  }
  return '';
}

const SKIPPED = 77;
const why = await obstacle();
if (why) {
  console.log(`skipped: ${why} (tools/packages/deploy.txt)`);
  process.exit(SKIPPED);
}
let code = 1;
try {
  code = await main();
} catch (error) {
  console.error(error);
}
await close();
process.exit(code);
