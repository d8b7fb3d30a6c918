// acts.mjs - what several stories do: people call, meet, hold.

import { hears, misses } from '../ears.mjs';

const nounOf = (event) => event.split(':')[0];

// b answers what rings; both are connected and have sound.
export async function answer(b, { rings = 'call:incoming' } = {}) {
  const { id } = await b.event(rings);
  await b.call(id, 'answer');
  await b.event(`${nounOf(rings)}:connected`, { id });
  await b.connected(id);
  return id;
}

// a calls b. Returns a's and b's ids of the call.
export async function talk(a, b, to = b.address) {
  const id = await a.dial(to);
  const theirs = await answer(b);
  await a.event('call:connected', { id });
  await a.connected(id);
  await Promise.all([hears(a, b.voice), hears(b, a.voice)]);
  return [id, theirs];
}

// A conference of this host, in which nobody else is yet.
export async function host(tab) {
  const id = await tab.phone('startConference');
  await tab.event('conference:connected', { id });
  await tab.connected(id);
  return id;
}

// The host invites, the guest joins.
export async function meet(tab, id, guest) {
  await tab.call(id, 'invite', guest.address);
  await tab.event('conference:invitation-sent');
  await answer(guest, { rings: 'conference:invitation-received' });
  await tab.event('conference:invitation-accepted');
}

// The host dials a telephone into the conference.
export async function ringPhone(tab, id, phone) {
  await tab.call(id, 'invite', phone.number);
  await phone.established();
  await tab.event('conference:invitation-accepted');
}

export async function hold(tab, id, noun = 'call') {
  await tab.call(id, 'hold');
  await tab.event(`${noun}:held`);
}

export async function resume(tab, id, noun = 'call') {
  await tab.call(id, 'resume');
  await tab.event(`${noun}:resumed`);
}

// Everybody hears everybody else: [tab or telephone, ..].
export function allHear(...ears) {
  return Promise.all(ears.map((ear) => hears(ear,
    ...ears.filter((other) => other !== ear).map((other) => other.voice))));
}

// Nobody of these hears another.
export function nobodyHears(...ears) {
  return Promise.all(ears.map((ear) => misses(ear,
    ears.filter((other) => other !== ear).map((other) => other.voice))));
}
