// host.js - what a host can do with the whole room: lock it, mute all guests,
// record it, call a telephone, end the meeting. Who may is the server's decision; this
// shows the controls to hosts only.

const find = (root, name) => root.querySelector(`[data-host=${name}]`);

export class HostPanel {
  #root;
  #end;
  #dial;
  #isLocked = false;
  #areMuted = false;
  #isRecording = false;

  // root: toolbar; end: dialog that asks before the meeting is ended
  // acts: { lock(on), muteGuests(on), record(on), dial(number), endForAll() }
  constructor(root, end, acts) {
    this.#root = root;
    this.#end = end;
    this.#dial = find(root, 'dial-form');
    find(root, 'lock').addEventListener('click', () => acts.lock(!this.#isLocked));
    find(root, 'mute').addEventListener('click', () => acts.muteGuests(!this.#areMuted));
    find(root, 'record').addEventListener('click', () => acts.record(!this.#isRecording));
    find(root, 'dial').addEventListener('click', () => this.#showDial(this.#dial.hidden));
    find(root, 'end').addEventListener('click', () => end.showModal());
    end.addEventListener('close', () => {
      if (end.returnValue === 'end') acts.endForAll();
      end.returnValue = '';
    });
    this.#dial.addEventListener('submit', (event) => {
      event.preventDefault();
      const box = this.#dial.elements.number;
      const number = box.value.trim();
      if (!number) {
        box.focus();
        return;
      }
      box.value = '';
      this.#showDial(false);
      acts.dial(number);
    });
    this.#dial.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.#showDial(false);
    });
  }

  show(isHost) {
    this.#root.hidden = !isHost;
    if (isHost) return;
    this.#dial.hidden = true;
    find(this.#root, 'dial').setAttribute('aria-expanded', 'false');
    if (this.#end.open) this.#end.close();
  }

  // Where keyboard users go on when what they used has gone.
  focus() { find(this.#root, 'lock').focus(); }

  // room: as the event conference_update tells it
  draw(room) {
    this.#isLocked = Boolean(room.locked);
    this.#areMuted = Boolean(room.guests_muted);
    this.#isRecording = Boolean(room.recording);
    this.#toggle('record', this.#isRecording, this.#isRecording ? 'Stop recording' : 'Record');
    this.#toggle('lock', this.#isLocked, this.#isLocked ? 'Unlock room' : 'Lock room');
    this.#toggle('mute', this.#areMuted, this.#areMuted ? 'Unmute guests' : 'Mute all guests');
  }

  #toggle(name, isOn, text) {
    const button = find(this.#root, name);
    button.setAttribute('aria-pressed', String(isOn));
    button.textContent = text;
  }

  // The focus goes where the keyboard user is: into the form, or back.
  #showDial(shown) {
    const button = find(this.#root, 'dial');
    this.#dial.hidden = !shown;
    button.setAttribute('aria-expanded', String(shown));
    (shown ? this.#dial.elements.number : button).focus();
  }
}
