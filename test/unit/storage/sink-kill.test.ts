// kill -9 at chosen points, and again at once with the same command.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { CHUNK, content, fill, names, openFor, sinkOptions, temporary } from './fixture.js';

const SIZE = 8 * CHUNK;
const CHILD = fileURLToPath(new URL('./kill-child.js', import.meta.url));

describe('kill -9', () => {
  for (const [stage, vouched] of [['opened', 0], ['written', 0], ['checkpointed', 4]] as const) {
    it(`after ${stage}: the next run takes the lock at once and has ${vouched} chunks`, async (t) => {
      const directory = await temporary(t);
      const target = path.join(directory, 'x');
      const bytes = content(SIZE);
      await writeFile(path.join(directory, 'bytes'), bytes);
      const child = spawn(process.execPath, [CHILD, target, path.join(directory, 'bytes'), stage], { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(child.stdout, 'data');
      child.kill('SIGKILL');
      // Not waited for: an unreaped child must not hold the lock either.
      const sink = await openWhenDead(() => openFor(t, sinkOptions(target, SIZE)));
      assert.equal(sink.vouched.count, vouched);
      assert.equal(sink.restarted, undefined);
      await fill(sink, bytes, [...sink.missing()].flatMap(({ first, count }) => Array.from({ length: count }, (_, index) => first + index)));
      await sink.commit();
      assert.deepEqual(await readFile(target), bytes);
      assert.deepEqual(await names(directory), ['bytes', 'x']);
    });
  }
});

/** A signal takes a moment to arrive; "locked" is the truth until then. */
async function openWhenDead<T>(open: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await open();
    } catch (error) {
      if (attempt === 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
