// browser.test.mjs - a real Chromium at two media workers: what it accepts of
// our descriptions is seen here, and whether sound follows.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { dirname, join as path } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { Person } from '../../e2e/lib/browser.mjs';
import { PATIENCE_MS, pause, until } from '../../e2e/lib/wait.mjs';

const closers = [];
after(async () => { for (const close of closers.reverse()) await close(); });
const system = { onStop: (close) => closers.push(close) };

// A media worker with one room (media_console.c).
class Worker {
  static async start() {
    const worker = new Worker();
    worker.replies = [];
    worker.states = {};
    worker.process = spawn(process.env.PARLEY_MEDIA_CONSOLE, [], { stdio: ['pipe', 'pipe', 'ignore'] });
    worker.gone = new Promise((done) => worker.process.once('exit', done));
    createInterface({ input: worker.process.stdout }).on('line', (line) => {
      const [what, ...rest] = line.split(' ');
      if (what === 'report') worker.states[rest[0]] = rest[1];
      else if (what === 'reply') worker.replies.shift()(line);
    });
    closers.push(() => worker.stop());
    return worker;
  }

  async ask(...words) {
    const line = await new Promise((done) => {
      this.replies.push(done);
      this.process.stdin.write(`${words.join(' ')}\n`);
    });
    assert.match(line, /^reply ok/, `${words.slice(0, 4).join(' ')}: ${line}`);
    const [, , direction, lines, ...sdp] = line.split(' ');
    return { direction, lines, sdp: sdp.join(' ').replaceAll('|', '\r\n') };
  }

  create(leg, lines, sdp) {
    return this.ask('create', leg, 'webrtc', lines ?? '-', sdp ? sdp.replaceAll('\r\n', '|') : '-');
  }

  remote(leg, type, sdp) {
    return this.ask('remote', leg, type, '-', sdp ? sdp.replaceAll('\r\n', '|') : '-');
  }

  async metric(name) { return Number((await this.ask('metric', name)).direction); }

  offer(leg, direction) { return this.ask('remote', leg, '-', direction, '-'); }

  connected(leg) {
    return until(`${leg} is connected`, () => this.states[leg] === 'connected');
  }

  async stop() {
    if (this.process.exitCode === null) this.process.stdin.end();
    await this.gone;
  }
}

// Runs in the page: peers by name, each with a tone for a voice.
function installPeers() {
  const context = new AudioContext();
  window.peers = {};
  const silent = context.createGain(); // only what leads out is worked on
  silent.gain.value = 0;
  silent.connect(context.destination);
  window.peer = async (name, hz, kinds) => {
    const tone = context.createOscillator();
    const gain = context.createGain();
    const out = context.createMediaStreamDestination();
    tone.frequency.value = hz;
    gain.gain.value = 0.3;
    tone.connect(gain).connect(out);
    tone.start();
    const pc = new RTCPeerConnection({ bundlePolicy: 'balanced' });
    for (const kind of kinds) {
      pc.addTransceiver(kind === 'audio' ? out.stream.getAudioTracks()[0] : 'video',
        { direction: kind === 'audio' ? 'sendrecv' : kind.split(':')[1] ?? 'sendrecv' });
    }
    const ear = context.createAnalyser();
    ear.fftSize = 4096;
    ear.connect(silent);
    pc.ontrack = ({ track }) => {
      if (track.kind !== 'audio') return;
      const me = window.peers[name];
      if (me.player) return; // the same track, taken away and given back
      me.player = new Audio(); // without one nothing is decoded
      me.player.volume = 0.5;
      me.player.srcObject = new MediaStream([track]);
      me.player.play();
      context.createMediaStreamSource(me.player.srcObject).connect(ear);
    };
    window.peers[name] = { pc, ear, out, gain };
    await pc.setLocalDescription();
    await new Promise((done) => {
      if (pc.iceGatheringState === 'complete') done();
      pc.onicegatheringstatechange = () => pc.iceGatheringState === 'complete' && done();
    });
    return pc.localDescription.sdp;
  };
  window.answered = (name, sdp) => window.peers[name].pc.setRemoteDescription({ type: 'answer', sdp });
  window.offered = async (name, sdp) => {
    const { pc } = window.peers[name];
    await pc.setRemoteDescription({ type: 'offer', sdp });
    await pc.setLocalDescription();
    return pc.localDescription.sdp;
  };
  window.reoffer = async (name) => {
    const { pc } = window.peers[name];
    await pc.setLocalDescription(await pc.createOffer());
    return pc.localDescription.sdp;
  };
  // Loudness of what a peer hears, 0..1. The page's own ear is deaf to a track
  // that was taken away once, the browser's loudspeaker is not.
  window.loudness = async (name) => {
    const stats = [...(await window.peers[name].pc.getStats()).values()];
    return stats.find((x) => x.type === 'inbound-rtp')?.audioLevel ?? 0;
  };
  window.speak = (name, volume) => { window.peers[name].gain.gain.value = volume; };
  window.received = async (name) => {
    const stats = [...(await window.peers[name].pc.getStats()).values()];
    const { packetsReceived, packetsLost } = stats.find((x) => x.type === 'inbound-rtp');
    return { packetsReceived, packetsLost };
  };
  // How long after another began to speak a peer hears it, ms.
  window.delayTo = async (name, other, hz) => {
    const pause = () => new Promise((done) => setTimeout(done, 5));
    while (window.hears(name, hz) > -70) await pause(); // it averages over calls
    const began = performance.now();
    window.speak(other, 0.3);
    while (window.hears(name, hz) < -50 && performance.now() - began < 30000) await pause();
    return performance.now() - began;
  };
  // Loudness of one frequency in what a peer hears, dB.
  window.hears = (name, hz) => {
    const { ear } = window.peers[name];
    const bins = new Float32Array(ear.frequencyBinCount);
    ear.getFloatFrequencyData(bins);
    const at = Math.round(hz * ear.fftSize / context.sampleRate);
    return Math.max(...bins.slice(at - 1, at + 2), -200);
  };
  return context.resume();
}

const VOICES = { anna: 600, ben: 1100 };

async function openPage() {
  const person = await Person.open(system, '', { name: 'page', recorder: false });
  await person.page.route('**/*', (route) => route.fulfill({ contentType: 'text/html', body: '<p>peers</p>' }));
  await person.page.goto('https://parley.test/');
  await person.page.evaluate(installPeers);
  return person.page;
}

const call = (page, name, ...args) =>
  page.evaluate(([f, a]) => window[f](...a), [name, args]);
const level = (page, who, whom) => call(page, 'hears', who, VOICES[whom]);
const hears = (page, who, whom) => until(`${who} hears ${whom}`,
  async () => await level(page, who, whom) > -50);
async function bothHear(page) {
  await hears(page, 'anna', 'ben');
  await hears(page, 'ben', 'anna');
}

// A peer's own offer to a worker; gives the lines that it then knows.
async function join(page, worker, name, kinds) {
  const offer = await call(page, 'peer', name, VOICES[name], kinds);
  const { sdp, lines } = await worker.create(name, null, offer);
  await call(page, 'answered', name, sdp);
  await worker.connected(name);
  return lines;
}

async function exchange(page, worker, name, offer) {
  const answer = await call(page, 'offered', name, offer);
  return worker.remote(name, 'answer', answer);
}

const SHAPES = [
  { name: 'audio alone, video first', anna: ['audio'], ben: ['video', 'audio'] },
  { name: 'audio and video, receiving video only', anna: ['audio', 'video'], ben: ['audio', 'video:recvonly'] },
];

for (const shape of SHAPES) {
  test(`another worker goes on with the same peer connections: ${shape.name}`, async () => {
    const page = await openPage();
    const first = await Worker.start();
    const known = {};
    for (const name of ['anna', 'ben']) known[name] = await join(page, first, name, shape[name]);
    for (const name of ['anna', 'ben']) { // "audio/0/1_video/1"
      assert.deepEqual(known[name].split('_').map((word) => word.split('/').slice(0, 2).join('/')),
        shape[name].map((kind, i) => `${kind.split(':')[0]}/${i}`));
    }
    await bothHear(page);
    await first.stop();
    const second = await Worker.start();
    for (const name of ['anna', 'ben']) {
      const { sdp } = await second.create(name, known[name]);
      const agreed = await exchange(page, second, name, sdp);
      assert.equal(agreed.lines, known[name]);
      assert.equal(agreed.direction, 'sendrecv');
    }
    for (const name of ['anna', 'ben']) await second.connected(name);
    await bothHear(page);
    // and the peer may go on from there by an offer of its own
    const { sdp } = await second.remote('ben', 'offer', await call(page, 'reoffer', 'ben'));
    await call(page, 'answered', 'ben', sdp);
    await bothHear(page);
    await second.stop();
  });
}

test('the same worker goes on with the same peer connection in another leg', async () => {
  const page = await openPage();
  const worker = await Worker.start();
  await join(page, worker, 'anna', ['audio']);
  let lines = await join(page, worker, 'ben', ['audio']);
  await bothHear(page);
  const legs = ['ben', 'ben-2', 'ben-3'];
  for (const [i, leg] of legs.slice(1).entries()) {
    const { sdp } = await worker.create(leg, lines);
    const answer = await call(page, 'offered', 'ben', sdp);
    ({ lines } = await worker.remote(leg, 'answer', answer));
    await worker.connected(leg);
    await worker.ask('destroy', legs[i]);
    await bothHear(page);
  }
  await worker.stop();
});

test('one who is alone hears ringing until it is stopped', async () => {
  const page = await openPage();
  const worker = await Worker.start();
  await join(page, worker, 'anna', ['audio']);
  await worker.ask('play', 'anna', 'ringback', '1');
  // 1 s on, 4 s off: heard, gone, and heard again
  const rings = async () => await call(page, 'hears', 'anna', 520) > -50;
  await until('it rings', rings);
  await until('it pauses', async () => await call(page, 'loudness', 'anna') < 0.01);
  await until('it rings again', async () => await call(page, 'loudness', 'anna') > 0.05);
  await worker.ask('play', 'anna', '-', '0');
  await until('it is quiet', async () => await call(page, 'loudness', 'anna') < 0.01);
  await worker.stop();
});

test('our offers hold and resume, in every direction, without a new handshake', async () => {
  const page = await openPage();
  const worker = await Worker.start();
  await join(page, worker, 'anna', ['audio']);
  await join(page, worker, 'ben', ['audio', 'video']);
  await bothHear(page);
  const rows = [ // direction as we send to ben; who then hears whom
    { direction: 'sendonly', ben: true, anna: false },
    { direction: 'recvonly', ben: false, anna: true },
    { direction: 'inactive', ben: false, anna: false },
    { direction: 'sendrecv', ben: true, anna: true },
  ];
  for (const row of rows) {
    const { sdp } = await worker.offer('ben', row.direction);
    const agreed = await exchange(page, worker, 'ben', sdp);
    assert.equal(agreed.direction, row.direction);
    for (const name of ['ben', 'anna']) {
      await until(`${name} ${row[name] ? 'hears' : 'does not hear'} the other`,
        async () => await call(page, 'loudness', name) > 0.05 === row[name]);
    }
    assert.equal(worker.states.ben, 'connected');
  }
  await worker.stop();
});

test('browsers rest while nobody speaks, and hear the first word', async (t) => {
  const page = await openPage();
  const worker = await Worker.start();
  await join(page, worker, 'anna', ['audio']);
  await join(page, worker, 'ben', ['audio']);
  await bothHear(page);
  await call(page, 'speak', 'anna', 0); // a pause that is too short for it
  const awake = await call(page, 'delayTo', 'ben', 'anna', VOICES.anna);
  for (let round = 0; round < 2; round++) {
    for (const name of ['anna', 'ben']) await call(page, 'speak', name, 0);
    const rested = await worker.metric('pl_media_dtx_frames_total');
    await until('they rest', async () => await worker.metric('pl_media_dtx_frames_total') > rested + 50);
    const from = await call(page, 'received', 'ben');
    const frames = await worker.metric('pl_media_dtx_frames_total');
    await until('3 s of rest', async () => await worker.metric('pl_media_dtx_frames_total') > frames + 300);
    const to = await call(page, 'received', 'ben');
    assert.ok(to.packetsReceived - from.packetsReceived < 30, JSON.stringify({ from, to }));
    assert.equal(to.packetsLost, 0);
    const delay = await call(page, 'delayTo', 'ben', 'anna', VOICES.anna);
    t.diagnostic(`heard ${Math.round(delay)} ms after the first word, ${Math.round(awake)} without rest`);
    assert.ok(delay < 30000);
    await hears(page, 'ben', 'anna');
    assert.ok(await level(page, 'anna', 'anna') < -70); // who speaks alone hears nothing
    await call(page, 'speak', 'ben', 0.3);
    await bothHear(page);
  }
  await worker.stop();
});

// A bad network (udp_relay.c) between one peer and the worker: gives the
// answer as that peer is to see it.
async function behindLoss(sdp, permille) {
  const [, target] = /^a=candidate:\S+ 1 udp \d+ 127\.0\.0\.1 (\d+) typ host/m.exec(sdp);
  const probe = createSocket('udp4').bind(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  const relay = spawn(path(dirname(process.env.PARLEY_MEDIA_CONSOLE), 'udp_relay'),
    [port, target, `loss=${permille}`, 'delay=5', 'jitter=10', 'seed=11'], { stdio: ['pipe', 'ignore', 'inherit'] });
  closers.push(() => relay.stdin.end());
  return sdp.replaceAll(`127.0.0.1 ${target} typ`, `127.0.0.1 ${port} typ`);
}

test('what is lost on the way is had from redundant packets, both ways', async () => {
  const page = await openPage();
  const worker = await Worker.start();
  await join(page, worker, 'ben', ['audio']);
  const offer = await call(page, 'peer', 'anna', VOICES.anna, ['audio']);
  const { sdp } = await worker.create('anna', null, offer);
  assert.match(sdp, /^m=audio \d+ \S+ 63 111 /m);
  assert.match(sdp, /^a=fmtp:63 111\/111/m);
  await call(page, 'answered', 'anna', await behindLoss(sdp, 80));
  await worker.connected('anna');
  await bothHear(page);
  // hers: sent so from the beginning; to her: once she reports loss
  await until('redundancy was of use', async () => await worker.metric('pl_media_recovered_frames_total') > 10);
  await until('she is sent redundancy', async () => await worker.metric('pl_media_red_sent_total') > 100);
  assert.ok(await worker.metric('pl_media_red_received_total') > 100);
  assert.equal(await worker.metric('pl_media_dropped_payload_total'), 0);
  // Both are heard all the time, and more is recovered than concealed: two losses
  // in a row are beyond it, all others are not. Where the machine stood still, sound
  // came late: then it is listened to again.
  const frames = async (what) => worker.metric(`pl_media_${what}_frames_total`);
  await until('they are heard all the time', async () => {
    const before = [await frames('recovered'), await frames('concealed')];
    for (let i = 0; i < 20; i++) {
      await pause(100);
      for (const [who, whom] of [['ben', 'anna'], ['anna', 'ben']])
        assert.ok(await level(page, who, whom) > -50, `${who} hears ${whom}`);
    }
    const recovered = await frames('recovered') - before[0];
    const concealed = await frames('concealed') - before[1];
    assert.ok(recovered > 3 && recovered > concealed, `${recovered} recovered, ${concealed} concealed`);
    return true;
  }, 2 * PATIENCE_MS);
  await worker.stop();
});
