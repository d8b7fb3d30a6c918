// call.mjs - one call or conference as the old SDK runs it: a state machine
// that moves on events, not on the success of requests.

/* eslint-env browser */

import { Media } from './media.mjs';

// What differs between the two resources.
const KINDS = {
  calls: {
    noun: 'call', actionHeader: 'x-calls-action', modHeader: 'x-modId',
    body: 'callsMediaModifications', hold: 'initiate-call-hold', resume: 'initiate-call-resume',
    accept: 'accept-call-mod', invited: 'call:incoming', over: 'disconnected',
  },
  conferences: {
    noun: 'conference', actionHeader: 'x-conference-action', modHeader: 'x-mod-Id',
    body: 'conferenceModifications', hold: 'initiate-hold', resume: 'initiate-resume',
    accept: 'accept-media-mod', invited: 'conference:invitation-received', over: 'ended',
  },
};

const isHeldBy = (direction) => direction === 'sendonly' || direction === 'inactive';

export class Call {
  state = 'created';
  id = '';
  peerHolds = false;
  holds = false;
  invitations = new Map(); // modId -> participant, of a conference's host
  participants = new Map(); // participant -> state
  wanted = null; // the modification under way: { op, modId }
  asked = null; // the modification that the application is asked about

  constructor(phone, kind, { peer = '', isIncoming = false } = {}) {
    this.phone = phone;
    this.kind = kind;
    this.words = KINDS[kind];
    this.generation = phone.generation;
    this.peer = peer;
    this.isIncoming = isIncoming;
    this.media = new Media(this.generation, {
      track: (track) => this.#heard(track),
      trap: (name, details) => phone.trap(name, { call: this.id, ...details }),
    });
  }

  get path() { return `${this.phone.path}/${this.kind}/${this.id}`; }

  emit(name, details = {}) {
    this.phone.emit(`${this.words.noun}:${name}`, { id: this.id, peer: this.peer, ...details });
  }

  #heard(track) {
    this.phone.heard(track);
    if (this.state === 'connecting' && this.isEarly) this.emit('ringback-provided');
  }

  listen(id) {
    this.id = id;
    const on = (state, fn) => this.phone.channel.on(state, id, fn);
    const guarded = (fn) => (event) => fn.call(this, event)?.catch?.(
      (error) => this.phone.emit('error', { id, text: `${event.state}: ${error.message}` }));
    on('session-open', guarded(this.onOpen));
    on('session-modified', guarded(this.onModified));
    on('mod-received', guarded(this.onModReceived));
    on('mod-terminated', guarded(this.onModTerminated));
    on('move-terminated', guarded(this.onMoveTerminated));
    on('transfer-initiated', (event) => this.emit('transfer-initiated', { to: event.transferToCallId }));
    on('transfer-terminated', (event) => this.onTransferTerminated(event));
    on('session-terminated', (event) => this.onTerminated(event));
  }

  // ---- begin ----

  async create({ video = false, body }) {
    await this.media.capture({ video });
    const sdp = await this.media.offer();
    return new Promise((resolve) => {
      this.phone.send({
        method: 'POST', path: `${this.phone.path}/${this.kind}`,
        body: { [this.words.noun]: { ...body, sdp } },
        success: (answer) => {
          this.listen(answer.header('Location').split('/')[6]);
          this.state = 'connecting';
          this.emit('connecting');
          resolve(this.id);
        },
        error: (answer) => {
          this.phone.drop(this);
          this.phone.fail(answer, this.id);
          resolve('');
        },
      });
    });
  }

  async answer() {
    await this.media.capture();
    await this.media.acceptOffer(this.offered, { isInvitation: true });
    const sdp = await this.media.answer();
    this.request('call-answer', { sdp }, {
      success: () => {
        this.state = 'connecting';
        this.emit('connecting');
      },
    });
  }

  async onOpen({ sdp, provisionalSDP }) {
    if (this.state !== 'connecting') {
      throw new Error(`session-open while ${this.state}`);
    }
    if (sdp) {
      this.isEarly = Boolean(provisionalSDP);
      await this.media.acceptAnswer(sdp);
    }
    if (!provisionalSDP) this.#connected();
  }

  #connected() {
    this.state = 'connected';
    this.emit('connected', { type: this.media.type });
  }

  // ---- end ----

  // reason: cancel, reject or terminate
  end(reason) {
    this.phone.send({
      method: 'DELETE', path: this.path, headers: { 'x-delete-reason': reason },
      success: () => {}, error: (answer) => this.phone.fail(answer, this.id),
    });
  }

  onTerminated({ reason }) {
    const how = { 'Call canceled': 'canceled', [this.generation.rejectedWord]: 'rejected' }[reason];
    this.state = 'over';
    this.phone.drop(this);
    this.emit(how ?? this.words.over, { reason });
  }

  // ---- hold, resume, other media ----

  // A PUT with an action; `exactly`: the only status that is no error.
  request(action, body, { headers = {}, exactly, success = () => {}, failed = () => {} } = {}) {
    const error = (answer) => {
      failed();
      this.phone.fail(answer, this.id);
    };
    this.phone.send({
      method: 'PUT', path: this.path,
      headers: { [this.words.actionHeader]: action, ...headers },
      body: { [this.words.body]: body },
      success: (answer) => {
        if (exactly && answer.status !== exactly) error(answer);
        else success(answer);
      },
      error,
    });
  }

  // Whether the SDK goes on with an operation in this state.
  #may(op, state) {
    if (!this.generation.strictStates || this.state === state) return true;
    this.phone.emit('error', { id: this.id, text: `${op} is not possible while ${this.state}` });
    return false;
  }

  hold() {
    if (this.#may('hold', 'connected')) return this.#turn('hold', this.words.hold);
    return undefined;
  }

  resume() {
    if (this.#may('resume', 'held')) return this.#turn('resume', this.words.resume);
    return undefined;
  }

  move() {
    if (!this.#may('move', 'connected')) return undefined;
    if (this.kind === 'calls') return this.#turn('move', 'initiate-call-move');
    if (this.generation.movesConference) return this.#turn('move', this.words.hold);
    this.phone.emit('error', { id: this.id, text: 'a conference cannot be moved' });
    return undefined;
  }

  #turn(op, action) {
    return this.generation.editsHeldSdp ? this.#turnByHand(op, action) : this.#turnByOffer(op, action);
  }

  #direction(isHeld) {
    if (isHeld) return this.peerHolds ? 'inactive' : 'sendonly';
    return this.peerHolds ? 'recvonly' : 'sendrecv';
  }

  #turnByHand(op, action) {
    const isHold = op !== 'resume';
    const before = this.state;
    this.state = isHold ? 'holding' : 'resuming';
    this.wanted = { op, byHand: true };
    this.media.mute(isHold);
    const sdp = this.media.editedOffer(isHold ? 'sendonly' : 'sendrecv');
    this.request(action, { sdp, type: 'offer' }, {
      exactly: 204,
      success: (answer) => { this.wanted.modId = answer.header('x-modId'); },
      failed: () => {
        this.state = before;
        this.media.mute(before === 'held');
        this.media.editedOffer(before === 'held' ? 'sendonly' : 'sendrecv');
      },
    });
  }

  async #turnByOffer(op, action) {
    const isHold = op !== 'resume';
    const sdp = await this.media.offer(this.#direction(isHold));
    const wanted = { op };
    this.wanted = wanted;
    this.request(action, { sdp, type: 'offer' }, {
      exactly: 204,
      success: (answer) => {
        wanted.modId = answer.header('x-modId');
        this.before = this.state;
        this.state = op === 'move' ? 'moving' : 'modification-initiated';
      },
      failed: () => {
        this.wanted = null;
        this.media.rollback(this.#direction(this.holds));
      },
    });
  }

  async upgrade() {
    if (!this.#may('upgrade', 'connected')) return;
    await this.media.addVideo();
    const sdp = await this.media.offer(this.#direction(this.holds));
    this.wanted = { op: 'upgrade' };
    this.request('initiate-call-mod', { sdp }, {
      exactly: 204,
      success: (answer) => {
        this.wanted.modId = answer.header('x-modId');
        if (this.generation.strictStates) this.state = 'modification-initiated';
      },
    });
  }

  async onModTerminated({ modId, reason, sdp }) {
    if (this.invitations.has(modId) && !sdp) {
      this.#invitationOver(modId, reason);
      return;
    }
    if (reason !== 'success') {
      this.#modificationFailed(reason);
      return;
    }
    if (sdp) await this.#initiated(modId, sdp);
    else this.#accepted(modId);
  }

  // Both spellings of a rejection leave the initiator stuck; other words end
  // the object although the call lives on.
  #modificationFailed(reason) {
    this.phone.trap('modification failed', { id: this.id, reason });
    if (reason === 'User busy' || reason === 'Call rejected') return;
    this.phone.emit('notification', { id: this.id, text: reason });
    if (this.generation.strictStates || this.isIncoming) this.phone.drop(this);
  }

  // The end of what this side began.
  async #initiated(modId, sdp) {
    const { wanted } = this;
    this.wanted = null;
    if (!wanted || (wanted.modId && wanted.modId !== modId)) {
      this.phone.trap('unknown modification', { id: this.id, modId });
    }
    if (wanted && !wanted.modId) this.phone.trap('event before its response', { id: this.id, modId });
    if (!wanted?.byHand) {
      await this.media.acceptAnswer(sdp, { role: this.isIncoming ? 'passive' : undefined });
    }
    if (wanted?.op === 'upgrade') {
      if (this.generation.strictStates) this.state = 'connected';
      this.emit('media-modified', { type: this.media.type });
      return;
    }
    this.holds = wanted?.op !== 'resume';
    this.state = this.holds ? 'held' : 'connected';
    this.emit(this.holds ? 'held' : 'resumed');
  }

  // ---- the server's or the peer's offers ----

  async onModReceived({ modId, sdp }) {
    const offer = this.media.read(sdp);
    if (this.wanted) this.phone.trap('offers of both sides', { id: this.id, modId });
    if (offer.type === 'video' && this.media.type !== 'video' && this.kind === 'calls') {
      this.asked = { modId, sdp };
      this.emit('media-modification', { type: offer.type });
      return;
    }
    if (this.generation.editsHeldSdp && this.#isSameTransport(offer.ufrag)) {
      this.#acceptByHand(modId, sdp, offer.direction);
    } else {
      await this.acceptModification({ modId, sdp });
    }
  }

  #isSameTransport(ufrag) {
    return ufrag === this.media.read(this.media.remote).ufrag;
  }

  #acceptByHand(modId, sdp, direction) {
    const wasHeld = this.peerHolds;
    this.peerHolds = isHeldBy(direction);
    this.media.remote = sdp;
    if (!this.holds && this.peerHolds !== wasHeld) this.state = this.peerHolds ? 'held' : 'connected';
    const answers = { sendonly: 'recvonly', recvonly: 'sendonly', inactive: 'inactive', sendrecv: 'sendrecv' };
    let answer = answers[direction];
    if (this.holds) answer = answer === 'recvonly' || answer === 'inactive' ? 'inactive' : 'sendonly';
    this.#sendAccept(modId, this.media.editedOffer(answer));
  }

  async acceptModification({ modId, sdp } = this.asked) {
    this.asked = null;
    await this.media.acceptOffer(sdp);
    this.peerHolds = isHeldBy(this.media.read(sdp).direction);
    this.#sendAccept(modId, await this.media.answer(this.holds ? 'sendonly' : 'sendrecv'));
  }

  #sendAccept(modId, sdp) {
    this.request(this.words.accept, { sdp }, {
      headers: { [this.words.modHeader]: modId },
      success: () => {
        if (!this.generation.strictStates) return;
        this.before = this.state;
        this.state = 'modification-accepted';
      },
    });
  }

  #accepted(modId) {
    if (!this.generation.strictStates) return;
    if (this.state !== 'modification-accepted') {
      this.phone.trap('event before its response', { id: this.id, modId, state: this.state });
      return;
    }
    this.state = this.before;
    if (this.peerHolds) this.emit('held', { by: 'peer' });
    else if (this.toldHeld) this.emit('resumed', { by: 'peer' });
    this.toldHeld = this.peerHolds;
  }

  // ---- move and transfer ----

  async onMoveTerminated({ reason }) {
    if (reason === 'success') {
      this.isMoved = true;
    } else {
      this.isMoved = false;
      this.phone.emit('error', { id: this.id, text: reason });
    }
  }

  async onModified({ sdp }) {
    if (this.state === 'connecting') {
      if (sdp) await this.media.acceptAnswer(sdp);
      this.#connected();
      return;
    }
    if (this.isMoved === false) { // the browser keeps the offer of the move
      if (sdp) await this.media.acceptAnswer(sdp);
      this.wanted = null;
      this.state = this.before;
      this.emit('restored');
      return;
    }
    this.emit('moved');
  }

  transfer(target) {
    if (!this.#may('transfer', 'held')) return;
    this.request('initiate-call-transfer', { sdp: this.media.remote }, {
      headers: { 'x-transferTargetCallId': target },
    });
  }

  onTransferTerminated({ reason, transferToCallId }) {
    if (reason === 'success') this.emit('transferred', { to: transferToCallId });
    else this.phone.emit('error', { id: this.id, text: reason });
  }

  // ---- participants ----

  participantPath(text) {
    const address = text.includes('@') ? `sip:${text}` : `tel:+${text}`;
    return `${this.path}/participants/${address}`;
  }

  invite(text) {
    this.phone.send({
      method: 'PUT', path: this.participantPath(text),
      success: (answer) => {
        if (answer.header('x-state') !== 'add-pending') {
          this.phone.trap('invitation without add-pending', { id: this.id });
          return;
        }
        this.invitations.set(answer.header('x-modId'), text);
        this.participants.set(text, 'invitee');
        this.emit('invitation-sent', { participant: text });
      },
      error: (answer) => this.phone.fail(answer, this.id),
    });
  }

  #invitationOver(modId, reason) {
    const participant = this.invitations.get(modId);
    this.invitations.delete(modId);
    if (reason === 'success') {
      this.participants.set(participant, 'active');
      this.emit('invitation-accepted', { participant });
      return;
    }
    this.participants.delete(participant);
    if (reason === this.generation.rejectedWord) this.emit('invitation-rejected', { participant });
    else this.phone.emit('notification', { id: this.id, participant, text: reason });
  }

  remove(text) {
    this.phone.send({
      method: 'DELETE', path: this.participantPath(text),
      success: (answer) => {
        if (answer.header('x-state') !== 'remove-pending') {
          this.phone.trap('removal without remove-pending', { id: this.id });
          return;
        }
        this.participants.delete(text);
        this.emit('participant-removed', { participant: text });
      },
      error: (answer) => this.phone.fail(answer, this.id),
    });
  }
}
