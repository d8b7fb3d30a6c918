// room.js - the room as the server tells it: who is inside, who waits to be
// let in, whether it is locked or recorded, and what all that means for the
// visitor.
//
// State shows in data attributes of <body>, true or false: isHost, isWaiting,
// isMutedByHost, isLocked, areGuestsMuted, isRecorded.

import { HostPanel } from './host.js';
import { isWaiting, Roster } from './roster.js';
import { wordsForWaiting } from './words.js';

const KEYS = ['isHost', 'isWaiting', 'isMutedByHost', 'isLocked', 'areGuestsMuted', 'isRecorded'];

export class RoomView {
  #page;
  #state;
  #announce;
  #roster;
  #queue;
  #host;

  // acts: those of Roster and HostPanel; announce(text) for screen readers
  constructor(page, acts, announce) {
    const find = (selector) => page.querySelector(selector);
    this.#page = page;
    this.#state = page.body.dataset;
    this.#announce = announce;
    this.#roster = new Roster(find('#roster'), find('#person'), acts);
    this.#queue = new Roster(find('#waiting'), find('#person'), acts);
    this.#host = new HostPanel(find('#host'), find('#end-dialog'), acts);
  }

  stage(talking) { this.#roster.stage(talking); }

  // client: a RoomClient
  draw(client) {
    const { me, room } = client;
    const inside = new Map();
    const outside = new Map();
    for (const [uuid, person] of client.roster) {
      (isWaiting(person) ? outside : inside).set(uuid, person);
    }
    const waits = isWaiting(me);
    const isHost = client.role === 'HOST' && !waits;
    const lost = [this.#roster.draw(inside, client.self, isHost),
      this.#queue.draw(outside, client.self, isHost)];
    this.#find('#waiting-count').textContent = `Waiting to be let in: ${outside.size}`;
    this.#find('#waiting-box').hidden = !isHost || !outside.size;
    this.#host.show(isHost);
    this.#host.draw(room);
    if (lost.includes(true)) this.#host.focus();
    this.#drawWaiting(waits, room);
    this.#find('#locked').hidden = !room.locked;
    this.#find('#recording').hidden = !room.recording;
    this.#find('#guests-muted').hidden = !room.guests_muted;
    this.#tellChanges([
      ['isWaiting', waits, '', 'You are in the room now'],
      ['isHost', isHost, 'You are a host now', waits ? '' : 'You are a guest now'],
      ['isMutedByHost', me?.is_muted === 'YES', 'The host muted you', 'The host unmuted you'],
      ['isLocked', Boolean(room.locked), 'The room is locked', 'The room is open'],
      ['areGuestsMuted', Boolean(room.guests_muted), 'All guests are muted',
        'Guests are no longer muted'],
      ['isRecorded', Boolean(room.recording), 'This meeting is being recorded',
        'This meeting is no longer recorded'],
    ]);
  }

  // Nothing of a room that was left is shown in the next, or told as news there.
  clear() {
    this.#roster.clear();
    this.#queue.clear();
    this.#host.show(false);
    this.#drawWaiting(false, {});
    for (const key of KEYS) delete this.#state[key];
  }

  #find(selector) { return this.#page.querySelector(selector); }

  #drawWaiting(waits, room) {
    const [reason, text] = wordsForWaiting(room);
    const title = this.#find('#waiting-title');
    this.#find('#floor').hidden = waits;
    this.#find('#waiting-screen').hidden = !waits;
    this.#find('#waiting-screen').dataset.reason = reason;
    if (waits && (title.textContent !== text || this.#state.isWaiting !== 'true')) {
      title.textContent = text;
      this.#announce(text);
    }
  }

  // changes: [key of the state, value, what to say when it becomes true, false]
  #tellChanges(changes) {
    const news = [];
    for (const [key, value, on, off] of changes) {
      if (this.#state[key] === String(!value)) news.push(value ? on : off);
      this.#state[key] = String(value);
    }
    const text = news.filter(Boolean).join('. ');
    if (text) this.#announce(text);
  }
}
