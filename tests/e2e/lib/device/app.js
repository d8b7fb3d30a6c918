// app.js - a device application in a page: it speaks the device APIs, reads its
// events from the relay, and has a microphone and a loudspeaker.

/* eslint-env browser */
const API = {
  registration: '/webrtc-registration/v0.4',
  calls: '/webrtc-call-handling/v0.4',
  events: '/webrtc-events-subscriptions/v0.3',
  relay: '/notification-relay/v1',
};
const FINAL = ['Terminated', 'SessionCancelled', 'Declined', 'Failed', 'NoAnswer', 'NotReachable', 'Busy'];
const TYPE = 'org.camaraproject.webrtc-events-subscriptions.v0.';

const app = {
  events: [], // as they came: { at, type, data }
  calls: {}, // by mediaSessionId: { pc, offer, statuses }

  setUp(base, token, deviceId) { Object.assign(this, { base, token, deviceId }); },

  // Answers { status, headers, json }; anything but 2xx is no error here.
  async ask(method, path, { body, headers = {}, retry = false } = {}) {
    for (;;) {
      const response = await fetch(this.base + path, {
        method,
        headers: { Authorization: `Bearer ${this.token}`, ...headers,
          ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
        body: body === undefined ? undefined : JSON.stringify(body),
      }).catch((error) => ({ status: 0, error: String(error) }));
      if (retry && (response.status === 0 || response.status >= 502)) {
        await new Promise((done) => { setTimeout(done, 100); });
        continue;
      }
      const text = response.status ? await response.text() : '';
      let json;
      try { json = JSON.parse(text); } catch { json = undefined; }
      return { status: response.status, json, text: text || response.error };
    }
  },

  async must(wanted, ...request) {
    const answer = await this.ask(...request);
    if (![wanted].flat().includes(answer.status)) {
      throw new Error(`${request[0]} ${request[1]}: ${answer.status} ${answer.text}`);
    }
    return answer.json;
  },

  // ---- events ----

  async openChannel() {
    this.channel = await this.must(201, 'POST', `${API.relay}/channels`,
      { body: { deviceId: this.deviceId, channelType: 'WebSockets' } });
    await this.listen();
    return this.channel.callbackURL;
  },

  listen() {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(this.channel.channelData.channelURL,
        ['cloudevents.json', `bearer.${this.channel.channelData.channelToken}`]);
      this.socket = socket;
      socket.onopen = resolve;
      socket.onerror = () => reject(new Error('no WebSocket'));
      socket.onmessage = ({ data }) => this.heard(JSON.parse(data));
      socket.onclose = () => {
        if (this.socket === socket && !this.isOver) setTimeout(() => this.listen().catch(() => {}), 200);
      };
    });
  },

  heard(event) {
    if (this.events.some(({ id }) => id === event.id)) return; // read again after a break
    this.events.push({ at: Date.now(), ...event });
    const call = this.calls[event.data?.mediaSessionId];
    if (event.type.endsWith('session-status') && call) this.changed(call, event.data);
  },

  changed(call, { mediaSessionId, status, offer, answer }) {
    call.statuses.push(status);
    if (call.isAnswered && offer && !answer) this.takeOffer(mediaSessionId, call, offer);
    if (FINAL.includes(status)) call.pc.close();
    if (answer && !call.isAnswered) {
      call.isAnswered = true;
      call.pc.setRemoteDescription({ type: 'answer', sdp: answer.sdp })
        .catch((error) => { call.error = String(error); });
    }
  },

  // New media: our side of the call went elsewhere.
  async takeOffer(id, call, { sdp }) {
    try {
      await call.pc.setRemoteDescription({ type: 'offer', sdp });
      await call.pc.setLocalDescription(await call.pc.createAnswer());
      await this.status(id, 'Connected', { answer: { sdp: await this.gathered(call.pc) } });
    } catch (error) {
      call.error = String(error);
    }
  },

  subscribe(names) {
    return this.must(201, 'POST', `${API.events}/subscriptions`, { body: {
      protocol: 'HTTP', sink: this.channel.callbackURL, types: names.map((name) => TYPE + name),
      sinkCredential: { credentialType: 'ACCESSTOKEN', accessToken: this.channel.notificationAuthToken,
        accessTokenExpiresUtc: this.channel.expiresAt, accessTokenType: 'bearer' },
      config: { subscriptionDetail: { deviceId: this.deviceId } },
    } });
  },

  unsubscribe(id) { return this.must(204, 'DELETE', `${API.events}/subscriptions/${id}`); },

  // ---- registration ----

  async register(more = {}) {
    this.registration = await this.must(201, 'POST', `${API.registration}/sessions`,
      { body: { deviceId: this.deviceId, ...more } });
    return this.registration;
  },

  refresh() {
    return this.must(200, 'PUT', `${API.registration}/sessions/${this.registration.registrationId}`, { body: {} });
  },

  unregister() {
    return this.must(204, 'DELETE', `${API.registration}/sessions/${this.registration.registrationId}`);
  },

  // ---- calls ----

  async connection(id) {
    const pc = new RTCPeerConnection();
    const mic = await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } });
    for (const track of mic.getTracks()) pc.addTrack(track, mic);
    const call = { pc, statuses: [], remote: new MediaStream() };
    pc.ontrack = ({ track }) => {
      call.remote.addTrack(track);
      const player = document.querySelector('#remote');
      player.srcObject = call.remote;
      player.play().catch(() => {});
    };
    if (id) this.calls[id] = call;
    return call;
  },

  async gathered(pc) {
    while (pc.iceGatheringState !== 'complete') {
      await new Promise((done) => { pc.addEventListener('icegatheringstatechange', done, { once: true }); });
    }
    return pc.localDescription.sdp;
  },

  async call(from, to, more = {}) {
    const call = await this.connection();
    await call.pc.setLocalDescription(await call.pc.createOffer());
    const sdp = await this.gathered(call.pc);
    const made = await this.must(201, 'POST', `${API.calls}/sessions`, {
      headers: { registrationId: this.registration.registrationId },
      body: { originatorAddress: from, receiverAddress: to, offer: { sdp }, ...more },
    });
    this.calls[made.mediaSessionId] = call;
    for (const { type, data } of this.events) { // those that were faster than the answer
      if (type.endsWith('session-status') && data.mediaSessionId === made.mediaSessionId) {
        this.changed(call, data);
      }
    }
    return made.mediaSessionId;
  },

  status(id, status, more = {}) {
    return this.must(200, 'PUT', `${API.calls}/sessions/${id}/status`, { body: { status, ...more } });
  },

  get(id) { return this.must(200, 'GET', `${API.calls}/sessions/${id}`); },

  // Take what an invitation is for: answer the offer, so that the media stands.
  async progress(id) {
    const { offer } = await this.get(id);
    const call = await this.connection(id);
    await call.pc.setRemoteDescription({ type: 'offer', sdp: offer.sdp });
    await call.pc.setLocalDescription(await call.pc.createAnswer());
    call.isAnswered = true;
    await this.status(id, 'InProgress', { answer: { sdp: await this.gathered(call.pc) } });
  },

  hangUp(id) { return this.must(204, 'DELETE', `${API.calls}/sessions/${id}`); },

};
window.app = app;
