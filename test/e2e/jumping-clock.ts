/**
 * A clock that jumps under a command.
 *
 * @module
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import { chance } from './interrupting.js';

/**
 * Environment of a command whose clock jumps by a year, forth or back, and home again, five times a second. `Date` jumps alone: where a
 * system's clock is set, its monotonic clock, which `performance.now()` and timers read, goes on as it was (clock_gettime(2)).
 *
 * @param directory where the module that does it may be
 */
export async function jumpingClock(t: TestContext, directory: string): Promise<Record<string, string>> {
  const file = path.join(directory, 'jumping.mjs');
  const random = chance(t);
  const signs = Array.from({ length: 64 }, () => (random() < 0.5 ? 1 : -1));
  await writeFile(
    file,
    `const [OriginalDate, year, signs] = [Date, 365 * 86_400_000, ${JSON.stringify(signs)}];
     const now = Date.now.bind(Date);
     let [off, jumps] = [0, 0];
     setInterval(() => (off = off === 0 ? signs[jumps++ % signs.length] * year : 0), 200).unref();
     globalThis.Date = class extends OriginalDate {
       constructor(...given) {
         super(...(given.length === 0 ? [now() + off] : given));
       }
       static now() {
         return now() + off;
       }
     };`,
  );
  return { NODE_OPTIONS: `--import=${pathToFileURL(file).href}` };
}
