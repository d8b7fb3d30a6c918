// ladder.mjs - a picture of a message sequence: SVG with the same bytes for the
// same messages.

const LANE = 190;
const ROW = 34;
const TOP = 56;
const EDGE = 84;

const escaped = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

function arrow(from, to, y, { label, kind }) {
  const [a, b] = [from, to].map((lane) => EDGE + lane * LANE);
  const way = Math.sign(b - a);
  const tip = `${b},${y} ${b - way * 8},${y - 4} ${b - way * 8},${y + 4}`;
  return `<g class="${kind}"><line x1="${a}" y1="${y}" x2="${b - way * 6}" y2="${y}"/>`
    + `<polygon points="${tip}"/><text x="${(a + b) / 2}" y="${y - 5}">${escaped(label)}</text></g>`;
}

function span(lanes, y, { label }) {
  const [a, b] = [Math.min(...lanes), Math.max(...lanes)].map((lane) => EDGE + lane * LANE);
  return `<g class="sound"><rect x="${a}" y="${y - 13}" width="${b - a}" height="20" rx="9"/>`
    + `<text x="${(a + b) / 2}" y="${y + 2}">${escaped(label)}</text></g>`;
}

// lanes: names from left to right. rows: { from, to, label, kind }, where kind
// is api, event, token, sip or sound (sound: between, not from one to another).
// note: text for whoever reads the file again.
export function ladder(title, lanes, rows, note) {
  const place = new Map(lanes.map((name, i) => [name, i]));
  const at = (name) => {
    if (!place.has(name)) throw new Error(`no lane ${name}`);
    return place.get(name);
  };
  const width = 2 * EDGE + (lanes.length - 1) * LANE;
  const height = TOP + rows.length * ROW + 40;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11">`,
    `<title>${escaped(title)}</title>`,
    `<metadata>${note.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`)}</metadata>`,
    '<style>text{text-anchor:middle;fill:#222;stroke:#fff;stroke-width:3;paint-order:stroke}line{stroke-width:1.3}'
      + '.lane line{stroke:#bbb;stroke-dasharray:3 3}.lane text{stroke:none}.sound text{stroke:none}.lane rect{fill:#eef2f7;stroke:#8899aa}'
      + '.api line{stroke:#c0392b}.api polygon{fill:#c0392b}.event line{stroke:#8e44ad}.event polygon{fill:#8e44ad}'
      + '.token line{stroke:#7f8c8d}.token polygon{fill:#7f8c8d}.sip line{stroke:#2471a3}.sip polygon{fill:#2471a3}'
      + '.sound rect{fill:#d5f0dc;stroke:#58a36c}</style>',
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
  ];
  for (const [name, i] of place) {
    const x = EDGE + i * LANE;
    parts.push(`<g class="lane"><line x1="${x}" y1="36" x2="${x}" y2="${height - 12}"/>`
      + `<rect x="${x - 72}" y="12" width="144" height="26" rx="4"/><text x="${x}" y="29">${escaped(name)}</text></g>`);
  }
  rows.forEach((row, i) => {
    const y = TOP + i * ROW + 14;
    const ends = [at(row.from), at(row.to)];
    parts.push(row.kind === 'sound' ? span(ends, y, row) : arrow(...ends, y, row));
  });
  return `${parts.join('\n')}\n</svg>\n`;
}
