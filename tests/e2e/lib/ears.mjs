// ears.mjs - what the page and the telephone of the test hear of each other while
// something happens to the servers, and for how long they heard nothing.

import { VOICES } from './audio.mjs';
import { unpack } from './browser.mjs';
import { pause, until } from './wait.mjs';

const LOUD_ENOUGH = 0.03;

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
    return heard.seconds > from + 0.4 && heard.slice(heard.seconds - 0.4).level(VOICES[this.person.voice]) > LOUD_ENOUGH;
  }

  async pageHears() {
    const { heard } = await this.#record(600);
    return heard.slice(heard.seconds - 0.4).level(VOICES[this.phone.voice]) > LOUD_ENOUGH;
  }

  async #record(ms) {
    await this.person.startRecording();
    await pause(ms);
    return this.person.stopRecording();
  }

  // Both hear each other, by what was decoded.
  async both(timeoutMs = 20000) {
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
  async again(timeoutMs = 20000) {
    await pause(1000); // what comes later than that ends what is heard now
    const { seconds } = await this.phone.heard();
    await until('the telephone hears the page', () => this.phoneHears(seconds), timeoutMs);
    await until('the page hears the telephone', async () => {
      const { ear, startMs } = await this.person.page.evaluate(() => window.parleyRecorder.latest(0.4));
      return unpack(ear, startMs).level(VOICES[this.phone.voice]) > LOUD_ENOUGH;
    }, timeoutMs);
  }

  // Longest silences since begin(), in ms, of each; to be asked once both hear again.
  async gaps() {
    const { heard } = await this.person.stopRecording();
    const [stallMs, here] = [await this.stall.stop(), await this.phone.heard()];
    const tail = heard.slice(Math.max(0, heard.seconds - 0.4)).level(VOICES[this.phone.voice]);
    return {
      phone: here.seconds > this.from ? Math.max(stallMs, here.slice(this.from).longestGapMs(VOICES[this.person.voice])) : NaN,
      // A page that joined anew has another sound; recorded if we follow.
      page: tail > LOUD_ENOUGH ? heard.longestGapMs(VOICES[this.phone.voice]) : NaN,
    };
  }
}
