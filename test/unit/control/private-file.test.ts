import assert from 'node:assert/strict';
import { readdir, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { readPrivateFile, writePrivateFile, writePrivateFileNow } from '../../../src/control/private-file.js';
import { tempDir } from '../../support/cli.js';

describe('a private file', () => {
  for (const [title, write] of Object.entries({ durably: writePrivateFile, 'at once': writePrivateFileNow })) {
    it(`is written ${title}, for its owner alone, and read again`, async (t) => {
      const file = path.join(await tempDir(t), 'token');
      await write(file, 'one');
      await write(file, 'two');
      assert.equal(await readPrivateFile(file, 'a token'), 'two');
      assert.equal((await stat(file)).mode & 0o777, 0o600);
      assert.deepEqual(await readdir(path.dirname(file)), ['token']);
    });
  }

  it('takes away what runs that were killed have left, and leaves what another run is writing', async (t) => {
    const directory = await tempDir(t);
    const [old, fresh] = ['.draft-0123456789ab', '.draft-ba9876543210'].map((name) => path.join(directory, name)) as [string, string];
    for (const draft of [old, fresh]) await writeFile(draft, 'half a secr');
    const hourAgo = new Date(Date.now() - 3_600_000);
    await utimes(old, hourAgo, hourAgo);
    await writePrivateFile(path.join(directory, 'token'), 'whole');
    assert.deepEqual((await readdir(directory)).sort(), [path.basename(fresh), 'token']);
  });
});
