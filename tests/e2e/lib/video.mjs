// video.mjs - an app with video sessions, in a browser page: its own few
// requests, as a mobile app makes them, no code of Parley's pages. It sends its
// offer before it sets it, never acknowledges, never releases its token, hears
// of nothing but the end from the event stream.

import { until } from './wait.mjs';

/* eslint-env browser */
function installApp() {
  const app = {
    log: [], // every answer of the video API: method, path, status, text
    bearer: '', session: null, pc: null, remote: null, call: '', token: '', id: '',
    inCall: false, isOver: false, role: '', waits: undefined,

    async video(method, path, body, form = false) {
      const headers = { Authorization: `Bearer ${app.bearer}` };
      let text;
      if (body) {
        headers['Content-Type'] = form ? 'application/x-www-form-urlencoded' : 'application/json';
        text = form ? new URLSearchParams(body).toString() : JSON.stringify(body);
      }
      const answer = await fetch(`${app.base}/v2${path}`, { method, headers, body: text });
      const one = { method, path, status: answer.status, text: await answer.text() };
      one.json = one.text ? JSON.parse(one.text) : undefined;
      app.log.push(one);
      return one;
    },

    async discover() {
      const answer = await fetch('/device/.well-known/openid-configuration');
      app.base = (await answer.json()).video_call_endpoint.replace(/^https:\/\/[^/]+/, '');
    },

    async open(wish, form) {
      const made = await app.video('POST', '/sessions', wish, form);
      app.session = made.json;
      return made;
    },

    at(path) {
      return `/api/client/v2/conferences/${app.session.room_alias}/${path}`;
    },

    async ask(path, body, more = {}) {
      const answer = await fetch(app.at(path), {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...(app.token && { token: app.token }), ...more },
        body: JSON.stringify(body),
      });
      const { result } = await answer.json();
      if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${JSON.stringify(result)}`);
      return result;
    },

    async join() {
      const seat = await app.ask('request_token', { display_name: app.session.room_name },
        { pin: app.session.guest_pin });
      app.token = seat.token;
      app.id = seat.participant_uuid;
      app.role = seat.role;
      app.waits = seat.current_service_type === 'waiting_room';
      app.refreshing = setInterval(() => app.refresh(), 30000);
      await app.media();
      app.events = new EventSource(`${app.at('events')}?token=${app.token}`);
      app.events.addEventListener('disconnect', () => { app.isOver = true; app.close(); });
    },

    async refresh() { // any failure is the end
      try {
        app.token = (await app.ask('refresh_token', {})).token;
      } catch {
        app.isOver = true;
        app.close();
      }
    },

    async media() {
      const pc = new RTCPeerConnection();
      app.pc = pc;
      const early = [];
      const stream = await navigator.mediaDevices.getUserMedia({ audio: {
        echoCancellation: false, noiseSuppression: false, autoGainControl: false } });
      const picture = document.createElement('canvas');
      picture.getContext('2d').fillRect(0, 0, 10, 10);
      pc.addTrack(stream.getAudioTracks()[0], stream);
      pc.addTrack(picture.captureStream(5).getVideoTracks()[0], stream);
      pc.ontrack = ({ streams }) => { // the first stream of the track, or none
        app.remote ??= streams[0];
        app.inCall = true;
        const audio = document.createElement('audio');
        audio.autoplay = true;
        audio.srcObject = app.remote;
        document.body.append(audio);
      };
      const tell = ({ candidate, sdpMid }) => app.ask(
        `participants/${app.id}/calls/${app.call}/new_candidate`, { candidate, mid: sdpMid });
      pc.onicecandidate = ({ candidate }) => {
        if (!candidate?.candidate) return; // no end of candidates is told
        if (app.call) tell(candidate);
        else early.push(candidate);
      };
      const offer = await pc.createOffer();
      const made = await app.ask(`participants/${app.id}/calls`,
        { call_type: 'WEBRTC', sdp: offer.sdp });
      app.call = made.call_uuid;
      await pc.setLocalDescription(offer);
      await Promise.all(early.splice(0).map(tell));
      await pc.setRemoteDescription({ type: 'answer', sdp: made.sdp });
    },

    close() {
      clearInterval(app.refreshing);
      app.events?.close();
      app.pc?.close();
    },

    // Hangs up: the stream first, then the call; the token is left to end.
    async hangup() {
      app.events.close();
      await app.ask(`participants/${app.id}/calls/${app.call}/disconnect`, {});
      app.close();
    },

    // As other clients leave.
    async release() {
      await app.ask('release_token', { reason: 'User initiated disconnect' });
    },
  };
  window.app = app;
}

export class App {
  // person: a browser; bearer: what its requests are authorized by
  static async open(person, bearer) {
    const app = new App();
    app.person = person;
    app.page = person.page;
    await person.context.addInitScript(installApp);
    await person.page.goto(`${person.system.url}/`);
    await app.page.evaluate((text) => { window.app.bearer = text; }, bearer);
    await app.page.evaluate(() => window.app.discover());
    return app;
  }

  // A method of the app in the page.
  do(name, ...args) {
    return this.page.evaluate(([method, values]) => window.app[method](...values), [name, args]);
  }

  video(method, path, body) { return this.do('video', method, path, body); }

  is(member) { return this.page.evaluate((name) => window.app[name], member); }

  get session() { return this.is('session'); }

  async joined() {
    await this.do('join').catch((error) => {
      error.message += ` ${this.person.console.join(' | ')}`;
      throw error;
    });
    await until('the app has media', () => this.page.evaluate(() =>
      window.app.inCall && window.app.pc.connectionState === 'connected'));
    await this.page.evaluate(() => window.parleyRecorder.start(window.app.remote));
  }
}
