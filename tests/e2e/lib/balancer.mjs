// balancer.mjs - HAProxy before the front ends of a system: it passes TLS on,
// says by the PROXY protocol who the client is, and asks /readyz who serves.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { placePorts } from './ports.mjs';
import { until } from './wait.mjs';

// Its own address: what comes from others has no header.
export const BALANCER = '127.0.0.7';

// Settings of front ends behind it, which looks at them five times a second, when it is not kept from it.
export const BEHIND = { proxy_from: BALANCER, drain_listen_ms: 3000 };

const configText = (port, servers) => `global
 maxconn 500
defaults
 mode tcp
 timeout connect 2s
 timeout check 5s
 timeout client 60s
 timeout server 60s
listen front
 bind 127.0.0.1:${port}
 option httpchk GET /readyz
 option redispatch
 balance leastconn
 default-server source ${BALANCER} send-proxy-v2 check check-ssl check-send-proxy verify none inter 200 fall 1 rise 1
${servers.map((to, n) => ` server api-${n + 1} 127.0.0.1:${to}`).join('\n')}
`;

// From now on `url` of the system, and front end 0 of its requests, are those of the balancer.
export async function putBefore(system) {
  const port = await placePorts();
  const file = join(system.dir, 'haproxy.cfg');
  await writeFile(file, configText(port, system.frontends.map((n) => system.frontendPort(n))));
  const child = spawn('haproxy', ['-q', '-db', '-f', file], { stdio: 'ignore' });
  system.onStop(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  system.balancerPort = port;
  system.url = `https://localhost:${port}`;
  await until('the balancer has a front end', async () => {
    const { status } = await system.http('GET', '/readyz', { frontend: 0, timeoutMs: 2000 });
    return status === 200;
  });
}
