// management.mjs - programs that use the management API the way its published
// Go client does: the same requests, Basic authentication, trying again when
// told to, and answers decoded as strictly as typed structs are: a member of
// another type is an error, one that is absent or null where that cannot be
// gets no excuse.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pause } from './wait.mjs';

const RETRIED = [429, 500, 502, 503, 504];
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/;

const isInt = (value) => Number.isSafeInteger(value);
const isText = (value) => typeof value === 'string';
const isFlag = (value) => typeof value === 'boolean';
const isTime = (value) => isText(value) && TIME.test(value);
const orNull = (is) => (value) => value === null || is(value);
const listOf = (is) => (value) => Array.isArray(value) && value.every(is);
const path = (resource) => (value) => isText(value)
  && new RegExp(`^/api/admin/${resource.replace('/', '/v1/')}/[^/]+/$`).test(value);

const shaped = (members) => (value) => Object.entries(members).every(([name, is]) =>
  is(value[name]) || assert.fail(`${name} is ${JSON.stringify(value[name])}`));
const all = (is, names) => Object.fromEntries(names.split(' ').map((name) => [name, is]));

const ALIAS = {
  id: isInt, creation_time: isTime, conference: path('configuration/conference'),
  resource_uri: path('configuration/conference_alias'), ...all(isText, 'alias description'),
};

// What the typed structs have, by resource.
const SHAPES = {
  'configuration/conference': {
    id: isInt, resource_uri: path('configuration/conference'), creation_time: isTime,
    aliases: listOf(shaped(ALIAS)),
    ...all(isText, `name service_type pin guest_pin tag description call_type enable_chat
      live_captions_enabled direct_media guests_can_see_guests match_string replace_string
      post_match_string post_replace_string primary_owner_email_address sync_tag
      non_idp_participants two_stage_dial_type`.replace(/\s+/g, ' ')),
    ...all(isFlag, `allow_guests breakout_rooms denoise_enabled enable_overlay_text
      enable_active_speaker_indication force_presenter_into_main guests_can_present
      mute_all_guests softmute_enabled`.replace(/\s+/g, ' ')),
    ...all(isInt, 'direct_media_notification_duration scheduled_conferences_count'),
    ...all(orNull(isInt), 'participant_limit max_callrate_in max_callrate_out'),
    ...all(orNull(isText), `crypto_mode gms_access_token guest_identity_provider_group guest_view
      host_identity_provider_group host_view ivr_theme max_pixels_per_second media_playlist
      mssip_proxy on_completion pinning_config system_location teams_proxy`.replace(/\s+/g, ' ')),
    scheduled_conferences: listOf(isText),
    automatic_participants: listOf(path('configuration/automatic_participant')),
  },
  'configuration/conference_alias': ALIAS,
  'configuration/automatic_participant': {
    id: isInt, resource_uri: path('configuration/automatic_participant'), creation_time: isTime,
    conference: listOf(path('configuration/conference')), streaming: isFlag,
    system_location: orNull(isText),
    ...all(isText, `alias description protocol call_type role dtmf_sequence keep_conference_alive
      routing remote_display_name presentation_url`.replace(/\s+/g, ' ')),
  },
  'configuration/event_sink': {
    id: isInt, resource_uri: path('configuration/event_sink'), version: isInt,
    restart_date: orNull(isTime), ...all(isText, 'name url'),
    ...all(isFlag, 'bulk_support verify_tls_certificate'),
    ...all(orNull(isText), 'description username'),
    password: (value) => value === undefined,
  },
  'status/conference': {
    start_time: orNull(isTime), resource_uri: path('status/conference'),
    ...all(isText, 'id name service_type tag'),
    ...all(isFlag, 'is_started is_locked guests_muted direct_media_available'),
  },
  'status/participant': {
    connect_time: isTime, resource_uri: path('status/participant'),
    ...all(isText, `id call_direction call_quality call_uuid conference conversation_id
      destination_alias display_name encryption license_type media_node protocol proxy_node
      remote_address role service_tag service_type signalling_node source_alias system_location
      vendor`.replace(/\s+/g, ' ')),
    ...all(isFlag, `has_media is_client_muted is_disconnect_supported is_idp_authenticated
      is_mute_supported is_muted is_on_hold is_presenting is_streaming is_transfer_supported`
      .replace(/\s+/g, ' ')),
    ...all(isInt, 'bandwidth license_count remote_port rx_bandwidth tx_bandwidth'),
  },
  'history/conference': {
    resource_uri: path('history/conference'), duration: isInt,
    ...all(isText, 'id name service_type tag'), ...all(orNull(isTime), 'start_time end_time'),
  },
  'history/participant': {
    resource_uri: path('history/participant'), duration: isInt,
    ...all(isText, 'id conference_name display_name role service_type call_direction protocol '
      + 'disconnect_reason remote_address'),
    ...all(orNull(isTime), 'start_time end_time'),
  },
};
const META = shaped({
  ...all(isInt, 'limit offset total_count'), ...all(orNull(isText), 'next previous'),
});
const OUTCOME = shaped({ status: isText, message: isText, result: (value) =>
  value === undefined || isText(value) });

// An answer with a status that is none of success.
export class Refusal extends Error {
  constructor({ status, text, json, headers }) {
    super(`API error ${status}: ${text}`);
    Object.assign(this, { status, json, headers });
  }
}

export class Management {
  // As the operator would set it up: credentials out of the file.
  // agent: of connections that stay, for many requests in a short time.
  static async open(system, { retries = 3, waitMs = 1000, agent } = {}) {
    const env = await readFile(join(system.dir, 'var/management.env'), 'utf8');
    const value = (key) => env.match(new RegExp(`^${key}=(.*)$`, 'm'))[1];
    const api = new Management();
    const pair = `${value('MANAGEMENT_USER')}:${value('MANAGEMENT_PASSWORD')}`;
    Object.assign(api, { system, retries, waitMs, agent, tries: 0,
      authorization: `Basic ${Buffer.from(pair).toString('base64')}` });
    return api;
  }

  // One request, tried again with growing waits when the answer says so.
  async request(method, where, body) {
    for (let attempt = 0; ; attempt += 1) {
      this.tries += 1;
      const answer = await this.system.http(method, where, {
        body, agent: this.agent, headers: {
          Authorization: this.authorization, Host: `localhost:${this.system.httpsPort}`,
          ...(body === undefined ? {} : { Accept: 'application/json' }),
        },
      });
      if (answer.status < 400) return answer;
      if (attempt === this.retries || !RETRIED.includes(answer.status)) throw new Refusal(answer);
      await pause(this.waitMs * 2 ** attempt);
    }
  }

  async list(resource, query = '') {
    const [area, name] = resource.split('/');
    return this.page(resource, `/api/admin/${area}/v1/${name}/${query}`);
  }

  async page(resource, where) {
    const { json } = await this.request('GET', where);
    META(json.meta);
    json.objects.forEach(shaped(SHAPES[resource]));
    return json;
  }

  // All of them, page by page, as clients are told to: by following `next`.
  async every(resource, query = '') {
    const objects = [];
    let { meta, objects: part } = await this.list(resource, query);
    for (;;) {
      objects.push(...part);
      if (!meta.next) return { objects, total: meta.total_count };
      ({ meta, objects: part } = await this.page(resource, meta.next));
    }
  }

  uri(resource, id) {
    const [area, name] = resource.split('/');
    return `/api/admin/${area}/v1/${name}/${id}/`;
  }

  async get(resource, id) {
    const { json } = await this.request('GET', this.uri(resource, id));
    shaped(SHAPES[resource])(json);
    return json;
  }

  // The number is taken off the end of Location; there is no body to read.
  async create(resource, body) {
    const [area, name] = resource.split('/');
    const answer = await this.request('POST', `/api/admin/${area}/v1/${name}/`, body);
    assert.deepEqual([answer.status, answer.text], [201, '']);
    const { location } = answer.headers;
    return { id: Number(location.match(/\/(\d+)\/?$/)[1]), location };
  }

  // Its clients update by PUT.
  async replace(resource, id, body) {
    const { status, text } = await this.request('PUT', this.uri(resource, id), body);
    assert.deepEqual([status, text], [202, '']);
  }

  async change(resource, id, body) {
    const { status } = await this.request('PATCH', this.uri(resource, id), body);
    assert.equal(status, 202);
  }

  async remove(resource, id) {
    const { status, text } = await this.request('DELETE', this.uri(resource, id));
    assert.deepEqual([status, text], [204, '']);
  }

  async command(what, body) {
    const { json } = await this.request('POST', `/api/admin/command/v1/${what}/`, body);
    OUTCOME(json);
    assert.equal(json.status, 'success');
    return json;
  }
}

// Refused with that status; gives what was said.
export async function refused(status, promise) {
  const error = await promise.then(() => assert.fail('it was not refused'), (e) => e);
  if (!(error instanceof Refusal)) throw error;
  assert.equal(error.status, status, error.message);
  return error.json;
}
