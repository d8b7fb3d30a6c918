// A real Prometheus reads a front end, our rules and what becomes of them.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { placePorts } from '../lib/ports.mjs';
import { stories } from '../lib/story.mjs';
import { ROOT } from '../lib/system.mjs';
import { until } from '../lib/wait.mjs';

const tell = stories({ common: { metrics_ms: 500 } });

const metrics = async (system) => (await system.http('GET', '/metrics')).text;

tell('the text of all processes is what Prometheus reads', async (system) => {
  const text = await until('all processes have told, roompool when it knew the workers', async () => {
    const all = await metrics(system);
    return system.nodes.every((node) => all.includes(`pl_build_info{node="${node}"`))
      && /^pl_roompool_workers_up\{node="roompool[^"]*",kind="media"\} 2$/m.test(all) && all;
  });
  const check = spawn('promtool', ['check', 'metrics'], { stdio: ['pipe', 'ignore', 'pipe'] });
  let said = '';
  check.stderr.on('data', (data) => { said += data; });
  check.stdin.end(text);
  const [code] = await once(check, 'exit');
  // 3: it can be read, but names differ from the usual ones, as those in microseconds do.
  assert.ok(code === 0 || code === 3, `${code}: ${said}`);
  for (const node of system.nodes) {
    const value = (name) => Number(text.match(new RegExp(`^${name}\\{node="${node}"[^}]*\\} (.*)$`, 'm'))?.[1]);
    assert.ok(value('process_resident_memory_bytes') > 1e6, node);
    assert.ok(value('process_open_fds') > 3 && value('process_open_fds') < value('process_max_fds'), node);
    assert.ok(value('process_cpu_seconds_total') > 0, node);
    assert.ok(Math.abs(value('process_start_time_seconds') - Date.now() / 1000) < 600, node);
  }
  assert.match(text, /^pl_roompool_database_bytes\{.*\} [1-9]/m);
  assert.match(text, /^pl_roompool_disk_free_bytes\{.*\} [1-9]/m);
  const ends = Number(text.match(/^pl_api_certificate_ends_seconds\{.*\} (.*)$/m)[1]);
  assert.ok(ends > Date.now() / 1000 + 800 * 86400, 'the certificate that was made for it');
});

tell('SIP responses are counted by class', async (system) => {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  const request = ['OPTIONS sip:lobby@127.0.0.1 SIP/2.0', `Via: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bK1`,
    'From: <sip:a@127.0.0.1>;tag=1', 'To: <sip:lobby@127.0.0.1>', 'Call-ID: 1@127.0.0.1', 'CSeq: 1 OPTIONS',
    'Max-Forwards: 70', 'Content-Length: 0', '', ''].join('\r\n');
  const answered = once(socket, 'message');
  socket.send(request, system.sipPort, '127.0.0.1');
  const [answer] = await answered;
  socket.close();
  const kind = answer.toString().match(/^SIP\/2.0 (\d)/)[1];
  await until('it is counted', async () => (await metrics(system))
    .includes(`pl_sip_responses_sent_total{node="signaling-1",class="${kind}xx"} 1\n`));
});

tell('a media worker is lost: the alert fires', async (system) => {
  const port = await placePorts();
  const config = join(system.dir, 'prometheus.yml');
  await writeFile(config, JSON.stringify({
    // An answer may take no longer than the pause between two questions.
    global: { scrape_interval: '2s', evaluation_interval: '500ms' },
    rule_files: [join(ROOT, 'docs/alerts/parley.rules.yml')],
    scrape_configs: [{ job_name: 'parley', scheme: 'https', tls_config: { insecure_skip_verify: true },
      static_configs: [{ targets: [`127.0.0.1:${system.httpsPort}`] }] }],
  }));
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', 'prometheus', `--config.file=${config}`,
    `--storage.tsdb.path=${join(system.dir, 'prometheus')}`, `--web.listen-address=127.0.0.1:${port}`],
  { stdio: 'ignore' });
  system.onStop(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  const get = async (path) => (await fetch(`http://127.0.0.1:${port}/api/v1/${path}`)).json();
  const ask = async (query) => (await get(`query?query=${encodeURIComponent(query)}`)).data.result;
  await until('it has read us', async () =>
    (await ask('max(pl_roompool_workers_up{kind="media"})'))[0]?.value[1] === '2'
    && (await ask('pl_roompool_workers_lost_total'))[0]?.value[1] === '0');
  await system.kill('media-2');
  await until('the alert fires', async () =>
    (await ask('ALERTS{alertname="ParleyWorkerLost",alertstate="firing"}')).length === 1);
  const { groups } = (await get('rules')).data;
  const rules = groups.flatMap((group) => group.rules);
  assert.ok(rules.length > 40);
  assert.deepEqual(rules.filter(({ health }) => health === 'err').map(({ name, lastError }) => `${name}: ${lastError}`), []);
});
