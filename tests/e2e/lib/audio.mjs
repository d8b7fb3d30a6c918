// audio.mjs - voices that can be told apart, and what was heard of them.
//
// A voice is a tone of its own frequency whose loudness steps between two
// levels every 100 ms in an order of its own. The frequency tells who is heard
// (Goertzel), the never quite silent tone shows gaps, and the order of the
// steps, correlated with what was sent, shows the delay.

import { readFile, writeFile } from 'node:fs/promises';

// Far enough apart for 20 ms windows and free of each other's harmonics; all
// within the band of G.711.
export const VOICES = {
  anna: 430, ben: 610, carla: 830, dan: 1090, eve: 1410, finn: 1870, gina: 2450,
};

const STEP_S = 0.1;
const LOUD = 0.24;
const SOFT = 0.10;

function stepLevels(seed, count) {
  let x = seed * 2654435761 >>> 0;
  return Array.from({ length: count }, () => {
    x ^= x << 13; x >>>= 0; x ^= x >>> 17; x ^= x << 5; x >>>= 0;
    return x & 1 ? LOUD : SOFT;
  });
}

// Samples -1..1 of a voice.
export function makeVoice(hz, rate, seconds) {
  const levels = stepLevels(hz, Math.ceil(seconds / STEP_S) + 1);
  const samples = new Float32Array(Math.round(seconds * rate));
  let level = levels[0];
  for (let i = 0; i < samples.length; i++) {
    const target = levels[Math.floor(i / rate / STEP_S)];
    level += (target - level) * 200 / rate; // glides within 5 ms: no clicks
    samples[i] = level * Math.sin(2 * Math.PI * hz * i / rate);
  }
  return samples;
}

// samples: of all channels, one after the other in turn
export async function writeWav(path, samples, rate, channels = 1) {
  const data = Buffer.alloc(44 + samples.length * 2);
  data.write('RIFF', 0); data.writeUInt32LE(36 + samples.length * 2, 4);
  data.write('WAVEfmt ', 8); data.writeUInt32LE(16, 16);
  data.writeUInt16LE(1, 20); data.writeUInt16LE(channels, 22);
  data.writeUInt32LE(rate, 24); data.writeUInt32LE(rate * 2 * channels, 28);
  data.writeUInt16LE(2 * channels, 32); data.writeUInt16LE(16, 34);
  data.write('data', 36); data.writeUInt32LE(samples.length * 2, 40);
  for (let i = 0; i < samples.length; i++) {
    const s = Math.max(-1, Math.min(1, samples[i]));
    data.writeInt16LE(Math.round(s * 32767), 44 + i * 2);
  }
  await writeFile(path, data);
}

// Samples as G.711 mu-law (ITU-T G.711, table 2a).
export function muLaw(samples) {
  return Buffer.from(Array.from(samples, (x) => {
    const size = Math.min(Math.round(Math.abs(x) * 32768), 32635) + 132;
    const exponent = Math.floor(Math.log2(size)) - 7;
    return ~((x < 0 ? 0x80 : 0) | exponent << 4 | size >> exponent + 3 & 15) & 255;
  }));
}

// Two voices in the turn that writeWav takes.
export function sideBySide(left, right) {
  const both = new Float32Array(left.length * 2);
  left.forEach((x, i) => { both[2 * i] = x; both[2 * i + 1] = right[i]; });
  return both;
}

// One channel of a 16-bit WAV that may still be growing (its length fields
// are then not trusted).
export async function readWav(path, channel = 0) {
  const file = await readFile(path);
  let at = 12;
  let rate = 0;
  let channels = 1;
  while (at + 8 <= file.length) {
    const id = file.toString('latin1', at, at + 4);
    const size = file.readUInt32LE(at + 4);
    if (id === 'fmt ') {
      channels = file.readUInt16LE(at + 10);
      rate = file.readUInt32LE(at + 12);
    } else if (id === 'data') {
      const end = file.length;
      const count = Math.floor((end - at - 8) / 2 / channels);
      const samples = new Float32Array(count);
      for (let i = 0; i < count; i++) {
        samples[i] = file.readInt16LE(at + 8 + (i * channels + channel) * 2) / 32768;
      }
      return { rate, channels, samples };
    }
    at += 8 + size + (size & 1);
  }
  return { rate: rate || 8000, channels, samples: new Float32Array(0) };
}

export class Recording {
  // startMs: wall clock of the first sample, when it is known
  constructor(samples, rate, startMs = NaN) {
    this.samples = samples;
    this.rate = rate;
    this.startMs = startMs;
  }

  get seconds() { return this.samples.length / this.rate; }

  slice(fromS, toS = this.seconds) {
    const a = Math.max(0, Math.round(fromS * this.rate));
    const b = Math.min(this.samples.length, Math.round(toS * this.rate));
    return new Recording(this.samples.subarray(a, b), this.rate,
      this.startMs + a / this.rate * 1000);
  }

  // Amplitude of one frequency over time: a value each hopMs.
  track(hz, windowMs = 20, hopMs = 5) {
    const n = Math.round(this.rate * windowMs / 1000);
    const hop = Math.round(this.rate * hopMs / 1000);
    const w = Float64Array.from({ length: n },
      (_, i) => 0.5 - 0.5 * Math.cos(2 * Math.PI * (i + 0.5) / n));
    const cos = Float64Array.from({ length: n }, (_, i) => w[i] * Math.cos(2 * Math.PI * hz * i / this.rate));
    const sin = Float64Array.from({ length: n }, (_, i) => w[i] * Math.sin(2 * Math.PI * hz * i / this.rate));
    const out = [];
    for (let at = 0; at + n <= this.samples.length; at += hop) {
      let re = 0;
      let im = 0;
      for (let i = 0; i < n; i++) {
        re += this.samples[at + i] * cos[i];
        im += this.samples[at + i] * sin[i];
      }
      out.push(4 * Math.hypot(re, im) / n);
    }
    return out;
  }

  // Mean amplitude of one frequency.
  level(hz) {
    const track = this.track(hz, 100, 50);
    return track.reduce((sum, x) => sum + x, 0) / Math.max(1, track.length);
  }

  // Longest stretch in which a voice is missing, in ms.
  longestGapMs(hz) {
    const hopMs = 5;
    const track = this.track(hz, 20, hopMs);
    const sorted = [...track].sort((a, b) => a - b);
    // From the loud steps, not from the middle: that would be silence for a
    // voice that is away more than half of the time. The soft steps lie at 0.4
    // of the loud ones.
    const floor = sorted[Math.floor(sorted.length * 0.9)] * 0.12;
    let longest = 0;
    let run = 0;
    for (const level of track) {
      run = level < floor ? run + 1 : 0;
      longest = Math.max(longest, run);
    }
    // The window hides the edges of a gap: a silence of d ms shows as d - 5.
    return longest ? longest * hopMs + 5 : 0;
  }
}

const HOP_MS = 5;
const PIECE_S = 2.5;

// How much later a piece of `heard` has the voice than `said`, in ms
// (0..maxMs), both with known startMs, and how alike the two are (0..1): of the
// piece that is most alike, because a jitter buffer that adapts stretches time
// between them.
export function delayMs(said, heard, hz, maxMs = 1500) {
  const all = said.track(hz, 20, HOP_MS);
  let best = { ms: NaN, likeness: -1 };
  for (let from = 0; from === 0 || from + PIECE_S <= heard.seconds; from += PIECE_S / 5) {
    const piece = heard.slice(from, from + PIECE_S);
    const offset = Math.round((piece.startMs - said.startMs) / HOP_MS);
    const part = piece.track(hz, 20, HOP_MS);
    for (let lag = -20; lag <= maxMs / HOP_MS; lag++) {
      const begin = offset - lag;
      if (begin < 0 || begin + part.length > all.length) continue;
      const likeness = alike(all.slice(begin, begin + part.length), part);
      if (likeness > best.likeness) best = { ms: lag * HOP_MS, likeness };
    }
  }
  return best;
}

// Correlation of two series of the same length (-1..1).
function alike(a, b) {
  const mean = (series) => series.reduce((sum, x) => sum + x, 0) / series.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] - meanA, b[i] - meanB];
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return ab / Math.sqrt(aa * bb || 1);
}

const db = (ratio) => 20 * Math.log10(Math.max(ratio, 1e-6));

// What is wrong with what a party hears: it must hear `others` and not `own`
// (names of voices). Returns a list of complaints, empty when all is well.
export function complaints(recording, { others, own = [], maxGapMs = 60, minSeconds = 2 }) {
  const bad = [];
  if (recording.seconds < minSeconds) {
    return [`recorded only ${recording.seconds.toFixed(2)} s`];
  }
  const levels = Object.fromEntries(
    Object.entries(VOICES).map(([name, hz]) => [name, recording.level(hz)]));
  for (const name of others) {
    if (levels[name] < 0.03) bad.push(`${name} is not heard (${db(levels[name]).toFixed(0)} dBFS)`);
    const gap = recording.longestGapMs(VOICES[name]);
    if (gap > maxGapMs) bad.push(`${name} has a gap of ${gap} ms`);
  }
  const loudest = Math.max(...others.map((name) => levels[name]), 0.05);
  for (const name of own) {
    const relative = db(levels[name] / loudest);
    if (relative > -26) bad.push(`hears itself (${name}, ${relative.toFixed(0)} dB)`);
  }
  return bad;
}

// What is wrong with how a voice came to an ear, both as delayMs() takes them.
export function rhythmComplaints(said, heard, name) {
  const { ms, likeness } = delayMs(said, heard, VOICES[name]);
  if (likeness < 0.8) return [`${name} has another rhythm (likeness ${likeness.toFixed(2)})`];
  console.log(`${name}: from mouth to ear in ${ms} ms`);
  return [];
}

const UNSTEADY = / has (a gap of|another rhythm) | is not heard |^recorded only /;

// Listens until one window is steady. `listen` gives the complaints about one
// window. Whoever else uses the machine can make any sound stutter or come
// late, which can look like another voice, too: that asks for another window,
// and says so. A voice that is heard by itself counts at once where nothing
// stutters. A fault of ours that comes back within a window's length shows in each.
export async function untilSteady(listen, windows = 15) {
  for (let left = windows - 1; ; left--) {
    const bad = await listen();
    if (left === 0 || !bad.some((text) => UNSTEADY.test(text))) return bad;
    console.log(`not steady yet: ${bad.join('; ')}`);
  }
}
