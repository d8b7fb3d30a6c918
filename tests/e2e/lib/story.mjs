// story.mjs - a story is a test with the whole system around it.

import { after, before, test } from 'node:test';
import { System, tellLogs } from './system.mjs';

// Starts one system for a file's stories; `tell(name, fn)` adds a story, whose
// failure prints the logs' ends. shape: as System.start() takes it.
export function stories(settings, shape) {
  const here = { system: null };
  before(async () => { here.system = await System.start(settings, shape); }, { timeout: 60000 });
  after(async () => { await here.system?.stop(); }, { timeout: 60000 });
  const tell = (name, fn, { timeout = 180000 } = {}) => test(name, { timeout }, async () => {
    try {
      await fn(here.system);
    } catch (error) {
      await tellLogs(here.system);
      throw error;
    }
  });
  return tell;
}
