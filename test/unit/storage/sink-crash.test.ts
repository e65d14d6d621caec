// A kill at each system call that changes the disk: the next run must find the target absent, complete or resumable.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { canTrace } from '../../support/crash/trace.js';
import { skipUnless } from '../../e2e/abilities.js';
import { CHUNK, content, names, temporary } from './fixture.js';

const CHILD = fileURLToPath(new URL('./kill-child.js', import.meta.url));
/** Other machines have linkat and unlinkat in place of some of these calls. */
const skip = skipUnless(canTrace(), 'needs Linux on x64, and a strace that may trace');

/** Call, how many times it comes in a whole run, and from which time on the second run finds a commit that was made. */
const CALLS = [
  ['rename', 1, 2],
  ['pwrite64', 3, 4],
  ['fdatasync', 2, 3],
  ['fsync', 3, 3],
  ['fchmod', 1, 2],
  ['utimensat', 1, 2],
  ['link', 1, 2],
  ['unlink', 5, 3],
] as const;

describe('kill -9 at a system call', { skip }, () => {
  for (const [call, times, committedFrom] of CALLS) {
    it(`${call}: the next run ends with the whole file and nothing else`, async (t) => {
      const directory = await temporary(t);
      const bytes = content(5 * CHUNK + 5);
      const source = path.join(directory, 'source');
      await writeFile(source, bytes);
      for (let time = 1; time <= times; time += 1) {
        const target = path.join(directory, `${call}-${time}`);
        const command = [process.execPath, CHILD, target, source, 'committed'];
        // Calls are counted by thread: with one thread in the pool the count is the same in every run.
        const env = { ...process.env, UV_THREADPOOL_SIZE: '1' };
        spawnSync('strace', ['-f', '-o', '/dev/null', '-e', `inject=${call}:signal=KILL:when=${time}`, ...command], { env });
        const there = await readFile(target).catch(() => undefined);
        assert.ok(there === undefined || there.equals(bytes));
        const left = (await names(directory)).filter((name) => name.startsWith('.'));
        assert.ok(left.length > 0, `${call} ${time} did not come`);
        const again = spawnSync(process.execPath, command.slice(1), { encoding: 'utf8' });
        const said = again.stdout.trim();
        // The last unlink is the lock's: by then the transfer is over, and its target is simply there.
        if (call === 'unlink' && time === times) assert.match(again.stderr, /storage-exists/u);
        else assert.equal(said, time >= committedFrom ? 'already committed' : 'committed', again.stderr);
        assert.ok((await readFile(target)).equals(bytes));
        assert.deepEqual((await names(directory)).filter((name) => name.startsWith('.')), []);
      }
    });
  }
});
