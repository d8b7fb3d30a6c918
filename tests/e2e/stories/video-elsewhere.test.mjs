// Video sessions whose rooms a room API elsewhere gives, over HTTPS and with a
// token of its token server: it is asked for once. Here it is our own.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Authority } from '../lib/certificates.mjs';
import { stories } from '../lib/story.mjs';
import { firstKind, today } from '../lib/video-life.mjs';
import { until } from '../lib/wait.mjs';

const ca = await Authority.make();
const own = await ca.sign('api', 'DNS:localhost,IP:127.0.0.1');

const tell = stories(async (base, dir) => {
  const secrets = join(dir, 'var/dev-client.env'); // of the token server, too
  await writeFile(secrets, 'CLIENT_ID=parley-dev\nCLIENT_SECRET=a-secret-of-this-story\n',
    { mode: 0o600 });
  return {
    api: { certificate: own.certificate, certificate_key: own.key, outgoing_ca: ca.file },
    roompool: {
      pool_target: 4, pool_grace_s: 1,
      video_room_url: `https://localhost:${base}`,
      video_token_url: `https://localhost:${base}/tenant/oauth2/v2.0/token`,
      video_token_scope: 'rooms', video_client_file: secrets,
    },
  };
});

tell('a client of the first kind and an agent on the telephone hear each other', firstKind);

tell('the app of today and an agent on the telephone hear each other', today);

tell('one token served for all of it', async (system) => {
  const value = async (name) => Number((await system.http('GET', '/metrics')).text.match(
    new RegExp(`^pl_roompool_video_${name}(?:{.*})? (.*)$`, 'm'))?.[1]);
  const rows = await until('both rooms were given back', async () => {
    const all = await system.sql('select room_no, owes_room from video_sessions');
    return all.every((row) => row.owes_room === 0) && all;
  });
  assert.deepEqual(rows.map((row) => row.room_no), [0, 0]);
  await until('both are counted', async () => await value('granted_total') === 2);
  assert.equal(await value('token_asked_total'), 1);
});
