// client.js - one seat in a room over the client API: token, its renewal, the
// event stream with reconnection, and the calls a seat can make. It knows
// nothing of the page or of media.
//
// Events (CustomEvent, detail in brackets): roster [Map uuid -> participant],
// joined [participant], parted [participant], stage [Map uuid -> vad 0..100],
// conference [object], message [object], refer [alias and token of another
// room], link ['open' | 'lost'], call-disconnected [object], lapsed (the token
// is gone: take a new seat), disconnect [reason text].

// A refusal or failure, with a `code` that the page has words for.
export class RoomError extends Error {
  constructor(code, text) {
    super(text || code);
    this.code = code;
    this.text = text ?? ''; // what the server said
  }
}

const REFUSALS = [
  [/^Invalid PIN/i, 'pin-wrong'],
  [/PIN entry retries/i, 'pin-locked'],
  [/^Participant limit/i, 'full'],
  [/resource/i, 'busy'],
  [/^Neither conference/i, 'unknown-room'],
  [/Invalid token|token refresh/i, 'lapsed'],
  [/maintenance/i, 'restarting'],
  [/^Invalid role/i, 'not-host'],
  [/dial out failed/i, 'cannot-call'],
  [/^(Recording is not|The recording|Too many rec)/i, 'cannot-record'],
];
const REQUEST_TIMEOUT_MS = 12000;
// The first one goes to another front end, where there is one.
const LINK_PAUSES_MS = [50, 250, 500, 1000, 2000, 4000];
// Half as much to half as much again: all who lost the same server come at once.
const spread = (ms) => ms * (0.5 + Math.random());

function refusal(status, result) {
  if (result && typeof result === 'object' && 'pin' in result) {
    // "none": guests may say that they have none.
    return new RoomError(result.guest_pin === 'none' ? 'pin-for-hosts' : 'pin-required');
  }
  const text = typeof result === 'string' ? result : '';
  for (const [pattern, code] of REFUSALS) {
    if (pattern.test(text)) return new RoomError(code, text);
  }
  if (status === 404) return new RoomError('unknown-room', text);
  if (status === 429) return new RoomError('pin-locked', text);
  if (status >= 500) return new RoomError('restarting', text);
  return new RoomError('refused', text);
}

export class RoomClient extends EventTarget {
  #base;
  #token = '';
  #events = null;
  #timers = new Set();
  #linkFailures = 0;
  #syncing = null;
  #closed = false;

  constructor(alias) {
    super();
    this.#base = `/api/client/v2/conferences/${encodeURIComponent(alias)}`;
    this.roster = new Map();
    this.self = '';
    this.role = ''; // HOST or GUEST, as roster and tokens say
    this.room = {}; // newest conference_update
    this.iceServers = [];
    this.roomName = alias;
  }

  // The own entry of the roster, when it is known.
  get me() { return this.roster.get(this.self); }

  // Take a seat; with the token of a refer event, the one kept there. pin
  // "none" comes in as guest where only hosts have one.
  // Throws RoomError with code pin-required, pin-for-hosts, pin-wrong, ..
  async join(displayName, pin, referToken = '') {
    const seat = await this.#post('/request_token',
      { display_name: displayName, ...(referToken ? { token: referToken } : {}) },
      pin ? { pin } : {});
    this.#token = seat.token;
    this.self = seat.participant_uuid;
    this.role = seat.role;
    this.roomName = seat.conference_name || this.roomName;
    this.iceServers = [
      ...(seat.stun ?? []).map((server) => ({ urls: server.url })),
      ...(seat.turn ?? []),
    ];
    this.#renewLater(seat.expires);
    this.#openEvents();
    return seat;
  }

  // Give the seat back; never throws.
  async leave(reason) {
    if (this.#closed) return;
    try {
      await this.#post('/release_token', { reason });
    } catch { /* it lapses by itself */ }
    this.close();
  }

  // The page goes away: only a beacon still gets out.
  beacon() {
    if (!this.#closed && this.#token) {
      navigator.sendBeacon(`${this.#base}/release_token?token=${this.#token}`);
    }
    this.close();
  }

  // Stop everything without telling the server.
  close() {
    this.#closed = true;
    this.#events?.close();
    this.#events = null;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  startCall(sdp) {
    return this.#mine('/calls',
      { call_type: 'WEBRTC', sdp, media_type: 'audio', fecc_supported: false });
  }
  ackCall(call) { return this.#mine(`/calls/${call}/ack`, {}); }
  endCall(call) { return this.#mine(`/calls/${call}/disconnect`, {}); }
  showMuted(muted) { return this.#mine(muted ? '/client_mute' : '/client_unmute', {}); }
  muteOther(uuid, muted) {
    return this.#post(`/participants/${uuid}/${muted ? 'mute' : 'unmute'}`, {});
  }
  remove(uuid) { return this.#post(`/participants/${uuid}/disconnect`, {}); }
  admit(uuid) { return this.#post(`/participants/${uuid}/unlock`, {}); }
  promote(uuid, toHost) {
    return this.#post(`/participants/${uuid}/role`, { role: toHost ? 'chair' : 'guest' });
  }
  lock(on) { return this.#post(on ? '/lock' : '/unlock', {}); }
  muteGuests(on) { return this.#post(on ? '/muteguests' : '/unmuteguests', {}); }
  async record(on) {
    try {
      return await this.#post(on ? '/start_recording' : '/stop_recording', {});
    } catch (error) {
      // The words for "busy" speak of participants.
      throw error.code === 'busy'
        ? new RoomError('cannot-record', 'The server has no capacity to record now') : error;
    }
  }
  endForAll() { return this.#post('/disconnect', {}); }
  say(payload) { return this.#post('/message', { type: 'text/plain', payload }); }
  dial(destination) {
    return this.#post('/dial', { role: 'GUEST', destination, protocol: 'sip' });
  }

  #mine(path, body) {
    return this.#post(`/participants/${this.self}${path}`, body);
  }

  async #post(path, body, headers = {}) {
    let response;
    let answer;
    try {
      response = await fetch(this.#base + path, {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          ...(this.#token ? { token: this.#token } : {}),
          ...headers,
        },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
      answer = await response.json();
    } catch (error) {
      // Not JSON, no connection, no answer in time.
      throw new RoomError(response ? 'restarting' : 'unreachable', String(error));
    }
    if (!response.ok) throw refusal(response.status, answer.result);
    return answer.result;
  }

  #after(ms, what) {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!this.#closed) what();
    }, ms);
    this.#timers.add(timer);
  }

  #emit(type, detail) {
    if (!this.#closed) this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  // A third of its life leaves room for two more tries.
  #renewLater(expires) {
    this.#after((Number(expires) || 120) * 1000 / 3, () => this.#renew());
  }

  async #renew() {
    try {
      const next = await this.#post('/refresh_token', {});
      this.#token = next.token;
      if (next.role) this.role = next.role;
      this.#renewLater(next.expires);
    } catch (error) {
      this.#renewFailed(error);
    }
  }

  #renewFailed(error) {
    if (this.#closed) return;
    if (error.code === 'unreachable' || error.code === 'restarting') {
      this.#after(1500, () => this.#renew());
    } else {
      this.#emit('lapsed');
    }
  }

  #openEvents() {
    if (this.#closed) return;
    const source = new EventSource(`${this.#base}/events?token=${this.#token}`);
    this.#events = source;
    source.onopen = () => {
      this.#linkFailures = 0;
      this.#emit('link', 'open');
    };
    // The browser would retry with the old token: open a new one instead.
    source.onerror = () => {
      source.close();
      if (this.#events === source) this.#linkLost();
    };
    for (const [name, handler] of Object.entries(this.#handlers())) {
      source.addEventListener(name, (event) => {
        if (this.#events === source) handler(JSON.parse(event.data || 'null'));
      });
    }
  }

  // EventSource hides why it failed; the token tells whether the seat lives.
  #linkLost() {
    this.#events = null;
    this.#emit('link', 'lost');
    const pauses = LINK_PAUSES_MS;
    const pause = pauses[Math.min(this.#linkFailures++, pauses.length - 1)];
    this.#after(spread(pause), async () => {
      try {
        const next = await this.#post('/refresh_token', {});
        this.#token = next.token;
      } catch (error) {
        if (this.#closed) return;
        if (error.code === 'unreachable' || error.code === 'restarting') {
          this.#linkLost();
        } else {
          this.#emit('lapsed');
        }
        return;
      }
      this.#openEvents();
    });
  }

  #handlers() {
    return {
      participant_sync_begin: () => { this.#syncing = new Map(); },
      participant_sync_end: () => this.#synced(),
      participant_create: (person) => this.#put(person, 'joined'),
      participant_update: (person) => this.#put(person, null),
      participant_delete: ({ uuid }) => this.#drop(uuid),
      conference_update: (room) => {
        this.room = room;
        this.#emit('conference', room);
      },
      message_received: (message) => {
        if (/^text\/plain/.test(message.type)) this.#emit('message', message);
      },
      refer: (place) => this.#emit('refer', place),
      stage: (list) => this.#emit('stage', new Map(
        (list ?? []).map((entry) => [entry.participant_uuid, entry.vad]))),
      refresh_token: () => this.#renew(),
      call_disconnected: (data) => this.#emit('call-disconnected', data ?? {}),
      disconnect: (data) => this.#emit('disconnect', data?.reason ?? ''),
    };
  }

  #synced() {
    if (!this.#syncing) return;
    this.roster = this.#syncing;
    this.#syncing = null;
    this.#readRole();
    this.#emit('roster', this.roster);
  }

  #put(person, news) {
    if (this.#syncing) {
      this.#syncing.set(person.uuid, person);
      return;
    }
    const known = this.roster.has(person.uuid);
    this.roster.set(person.uuid, person);
    this.#readRole();
    this.#emit('roster', this.roster);
    if (news && !known) this.#emit(news, person);
  }

  #readRole() {
    if (this.me?.role) this.role = this.me.role === 'chair' ? 'HOST' : 'GUEST';
  }

  #drop(uuid) {
    const person = this.roster.get(uuid);
    this.#syncing?.delete(uuid);
    this.roster.delete(uuid);
    this.#emit('roster', this.roster);
    if (person) this.#emit('parted', person);
  }
}
