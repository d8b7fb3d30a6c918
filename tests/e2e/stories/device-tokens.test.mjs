// Tokens of device applications: an OpenID provider that is none of ours gives
// them, with two legs and with three; one front end asks it about each token,
// another checks signatures.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after } from 'node:test';
import { Authority } from '../lib/certificates.mjs';
import { Oidc } from '../lib/oidc.mjs';
import { stories } from '../lib/story.mjs';
import { PATIENCE_MS, until } from '../lib/wait.mjs';

const ASKS = 2; // number of the front end that introspects
const CHECKS = 3; // .. that verifies signatures
const CACHE_S = 10; // longer than eight requests take
const SESSIONS = '/webrtc-registration/v0.4/sessions';
const [MIA, TOM] = ['+493055501', '+493055502'];

const authority = await Authority.make();
const opaque = await Oidc.start(authority, { format: 'opaque' });
const signed = await Oidc.start(authority, { format: 'jwt', alg: 'PS256' });
after(() => Promise.all([opaque.stop(), signed.stop()]));

const tell = stories(async (base, dir) => {
  const lines = join(dir, 'lines');
  await writeFile(lines, '+4930555* trunk domain=trunk.example\n', { mode: 0o600 });
  return { roompool: { lines_file: lines } };
}, {
  frontends: 3,
  flags: async (base, dir) => ({
    [`api-${ASKS}`]: { ...await opaque.introspectionSettings(dir), introspection_cache_s: CACHE_S },
    [`api-${CHECKS}`]: signed.jwtSettings(),
  }),
});

const ask = (system, frontend, token, method = 'GET', path = `?deviceId=${randomUUID()}`, body = undefined) =>
  system.http(method, SESSIONS + path,
    { frontend, headers: token ? { Authorization: `Bearer ${token}` } : {}, body });

function assertUnknown(answer, text, challenge = 'Bearer error="invalid_token"') {
  assert.equal(answer.status, 401, text);
  assert.equal(answer.json.code, 'UNAUTHENTICATED');
  assert.equal(answer.headers['www-authenticate'], challenge, text);
}

async function register(system, frontend, token, more = {}) {
  const answer = await ask(system, frontend, token, 'POST', '', { deviceId: randomUUID(), ...more });
  assert.equal(answer.status, 201, answer.text);
  return answer.json;
}

for (const [how, provider, frontend] of [['opaque', opaque, ASKS], ['signed', signed, CHECKS]]) {
  tell(`${how}: a user has a number, an application names one, neither sees the other's`, async (system) => {
    const [mia, tom, app] = await Promise.all([
      provider.userToken(MIA), provider.userToken(TOM), provider.clientToken()]);
    const hers = await register(system, frontend, mia);
    assert.equal(hers.regInfo.phoneNumber, MIA);
    assert.equal((await ask(system, frontend, mia, 'GET', `/${hers.registrationId}`)).status, 200);
    for (const other of [tom, app]) {
      const answer = await ask(system, frontend, other, 'GET', `/${hers.registrationId}`);
      assert.equal(answer.status, 404, answer.text);
    }
    const twice = await ask(system, frontend, mia, 'POST', '', { deviceId: randomUUID(), phoneNumber: MIA });
    assert.equal(twice.json.code, 'UNNECESSARY_IDENTIFIER');
    const without = await ask(system, frontend, app, 'POST', '', { deviceId: randomUUID() });
    assert.equal(without.json.code, 'MISSING_IDENTIFIER');
    const theirs = await register(system, frontend, app, { phoneNumber: TOM });
    assert.equal((await ask(system, frontend, app, 'DELETE', `/${theirs.registrationId}`)).status, 204);
    assert.equal((await ask(system, frontend, mia, 'DELETE', `/${hers.registrationId}`)).status, 204);
  });

  tell(`${how}: a scope is a whole word, and a token one of ours`, async (system) => {
    const reads = await provider.clientToken(['webrtc-registration:sessions:read',
      'webrtc-call-handling:sessions:create']);
    assert.equal((await ask(system, frontend, reads)).status, 200);
    const refused = await ask(system, frontend, reads, 'POST', '', { deviceId: randomUUID(), phoneNumber: MIA });
    assert.equal(refused.status, 403);
    assert.equal(refused.json.code, 'PERMISSION_DENIED');
    assertUnknown(await ask(system, frontend, ''), 'none', 'Bearer');
    assertUnknown(await ask(system, frontend, 'x'.repeat(43)), 'unknown');
    assertUnknown(await ask(system, frontend, `${reads.slice(0, -4)}AAAA`), 'changed');
    const foreign = await (provider === opaque ? signed : opaque).clientToken();
    assertUnknown(await ask(system, frontend, foreign), 'of another provider');
    const own = await system.token({ scope: 'webrtc-registration:sessions:read' });
    assertUnknown(await ask(system, frontend, own), 'of the embedded server');
    assert.equal((await ask(system, 1, own)).status, 200, 'good at its own');
  });
}

tell('the provider is asked once for a token, and what it revoked is refused soon', async (system) => {
  const token = await opaque.clientToken();
  const before = opaque.introspections;
  const answers = await Promise.all(Array.from({ length: 8 }, () => ask(system, ASKS, token)));
  assert.deepEqual(answers.map(({ status }) => status), Array(8).fill(200));
  assert.equal(opaque.introspections, before + 1);
  await opaque.revoke(token);
  assertUnknown(await until('it is refused', async () => {
    const answer = await ask(system, ASKS, token);
    return answer.status === 401 && answer;
  }, CACHE_S * 1000 + PATIENCE_MS));
});

tell('a provider that is down lets nobody through', async (system) => {
  const token = await opaque.clientToken();
  await opaque.stop();
  const answer = await ask(system, ASKS, token);
  assert.equal(answer.status, 503);
  assert.equal(answer.json.code, 'UNAVAILABLE');
  const there = await signed.clientToken();
  assert.equal((await ask(system, CHECKS, there)).status, 200);
});
