// media.mjs - the browser's side of one leg, by the rules of one generation.

/* eslint-env browser */

import { describe, edited, incoming, outgoing, serverFaults } from './sdp.mjs';

const MICROPHONE = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };

export class Media {
  local = ''; // last descriptions, as they went over the wire
  remote = '';
  type = 'audio';

  // hooks: track(track), trap(kind, details)
  constructor(generation, hooks) {
    this.generation = generation;
    this.hooks = hooks;
    this.pc = new RTCPeerConnection();
    this.pc.ontrack = ({ track }) => {
      if (track.kind === 'audio') hooks.track(track);
    };
  }

  async capture({ video = false } = {}) {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: MICROPHONE, video });
    for (const track of stream.getTracks()) this.pc.addTrack(track, stream);
  }

  async addVideo() {
    const stream = await navigator.mediaDevices.getUserMedia({ video: true });
    this.pc.addTrack(stream.getVideoTracks()[0], stream);
  }

  // No trickle: all candidates are in the description.
  async #describe(description) {
    await this.pc.setLocalDescription(description);
    if (this.pc.iceGatheringState !== 'complete') {
      await new Promise((resolve) => {
        this.pc.addEventListener('icegatheringstatechange', () => {
          if (this.pc.iceGatheringState === 'complete') resolve();
        });
      });
    }
    this.local = outgoing(this.pc.localDescription.sdp, this.generation);
    return this.local;
  }

  #direct(direction) {
    for (const transceiver of this.pc.getTransceivers()) {
      if (transceiver.receiver.track.kind === 'audio') transceiver.direction = direction;
    }
  }

  // A new offer of the browser, of audio in this direction.
  async offer(direction = 'sendrecv') {
    this.#direct(direction);
    this.before = this.local;
    return this.#describe(await this.pc.createOffer());
  }

  async rollback(direction = 'sendrecv') {
    this.local = this.before;
    if (this.pc.signalingState === 'have-local-offer') {
      await this.pc.setLocalDescription({ type: 'rollback' });
    }
    this.#direct(direction);
  }

  // The last description with another direction, which the browser never sees.
  editedOffer(direction) {
    this.local = edited(this.local, direction);
    return this.local;
  }

  mute(isMuted) {
    for (const { track } of this.pc.getSenders()) if (track) track.enabled = !isMuted;
  }

  #take(sdp, options) {
    for (const fault of serverFaults(sdp)) this.hooks.trap('server sdp', { fault });
    const text = incoming(sdp, this.generation, options);
    const { type } = describe(text, this.generation);
    if (type === 'unsupported') this.hooks.trap('unsupported media', {});
    this.type = type;
    this.remote = sdp;
    return text;
  }

  async acceptAnswer(sdp, { role } = {}) {
    await this.pc.setRemoteDescription({ type: 'answer', sdp: this.#take(sdp, { role }) });
  }

  async acceptOffer(sdp, { isInvitation = false } = {}) {
    const role = isInvitation ? undefined : 'actpass';
    await this.pc.setRemoteDescription({
      type: 'offer', sdp: this.#take(sdp, { role, isInvitation }) });
  }

  // direction: the most that this side wants
  async answer(direction = 'sendrecv') {
    this.#direct(direction);
    return this.#describe(await this.pc.createAnswer());
  }

  // What an offer asks for, without taking it.
  read(sdp) { return describe(sdp, this.generation); }

  // Packets of audio so far, and who began the DTLS handshake.
  async stats() {
    const all = [...(await this.pc.getStats()).values()];
    return {
      connection: this.pc.connectionState,
      dtlsRole: all.find((row) => row.type === 'transport')?.dtlsRole,
      received: all.find((row) => row.type === 'inbound-rtp' && row.kind === 'audio')?.packetsReceived,
      sent: all.find((row) => row.type === 'outbound-rtp' && row.kind === 'audio')?.packetsSent,
    };
  }

  close() {
    for (const { track } of this.pc.getSenders()) track?.stop();
    this.pc.close();
  }
}
