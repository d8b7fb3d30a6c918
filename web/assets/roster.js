// roster.js - draws the participants; keeps one element a participant, so that
// focus and screen readers are not thrown about by updates.

const HOLD_MS = 600; // shows a talker through the pauses between words

function initialsOf(name) {
  const words = name.replace(/^(sips?|tel):/, '').split(/[\s.@_-]+/).filter(Boolean);
  return words.slice(0, 2).map((word) => [...word][0].toUpperCase()).join('') || '?';
}

function hueOf(text) {
  let hash = 7;
  for (const char of text) hash = (hash * 31 + char.codePointAt(0)) % 360;
  return hash;
}

// In the waiting room: seated, but neither heard nor hearing the others.
export const isWaiting = (person) => person?.service_type === 'waiting_room';

export class Roster {
  #list;
  #template;
  #items = new Map();
  #talkUntil = new Map();

  // acts: { mute(uuid, muted), remove(uuid), admit(uuid),
  //         promote(uuid, toHost) } for hosts
  constructor(list, template, acts) {
    this.#list = list;
    this.#template = template;
    this.acts = acts;
    setInterval(() => this.#quieten(), 200);
  }

  clear() {
    this.#items.clear();
    this.#talkUntil.clear();
    this.#list.replaceChildren();
  }

  // people: Map uuid -> participant of the client API. True when the focus was
  // on somebody who went and has no place here any more.
  draw(people, self, isHost) {
    let isFocusLost = false;
    for (const [uuid, item] of this.#items) {
      if (!people.has(uuid)) {
        isFocusLost ||= item.contains(document.activeElement);
        item.remove();
        this.#items.delete(uuid);
      }
    }
    // Where all are hosts, as in rooms without PIN, the word says nothing.
    this.#list.dataset.hosts = String([...people.values()].some(
      (person) => person.role !== 'chair'));
    for (const person of people.values()) {
      this.#drawOne(person, person.uuid === self, isHost);
    }
    this.#list.dataset.count = String(people.size);
    const next = isFocusLost && this.#list.querySelector('button:not([hidden])');
    if (next) next.focus();
    return isFocusLost && !next;
  }

  // talking: Map uuid -> vad 0..100; the list is complete
  stage(talking) {
    const now = performance.now();
    for (const [uuid, vad] of talking) {
      if (vad > 0) this.#talkUntil.set(uuid, Infinity);
      else this.#hush(uuid, now);
    }
    for (const uuid of this.#talkUntil.keys()) {
      if (!talking.has(uuid)) this.#hush(uuid, now);
    }
    for (const [uuid, item] of this.#items) this.#showTalk(uuid, item);
  }

  #hush(uuid, now) {
    if (this.#talkUntil.get(uuid) === Infinity) {
      this.#talkUntil.set(uuid, now + HOLD_MS);
    }
  }

  #quieten() {
    const now = performance.now();
    for (const [uuid, until] of this.#talkUntil) {
      if (until > now) continue;
      this.#talkUntil.delete(uuid);
      const item = this.#items.get(uuid);
      if (item) this.#showTalk(uuid, item);
    }
  }

  #make(uuid) {
    const item = this.#template.content.firstElementChild.cloneNode(true);
    item.dataset.uuid = uuid;
    item.querySelector('.act-mute').addEventListener('click', () => {
      this.acts.mute(uuid, item.dataset.muted !== 'true');
    });
    item.querySelector('.act-remove').addEventListener('click', () => {
      this.acts.remove(uuid);
    });
    item.querySelector('.act-admit').addEventListener('click', () => {
      this.acts.admit(uuid);
    });
    item.querySelector('.act-role').addEventListener('click', () => {
      this.acts.promote(uuid, item.dataset.role !== 'chair');
    });
    this.#items.set(uuid, item);
    this.#list.append(item);
    return item;
  }

  #drawOne(person, isSelf, isHost) {
    const item = this.#items.get(person.uuid) ?? this.#make(person.uuid);
    const name = person.display_name || person.uri || 'Someone';
    const muted = person.is_muted === 'YES';
    const data = item.dataset;
    data.name = name;
    data.self = String(isSelf);
    data.role = person.role ?? '';
    data.kind = person.protocol === 'sip' ? 'phone' : 'browser';
    data.muted = String(muted);
    data.clientMuted = String(Boolean(person.is_client_muted));
    data.media = String(Boolean(person.has_media));
    data.waiting = String(isWaiting(person));
    data.calling = String(person.service_type === 'connecting' && person.call_direction === 'out');
    data.connecting = String(person.service_type === 'connecting');
    item.querySelector('.name').textContent = isSelf ? `${name} (you)` : name;
    item.querySelector('.initials').textContent = initialsOf(name);
    item.querySelector('.avatar').style.setProperty('--hue', hueOf(person.uuid));
    this.#drawActs(item, name, muted, isHost && !isSelf);
    this.#showTalk(person.uuid, item);
  }

  #drawActs(item, name, muted, shown) {
    const [mute, remove, admit, role] = ['mute', 'remove', 'admit', 'role'].map(
      (act) => item.querySelector(`.act-${act}`));
    const waits = item.dataset.waiting === 'true';
    const isChair = item.dataset.role === 'chair';
    remove.hidden = !shown;
    mute.hidden = role.hidden = !shown || waits;
    admit.hidden = !shown || !waits;
    admit.setAttribute('aria-label', `Admit ${name}`);
    role.setAttribute('aria-label', `Make ${name} a ${isChair ? 'guest' : 'host'}`);
    role.setAttribute('aria-pressed', String(isChair));
    role.title = isChair ? 'Make a guest' : 'Make a host';
    mute.setAttribute('aria-label', `${muted ? 'Unmute' : 'Mute'} ${name}`);
    mute.title = muted ? 'Unmute' : 'Mute';
    mute.querySelector('use').setAttribute('href', muted ? '#i-mic-off' : '#i-mic');
    remove.setAttribute('aria-label', `Remove ${name}`);
    remove.title = 'Remove from the room';
  }

  #showTalk(uuid, item) {
    const data = item.dataset;
    const talking = this.#talkUntil.has(uuid) && data.muted !== 'true';
    data.speaking = String(talking);
    let text = data.kind === 'phone' ? 'Telephone' : 'Browser';
    if (data.waiting === 'true') text = 'Waiting to be let in';
    else if (data.calling === 'true') text = 'Being called';
    else if (data.connecting === 'true') text = 'Waiting';
    else if (data.media !== 'true') text = 'Connecting';
    else if (data.muted === 'true') text = 'Muted by the host';
    else if (data.clientMuted === 'true') text = 'Muted';
    else if (talking) text = 'Speaking';
    if (data.role === 'chair' && this.#list.dataset.hosts === 'true') text += ', host';
    item.querySelector('.state').textContent = text;
  }
}
