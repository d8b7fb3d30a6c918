// rest.mjs - a program that speaks the conference API from within a page: its
// own fetch, event poll and peer connection; no code of Parley's pages.

/* eslint-env browser */
function installRest() {
  const api = {
    events: [], // everything polled, with the time
    polling: false,
    token: '',
    session: '', // path
    pc: null,
    remote: null,

    async call(method, path, { headers = {}, body } = {}) {
      const response = await fetch(path, {
        method,
        headers: {
          Authorization: `Bearer ${api.token}`,
          Accept: 'application/json',
          ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
          ...headers,
        },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      const text = await response.text();
      return {
        status: response.status,
        location: response.headers.get('Location'),
        state: response.headers.get('x-state'),
        modId: response.headers.get('x-modId'),
        expires: response.headers.get('x-expires'),
        text,
      };
    },

    async open(token, base, user) {
      api.token = token;
      if (user) {
        const bound = await api.call('PUT', `${base}/userIds/${user}`);
        if (bound.status >= 300) throw new Error(`bind: ${bound.status} ${bound.text}`);
      }
      const made = await api.call('POST', `${base}/sessions`, {
        body: { session: { mediaType: 'dtls-srtp', ice: 'true', services: ['ip_voice_call'] } },
      });
      if (made.status >= 300) throw new Error(`session: ${made.status} ${made.text}`);
      api.session = made.location;
      api.polling = true;
      api.poll();
      return made;
    },

    async poll() {
      while (api.polling) {
        try {
          const answer = await api.call('GET', `${api.session}/events`);
          if (answer.status === 200) {
            for (const { eventObject } of JSON.parse(answer.text).events?.eventList ?? []) {
              api.events.push({ at: Date.now(), ...eventObject });
            }
          } else if (answer.status >= 400) {
            await new Promise((resolve) => { setTimeout(resolve, 300); });
          }
        } catch {
          await new Promise((resolve) => { setTimeout(resolve, 300); });
        }
      }
    },

    async event(state, timeoutMs = 30000) {
      const end = Date.now() + timeoutMs;
      for (;;) {
        const found = api.events.find((event) => event.state === state && !event.seen);
        if (found) {
          found.seen = true;
          return found;
        }
        if (Date.now() > end) {
          throw new Error(`no event ${state}; had ${JSON.stringify(
            api.events.map(({ sdp, ...rest }) => rest))}`);
        }
        await new Promise((resolve) => { setTimeout(resolve, 20); });
      }
    },

    async peer() {
      api.pc = new RTCPeerConnection();
      api.pc.ontrack = (event) => {
        api.remote = event.streams[0] ?? new MediaStream([event.track]);
        const audio = document.createElement('audio');
        audio.autoplay = true;
        audio.srcObject = api.remote;
        document.body.append(audio);
      };
      const stream = await navigator.mediaDevices.getUserMedia({ audio: {
        echoCancellation: false, noiseSuppression: false, autoGainControl: false } });
      api.pc.addTrack(stream.getAudioTracks()[0], stream);
    },

    // No trickle in this interface: the description names its candidates.
    async described() {
      if (api.pc.iceGatheringState !== 'complete') {
        await new Promise((resolve) => {
          api.pc.onicegatheringstatechange = () => {
            if (api.pc.iceGatheringState === 'complete') resolve();
          };
        });
      }
      return api.pc.localDescription.sdp;
    },

    async connected(timeoutMs = 30000) {
      const end = Date.now() + timeoutMs;
      while (api.pc.connectionState !== 'connected') {
        if (Date.now() > end) throw new Error(`media is ${api.pc.connectionState}`);
        await new Promise((resolve) => { setTimeout(resolve, 20); });
      }
    },

    async host() {
      await api.peer();
      await api.pc.setLocalDescription();
      const made = await api.call('POST', `${api.session}/conferences`,
        { body: { conference: { sdp: await api.described() } } });
      if (made.status >= 300) throw new Error(`conference: ${made.status} ${made.text}`);
      const open = await api.event('session-open');
      await api.pc.setRemoteDescription({ type: 'answer', sdp: open.sdp });
      await api.connected();
      return made;
    },

    // Takes an offer, with the peer connection that there is or a new one.
    async reanswer(sdp) {
      await api.pc.setRemoteDescription({ type: 'offer', sdp });
      await api.pc.setLocalDescription();
    },

    async renew(sdp) {
      await api.peer();
      await api.reanswer(sdp);
    },

    async answer() {
      const invited = await api.event('invitation-received');
      await api.renew(invited.sdp);
      const answered = await api.call('PUT', invited.resourceURL, {
        headers: { 'x-conference-action': 'call-answer' },
        body: { conferenceModifications: { sdp: await api.described() } },
      });
      await api.connected();
      return { invited, answered };
    },
  };
  window.rest = api;
}

export async function openProgram(person) {
  await person.context.addInitScript(installRest);
  await person.page.goto(`${person.system.url}/`);
}

// The recorder of browser.mjs on the program's own remote stream.
export function recordProgram(person) {
  return person.page.evaluate(() => window.parleyRecorder.start(window.rest.remote));
}
