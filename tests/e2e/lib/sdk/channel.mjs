// channel.mjs - the event channel as the old SDK reads it: a long poll after
// the other, without a pause; events dispatched by state and id, and dropped
// when nobody listens.

/* eslint-env browser */

const STATES = ['invitation-received', 'session-open', 'session-modified', 'mod-received',
  'mod-terminated', 'transfer-initiated', 'transfer-terminated', 'session-terminated'];

export class Channel {
  #listeners = new Map(); // `${state} ${id}` -> function
  #delayS = 2; // doubled at each error, never waited, never set back
  #path = '';
  #ended = false;
  #request = null;

  // hooks: error(answer, isLast), trap(kind, details), seen(event)
  constructor(wire, generation, hooks) {
    this.wire = wire;
    this.generation = generation;
    this.hooks = hooks;
    this.states = generation.knowsMoveTerminated ? [...STATES, 'move-terminated'] : STATES;
  }

  on(state, id, fn) { this.#listeners.set(`${state} ${id}`, fn); }

  off(id) {
    for (const key of this.#listeners.keys()) {
      if (key.endsWith(` ${id}`)) this.#listeners.delete(key);
    }
  }

  start(sessionPath) {
    this.#path = `${sessionPath}/events`;
    this.#poll();
  }

  stop() { this.#ended = true; }

  // What a network that drops the connection does to a poll.
  cut() { this.#request?.abort(); this.#poll(); }

  #poll() {
    if (this.#ended) return;
    this.#request = this.wire.request({
      method: 'GET', path: this.#path, isBare: true, timeoutMs: this.generation.pollTimeoutMs,
      success: (answer) => {
        if (this.#ended) return;
        if (answer.status === 200) this.#read(JSON.parse(answer.text));
        this.#poll();
      },
      error: (answer) => {
        if (this.#ended) return;
        this.#delayS *= 2;
        const isLast = this.#delayS > 2 ** (this.generation.pollErrorsAllowed + 1);
        this.hooks.error(answer, isLast);
        if (!isLast) this.#poll();
      },
      timeout: () => this.#poll(),
    });
  }

  #read(body) {
    for (const { eventObject } of Object.values(body.events?.eventList ?? [])) {
      setTimeout(() => this.#dispatch(eventObject), 0);
    }
  }

  #dispatch(event) {
    const parts = event.resourceURL.split('/');
    this.hooks.seen(event);
    if (!this.states.includes(event.state)) {
      this.hooks.trap('unknown state', { state: event.state });
      return;
    }
    const id = event.state === 'invitation-received' ? parts[4] : parts[6];
    const listener = this.#listeners.get(`${event.state} ${id}`);
    if (listener) listener(event, parts[6]);
    else this.hooks.trap('dropped event', { state: event.state, id, reason: event.reason });
  }
}
