// images.mjs - the images of docker/Dockerfile in an engine: built as operators
// build them, or, quickly and without a network, its last stages around programs
// that are built already.

import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BIN, ROOT } from '../../e2e/lib/system.mjs';
import { run } from './sh.mjs';

const PROGRAMS = { roompool: 'roompool', media: 'media-worker', signaling: 'signaling-worker', api: 'api-frontend' };
const TARGETS = [...Object.values(PROGRAMS), 'haproxy'];

// As docs/deploy.md says; the engine has no bridge, so steps use the host's network.
export async function buildByDockerfile(engine, say) {
  say('base image');
  await run(join(ROOT, 'docker/base-image'), [], { env: { ...engine.env, DOCKER: '/usr/bin/docker' }, timeoutMs: 600000 });
  const override = join(engine.dir, 'build.yml');
  await writeFile(override, JSON.stringify({ services: Object.fromEntries(
    TARGETS.map((name) => [name, { build: { network: 'host' } }])) }));
  say('images, by docker-compose build');
  await engine.compose(['-f', join(ROOT, 'docker/compose.yml'), '-f', override, 'build', '-q']);
}

// A Dockerfile with the stages of ours that begin with nothing (parley is what
// four of them share), and what they copy.
async function lastStages() {
  const text = (await readFile(join(ROOT, 'docker/Dockerfile'), 'utf8')).replaceAll('\\\n', ' ');
  const stages = text.split(/^(?=FROM )/m).filter((stage) =>
    ['parley', ...TARGETS].includes(stage.match(/^FROM (?:scratch|parley) AS (\S+)/)?.[1]));
  return stages.join('').replace(/--from=\S+ /g, '');
}

export async function buildQuickly(engine, dir, say) {
  say(`images of the programs in ${BIN}`);
  const rootfs = join(ROOT, 'docker/rootfs');
  const context = join(dir, 'context');
  await rm(context, { recursive: true, force: true });
  const at = (...path) => join(context, ...path);
  await mkdir(at('own'), { recursive: true });
  for (const name of ['bus', 'state', 'keys', 'sip', 'turn', 'recordings']) await mkdir(at('own', name), { mode: 0o700 });
  for (const name of Object.keys(PROGRAMS)) {
    const root = at('roots', name);
    await run(rootfs, [root, join(BIN, `parley-${name}`), join(BIN, 'parleyctl')]);
    await mkdir(join(root, 'etc/parley'), { recursive: true });
    await mkdir(join(root, 'usr/share/parley/etc'), { recursive: true });
    await symlink('/etc/parley/parley.conf', join(root, 'usr/share/parley/etc/parley.conf'));
  }
  await cp(join(ROOT, 'media-worker/prompts'), at('roots/media/usr/share/parley/media-worker/prompts'), { recursive: true });
  await cp(join(ROOT, 'web'), at('roots/api/usr/share/parley/web'), { recursive: true });
  await cp(join(ROOT, 'api-frontend/openapi.json'), at('roots/api/usr/share/parley/api-frontend/openapi.json'));
  await run(rootfs, [at('root-of-it'), '/usr/sbin/haproxy', '/usr/bin/curl']);
  await mkdir(at('root-of-it/etc/haproxy'), { recursive: true });
  await writeFile(at('Dockerfile'), await lastStages());
  for (const target of TARGETS) {
    await engine.docker('build', '-q', '--target', target, '-t', `parley/${target}:latest`, context);
  }
  await rm(context, { recursive: true, force: true });
}
