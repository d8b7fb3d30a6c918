// member.mjs - somebody who joins by the published client library for this
// API, @pexip/infinity, as it comes from npm: only bundled, never changed.

import { build } from 'esbuild';
import { join } from 'node:path';
import { latestHeard } from './browser.mjs';
import { ROOT } from './system.mjs';
import { PATIENCE_MS, until } from './wait.mjs';

let bundled;

function libraryText() {
  bundled ??= build({
    stdin: {
      contents: "export * from '@pexip/infinity';",
      resolveDir: join(ROOT, 'tests/e2e'),
    },
    bundle: true, write: false, format: 'iife', globalName: 'infinity', logLevel: 'error',
  }).then(({ outputFiles }) => outputFiles[0].text);
  return bundled;
}

// In the page: the application around the library. It keeps every signal.
/* eslint-env browser */
function installApplication() {
  const { infinity } = window;
  const told = []; // { name, data } in order
  const plain = (data) => {
    if (data instanceof MediaStream || data === undefined) return null;
    return JSON.parse(JSON.stringify(data));
  };
  const listen = (signals) => {
    for (const [name, signal] of Object.entries(signals)) {
      signal.add((data) => { told.push({ name, data: plain(data) }); });
    }
  };
  const signals = infinity.createInfinityClientSignals([
    'onAuthenticatedWithConference', 'onTokenRefreshed', 'onMyselfMuted', 'onMessage',
    'onApplicationMessage', 'onStage', 'onConferenceStatus', 'onTransfer', 'onServiceType',
    'onMe', 'onRaiseHand', 'onParticipants', 'onParticipantJoined', 'onParticipantUpdated',
    'onParticipantLeft', 'onError', 'onPinRequired', 'onFailedRequest', 'onRequestedLayout',
    'onCallDisconnected', 'onIceCandidate',
  ], {});
  const callSignals = infinity.createCallSignals([]);
  callSignals.onRemoteStream.add((stream) => {
    const audio = document.createElement('audio');
    audio.srcObject = stream;
    document.body.append(audio);
    audio.play();
    app.remote = stream;
  });
  listen(signals);
  listen(callSignals);
  const app = {
    told,
    remote: null,
    client: infinity.createInfinityClient(signals, callSignals),
    async join(options, { media = true } = {}) {
      app.stream ??= media ? await navigator.mediaDevices.getUserMedia({ audio: {
        echoCancellation: false, noiseSuppression: false, autoGainControl: false } }) : undefined;
      const answer = await app.client.call({
        bandwidth: 1264, mediaStream: app.stream,
        callType: media ? infinity.ClientCallType.AudioVideoPresentation
          : infinity.ClientCallType.None,
        ...options,
      });
      return answer && { status: answer.status, result: answer.data.result };
    },
    // One method of the library. Gives the status and result, or what it threw.
    async ask(method, options) {
      try {
        const answer = await app.client[method](options);
        return answer?.status ? { status: answer.status, result: answer.data?.result } : answer;
      } catch (error) {
        return { thrown: String(error.message ?? error) };
      }
    },
  };
  // As applications do when their page goes away.
  addEventListener('pagehide', () => app.client.disconnect({ reason: 'Browser closed' }));
  window.app = app;
}

export class Member {
  // person: a browser with a microphone; a page of its own for each member
  static async open(person, name) {
    const member = new Member();
    Object.assign(member, { person, name });
    member.page = await person.context.newPage();
    member.console = [];
    member.page.on('pageerror', (e) => member.console.push(e.message));
    member.refusals = []; // status and path
    member.page.on('response', (response) => {
      if (response.status() >= 400) {
        member.refusals.push(`${response.status()} ${new URL(response.url()).pathname}`);
      }
    });
    await member.page.goto(`${person.system.url}/`);
    await member.page.addScriptTag({ content: await libraryText() });
    await member.page.evaluate(installApplication);
    return member;
  }

  // Asks for a seat and gives the answer; `options` are the library's.
  request(alias, options = {}, how = {}) {
    return this.page.evaluate(
      ([all, ways]) => window.app.join(all, ways),
      [{ conferenceAlias: alias, displayName: this.name, ...options }, how]);
  }

  // Takes a seat; gives what the token's answer says of it.
  async join(alias, options = {}, how = {}) {
    const answer = await this.request(alias, options, how);
    if (answer?.status !== 200) throw new Error(`${this.name} is refused: ${JSON.stringify(answer)}`);
    this.uuid = answer.result.participant_uuid;
    return answer.result;
  }

  ask(method, options = {}) {
    return this.page.evaluate(([name, all]) => window.app.ask(name, all), [method, options]);
  }

  // Like ask(), but it has to be done.
  async must(method, options = {}) {
    const answer = await this.ask(method, options);
    if (answer?.status !== 200) {
      throw new Error(`${this.name} cannot ${method}: ${JSON.stringify(answer)}`);
    }
    return answer.result;
  }

  // All signals of that name so far: their data. `from`: not the first of them.
  async told(name, from = 0) {
    const all = await this.page.evaluate((wanted) => window.app.told
      .filter((one) => one.name === wanted).map((one) => one.data), name);
    return all.slice(from).flat();
  }

  // Waits for a signal whose data pleases `check`; gives the data.
  signal(name, check = () => true) {
    return until(`${this.name} is told ${name}`, async () => {
      const found = (await this.told(name)).find(check);
      return found === undefined ? undefined : { data: found };
    }, PATIENCE_MS, 30).then(({ data }) => data, async (error) => {
      const had = await this.told(name).catch(() => []);
      error.message += `; had ${JSON.stringify(had.slice(-3))} ${this.console.join(' | ')}`;
      throw error;
    });
  }

  // Everybody in the library's roster.
  roster() {
    return this.page.evaluate(() => JSON.parse(JSON.stringify(
      window.app.client.getParticipants('main'))));
  }

  // Waits until the roster entry of `uuid` pleases `check`.
  sees(uuid, what, check) {
    return until(`${this.name} sees ${what}`, async () => {
      const one = (await this.roster()).find((other) => other.uuid === uuid);
      return check(one);
    }, PATIENCE_MS, 30).catch(async (error) => {
      error.message += `; sees ${JSON.stringify((await this.roster()).map(
        ({ rawData, ...rest }) => rest))}`;
      throw error;
    });
  }

  status() {
    return this.page.evaluate(() => window.app.client.conferenceStatus.get('main'));
  }

  serviceType() {
    return this.page.evaluate(() => window.app.client.serviceType);
  }

  // What is heard from now on; heard() reads it.
  async listen() {
    await until(`${this.name} gets sound`, () => this.page.evaluate(() => window.app.remote));
    await this.page.evaluate(() => window.parleyRecorder.start(window.app.remote));
  }

  // The last seconds.
  heard(seconds) { return latestHeard(this.page, seconds); }

  close() { return this.page.close({ runBeforeUnload: false }); }
}
