// Everything is behind a NAT that forwards ports, and so are a browser and a
// telephone, behind another that gives each flow a port by chance.

import assert from 'node:assert/strict';
import { after } from 'node:test';
import { Person } from '../lib/browser.mjs';
import { keepConnections, usedCandidates } from '../lib/connections.mjs';
import { Ears } from '../lib/ears.mjs';
import { Namespaces } from '../lib/namespaces.mjs';
import { Phone } from '../lib/phone.mjs';
import { Seat } from '../lib/seat.mjs';
import { stories } from '../lib/story.mjs';
import { header } from '../lib/trace.mjs';
import { pause, until } from '../lib/wait.mjs';

const SERVER = '10.20.0.2';
const PUBLIC = '203.0.113.7';
const HOME = '192.168.7.2';

// Of a router whose way out is `outer`.
const translation = (inwards, outwards) => `table ip translation {
  chain inwards {
    type nat hook prerouting priority -100
    ${inwards}
  }
  chain outwards {
    type nat hook postrouting priority 100
    oifname "outer" ${outwards}
  }
}`;

let server;
let router;
let home;
const net = await Namespaces.open(async (it) => {
  let homeRouter;
  [server, router, homeRouter, home] = await Promise.all(
    ['server', 'router', 'home-router', 'home'].map((name) => it.add(name)));
  await it.cable([server, 'eth0', `${SERVER}/24`], [router, 'inner', '10.20.0.1/24']);
  await it.cable([router, 'outer', `${PUBLIC}/24`], [homeRouter, 'outer', '203.0.113.99/24']);
  await it.cable([homeRouter, 'inner', '192.168.7.1/24'], [home, 'eth0', `${HOME}/24`]);
  await it.route(server, '10.20.0.1');
  await it.route(home, '192.168.7.1');
  await Promise.all([router, homeRouter].map((name) => it.forwards(name)));
  await it.rules(homeRouter, translation('', 'masquerade fully-random'));
  // For as long as the story takes: a call without SIP for half a minute loses its port.
  await Promise.all([router, homeRouter].map((name) => it.run(name, 'sh', '-c',
    'for kind in timeout timeout_stream; do echo 600 >/proc/sys/net/netfilter/nf_conntrack_udp_$kind; done')));
});
after(() => net.close());

// docs/deploy.md, "Behind a NAT": these ports, unchanged.
const forwarded = (base) => [`tcp dport { ${base}, ${base + 1} }`, `udp dport ${base + 1}-${base + 39}`]
  .map((ports) => `iifname "outer" ${ports} dnat to ${SERVER}`).join('\n    ');

const places = Object.fromEntries(['roompool', 'media-1', 'signaling-1', 'api-1'].map((node) => [node, server]));
const tell = stories({}, {
  medias: 1, supervised: false, net, places,
  flags: async (base) => {
    await net.rules(router, translation(forwarded(base), `snat to ${PUBLIC}`));
    return {
      'media-1': { bind_address: '', announce_address: PUBLIC, announce_loopback: false },
      'signaling-1': { udp_listen: `0.0.0.0:${base + 1}`, tcp_listen: `0.0.0.0:${base + 1}`, announce_address: PUBLIC },
      'api-1': { listen: '0.0.0.0' },
    };
  },
});

const present = async (system, name) => (await system.sql(
  `SELECT participant_id AS id FROM v_live_participants WHERE name LIKE '%${name}%'`));

// All that a telephone was sent names us by our outer address, and by no other.
async function assertPublic(phone, port) {
  const sent = (await phone.messages()).filter(({ from }) => from.startsWith(PUBLIC));
  assert.ok(sent.length > 3);
  for (const { text } of sent) {
    assert.ok(!text.includes(SERVER), text);
    if (/^SIP/.test(text)) assert.match(header(text, 'Via'), /;rport=\d+;received=203\.0\.113\.99/);
    else assert.match(header(text, 'Via'), new RegExp(`^SIP/2.0/\\w+ ${PUBLIC}:${port}`), text);
    if (header(text, 'Contact')) assert.match(header(text, 'Contact'), new RegExp(`^<sip:${PUBLIC}:${port}[;>]`), text);
    for (const [, address] of text.matchAll(/^(?:o=.*|c=)IN IP4 (\S+)/gm)) assert.equal(address, PUBLIC, text);
  }
}

let anna;
let carla;
let dan;

tell('a browser and telephones of both transports hear each other', async (system) => {
  Object.assign(system, { url: `https://${PUBLIC}:${system.base}`, place: home, ownHost: HOME, sipHost: PUBLIC });
  [anna, carla, dan] = await Promise.all([Person.open(system, 'anna'),
    Phone.open(system, 'carla', { traced: true }), Phone.open(system, 'dan', { transport: 'tcp', traced: true })]);
  await keepConnections(anna);
  await Promise.all([anna.join('lobby'), carla.dial('lobby'), dan.dial('lobby')]);
  await new Ears(anna, carla).both();
  await new Ears(anna, dan).both();
  assert.equal((await usedCandidates(anna)).remote.address, PUBLIC);
});

// Packets of media that come to a telephone in a while; baresip 1.0 plays nothing
// any more once it has held a call.
async function watchMedia(phone) {
  await net.rules(home, `table ip watch {
    counter media { }
    chain in {
      type filter hook input priority 0
      udp dport ${phone.rtpPort}-${phone.rtpPort + 19} counter name media
    }
  }`);
  const all = async () => Number((await net.run(home, 'nft', 'list', 'counter', 'ip', 'watch', 'media'))
    .match(/packets (\d+)/)[1]);
  return async () => {
    const before = await all();
    await pause(300);
    return await all() - before;
  };
}

tell('one holds the call and resumes it', async () => {
  const ears = new Ears(anna, carla);
  const comes = await watchMedia(carla);
  await until('it is sent sound', async () => await comes() > 8);
  await carla.command('hold');
  await Promise.all([until('the page hears it no more', async () => !await ears.pageHears()),
    until('it is sent nothing', async () => await comes() < 4)]);
  await carla.command('resume');
  await Promise.all([until('the page hears it again', () => ears.pageHears()),
    until('it is sent sound again', async () => await comes() > 8)]);
});

tell('one hangs up, the other is hung up on', async (system) => {
  await dan.hangup();
  await until('dan has left', async () => (await present(system, 'dan')).length === 0);
  const host = await Seat.join(system, 'lobby', 'Host');
  const [{ id }] = await present(system, 'carla');
  const { status, text } = await host.post(`participants/${id}/disconnect`);
  assert.equal(status, 200, text);
  await carla.closed();
  await Promise.all([anna.close(), carla.close(), dan.close()]);
  await until('what carla was told is written to the end', async () =>
    (await carla.messages()).some(({ text }) => /^BYE /.test(text)));
  for (const phone of [carla, dan]) await assertPublic(phone, system.sipPort);
  // Of the call, hold and resume, each once: what is lost or late comes again.
  const answers = new Map((await carla.messages()).filter(({ from }) => from.startsWith(PUBLIC)).map(({ text }) => text)
    .filter((text) => /^SIP\/2\.0 200 [^]*^CSeq: \d+ INVITE/m.test(text))
    .map((text) => [header(text, 'CSeq'), text.match(/^a=(sendrecv|recvonly|inactive)/m)?.[1]]));
  assert.deepEqual([...answers.values()], ['sendrecv', 'recvonly', 'sendrecv']);
});
