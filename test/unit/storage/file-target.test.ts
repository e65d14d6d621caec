/**
 * A single file's place, and what becomes of a file that is there already.
 */
import assert from 'node:assert/strict';
import { lstat, readFile, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { openFileTarget, type FileTarget } from '../../../src/storage/file-target.js';
import type { TreeEntry } from '../../../src/storage/tree.js';
import { failsWith, IDENTITY, temporary } from './fixture.js';

const NEW = 'new content';
const ENTRY: TreeEntry = { kind: 'file', path: 'f', size: NEW.length, mode: 0o644, mtimeNs: 1_600_000_000_000_000_000n };
const SECONDS = Number(ENTRY.mtimeNs / 1_000_000_000n);

type Options = Omit<Parameters<typeof openFileTarget>[0], 'path' | 'peerName'>;

/** A target that is there, of this length and time. */
async function targetWith(t: TestContext, text: string, mtimeSeconds: number, options: Options): Promise<FileTarget> {
  const at = path.join(await temporary(t), 'f');
  await writeFile(at, text);
  await utimes(at, mtimeSeconds, mtimeSeconds);
  return openFileTarget({ path: at, peerName: 'f', ...options });
}

describe('a file that is there', () => {
  const same = 'old content';
  const cases: readonly (readonly [existing: Options['existing'], checksum: boolean, text: string, apart: number, verdict: string])[] = [
    ['refuse', false, same, 0, 'want'],
    ['skip', false, same, -1, 'kept'],
    ['skip', true, same, -1, 'kept'],
    ['overwrite', false, same, 0, 'equal'],
    ['overwrite', false, same, 1, 'want'],
    ['overwrite', true, same, 1, 'compare'],
    ['overwrite', true, 'longer content', 0, 'want'],
    ['update', false, same, 0, 'equal'],
    ['update', false, same, 1, 'kept'],
    ['update', false, same, -1, 'want'],
    ['update', true, same, 1, 'kept'],
    ['update', true, same, 0, 'kept'],
    ['update', true, same, -1, 'compare'],
    ['update', true, 'longer content', 1, 'kept'],
  ];
  for (const [existing, checksum, text, apart, verdict] of cases) {
    it(`${existing}${checksum ? ', by content' : ''}, ${text.length === NEW.length ? 'as long' : 'longer'}, ${apart === 0 ? 'as old' : apart > 0 ? 'newer' : 'older'}: ${verdict}`, async (t) => {
      const target = await targetWith(t, text, SECONDS + apart, { existing, checksum });
      assert.equal((await target.place(ENTRY)).kind, verdict);
    });
  }

  it('and becomes newer meanwhile is not replaced under update', async (t) => {
    const target = await targetWith(t, 'old', SECONDS - 1, { existing: 'update', checksum: false });
    assert.equal((await target.place(ENTRY)).kind, 'want');
    const sink = await target.open(ENTRY, ENTRY.size, 4096, IDENTITY);
    t.after(() => sink.discard());
    await sink.write([Buffer.from(NEW)], 0);
    sink.recordChunk(0, 1n);
    await writeFile(target.path, 'later');
    await assert.rejects(sink.commit(), failsWith('storage-exists'));
    assert.equal(await readFile(target.path, 'utf8'), 'later');
  });

  it('gets mode and time of one that is equal', async (t) => {
    const target = await targetWith(t, NEW, SECONDS - 5, { existing: 'overwrite', checksum: true });
    await target.touch({ ...ENTRY, mode: 0o600 });
    const { mode, mtimeNs } = await lstat(target.path, { bigint: true });
    assert.deepEqual([mode & 0o777n, mtimeNs], [0o600n, ENTRY.mtimeNs]);
  });
});
