// browser.mjs - a person with a browser: one Chromium each, because the file
// that stands for the microphone belongs to the process.

import { chromium } from 'playwright-core';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeVoice, Recording, sideBySide, VOICES, writeWav } from './audio.mjs';
import { hearsWell } from './ears.mjs';
import { inside } from './namespaces.mjs';
import { PATIENCE_MS, until } from './wait.mjs';

const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--autoplay-policy=no-user-gesture-required', '--ignore-certificate-errors',
  '--allow-loopback-in-peer-connection', '--mute-audio=false',
];
const MICROPHONE = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];

// In the page: collects microphone and both loudspeakers side by side. The module of
// the worklet comes from a data URL, so the context bypasses the page's CSP;
// the CSP itself is tested by a story without recording.
/* eslint-env browser */
function installRecorder() {
  const mics = [];
  const real = navigator.mediaDevices?.getUserMedia?.bind(navigator.mediaDevices);
  if (real) {
    navigator.mediaDevices.getUserMedia = async (constraints) => {
      const stream = await real(constraints);
      mics.push(stream);
      return stream;
    };
  }
  const worklet = `registerProcessor('tap', class extends AudioWorkletProcessor {
    constructor() { super(); this.chunks = [[], [], []]; this.n = 0; this.first = 0; }
    process(inputs) {
      const [[mic], [left, right = left]] = inputs;
      for (const [c, input] of [mic, left, right].entries()) {
        this.chunks[c].push(input ? input.slice() : new Float32Array(128));
      }
      if (++this.n === 40) {
        this.port.postMessage(this.chunks); this.chunks = [[], [], []]; this.n = 0;
      }
      return true;
    }
  });`;
  const pack = (parts) => {
    const pcm = new Int16Array(parts.length * 128);
    parts.forEach((part, i) => part.forEach((x, j) => {
      pcm[i * 128 + j] = Math.max(-1, Math.min(1, x)) * 32767;
    }));
    let text = '';
    const bytes = new Uint8Array(pcm.buffer);
    for (let at = 0; at < bytes.length; at += 32768) {
      text += String.fromCharCode(...bytes.subarray(at, at + 32768));
    }
    return btoa(text);
  };
  window.parleyRecorder = {
    async start(remote) {
      const context = new AudioContext({ sampleRate: 48000 });
      await context.audioWorklet.addModule(
        `data:text/javascript,${encodeURIComponent(worklet)}`);
      const node = new AudioWorkletNode(context, 'tap', { numberOfInputs: 2 });
      const mic = mics.at(-1);
      if (mic) context.createMediaStreamSource(mic).connect(node, 0, 0);
      if (remote) context.createMediaStreamSource(remote).connect(node, 0, 1);
      node.connect(context.destination);
      this.context = context;
      this.node = node;
      this.sources = new Map(); // of a track
      this.parts = [[], [], []];
      this.startMs = 0;
      node.port.onmessage = ({ data }) => {
        this.startMs ||= Date.now() - 40 * 128 / 48;
        for (let c = 0; c < 3; c++) this.parts[c].push(...data[c]);
      };
    },
    // Whatever that element is given to play.
    follow(player) {
      let last = player.srcObject;
      this.following = setInterval(() => {
        if (!player.srcObject?.getAudioTracks().length || player.srcObject === last) return;
        last = player.srcObject;
        this.add(last);
      }, 10);
    },
    // One more sound of the same loudspeaker, or the same again.
    add(remote) {
      const { id } = remote.getAudioTracks()[0];
      this.sources.get(id)?.disconnect();
      this.sources.set(id, this.context.createMediaStreamSource(remote));
      this.sources.get(id).connect(this.node, 0, 1);
    },
    // The last seconds heard, on one side (0: left); goes on.
    latest(seconds, side = 0) {
      const parts = this.parts[1 + side].slice(-Math.ceil(seconds * 48000 / 128));
      return { startMs: Date.now() - parts.length * 128 / 48, ear: pack(parts) };
    },
    async stop() {
      clearInterval(this.following);
      await this.context.close();
      return { startMs: this.startMs, mic: pack(this.parts[0]), ear: pack(this.parts[1]) };
    },
  };
}

function unpack(text, startMs) {
  const bytes = Buffer.from(text, 'base64');
  const samples = new Float32Array(bytes.length / 2);
  for (let i = 0; i < samples.length; i++) samples[i] = bytes.readInt16LE(i * 2) / 32768;
  return new Recording(samples, 48000, startMs);
}

// What the recorder of a page heard in the last seconds, on one side (0: left).
export async function latestHeard(page, seconds, side = 0) {
  const { startMs, ear } = await page.evaluate((args) => window.parleyRecorder.latest(...args), [seconds, side]);
  return unpack(ear, startMs);
}

// The browser's program; in a namespace, one that begins it there.
async function program(system, place) {
  const chrome = process.env.PARLEY_CHROMIUM || '/usr/bin/chromium';
  if (!place) return chrome;
  const path = join(system.dir, `chromium-${place}`);
  await writeFile(path, `#!/bin/sh\nexec ${inside(place).join(' ')} ${chrome} "$@"\n`, { mode: 0o700 });
  return path;
}

export class Person {
  // voice: name in VOICES, or '' for a computer without a microphone; right:
  // that of the right side, where the microphone has two; place: network namespace
  static async open(system, voice, { name = voice, recorder = true, deny = false, right = '', place = system.place } = {}) {
    const person = new Person();
    person.system = system;
    person.voice = voice;
    person.name = name;
    const flags = [...FLAGS];
    if (voice) {
      const wav = join(system.dir, `mic-${voice}.wav`);
      const [one, other] = [voice, right].map((side) => side && makeVoice(VOICES[side], 48000, 12));
      await writeWav(wav, right ? sideBySide(one, other) : one, 48000, right ? 2 : 1);
      flags.push(...MICROPHONE, `--use-file-for-fake-audio-capture=${wav}`);
    }
    if (deny) flags.push('--deny-permission-prompts');
    person.browser = await chromium.launch({
      executablePath: await program(system, place),
      args: flags,
      ignoreDefaultArgs: ['--mute-audio'],
    });
    system.onStop(() => person.close());
    person.context = await person.browser.newContext({
      ignoreHTTPSErrors: true,
      bypassCSP: recorder,
      permissions: voice && !deny ? ['microphone'] : [],
      viewport: { width: 960, height: 640 },
    });
    if (recorder) await person.context.addInitScript(installRecorder);
    person.page = await person.context.newPage();
    person.console = [];
    person.page.on('console', (m) => person.console.push(`${m.type()}: ${m.text()}`));
    person.page.on('pageerror', (e) => person.console.push(`uncaught: ${e.message}`));
    return person;
  }

  // Values of the page's data attributes.
  state() {
    return this.page.evaluate(() => ({ ...document.body.dataset }));
  }

  roster() {
    return this.page.$$eval('#roster > li', (items) => items.map((li) => ({ ...li.dataset })));
  }

  async visit(room) {
    await this.page.goto(`${this.system.url}/join/${room}`);
    await this.page.waitForSelector('body[data-ready=true]');
  }

  async fillDoor() {
    await this.page.fill('#name', this.name);
    await this.page.evaluate(() => { document.querySelector('#original-sound').checked = true; });
  }

  async join(room, { timeoutMs = PATIENCE_MS } = {}) {
    await this.visit(room);
    await this.fillDoor();
    await this.page.click('#join');
    await this.inRoom(timeoutMs);
  }

  // As join(), where the room asks for a PIN.
  async joinWithPin(room, pin) {
    await this.visit(room);
    await this.fillDoor();
    await this.page.click('#join');
    await this.page.waitForSelector('body[data-error=pin-required]');
    await this.page.fill('#pin', pin);
    await this.page.keyboard.press('Enter');
    await this.inRoom();
  }

  async inRoom(timeoutMs = PATIENCE_MS) {
    await until(`${this.name} is in the room with media`, async () => {
      const state = await this.state();
      return state.phase === 'room' && state.media === 'connected';
    }, timeoutMs).catch(async (error) => {
      error.message += `; page: ${JSON.stringify(await this.state())} ${this.console.join(' | ')}`;
      throw error;
    });
  }

  // follows: goes on with what the page plays when it has joined anew
  async startRecording({ follows = false } = {}) {
    await this.page.evaluate(async (on) => {
      const player = document.querySelector('#remote');
      await window.parleyRecorder.start(player?.srcObject);
      if (on) window.parleyRecorder.follow(player);
    }, follows);
  }

  async stopRecording() {
    const { startMs, mic, ear } = await this.page.evaluate(() => window.parleyRecorder.stop());
    return { said: unpack(mic, startMs), heard: unpack(ear, startMs) };
  }

  // While it records: the last seconds.
  heard(seconds, side) { return latestHeard(this.page, seconds, side); }

  // Hears others steadily, and not itself.
  async hears(...others) {
    await this.startRecording();
    await hearsWell(this, ...others);
    await this.stopRecording();
  }

  async close() {
    await this.browser?.close().catch(() => {});
    this.browser = null;
  }
}
