// ears.mjs - what pages and telephones hear; of two of them, while something
// happens to the servers, for how long they heard nothing.

import { complaints, untilSteady, VOICES } from './audio.mjs';
import { PATIENCE_MS, pause, until } from './wait.mjs';

export const HEARD = 0.05; // amplitude of a voice that is there; the music has 0.02 of each at most
const SILENT = 0.006; // and of one that is not, nor music

const of = (ear) => `${ear.name ?? ear.voice}${ear.generation ? ` (${ear.generation})` : ''}`;

// The last `seconds` of an ear: whatever has heard(seconds) and a name or voice.
export async function latest(ear, seconds) {
  const heard = await ear.heard(seconds);
  return heard.slice(Math.max(0, heard.seconds - seconds));
}

// Waits until `ear` hears each of these voices.
export async function hears(ear, ...voices) {
  let levels = {};
  await until(`${of(ear)} hears ${voices.join(', ')}`, async () => {
    const heard = await latest(ear, 0.6);
    levels = Object.fromEntries(voices.map((voice) => [voice, heard.level(VOICES[voice])]));
    return heard.seconds > 0.5 && voices.every((voice) => levels[voice] > HEARD);
  }).catch((error) => {
    error.message += `; levels: ${JSON.stringify(levels)}`;
    throw error;
  });
}

// Hears others steadily, and not itself: anybody who has a voice and heard().
export async function hearsWell(ear, ...others) {
  await hears(ear, ...others);
  const bad = await untilSteady(async () => {
    await pause(2200); // the length of what is judged, and more when it came late
    const heard = await until('so much is recorded', async () => {
      const last = await latest(ear, 2.1);
      return last.seconds > 2 && last;
    });
    return complaints(heard, { others, own: [ear.voice], maxGapMs: 120 });
  });
  if (bad.length) throw new Error(`${ear.voice}: ${bad.join('; ')}`);
}

// Waits until none of these voices was heard for `seconds`: a jitter buffer plays on,
// and a shorter silence may be a machine that stood still.
export async function misses(ear, voices, seconds = 1.2) {
  await until(`${of(ear)} no longer hears ${voices.join(', ')}`, async () => {
    const heard = await latest(ear, seconds);
    return heard.seconds > seconds * 0.9 && voices.every((voice) => heard.level(VOICES[voice]) < SILENT);
  });
}

// Times in which a telephone plays nothing at all, which its recording leaves out.
class Stall {
  longestMs = 0;

  constructor(phone) {
    this.phone = phone;
    this.over = this.#watch();
  }

  async #watch() {
    let bytes = -1;
    for (let since = Date.now(); !this.isOver && !this.phone.socket.destroyed; await pause(10)) {
      const now = await this.phone.heardBytes().catch(() => bytes);
      if (now !== bytes) since = Date.now();
      bytes = now;
      this.longestMs = Math.max(this.longestMs, Date.now() - since);
    }
  }

  async stop() {
    this.isOver = true;
    await this.over;
    return this.longestMs;
  }
}

export class Ears {
  // follows: what a page hears after it joined anew is recorded, too
  constructor(person, phone, { follows = false } = {}) { Object.assign(this, { person, phone, follows }); }

  // from: by what it was sent after so many seconds
  async phoneHears(from = 0.6) {
    const heard = await this.phone.heard();
    return heard.seconds > from + 0.4 && heard.slice(heard.seconds - 0.4).level(VOICES[this.person.voice]) > HEARD;
  }

  async pageHears() {
    const { heard } = await this.#record(600);
    return heard.slice(heard.seconds - 0.4).level(VOICES[this.phone.voice]) > HEARD;
  }

  async #record(ms) {
    await this.person.startRecording();
    await pause(ms);
    return this.person.stopRecording();
  }

  // Both hear each other, by what was decoded.
  async both(timeoutMs = PATIENCE_MS) {
    const { seconds } = await this.phone.heard();
    await until('the telephone hears the page', () => this.phoneHears(seconds), timeoutMs);
    await until('the page hears the telephone', () => this.pageHears(), timeoutMs, 10);
  }

  async begin() {
    this.from = (await this.phone.heard()).seconds;
    this.stall = new Stall(this.phone);
    await this.person.startRecording({ follows: this.follows });
  }

  // After begin(): both hear each other again, in a second after what happened.
  async again(timeoutMs = PATIENCE_MS) {
    await pause(1000); // what comes later than that ends what is heard now
    const { seconds } = await this.phone.heard();
    await until('the telephone hears the page', () => this.phoneHears(seconds), timeoutMs);
    await until('the page hears the telephone', async () =>
      (await this.person.heard(0.4)).level(VOICES[this.phone.voice]) > HEARD, timeoutMs);
  }

  // Longest silences since begin(), in ms, of each; to be asked once both hear again.
  async gaps() {
    const { heard } = await this.person.stopRecording();
    const [stallMs, here] = [await this.stall.stop(), await this.phone.heard()];
    const tail = heard.slice(Math.max(0, heard.seconds - 1)).level(VOICES[this.phone.voice]);
    return {
      phone: here.seconds > this.from ? Math.max(stallMs, here.slice(this.from).longestGapMs(VOICES[this.person.voice])) : NaN,
      // A page that joined anew has another sound; recorded if we follow.
      page: tail > HEARD / 4 ? heard.longestGapMs(VOICES[this.phone.voice]) : NaN,
    };
  }
}
