// oidc.mjs - an OpenID provider that Parley knows nothing of (npm
// oidc-provider), over HTTPS with a certificate of a story's authority. Its
// users are phone numbers and agree to everything.

import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import https from 'node:https';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Provider from 'oidc-provider';

export const APP = 'device-app';
const REDIRECT = 'https://app.example/cb';
const AUDIENCE = 'parley';

const EVENTS = ['session-status', 'session-invitation', 'registration-ends'];
const events = (api) => ['read', 'update', 'delete',
  ...EVENTS.map((name) => `org.camaraproject.${api}.v0.${name}:create`)].map((end) => `${api}:${end}`);
const verbs = (api, ...ends) => ends.map((end) => `${api}:${end}`);

// All that the device APIs and the relay of their events ask for.
export const DEVICE_SCOPES = [
  ...verbs('webrtc-registration:sessions', 'create', 'read', 'write', 'delete'),
  ...verbs('webrtc-call-handling:sessions', 'create', 'read', 'write', 'delete'),
  ...events('webrtc-events'), ...events('webrtc-events-subscriptions'),
  ...verbs('notification-relay:channels', 'create', 'read', 'update', 'delete'),
];

const KINDS = { ES256: ['ec', { namedCurve: 'P-256' }], PS256: ['rsa', { modulusLength: 2048 }] };

function signingKey(alg) {
  const { privateKey } = generateKeyPairSync(...KINDS[alg]);
  return { ...privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: alg };
}

export class Oidc {
  // authority: of certificates.mjs. format: of access tokens, "opaque" or
  // "jwt"; alg: what those are signed with, ES256 or PS256. scopes: more than
  // the device APIs'. clients: ids of more applications, with the same rights.
  static async start(authority, { format = 'opaque', alg = 'ES256', scopes = [], clients = [] } = {}) {
    const oidc = new Oidc();
    oidc.authority = authority;
    oidc.ca = await readFile(authority.file);
    oidc.secrets = {};
    for (const id of [APP, 'gateway', ...clients]) oidc.secrets[id] = randomBytes(24).toString('base64url');
    const { certificate, key } = await authority.sign('oidc', 'DNS:localhost');
    oidc.server = https.createServer({ cert: await readFile(certificate), key: await readFile(key) });
    oidc.server.listen(0, '127.0.0.1');
    await once(oidc.server, 'listening');
    oidc.port = oidc.server.address().port;
    oidc.issuer = `https://localhost:${oidc.port}`;
    oidc.#provider(format, alg, [...DEVICE_SCOPES, ...scopes], [APP, ...clients]);
    oidc.introspections = 0;
    oidc.log = []; // for pictures: { at, from, label, answer }; of a token the first question
    oidc.server.on('request', (request, response) => oidc.#serve(request, response));
    return oidc;
  }

  #provider(format, alg, scopes, apps) {
    const app = (id) => ({
      client_id: id, client_secret: this.secrets[id], redirect_uris: [REDIRECT],
      grant_types: ['authorization_code', 'client_credentials'], response_types: ['code'],
    });
    this.provider = new Provider(this.issuer, {
      clients: [...apps.map(app), {
        client_id: 'gateway', client_secret: this.secrets.gateway, redirect_uris: [],
        grant_types: [], response_types: [],
      }],
      clientDefaults: { id_token_signed_response_alg: 'ES256' },
      jwks: { keys: Object.keys(KINDS).map(signingKey) },
      cookies: { keys: [randomBytes(16).toString('hex')] },
      scopes: ['openid'],
      claims: { openid: ['sub'] },
      findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
      // sub says nothing about the person; the number is a claim of its own.
      extraTokenClaims: (ctx, token) => (token.accountId
        ? { phone_number: this.numbers.get(token.accountId) } : undefined),
      interactions: { url: (ctx, interaction) => `/agree/${interaction.uid}` },
      ttl: { AccessToken: 3600, ClientCredentials: 3600, AuthorizationCode: 60, Grant: 3600,
        Interaction: 60, Session: 3600, IdToken: 60 },
      features: {
        devInteractions: { enabled: false },
        clientCredentials: { enabled: true },
        introspection: { enabled: true, allowedPolicy: (ctx, client) => client.clientId === 'gateway' },
        revocation: { enabled: true },
        resourceIndicators: {
          enabled: true,
          defaultResource: () => 'https://parley.example',
          useGrantedResource: () => true,
          getResourceServerInfo: () => ({
            scope: scopes.join(' '), audience: AUDIENCE, accessTokenTTL: 3600,
            accessTokenFormat: format, jwt: { sign: { alg } },
          }),
        },
      },
    });
    this.numbers = new Map();
  }

  // Requests of the provider itself, but the page where a user agrees.
  async #serve(request, response) {
    if (request.url.startsWith('/token/introspection')) {
      this.introspections++;
      if (!this.isAsked) {
        this.log.push({ at: Date.now(), from: 'gateway', label: 'POST /token/introspection', answer: '200 active' });
      }
      this.isAsked = true;
    }
    const [, uid] = request.url.match(/^\/agree\/([\w-]+)$/) ?? [];
    try {
      if (uid) await this.#agree(request, response);
      else await this.provider.callback()(request, response);
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  }

  // The user whom login_hint names logs in and agrees to what is asked.
  async #agree(request, response) {
    const { params } = await this.provider.interactionDetails(request, response);
    const grant = new this.provider.Grant({ accountId: params.login_hint, clientId: params.client_id });
    grant.addOIDCScope('openid');
    grant.addResourceScope('https://parley.example', params.scope);
    await this.provider.interactionFinished(request, response, {
      login: { accountId: params.login_hint }, consent: { grantId: await grant.save() },
    });
  }

  #request(method, url, { headers = {}, form } = {}) {
    const body = form ? new URLSearchParams(form).toString() : undefined;
    return new Promise((resolve, reject) => {
      const request = https.request(new URL(url, this.issuer), {
        method, ca: this.ca, agent: false, timeout: 10000,
        headers: { ...headers, ...(body ? {
          'Content-Type': 'application/x-www-form-urlencoded',
          'Content-Length': Buffer.byteLength(body) } : {}) },
      }, async (response) => {
        const chunks = await response.toArray();
        resolve({ status: response.statusCode, headers: response.headers, text: Buffer.concat(chunks).toString() });
      });
      request.on('timeout', () => request.destroy(new Error(`${method} ${url}: no answer`)));
      request.on('error', reject);
      request.end(body);
    });
  }

  async #post(path, form, client) {
    const basic = Buffer.from(`${client}:${this.secrets[client]}`).toString('base64');
    const answer = await this.#request('POST', path, { headers: { Authorization: `Basic ${basic}` }, form });
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.text}`);
    return answer.text ? JSON.parse(answer.text) : {};
  }

  // A token of the application itself (2-legged).
  async clientToken(scopes = DEVICE_SCOPES, client = APP) {
    const granted = await this.#post('/token',
      { grant_type: 'client_credentials', scope: scopes.join(' ') }, client);
    return this.#note(granted.access_token, 'client credentials');
  }

  #note(token, how) {
    this.isAsked = false;
    this.log.push({ at: Date.now(), from: 'device', label: `access token: ${how}`, answer: 'access token' });
    return token;
  }

  // A token for the user of a number (3-legged): an authorization code, as a
  // browser gets it.
  async userToken(number, scopes = DEVICE_SCOPES, client = APP) {
    const account = `user-${number.slice(1)}`;
    this.numbers.set(account, number);
    const verifier = randomBytes(32).toString('base64url');
    const query = new URLSearchParams({ client_id: client, redirect_uri: REDIRECT, response_type: 'code',
      scope: ['openid', ...scopes].join(' '), login_hint: account,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'), code_challenge_method: 'S256' });
    const jar = new Map();
    let at = `/auth?${query}`;
    for (let hops = 0; hops < 8 && !at.startsWith(REDIRECT); hops++) {
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
      const { headers, status, text } = await this.#request('GET', at, { headers: { Cookie: cookie } });
      for (const line of headers['set-cookie'] ?? []) {
        const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
        jar.set(name, value);
      }
      if (!headers.location) throw new Error(`${at}: ${status} ${text}`);
      at = headers.location;
    }
    const code = new URL(at).searchParams.get('code');
    if (!code) throw new Error(`no code: ${at}`);
    const granted = await this.#post('/token',
      { grant_type: 'authorization_code', code, redirect_uri: REDIRECT, code_verifier: verifier }, client);
    return this.#note(granted.access_token, 'authorization code');
  }

  async revoke(token, client = APP) {
    await this.#post('/token/revocation', { token }, client);
  }

  // Keys of [api] for a front end that asks us about each token. dir: where
  // its credentials are written.
  async introspectionSettings(dir) {
    const file = join(dir, 'introspection.env');
    await writeFile(file, `CLIENT_ID=gateway\nCLIENT_SECRET=${this.secrets.gateway}\n`, { mode: 0o600 });
    return { introspection_url: `${this.issuer}/token/introspection`, introspection_client_file: file,
      external_issuer: this.issuer, external_ca: this.authority.file };
  }

  // The same for one that checks signatures itself.
  jwtSettings() {
    return { external_issuer: this.issuer, external_jwks: `${this.issuer}/jwks`,
      external_ca: this.authority.file };
  }

  async stop() {
    this.server.closeAllConnections();
    if (this.server.listening) await new Promise((done) => { this.server.close(done); });
  }
}
