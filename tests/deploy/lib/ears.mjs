// ears.mjs - what the page and the telephone of the test hear of each other while
// something happens to the servers, and for how long they heard nothing.

import { VOICES } from '../../e2e/lib/audio.mjs';
import { pause, until } from '../../e2e/lib/wait.mjs';

const LOUD_ENOUGH = 0.03;

export class Ears {
  constructor(person, phone) { Object.assign(this, { person, phone }); }

  async phoneHears() {
    const heard = await this.phone.heard();
    return heard.seconds > 1 && heard.slice(heard.seconds - 0.4).level(VOICES[this.person.voice]) > LOUD_ENOUGH;
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
    await until('the telephone hears the page', () => this.phoneHears(), timeoutMs);
    await until('the page hears the telephone', () => this.pageHears(), timeoutMs, 10);
  }

  async begin() {
    this.from = (await this.phone.heard()).seconds;
    this.at = Date.now();
    await this.person.startRecording();
  }

  // Longest silences since begin(), in ms, of each; to be asked once both hear again.
  async gaps() {
    const { heard } = await this.person.stopRecording();
    const here = await this.phone.heard();
    const tail = heard.slice(Math.max(0, heard.seconds - 0.4)).level(VOICES[this.phone.voice]);
    return {
      phone: here.seconds > this.from ? here.slice(this.from).longestGapMs(VOICES[this.person.voice]) : NaN,
      // A page that joined anew has another sound than the one that was recorded.
      page: tail > LOUD_ENOUGH ? heard.longestGapMs(VOICES[this.phone.voice]) : NaN,
    };
  }
}
