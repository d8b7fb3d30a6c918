// device_address.test.mjs - addresses as our parser reads them, against the
// pattern of the published definition: built from pieces that are good, nearly
// good and bad, with a seed that is printed. argv: the program, the definition.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const [program, definition] = process.argv.slice(2);
const LONGEST = 256;
const ROUNDS = 20000;

function patternOf(text) {
  const at = text.indexOf('\n    Address:');
  const line = text.slice(at).match(/\n +pattern: *(.+)\n/)[1].trim();
  return new RegExp(line.replace(/^(['"])(.*)\1$/, '$2'));
}

let seed = Number(process.env.SEED ?? Date.now() % 1e9);
function random(n) { // xorshift32
  seed ^= seed << 13; seed ^= seed >>> 17; seed ^= seed << 5;
  return (seed >>> 0) % n;
}
const pick = (list) => list[random(list.length)];
const repeat = (from, most) => Array.from({ length: random(most + 1) }, () => pick(from)).join('');

const DIGITS = [...'0123456789'];
const WORD = [...'abzAZ019-._!%+ @:;=*#'];
const domain = () => pick(['a.b', 'example.com', 'a-b.c9', '-a.b', 'a-.b', 'a..b', 'a', 'A9.Z-Z.de',
  `${repeat(WORD, 4)}.${repeat(WORD, 4)}`, '1.2', '', 'x.y.zz']);
const context = () => pick(['+49', '+0', '+', '+1234567890123456', `+${repeat(DIGITS, 17)}`, domain()]);
const local = () => pick(['110', '*#', '', '123456789012345', '1234567890123456', repeat([...DIGITS, '*', '#', 'a'], 17)]);
const user = () => pick(['alice', '%20', 'a_b.c!d%e+f-', '', repeat(WORD, 6)]);
const label = () => pick(['police', 'a', '-a', 'a-', 'a-1', 'A', '', 'a'.repeat(32), 'a'.repeat(33), repeat(WORD, 4)]);
const FORMS = [
  () => `tel:+${repeat(DIGITS, 17)}`,
  () => `tel:+${pick(['1', '0', '9'])}${repeat(DIGITS, 16)}`,
  () => `tel:${local()};phone-context=${context()}`,
  () => `sip:${user()}@${domain()}`,
  () => `sip:${local()};phone-context=${context()}@${domain()};user=phone`,
  () => `urn:service:sos${Array.from({ length: random(4) }, () => `.${label()}`).join('')}`,
  () => 'sip:anonymous@anonymous.invalid',
  () => `sip:${'a'.repeat(230 + random(40))}@a.de`,
];

// One character more, less or other, now and then.
function spoil(text) {
  if (random(4) !== 0) return text;
  const at = random(text.length + 1);
  return text.slice(0, at) + pick(['', ...WORD]) + text.slice(at + random(2));
}

const started = seed;
const pattern = patternOf(readFileSync(definition, 'utf8'));
const addresses = Array.from({ length: ROUNDS }, () => spoil(pick(FORMS)()));
const { stdout, status } = spawnSync(program, { input: `${addresses.join('\n')}\n`, encoding: 'utf8', maxBuffer: 1 << 24 });
assert.equal(status, 0);
const said = stdout.trim().split('\n');
assert.equal(said.length, addresses.length);
let good = 0;
addresses.forEach((address, i) => {
  const wanted = pattern.test(address) && address.length <= LONGEST;
  good += wanted;
  assert.equal(said[i], wanted ? '1' : '0', `SEED=${started}: ${address}`);
});
assert.ok(good > ROUNDS / 20 && good < ROUNDS * 0.9, `${good} of ${ROUNDS} are good`);
console.log(`${ROUNDS} addresses, ${good} good, SEED=${started}`);
