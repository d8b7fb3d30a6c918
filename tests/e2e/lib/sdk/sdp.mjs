// sdp.mjs - session descriptions as the old SDK handles them: taken apart by a
// small grammar and written anew, in both directions.

const BANDWIDTHS = /^(TIAS|AS|CT|RR|RS):\d+$/;
const MEDIA = /^(audio|video|application) (\d+) ([A-Za-z/]+)((?: \S+)*)$/;
const CANDIDATE = new RegExp('^(candidate:\\S+ \\d+ \\S+ \\d+ \\S+ \\d+ typ \\S+'
  + '(?: raddr \\S+ rport \\d+)?)(?:.*?( generation \\d+))?');
const DIRECTION = /^(sendrecv|sendonly|recvonly|inactive)$/;

// Attributes are written in this order of kinds; others follow as they came.
const KINDS = [
  'group', 'msid-semantic', 'ice-lite', 'ssrc-group', 'ssrc', 'rtcp', 'mid', 'msid', 'setup',
  'fingerprint', 'ice-ufrag', 'ice-pwd', 'ice-options', 'candidate', 'direction', 'rtcp-mux',
  'rtcp-rsize', 'rtpmap', 'rtcp-fb', 'fmtp', 'ptime', 'maxptime', 'extmap',
];

function kindOf(attribute) {
  if (DIRECTION.test(attribute)) return 'direction';
  return attribute.split(':', 1)[0];
}

// One attribute as the grammar keeps it.
function keep(attribute) {
  const kind = kindOf(attribute);
  if (kind === 'candidate') {
    const found = CANDIDATE.exec(attribute);
    if (!found) throw new SyntaxError('a candidate that the grammar does not know');
    return found[1] + (found[2] ?? '');
  }
  if (kind === 'msid') {
    const found = /^msid:[A-Za-z0-9_-]+(?: [A-Za-z0-9_-]+)?/.exec(attribute);
    return found ? found[0] : attribute;
  }
  return attribute;
}

function ordered(attributes) {
  const rank = (text) => {
    const at = KINDS.indexOf(kindOf(text));
    return at < 0 ? KINDS.length : at;
  };
  return attributes.map((text, at) => ({ text, at, rank: rank(text) }))
    .sort((a, b) => a.rank - b.rank || a.at - b.at).map(({ text }) => text);
}

// Sections: the first is the session's, then one a medium. Each has `lines`
// (without attributes) and `attributes`.
export function parse(sdp) {
  const sections = [{ lines: [], attributes: [] }];
  for (const line of sdp.split('\r\n')) {
    const found = /^([a-z])=(.*)$/.exec(line);
    if (!found) continue; // lost
    const [, type, value] = found;
    if (type === 'm') {
      const medium = MEDIA.exec(value);
      if (!medium) throw new SyntaxError(`an m-line that the grammar does not know: ${value}`);
      sections.push({ lines: [line], attributes: [], media: medium[1], port: Number(medium[2]) });
    } else if (type === 'a') {
      sections.at(-1).attributes.push(keep(value));
    } else if (type !== 'b' || BANDWIDTHS.test(value)) {
      sections.at(-1).lines.push(line);
    }
  }
  return sections;
}

export function write(sections) {
  const lines = sections.flatMap((section) => [
    ...section.lines, ...ordered(section.attributes).map((text) => `a=${text}`)]);
  return `${lines.join('\r\n')}\r\n`;
}

const media = (sections) => sections.slice(1);

function dropAttributes(sections, kind) {
  for (const section of sections) {
    section.attributes = section.attributes.filter((text) => kindOf(text) !== kind);
  }
}

// Old browsers named RTCP's own candidates, for which the SDK waits: the shim
// of current pages copies those of RTP.
function copyCandidates(sections) {
  for (const section of media(sections)) {
    section.attributes.push(...section.attributes
      .filter((text) => /^candidate:\S+ 1 udp /i.test(text))
      .map((text) => text.replace(/^(candidate:\S+) 1 /, '$1 2 ')));
  }
}

function nameSsrcs(sections) {
  const names = media(sections).flatMap((section) => {
    const found = section.attributes.map((text) => /^ssrc:(\d+) msid:(\S+ \S+)/.exec(text));
    return found.filter(Boolean).slice(0, 1).map(([, ssrc, msid]) => `${ssrc}:${msid}`);
  });
  const at = sections[0].lines.findIndex((line) => line.startsWith('s='));
  if (names.length) sections[0].lines[at] = `s=${names.join(';')}`;
}

// A description of the browser as it goes to the server.
export function outgoing(sdp, generation) {
  const sections = parse(sdp);
  if (generation.stripsRtcpRsize) dropAttributes(sections, 'rtcp-rsize');
  if (generation.ssrcInSessionName) nameSsrcs(sections);
  copyCandidates(sections);
  return write(sections);
}

// A description of the server as it goes to the browser. `role`: the a=setup
// that the SDK forces, or nothing.
export function incoming(sdp, generation, { role, isInvitation } = {}) {
  const sections = parse(sdp);
  if (generation.stripsRemoteSsrc) {
    dropAttributes(sections, 'ssrc');
    dropAttributes(sections, 'ssrc-group');
  }
  let text = write(sections);
  if (role) text = text.replace(/a=setup:\w+/g, `a=setup:${role}`);
  if (isInvitation) text = text.replace(/a=sendonly/g, 'a=inactive');
  const refused = media(sections).find((s) => s.media === 'video' && s.port === 0);
  // What it does to an answer without a=inactive hits the first section.
  if (refused && !refused.attributes.includes('inactive')) {
    text = text.replace(/a=(sendrecv|sendonly|recvonly)/, 'a=inactive');
  }
  return text;
}

// The next version of a description with another direction: how hold and
// resume are made without asking the browser.
export function edited(sdp, direction) {
  return sdp.replace(/^o=(\S+ \S+) (\d+)/m, (_, name, version) => `o=${name} ${BigInt(version) + 1n}`)
    .replace(/a=(sendrecv|sendonly|recvonly|inactive)(?=\r\n)/g, `a=${direction}`);
}

// audio, video, nomedia or unsupported; and the first section's direction.
export function describe(sdp, generation) {
  const all = media(parse(sdp)).map((section) => ({
    media: section.media,
    direction: section.attributes.find((text) => DIRECTION.test(text)),
    isRefused: section.port === 0,
  }));
  const kinds = all.map((section) => section.media).join(' ');
  const direction = all[0]?.direction;
  const ufrag = /^a=ice-ufrag:(.*)\r$/m.exec(sdp)?.[1];
  if (generation.countsMediaLines && kinds !== 'audio' && kinds !== 'audio video') {
    return { type: 'unsupported', direction, ufrag };
  }
  const isQuiet = (d) => d === 'recvonly' || d === 'inactive';
  if (all.every((section) => isQuiet(section.direction))) return { type: 'nomedia', direction, ufrag };
  const video = all[1];
  const isAudio = !video || video.direction === 'recvonly'
    || (generation.refusesVideoAware && (video.direction === 'inactive' || video.isRefused));
  return { type: isAudio ? 'audio' : 'video', direction, ufrag };
}

// The rules for what a server may send; a list of what is wrong.
export function serverFaults(sdp) {
  const faults = [];
  if (/[^\r]\n/.test(sdp)) faults.push('a line does not end in CRLF');
  const sections = parse(sdp);
  const kinds = media(sections).map((section) => section.media).join(' ');
  if (kinds !== 'audio' && kinds !== 'audio video') faults.push(`m-lines: ${kinds}`);
  for (const [at, section] of media(sections).entries()) {
    const all = [...sections[0].attributes, ...section.attributes];
    const has = (kind) => all.some((text) => kindOf(text) === kind);
    if (!section.attributes.some((text) => DIRECTION.test(text))) faults.push(`${at}: no direction`);
    if (section.port === 0) {
      if (!section.attributes.includes('inactive')) faults.push(`${at}: refused, not inactive`);
      continue;
    }
    if (all.includes('setup:active')) faults.push(`${at}: DTLS role is active`);
    for (const kind of ['setup', 'fingerprint', 'ice-ufrag', 'ice-pwd', 'candidate']) {
      if (!has(kind)) faults.push(`${at}: no ${kind}`);
    }
  }
  return faults;
}
