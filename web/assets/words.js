// words.js - what the page says about failures, in one place.

const WORDS = {
  'no-name': () => 'Please tell the others your name.',
  'mic-denied': () => 'The browser does not let this page use the microphone. '
    + 'Allow it (the icon beside the address), then join again. You can also join just to listen.',
  'mic-none': () => 'No microphone was found. Connect one, then join again. '
    + 'You can also join just to listen.',
  'mic-busy': () => 'The microphone cannot be opened. Perhaps another program uses it: '
    + 'close that one, then join again. You can also join just to listen.',
  'mic-gone': () => 'The microphone was disconnected. Choose another one below.',
  insecure: () => 'Browsers give a microphone to secure pages only. Open this page by https.',
  'pin-required': () => 'This room has a PIN. Please enter it.',
  'pin-for-hosts': () => 'Hosts enter their PIN. Guests leave it empty and join.',
  'pin-wrong': () => 'That PIN is not right. Please try again.',
  'pin-locked': () => 'Too many wrong PINs. Please wait a minute before you try again.',
  full: () => 'This room is full. Try again when somebody has left.',
  busy: () => 'The server has no capacity for another participant. Please try again later.',
  'media-busy': () => 'The server has no capacity for your sound at the moment. '
    + 'This page tries again by itself.',
  'unknown-room': (alias) => `There is no room called “${alias}”. Check the link with whoever sent it.`,
  unreachable: () => 'The server cannot be reached. Trying again…',
  restarting: () => 'The server is not ready yet, perhaps it restarts. Trying again…',
  'link-lost': () => 'The connection to the server was lost. Reconnecting…',
  'link-away': () => 'Connecting to the server again. You are still heard.',
  'media-lost': () => 'Connecting your sound again…',
  lapsed: () => 'Your place in the room has lapsed. Please join again.',
  'not-host': () => 'Only a host can do that.',
  'host-muted': () => 'The host has muted you: only a host can change that.',
  'cannot-call': () => 'That telephone cannot be called. Check the number.',
  'cannot-record': (alias, text) => (text ? `${text}.` : 'This room cannot be recorded.'),
  refused: (alias, text) => (text ? `The server refused that: ${text}.` : 'The server refused that.'),
};

// `text`: what the server said, where it said something.
export function wordsFor(code, alias, text = '') {
  return (WORDS[code] ?? (() => 'Something went wrong. Please try again.'))(alias, text);
}

const ENDS = [
  [/by another participant$/, /^Conference/, 'ended-by-host', 'The host ended the meeting.'],
  [/by another participant|administrator|API initiated participant/, /./, 'removed', 'You were removed from the room.'],
  [/waiting for conference host/, /./, 'no-host', 'Nobody let you in in time. Please try again later.'],
  [/^Last remaining/, /./, 'alone', 'You were the last one here: the meeting is over.'],
  [/keep conference alive/, /./, 'alone', 'Nobody was left to keep the meeting going.'],
  [/DTMF/, /./, 'ended-by-host', 'The host ended the meeting.'],
  [/hosts departed/, /./, 'host-left', 'All hosts have left: the meeting is over.'],
  [/PIN entry/, /./, 'pin-locked', 'Too many wrong PINs.'],
  [/limit/, /./, 'full', 'This room is full.'],
  [/token refresh/, /./, 'lapsed', 'Your place in the room has lapsed.'],
];

// Code and text for the reason with which the server ended the seat.
export function wordsForEnd(reason) {
  for (const [pattern, also, code, text] of ENDS) {
    if (pattern.test(reason) && also.test(reason)) return [code, text];
  }
  return ['ended', reason ? `The meeting ended: ${reason}` : 'The meeting ended.'];
}

// What somebody in the waiting room is told. `room`: conference_update.
export function wordsForWaiting(room) {
  return room.started && room.locked
    ? ['room-locked', 'The room is locked. The host has been told that you wait.']
    : ['no-host-yet', 'The host is not here yet.'];
}
