// engine.mjs - a Docker engine of our own: containerd and dockerd in namespaces
// of processes and mounts, so that one signal ends all of it and leaves nothing
// mounted; in a network namespace of the test, or in the machine's with a bridge
// of its own and no rule.

import { access, mkdir, readFile, readdir, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '../../e2e/lib/wait.mjs';
import { Bridge, inside } from './net.mjs';
import { run, start } from './sh.mjs';

const DOCKER = await access('/usr/bin/docker').then(() => '/usr/bin/docker', () => 'docker');
const COMPOSE = await access('/usr/bin/docker-compose').then(() => '/usr/bin/docker-compose', () => 'docker-compose');
const CGROUPS = '/sys/fs/cgroup';

// The first process of its namespace: takes up what others leave, and passes on
// the word to end.
const INIT = `
  mkdir -p /run/containerd; mount -t tmpfs tmpfs /run/containerd # sockets of shims
  containerd --config "$1/containerd.toml" >"$1/containerd.log" 2>&1 & containerd=$!
  shift 1
  dockerd "$@" & dockerd=$!
  trap 'kill $dockerd; wait $dockerd; kill $containerd; wait; exit 0' TERM
  while kill -0 $dockerd 2>/dev/null; do wait $dockerd; done
  exit 1`;

export class Engine {
  // One that runs, started by another process of the test.
  static of({ dir, data }) {
    const engine = new Engine();
    Object.assign(engine, { dir, data });
    engine.env = { DOCKER_HOST: `unix://${dir}/docker.sock`, DOCKER_BUILDKIT: '0', DOCKER_CONFIG: join(dir, 'config') };
    return engine;
  }

  // dir: its own folder, short (sockets are in it); data: where images and volumes are kept;
  // namespace: of the network; null: the machine's, for building images
  static async start(dir, { data = join(dir, 'data'), namespace = null } = {}) {
    const engine = Engine.of({ dir, data });
    engine.group = `parley-deploy-${process.pid}`;
    await mkdir(join(dir, 'config'), { recursive: true });
    await mkdir(data, { recursive: true, mode: 0o711 });
    await writeFile(join(dir, 'containerd.toml'), `version = 2
root = "${data}/containerd"
state = "${dir}/containerd"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "${dir}/containerd.sock"
`);
    await writeFile(join(dir, 'daemon.json'), '{}');
    if (!namespace) engine.bridge = await Bridge.open();
    engine.child = start('unshare', ['--mount', '--propagation', 'private', '--pid', '--fork',
      '--kill-child', '--mount-proc', '--',
      ...(namespace ? inside(namespace) : []), 'bash', '-c', INIT, 'engine', dir,
      `--data-root=${data}/docker`, `--exec-root=${dir}/exec`, `--pidfile=${dir}/dockerd.pid`,
      `--host=${engine.env.DOCKER_HOST}`, `--containerd=${dir}/containerd.sock`,
      `--cgroup-parent=/${engine.group}`, '--exec-opt=native.cgroupdriver=cgroupfs', `--config-file=${dir}/daemon.json`,
      ...(namespace ? [] : [`--bridge=${engine.bridge.name}`, '--iptables=false', '--ip6tables=false',
        '--ip-masq=false', '--ip-forward=false'])]);
    engine.pid = engine.child.pid;
    await writeFile(join(dir, 'pid'), String(engine.pid));
    try {
      await until('the engine answers', async () => engine.child.isOver()
        || engine.docker('version', '--format', '{{.Server.Version}}'), 60000, 200);
      if (engine.child.isOver()) throw new Error('the engine ended');
    } catch (error) {
      error.message += `\n${engine.child.output}`;
      await engine.stop();
      throw error;
    }
    return engine;
  }

  docker(...args) { return run(DOCKER, args, { env: this.env, timeoutMs: 1500000 }); }

  compose(args, options = {}) {
    return run(COMPOSE, args, { timeoutMs: 1500000, ...options, env: { ...this.env, ...options.env } });
  }

  // In the namespace of processes that containers and the engine see.
  async #init() {
    this.pid ??= Number(await readFile(join(this.dir, 'pid'), 'utf8'));
    const text = await readFile(`/proc/${this.pid}/task/${this.pid}/children`, 'utf8');
    return text.trim().split(' ')[0];
  }

  // kill -9 by what is no word of the operator to the engine: a crash.
  async crash(container) {
    const pid = (await this.docker('inspect', '--format', '{{.State.Pid}}', container)).trim();
    if (!Number(pid)) throw new Error(`${container} does not run`);
    await run('nsenter', ['--target', await this.#init(), '--mount', '--pid', '--', 'kill', '-9', pid]);
  }

  // Containers, volumes and networks of earlier runs.
  async clear() {
    const ids = (await this.docker('ps', '-aq')).split('\n').filter(Boolean);
    if (ids.length) await this.docker('rm', '-f', '-v', ...ids);
    await this.docker('network', 'prune', '-f');
    const volumes = (await this.docker('volume', 'ls', '-q')).split('\n').filter(Boolean);
    if (volumes.length) await this.docker('volume', 'rm', ...volumes);
  }

  async stop({ keepData = false } = {}) {
    if (!this.child.isOver()) {
      const init = await this.#init().catch(() => '');
      if (init && keepData) {
        process.kill(Number(init), 'SIGTERM');
        const late = setTimeout(() => this.child.kill('SIGKILL'), 30000);
        await this.child.ended();
        clearTimeout(late);
      } else {
        this.child.kill('SIGKILL');
        await this.child.ended();
      }
    }
    await until('its processes are gone', () => this.#dropGroups().then(() => true), 10000).catch(() => {});
    await this.bridge?.close();
    if (!keepData) await rm(this.data, { recursive: true, force: true });
    await rm(this.dir, { recursive: true, force: true });
  }

  async #dropGroups() {
    const drop = async (dir) => {
      for (const entry of await readdir(dir, { withFileTypes: true }).catch(() => [])) {
        if (entry.isDirectory()) await drop(join(dir, entry.name));
      }
      await rmdir(dir).catch((error) => { if (error.code !== 'ENOENT') throw error; });
    };
    for (const kind of await readdir(CGROUPS).catch(() => [])) await drop(join(CGROUPS, kind, this.group));
    await drop(join(CGROUPS, this.group));
  }
}
