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

export class Roster {
  #list;
  #template;
  #items = new Map();
  #talkUntil = new Map();

  // acts: { mute(uuid, muted), remove(uuid) } for hosts
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

  // people: Map uuid -> participant of the client API
  draw(people, self, isHost) {
    for (const [uuid, item] of this.#items) {
      if (!people.has(uuid)) {
        item.remove();
        this.#items.delete(uuid);
      }
    }
    for (const person of people.values()) {
      this.#drawOne(person, person.uuid === self, isHost);
    }
    this.#list.dataset.count = String(people.size);
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
    data.waiting = String(person.service_type === 'waiting_room' ||
      person.service_type === 'connecting');
    item.querySelector('.name').textContent = isSelf ? `${name} (you)` : name;
    item.querySelector('.initials').textContent = initialsOf(name);
    item.querySelector('.avatar').style.setProperty('--hue', hueOf(person.uuid));
    this.#drawActs(item, name, muted, isHost && !isSelf);
    this.#showTalk(person.uuid, item);
  }

  #drawActs(item, name, muted, shown) {
    const mute = item.querySelector('.act-mute');
    const remove = item.querySelector('.act-remove');
    mute.hidden = remove.hidden = !shown;
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
    if (data.waiting === 'true') text = 'Waiting';
    else if (data.media !== 'true') text = 'Connecting';
    else if (data.muted === 'true') text = 'Muted by the host';
    else if (data.clientMuted === 'true') text = 'Muted';
    else if (talking) text = 'Speaking';
    item.querySelector('.state').textContent = text;
  }
}
