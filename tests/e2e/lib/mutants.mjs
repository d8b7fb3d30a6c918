// mutants.mjs - a body with one thing changed: a member gone, one that nobody
// knows, a value of another kind.

const VALUES = [null, 1.5, '', 'ä'.repeat(257), [], '2001-01-01T00:00:00Z', '2040-01-01T00:00:00.1234567890+01:00',
  'tel:+123456', 'sip:a@b.example', 'https://a.example/%zz', '0F9A3D64-6F0B-4A55-9F0C-2F0D5C1B7E10'];

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

function pathsOf(value, path = []) {
  if (value === null || typeof value !== 'object') return [path];
  return [path, ...Object.keys(value).flatMap((key) => pathsOf(value[key], [...path, key]))];
}

// Gives { path, body } each; path: of what was changed, as text. `stranger` is
// the name of the member that nobody knows.
export function* mutants(body, stranger) {
  const holder = (copy, path) => path.slice(0, -1).reduce((at, key) => at[key], copy);
  for (const path of pathsOf(body)) {
    const name = path.join('.');
    if (isObject(path.reduce((at, key) => at[key], body))) {
      const copy = structuredClone(body);
      path.reduce((at, key) => at[key], copy)[stranger] = 1;
      yield { path: [...path, stranger].join('.'), body: copy };
    }
    if (path.length === 0) continue;
    const without = structuredClone(body);
    const at = holder(without, path);
    if (Array.isArray(at)) at.splice(path.at(-1), 1); else delete at[path.at(-1)];
    yield { path: name, body: without };
    for (const value of VALUES) {
      const copy = structuredClone(body);
      holder(copy, path)[path.at(-1)] = value;
      yield { path: name, value, body: copy };
    }
  }
}
