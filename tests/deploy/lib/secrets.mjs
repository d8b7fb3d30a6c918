// secrets.mjs - who can read what: each container's files beside its programs,
// volumes and all, and what the engine tells of it are searched for the secrets
// that the installation made. A container has those that it uses.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

// Folders of /var/lib/parley that each service may have, and where it writes.
const FOLDERS = {
  roompool: { bus: 'rw', state: 'rw' },
  'media-worker': { bus: 'rw', recordings: 'rw' },
  'signaling-worker': { bus: 'rw', sip: 'ro' },
  'api-frontend': { bus: 'rw', keys: 'rw', turn: 'rw', recordings: 'ro' },
  haproxy: {},
  coturn: { turn: 'ro' },
};

// Where each secret stands, which part of the file it is, and whose it is.
const SECRETS = [
  { volume: 'keys', file: 'tls-key.pem', part: /BEGIN[^\n]*KEY-----\n(\S+)/, of: ['api-frontend'] },
  { volume: 'keys', file: 'token-keys.json', part: /"d"\s*:\s*"([^"]+)"/, of: ['api-frontend'] },
  { volume: 'keys', file: 'dev-client.env', part: /CLIENT_SECRET=["']?([^"'\s]+)/, of: ['api-frontend'] },
  { volume: 'keys', file: 'management.env', part: /MANAGEMENT_PASSWORD=["']?([^"'\s]+)/, of: ['api-frontend'] },
  { volume: 'turn', file: 'turn-secret', part: /(\S+)/, of: ['api-frontend', 'coturn'], optional: true },
];
const LONG_ENOUGH = 16; // a short one would be found by chance

async function secretsOf(site) {
  const list = [];
  for (const { volume, file, part, of, optional } of SECRETS) {
    const text = await readFile(site.file(volume, file), 'utf8').catch((error) => {
      if (optional && error.code === 'ENOENT') return null;
      throw error;
    });
    if (text === null) continue;
    const value = text.match(part)?.[1] ?? '';
    assert.ok(value.length >= LONG_ENOUGH, `no secret was found in ${file}`);
    list.push({ name: file, value, of });
  }
  return list;
}

const foldersOf = (mounts) => Object.fromEntries(mounts
  .filter(({ Destination }) => Destination.startsWith('/var/lib/parley/'))
  .map(({ Destination, RW }) => [Destination.slice('/var/lib/parley/'.length), RW ? 'rw' : 'ro']));

async function check(site, service, secrets) {
  const [{ id }] = await site.containers(service);
  const told = await site.engine.docker('inspect', id);
  assert.deepEqual(foldersOf(JSON.parse(told)[0].Mounts), FOLDERS[service], `folders of ${service}`);
  for (const { name, value } of secrets) assert.ok(!told.includes(value), `${service}: the engine tells ${name}`);
  const all = (await Promise.all(['/etc', '/var'].map((path) => site.engine.docker('cp', `${id}:${path}`, '-')))).join('');
  const found = secrets.filter(({ value }) => all.includes(value)).map(({ name }) => name);
  const due = secrets.filter(({ of }) => of.includes(service)).map(({ name }) => name);
  assert.deepEqual(found, due, `secrets that ${service} can read`);
}

// One container of each service; gives how many secrets were looked for.
export async function assertLeast(site, services) {
  const secrets = await secretsOf(site);
  await Promise.all(services.map((service) => check(site, service, secrets)));
  return secrets.length;
}
