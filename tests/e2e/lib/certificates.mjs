// certificates.mjs - an authority of a story's own, and what it signs.

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

export class Authority {
  static async make() {
    const ca = new Authority();
    ca.dir = await mkdtemp(join(tmpdir(), 'parley-ca-'));
    ca.file = join(ca.dir, 'ca.pem');
    await run('openssl', ['req', '-x509', ...KEY, '-keyout', join(ca.dir, 'ca.key'),
      '-out', ca.file, '-days', '2', '-subj', '/CN=an authority of tests']);
    return ca;
  }

  // names: as in subjectAltName, "IP:127.0.0.1" or "URI:sip:example.org".
  // both: certificate and key in one file, as some telephones want them.
  async sign(name, names) {
    const at = (end) => join(this.dir, `${name}.${end}`);
    await run('openssl', ['req', ...KEY, '-keyout', at('key'), '-out', at('csr'), '-subj', `/CN=${name}`]);
    await writeFile(at('ext'), `subjectAltName=${names}\n`);
    await run('openssl', ['x509', '-req', '-in', at('csr'), '-CA', this.file,
      '-CAkey', join(this.dir, 'ca.key'), '-CAcreateserial', '-days', '2', '-extfile', at('ext'),
      '-out', at('pem')]);
    await writeFile(at('both'), `${await readFile(at('pem'))}${await readFile(at('key'))}`);
    return { certificate: at('pem'), key: at('key'), both: at('both') };
  }
}
