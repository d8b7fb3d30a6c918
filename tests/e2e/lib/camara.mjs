// camara.mjs - the published definitions of the device APIs, and a client that
// believes no answer which they do not allow.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import https from 'node:https';
import { join } from 'node:path';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';
import { ROOT } from './system.mjs';

const DEFINITIONS = join(ROOT, 'tests/vectors/camara');
export const [REGISTRATION, CALLS, EVENTS] = ['registration', 'calls', 'events'];

// Where a generation lies, and in which files it is defined.
export const GENERATIONS = {
  'r3.1': {
    events: 'webrtc-events-subscriptions',
    bases: { registration: 'v0.4rc1', calls: 'v0.4rc1', events: 'v0.3rc1' },
  },
  'vwip': { events: 'webrtc-events', bases: { registration: 'vwip', calls: 'vwip', events: 'vwip' } },
  'r2.2': { events: 'webrtc-events', bases: { registration: 'v0.3', calls: 'v0.3', events: 'v0.2' } },
};

// Statuses that no definition lists: of HTTP, of overload, of the network; and
// 409 and 422 where a generation has not heard of them yet.
const OUTSIDE = [405, 406, 409, 413, 415, 422, 429, 500, 503, 504];

// Two errors of the definitions: an answer may have but one type where a request
// may have three; the status event's members are looked for beside its data. And
// what the discriminator of credentials says is said as validators know it.
function mend(doc) {
  const { Subscription, EventSessionStatus, ...schemas } = doc.components.schemas;
  if (Subscription) Subscription.properties.types.maxItems = 3;
  for (const name of ['SubscriptionRequest', 'SubscriptionUpdateRequest']) {
    if (schemas[name]) schemas[name].properties.sinkCredential = { $ref: '#/components/schemas/AccessTokenCredential' };
  }
  for (const part of EventSessionStatus?.allOf ?? []) {
    if (part.required) part.required = ['data'];
  }
  return doc;
}

export class Definition {
  static async load(generation, file) {
    return Definition.of(mend(parse(await readFile(join(DEFINITIONS, generation, `${file}.yaml`), 'utf8'))));
  }

  // What the front end says of itself.
  static async ours(system) {
    return Definition.of((await system.http('GET', '/openapi.json')).json);
  }

  static of(doc) {
    const made = new Definition();
    made.doc = doc;
    made.validators = new Map();
    made.ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false, logger: false });
    addFormats(made.ajv);
    made.ajv.addSchema(made.doc, 'doc');
    return made;
  }

  #resolve(object) {
    while (object?.$ref) {
      object = object.$ref.slice(2).split('/').reduce((at, key) => at[key], this.doc);
    }
    return object;
  }

  // Schemas' own references are to the document: give them its name.
  #validator(schema) {
    const text = JSON.stringify(schema).replaceAll('"$ref":"#', '"$ref":"doc#');
    if (!this.validators.has(text)) this.validators.set(text, this.ajv.compile(JSON.parse(text)));
    return this.validators.get(text);
  }

  fits(schema, value, what) {
    const validate = this.#validator(schema);
    assert.ok(validate(value), `${what}: ${this.ajv.errorsText(validate.errors)}\n${JSON.stringify(value)}`);
  }

  // Whether a body is one that the operation may be asked with.
  takes(method, path, body) {
    const { schema } = this.doc.paths[path][method.toLowerCase()].requestBody.content['application/json'];
    return this.#validator(schema)(body);
  }

  has(method, path) { return Boolean(this.doc.paths[path]?.[method.toLowerCase()]); }

  // Whether an answer is one of those that the operation has.
  check(method, path, { status, headers, text, json }, what) {
    const listed = this.#resolve(this.doc.paths[path]?.[method.toLowerCase()]?.responses[status]);
    if (!listed) {
      assert.ok(OUTSIDE.includes(status), `${what}: ${status} ${text}`);
      this.fits({ $ref: '#/components/schemas/ErrorInfo' }, json, what);
    }
    const content = listed?.content?.['application/json'];
    if (listed && !content) {
      assert.equal(text, '', what);
    } else {
      assert.equal(headers['content-type'], 'application/json', what);
      if (content) this.fits(content.schema, json, what);
    }
    if (status >= 400) {
      assert.equal(json.status, status, what);
      assert.notEqual(json.message, '', what);
    }
  }

  // The same for our own description, which names each status that there is; of
  // another method than the path has it says nothing.
  checkOurs(method, path, { status, json }, what) {
    if (status === 405) return;
    const listed = this.#resolve(this.doc.paths[path]?.[method.toLowerCase()]?.responses[status]);
    assert.ok(listed, `${what}: openapi.json does not list ${status}`);
    const content = listed.content?.['application/json'];
    if (content) this.fits(content.schema, json, `${what}: openapi.json`);
  }

  // The members of a value that its schema does not name; where there is a choice
  // of schemas, or any name is good, none.
  strangers(schema, value, at = '') {
    const { properties = {}, items, anyOf, oneOf, additionalProperties } = this.#resolve(schema) ?? {};
    if (value === null || typeof value !== 'object') return [];
    if (anyOf || oneOf || additionalProperties) return [];
    if (Array.isArray(value)) return value.flatMap((one) => this.strangers(items, one, `${at}[]`));
    return Object.entries(value).flatMap(([key, one]) => (key in properties
      ? this.strangers(properties[key], one, `${at}.${key}`) : [`${at}.${key}`]));
  }

  // checkOurs, and that nothing is answered that is not described.
  checkAllOurs(method, path, answer, what) {
    this.checkOurs(method, path, answer, what);
    const listed = this.#resolve(this.doc.paths[path][method.toLowerCase()].responses[answer.status]);
    const content = listed.content?.['application/json'];
    if (!content) assert.equal(answer.text, '', what);
    else assert.deepEqual(this.strangers(content.schema, answer.json), [], `${what}: openapi.json`);
  }

  event(type, event) {
    const name = type.split('-').map((word) => word[0].toUpperCase() + word.slice(1)).join('');
    this.fits({ $ref: `#/components/schemas/Event${name}` }, event, type);
  }
}

// One generation of the APIs at a system.
export class Camara {
  static async of(system, generation) {
    const agent = new https.Agent({ keepAlive: true });
    system.onStop(() => agent.destroy());
    const made = Object.assign(new Camara(), { system, generation, agent, asked: new Set() });
    const { events, bases } = GENERATIONS[generation];
    made.eventsApi = events;
    made.ours = await Definition.ours(system);
    made.apis = {};
    for (const [api, name] of Object.entries({ [REGISTRATION]: 'webrtc-registration',
      [CALLS]: 'webrtc-call-handling', [EVENTS]: events })) {
      made.apis[api] = { base: `/${name}/${bases[api]}`, definition: await Definition.load(generation, name) };
    }
    return made;
  }

  type(event) { return `org.camaraproject.${this.eventsApi}.v0.${event}`; }

  has(api, method, path) { return this.apis[api].definition.has(method, path); }

  takes(api, method, path, body) { return this.apis[api].definition.takes(method, path, body); }

  // path: the template; id fills it. token: none when absent.
  async ask(api, method, path, { id = '', query = '', token, body, headers = {} } = {}) {
    const { base, definition } = this.apis[api];
    const correlator = headers['x-correlator'] ?? randomUUID();
    const filled = path.replace(/\{.*\}/, id);
    const answer = await this.system.http(method, base + filled + query, {
      body, agent: this.agent,
      headers: { 'x-correlator': correlator, ...(token ? { Authorization: `Bearer ${token}` } : {}),
        ...(typeof body === 'string' ? { 'Content-Type': 'application/json' } : {}), ...headers },
    });
    const what = `${this.generation} ${method} ${filled}`;
    const isGood = /^[a-zA-Z0-9-_:;./<>{}]{1,256}$/.test(correlator);
    assert.equal(answer.headers['x-correlator'], isGood ? correlator : undefined, what);
    definition.check(method, path, answer, what);
    this.ours.checkOurs(method, base + path, answer, what);
    this.asked.add(`${method} ${api} ${path} ${answer.status}`);
    return answer;
  }

  // A CloudEvent as this generation defines it.
  checkEvent(event) {
    const prefix = this.type('');
    assert.ok(event.type.startsWith(prefix), event.type);
    this.apis[EVENTS].definition.event(event.type.slice(prefix.length), event);
    this.ours.fits({ $ref: '#/components/schemas/DeviceEvent' }, event, `${event.type}: openapi.json`);
  }
}
