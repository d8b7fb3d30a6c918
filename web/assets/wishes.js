// wishes.js - what may be asked of the server twice: it is, while that is away,
// one wish at a time and in their order, until it was heard, refused, or
// something newer is wished of the same thing.

const PAUSES_MS = [300, 700, 1500, 3000]; // while the server restarts

export class Wishes {
  #isAway;
  #refused;
  #wait;
  #queue = []; // the first one is under way
  #isRunning = false;
  #stopWaiting = () => {};

  // isAway(error): whether the server may hear it later; refused(error, subject):
  // it was not fulfilled, and nobody wished otherwise since; wait(ms): a promise
  constructor({ isAway, refused, wait }) {
    this.#isAway = isAway;
    this.#refused = refused;
    this.#wait = wait;
  }

  // subject: of two wishes of the same one only the newer counts; say: asks the
  // server, throws what isAway() judges
  make(subject, say) {
    const isNews = this.#queue[0]?.subject === subject;
    this.#queue = this.#queue.filter((wish) => wish.subject !== subject);
    this.#queue.push({ subject, say });
    if (isNews) this.#stopWaiting();
    this.#run();
  }

  // The place they were made in is left.
  forget() {
    this.#queue = [];
    this.#stopWaiting();
  }

  async #run() {
    if (this.#isRunning) return;
    this.#isRunning = true;
    while (this.#queue.length > 0) {
      const [wish] = this.#queue;
      await this.#fulfil(wish);
      this.#queue = this.#queue.filter((other) => other !== wish);
    }
    this.#isRunning = false;
  }

  async #fulfil(wish) {
    const counts = () => this.#queue.includes(wish);
    for (let failures = 0; counts(); failures++) {
      try {
        await wish.say();
        return;
      } catch (error) {
        if (!counts()) return;
        if (!this.#isAway(error) || failures === PAUSES_MS.length) {
          this.#refused(error, wish.subject);
          return;
        }
      }
      await Promise.race([this.#wait(PAUSES_MS[failures]),
        new Promise((resolve) => { this.#stopWaiting = resolve; })]);
    }
  }
}
