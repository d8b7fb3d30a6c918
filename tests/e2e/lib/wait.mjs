// wait.mjs - wait for a condition, never for luck.

export const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

// How long a condition is waited for: of a machine that others keep busy, no measurement.
export const PATIENCE_MS = 30000;

// Calls `check` until it gives something true; returns that. Throws `what`
// with the last failure when `timeoutMs` is over.
export async function until(what, check, timeoutMs = PATIENCE_MS, everyMs = 50) {
  const end = Date.now() + timeoutMs;
  let last;
  for (;;) {
    try {
      const result = await check();
      if (result) return result;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) {
      throw new Error(`waited ${timeoutMs} ms in vain: ${what}`, { cause: last });
    }
    await pause(everyMs);
  }
}
