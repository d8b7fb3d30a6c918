// media.js - microphone, loudspeaker and the peer connection of one seat.

// Codes that the page has words for.
export class MediaError extends Error {
  constructor(code, text) {
    super(text || code);
    this.code = code;
  }
}

const MIC_CODES = {
  NotAllowedError: 'mic-denied',
  SecurityError: 'mic-denied',
  NotFoundError: 'mic-none',
  OverconstrainedError: 'mic-none',
  NotReadableError: 'mic-busy',
  AbortError: 'mic-busy',
};

// Open a microphone. Throws MediaError mic-denied, mic-none, mic-busy or
// insecure (browsers give a microphone to https pages only). Original sound is
// what the device gives, in stereo if it can.
export async function openMicrophone(deviceId, originalSound) {
  if (!navigator.mediaDevices?.getUserMedia) throw new MediaError('insecure');
  const process = !originalSound;
  const audio = {
    echoCancellation: process,
    noiseSuppression: process,
    autoGainControl: process,
    ...(originalSound ? { channelCount: { ideal: 2 } } : {}),
    ...(deviceId ? { deviceId: { exact: deviceId } } : {}),
  };
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio });
    return stream.getAudioTracks()[0];
  } catch (error) {
    throw new MediaError(MIC_CODES[error.name] ?? 'mic-busy', error.message);
  }
}

export async function listDevices(kind) {
  const all = await navigator.mediaDevices?.enumerateDevices() ?? [];
  return all.filter((device) => device.kind === kind && device.deviceId);
}

// Calls `report` with the loudness 0..1 of a track, ten times a second.
// Returns a function that ends it.
export function watchLevel(track, report) {
  const context = new AudioContext();
  const source = context.createMediaStreamSource(new MediaStream([track]));
  const analyser = context.createAnalyser();
  analyser.fftSize = 1024;
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, x) => sum + x * x, 0) / samples.length;
    const db = 10 * Math.log10(power + 1e-9);
    report(Math.min(1, Math.max(0, (db + 60) / 50)));
  }, 100);
  return () => {
    clearInterval(timer);
    context.close();
  };
}

// The offer, asking to be sent both channels (RFC 7587 section 6.1), which
// Chromium does not do by itself. Rooms in mono answer without.
function askForStereo(sdp, track) {
  const opus = sdp.match(/^a=rtpmap:(\d+) opus\//m)?.[1];
  const ours = ['stereo=1'];
  if (track?.getSettings().channelCount === 2) ours.push('sprop-stereo=1');
  return sdp.replace(new RegExp(`^(a=fmtp:${opus} )(.*)`, 'm'), (line, head, params) => {
    const others = params.split(';').filter((one) => !/^\s*(sprop-)?stereo=/.test(one));
    return head + [...others, ...ours].join(';');
  });
}

const GRACE_MS = 4000; // 'disconnected' often heals by itself within this

// The media of one call. `exchange(offer)` gives the answer; `onState` hears
// connected or failed, `onTrack` the remote stream.
export class Call {
  #pc;
  #grace = 0;
  #onState;

  constructor({ iceServers, onTrack, onState }) {
    this.#onState = onState;
    this.#pc = new RTCPeerConnection({ iceServers, bundlePolicy: 'max-bundle' });
    this.#pc.ontrack = (event) => {
      onTrack(event.streams[0] ?? new MediaStream([event.track]));
    };
    this.#pc.onconnectionstatechange = () => this.#changed();
  }

  // track: what to send, or null to listen only.
  async start(track, exchange) {
    const direction = track ? 'sendrecv' : 'recvonly';
    this.#pc.addTransceiver(track ?? 'audio', { direction });
    await this.#offer(track);
    const answer = await exchange(this.#pc.localDescription.sdp);
    if (this.#pc.signalingState === 'closed') return;
    await this.#pc.setRemoteDescription({ type: 'answer', sdp: answer });
  }

  replaceTrack(track) {
    return this.#pc.getSenders()[0]?.replaceTrack(track);
  }

  close() {
    clearTimeout(this.#grace);
    this.#onState = () => {};
    this.#pc.close();
  }

  async #offer(track) {
    const { type, sdp } = await this.#pc.createOffer();
    // A browser that lets nobody change its words keeps them.
    await this.#pc.setLocalDescription({ type, sdp: askForStereo(sdp, track) })
      .catch(() => this.#pc.setLocalDescription());
  }

  #changed() {
    const state = this.#pc.connectionState;
    clearTimeout(this.#grace);
    if (state === 'disconnected') {
      this.#grace = setTimeout(() => this.#onState('failed'), GRACE_MS);
    } else if (state === 'connected' || state === 'failed') {
      this.#onState(state);
    }
  }
}
