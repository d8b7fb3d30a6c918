// The user of a mobile number lets an application call for it: the browser
// fills in the page, the application trades the code at another front end and
// opens a session with an emergency address.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import { join } from 'node:path';
import { after } from 'node:test';
import { Person } from '../lib/browser.mjs';
import { stories } from '../lib/story.mjs';
import { until } from '../lib/wait.mjs';

const NUMBER = '+1 (425) 555-0100';
const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };

// The application's own server: what it was sent, and a page of its origin.
const app = http.createServer((request, response) => {
  const url = new URL(request.url, 'http://localhost');
  if (url.pathname === '/cb') app.returned.push(Object.fromEntries(url.searchParams));
  response.writeHead(200, { 'Content-Type': 'text/html' });
  response.end(`<!doctype html><title>app</title><p>${url.pathname}</p>`);
});
app.returned = [];
app.listen(0, '127.0.0.1');
await once(app, 'listening');
after(() => app.close());
const origin = `http://localhost:${app.address().port}`;
const redirect = `${origin}/cb`;

const tell = stories({ api: { redirect_uris: `https://app.example/cb ${redirect}` } },
  { frontends: 2 });

function address(system, more) {
  const query = new URLSearchParams({ client_id: 'parley-dev', redirect_uri: redirect, ...more });
  return `${system.url}/oauth/v4/authorize?${query}`;
}

async function trade(system, frontend, more) {
  const env = await readFile(join(system.dir, 'var/dev-client.env'), 'utf8');
  const secret = env.match(/^CLIENT_SECRET=(.*)$/m)[1];
  return system.http('POST', '/oauth/v4/token', {
    frontend,
    headers: FORM,
    body: new URLSearchParams({
      grant_type: 'authorization_code', client_id: 'parley-dev', client_secret: secret,
      redirect_uri: redirect, ...more,
    }).toString(),
  });
}

// A browser that keeps to the pages' policy.
async function withPage(system, use) {
  const person = await Person.open(system, '', { name: 'mia', recorder: false });
  try {
    await use(person.page, person);
  } finally {
    await person.close();
  }
}

// What the application is told when this is done.
async function returns(act) {
  const n = app.returned.length;
  await act();
  await until('the application has the user back', () => app.returned.length > n);
  return app.returned.at(-1);
}

tell('a mobile user agrees; the code is traded once; a session needs an address', (system) =>
  withPage(system, async (page, person) => {
    const verifier = randomBytes(32).toString('base64url');
    await page.goto(address(system, {
      scope: 'WEBRTCMOBILE,EMERGENCYSERVICES',
      state: 'a&b"<c>',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    }));
    assert.match(await page.textContent('main'), /does not check that the number is yours/);
    assert.ok(await page.evaluate(() => document.styleSheets[0]?.cssRules.length > 0), 'styled');

    await page.fill('#number', '425');
    await page.press('#number', 'Enter');
    await page.waitForSelector('[role=alert]');
    await page.fill('#number', NUMBER);
    const { code, state } = await returns(() => page.click('button[value=allow]'));
    assert.equal(state, 'a&b"<c>');
    assert.deepEqual(person.console.filter((line) => /Content.Security/.test(line)), []);

    const granted = await trade(system, 2, { code, code_verifier: verifier });
    assert.equal(granted.status, 200, granted.text);
    assert.equal(granted.json.scope, 'WEBRTCMOBILE EMERGENCYSERVICES');
    const again = await trade(system, 2, { code, code_verifier: verifier });
    assert.equal(again.status, 400);
    assert.equal(again.json.error, 'invalid_grant');

    const headers = { Authorization: `Bearer ${granted.json.access_token}` };
    const without = await system.http('POST', '/RTC/v1/sessions', { headers, body: {} });
    assert.equal(without.status, 400);
    assert.equal(without.json.RequestError.ServiceException.MessageId, 'SVC8511');
    const located = await system.http('POST', '/emergencyServices/v1/e911Locations', {
      headers,
      body: { e911Context: { isAddressConfirmed: 'false', address: {
        name: 'Mia Lee', houseNumber: '16', street: 'Main St', city: 'Redmond', state: 'WA', zip: '98052',
      } } },
    });
    const e911 = located.json.e911Locations.addressIdentifier;
    const session = await system.http('POST', '/RTC/v1/sessions',
      { headers: { ...headers, 'x-e911Id': e911 }, body: {} });
    assert.equal(session.status, 201, session.text);
    const row = (await system.sql('select user_id from sessions')).map((one) => one.user_id);
    assert.deepEqual(row, ['tel:+14255550100']);
  }));

tell('a user who denies is sent back with that', (system) =>
  withPage(system, async (page) => {
    await page.goto(address(system, { state: 's' }));
    assert.deepEqual(await returns(() => page.click('button[value=deny]')),
      { error: 'access_denied', state: 's' });
  }));

tell('another address, another site and a frame get nothing', (system) =>
  withPage(system, async (page) => {
    const n = app.returned.length;
    const wrong = await page.goto(address(system, { redirect_uri: `${redirect}/x` }));
    assert.equal(wrong.status(), 400);
    assert.match(await page.textContent('main'), /redirect_uris in section \[api\]/);

    await page.goto(address(system, {})); // this browser has the cookie now
    await page.goto(origin);
    const [answer] = await Promise.all([
      page.waitForResponse((response) => response.url().includes('/oauth/')),
      page.evaluate((action) => {
        const form = document.createElement('form');
        form.method = 'post';
        form.action = action;
        for (const [name, value] of Object.entries({
          mark: 'M'.repeat(22), client_id: 'parley-dev', number: '+14255550100', decision: 'allow' })) {
          const input = Object.assign(document.createElement('input'), { name, value });
          form.append(input);
        }
        document.body.append(form);
        form.submit();
      }, address(system, {})),
    ]);
    assert.equal(answer.status(), 403);
    await page.waitForSelector('[role=alert]');

    await page.goto(origin);
    await page.evaluate((src) => new Promise((resolve) => {
      const frame = Object.assign(document.createElement('iframe'), { src, onload: resolve });
      document.body.append(frame);
    }), address(system, {}));
    assert.equal(await page.frames()[1].$('#number'), null, 'not framed');
    assert.equal(app.returned.length, n, 'nothing was sent to the application');
  }));
