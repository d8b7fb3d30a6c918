// legacy-shim.js - what a page needs before an application of 2014 to 2016,
// with a calling SDK of those years, runs in a browser of today. An ordinary
// script (no module), to be loaded before that SDK. It replaces the page's
// RTCPeerConnection, so do not load it where nothing old runs.
//
// Brought back, with the numbers found below:
//   1. names with a prefix: webkitRTCPeerConnection, webkitGetUserMedia
//   2. an ICE server's address under `url`, its scheme in any case
//   3. createOffer, createAnswer and set..Description with two callbacks; what
//      is to be received under `mandatory`; answers that take all offered
//   4. streams of a connection: addStream, removeStream, onaddstream; a stream
//      that takes the place of another keeps its m= lines
//   5. a candidate for RTCP beside each for RTP, in every m= section of a
//      bundle: old clients wait for both before they send a description
//   6. createDTMFSender
//   7. URL.createObjectURL of a stream, as source of a media element; play()
//      without a promise that somebody has to catch
(() => {
  'use strict';

  const Native = window.RTCPeerConnection;
  if (!Native || window.legacyShim) return;
  window.legacyShim = true;

  // 2
  function iceServer({ url, urls, ...rest }) {
    const list = [].concat(urls ?? url ?? []);
    return { ...rest, urls: list.map((each) => each.replace(/^[a-z]+:/i, (scheme) => scheme.toLowerCase())) };
  }

  function configuration({ iceServers = [], iceTransports, iceTransportPolicy, ...rest }) {
    const policy = iceTransportPolicy ?? (iceTransports === 'relay' ? 'relay' : 'all');
    return { ...rest, iceServers: iceServers.map(iceServer), iceTransportPolicy: policy };
  }

  // 5
  function withRtcp(sdp) {
    const [session, ...sections] = sdp.split(/^(?=m=)/m);
    const candidates = (section) => section.match(/^a=candidate:\S+ 1 udp .*\r?\n/gim) ?? [];
    const first = sections.map(candidates).find((list) => list.length) ?? [];
    return session + sections.map((section) => {
      if (/^m=\S+ 0 /.test(section)) return section;
      const own = candidates(section);
      const rtp = own.length ? own : first;
      const added = own.length ? [] : [...first];
      if (!/^a=candidate:\S+ 2 /m.test(section)) {
        added.push(...rtp.map((line) => line.replace(/^(a=candidate:\S+) 1 udp (\d+)/i,
          (all, head, rank) => `${head} 2 udp ${rank - 1}`)));
      }
      return section + added.join('');
    }).join('');
  }

  function described(description) {
    return description && new RTCSessionDescription({ type: description.type, sdp: withRtcp(description.sdp) });
  }

  // 3
  const RECEIVING = { sendonly: 'sendrecv', inactive: 'recvonly' };
  const NOT_RECEIVING = { sendrecv: 'sendonly', recvonly: 'inactive' };
  const SENDING = { recvonly: 'sendrecv', inactive: 'sendonly' };

  const kindOf = (transceiver) => transceiver.receiver.track.kind;
  const isLive = (transceiver) => !transceiver.stopped && transceiver.direction !== 'stopped';

  const linesOf = (connection, kind) => connection.getTransceivers()
    .filter((each) => isLive(each) && kindOf(each) === kind);

  function receive(lines, isWanted) {
    for (const line of lines) {
      line.direction = (isWanted ? RECEIVING : NOT_RECEIVING)[line.direction] ?? line.direction;
    }
  }

  // Sets what an offer shall receive, as asked in either form; the other options.
  // The options of today would add an m= line where one only has to turn.
  function obey(connection, options) {
    const { mandatory, optional, offerToReceiveAudio, offerToReceiveVideo, ...rest } = options ?? {};
    const wanted = {
      audio: mandatory?.OfferToReceiveAudio ?? offerToReceiveAudio,
      video: mandatory?.OfferToReceiveVideo ?? offerToReceiveVideo,
    };
    for (const [kind, isWanted] of Object.entries(wanted)) {
      if (isWanted === undefined) continue;
      const lines = linesOf(connection, kind);
      receive(lines, isWanted);
      if (isWanted && !lines.length) connection.addTransceiver(kind, { direction: 'recvonly' });
    }
    return rest;
  }

  // A promise, or its outcome to the callbacks.
  function tell(promise, done, failed) {
    if (typeof done !== 'function') return promise;
    promise.then((value) => done(value), (error) => failed?.(error));
    return undefined;
  }

  class Connection extends Native {
    #sent = new Set(); // streams

    #received = new Set();

    #onaddstream = null;

    constructor(config) { // constraints as second argument have no meaning now
      super(configuration(config ?? {}));
      this.addEventListener('track', ({ streams: all }) => all.forEach((each) => this.#announce(each)));
    }

    // 4
    #announce(stream) {
      if (this.#received.has(stream)) return;
      this.#received.add(stream);
      this.#onaddstream?.(Object.assign(new Event('addstream'), { stream }));
    }

    get onaddstream() { return this.#onaddstream; }

    set onaddstream(handler) { this.#onaddstream = handler; }

    addStream(stream) {
      this.#sent.add(stream);
      for (const track of stream.getTracks()) {
        if (this.getSenders().some((sender) => sender.track === track)) continue;
        const free = linesOf(this, track.kind).find((line) => line.mid !== null && !line.sender.track);
        if (!free) {
          this.addTrack(track, stream);
        } else {
          free.sender.replaceTrack(track);
          free.sender.setStreams(stream);
          free.direction = SENDING[free.direction] ?? free.direction;
        }
      }
    }

    removeStream(stream) {
      this.#sent.delete(stream);
      for (const sender of this.getSenders()) {
        if (sender.track && stream.getTracks().includes(sender.track)) this.removeTrack(sender);
      }
    }

    getLocalStreams() { return [...this.#sent]; }

    getRemoteStreams() { return [...this.#received]; }

    // 3
    createOffer(done, failed, options) {
      const isOld = typeof done === 'function';
      const rest = obey(this, isOld ? options : done);
      return tell(super.createOffer(rest), isOld && done, failed);
    }

    createAnswer(done, failed, options) {
      const isOld = typeof done === 'function';
      if (isOld) receive(this.getTransceivers().filter(isLive), true);
      return tell(super.createAnswer(isOld ? undefined : done), isOld && done, failed);
    }

    setLocalDescription(description, done, failed) {
      return tell(super.setLocalDescription(description), done, failed);
    }

    setRemoteDescription(description, done, failed) {
      return tell(super.setRemoteDescription(description), done, failed);
    }

    // 5
    get localDescription() { return described(super.localDescription); }

    // 6
    createDTMFSender(track) {
      return this.getSenders().find((sender) => sender.track === track)?.dtmf ?? undefined;
    }
  }

  // 1
  window.RTCPeerConnection = Connection;
  window.webkitRTCPeerConnection = Connection;
  navigator.webkitGetUserMedia = (constraints, done, failed) => {
    navigator.mediaDevices.getUserMedia(constraints).then(done, failed);
  };
  navigator.getUserMedia = navigator.webkitGetUserMedia;

  // 7
  const streams = new Map(); // by the text that stands for one
  const toUrl = URL.createObjectURL;
  const unUrl = URL.revokeObjectURL;
  URL.createObjectURL = (what) => {
    if (!(what instanceof MediaStream)) return toUrl.call(URL, what);
    const url = `blob:stream/${what.id}`;
    streams.set(url, what);
    return url;
  };
  URL.revokeObjectURL = (url) => { if (!streams.delete(url)) unUrl.call(URL, url); };

  const { play } = HTMLMediaElement.prototype;
  HTMLMediaElement.prototype.play = function start() {
    const started = play.call(this);
    started?.catch(() => {}); // who wants to know catches it as well
    return started;
  };

  const src = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, 'src');
  Object.defineProperty(HTMLMediaElement.prototype, 'src', {
    ...src,
    set(url) {
      const stream = streams.get(url);
      if (stream || this.srcObject) this.srcObject = stream ?? null;
      if (!stream) src.set.call(this, url);
    },
  });
})();
