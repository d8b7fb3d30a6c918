// chat.js - messages of the room: a list, and a box to write one.

const KEPT = 200; // messages; older ones are dropped

export class Chat {
  #list;
  #form;

  // send(text): a promise; what it refuses stays in the box
  constructor(list, form, send) {
    this.#list = list;
    this.#form = form;
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#send(send);
    });
  }

  clear() { this.#list.replaceChildren(); }

  // isOwn: the server does not echo what we said ourselves
  add({ origin, payload, direct }, isOwn = false) {
    const item = document.createElement('li');
    const who = document.createElement('strong');
    const text = document.createElement('span');
    item.dataset.own = String(isOwn);
    who.textContent = isOwn ? 'You' : origin || 'Someone';
    if (direct) who.textContent += ' (only to you)';
    text.textContent = payload;
    item.append(who, ' ', text);
    const atEnd = this.#list.scrollTop + this.#list.clientHeight
      >= this.#list.scrollHeight - 40;
    this.#list.append(item);
    while (this.#list.children.length > KEPT) this.#list.firstElementChild.remove();
    if (atEnd || isOwn) this.#list.scrollTop = this.#list.scrollHeight;
  }

  async #send(send) {
    const box = this.#form.elements.text;
    const payload = box.value.trim();
    if (!payload) return;
    box.value = '';
    try {
      await send(payload);
      this.add({ payload }, true);
    } catch {
      box.value ||= payload;
    }
  }
}
