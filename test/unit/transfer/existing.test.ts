/**
 * What is at the target already, from session to session.
 */
import assert from 'node:assert/strict';
import { chmod, copyFile, mkdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { Outbound } from '../../../src/transfer/outbound.js';
import { makeTree } from '../storage/tree-fixture.js';
import { content, fates, MIB, move, Move } from './fixture.js';
import { place } from './tree-place.js';

describe('a file of a tree that is there', () => {
  it('is compared by content where that is asked, and gets the sender’s time', async (t) => {
    const { source, target } = await place(t, { same: 'text', differs: 'text' });
    await writeFile(path.join(source, 'large'), content(2 * MIB));
    await mkdir(target);
    for (const [name, bytes] of [['same', 'text'], ['differs', 'TEXT'], ['large', content(2 * MIB)]] as const) await writeFile(path.join(target, name), bytes);
    for (const name of ['same', 'differs', 'large']) await utimes(path.join(source, name), 10, 10);
    const { received, move: moved } = await move({ paths: [source], target, send: { checksum: true } });
    assert.deepEqual(fates(moved.sent), { '': 'placed', same: 'equal', differs: 'done', large: 'equal' });
    assert.equal(received.movedBytes, 4);
    for (const name of ['same', 'differs', 'large']) assert.equal((await stat(path.join(target, name))).mtimeMs, 10_000, name);
  });

  it('is compared a few files at a time', async (t) => {
    const { source, target } = await place(t, Object.fromEntries([...Array(60).keys()].map((index) => [`f${index}`, 'text'])));
    await move({ paths: [source], target });
    const open = { now: 0, most: 0 };
    const counted = (outbound: Outbound): Outbound => {
      const real = outbound.open.bind(outbound);
      outbound.open = async (entry) => {
        open.now += 1;
        open.most = Math.max(open.most, open.now);
        const file = await real(entry);
        const close = file.close.bind(file);
        file.close = () => {
          open.now -= 1;
          return close();
        };
        return file;
      };
      return outbound;
    };
    const { received } = await move({ paths: [source], target, send: { checksum: true }, wrapOutbound: counted });
    assert.deepEqual([received.entries.equal, open.now], [60, 0]);
    assert.ok(open.most <= 4, `${open.most} at once`);
  });

  it('that is compared and differs stays where the policy says so', async (t) => {
    for (const [existing, newer, older] of [['skip', 'kept', 'kept'], ['update', 'kept', 'done'], ['overwrite', 'done', 'done'], ['refuse', 'failed storage-exists', 'failed storage-exists']] as const) {
      const { source, target } = await place(t, { newer: 'text', older: 'text' });
      await mkdir(target);
      await makeTree(target, { newer: 'TEXT', older: 'TEXT' });
      await utimes(path.join(target, 'older'), 10, 10);
      await utimes(path.join(source, 'newer'), 10, 10);
      const moving = await Move.begin({ paths: [source], target, send: { checksum: true, existing } });
      await moving.ends();
      const { '': _, ...files } = fates(moving.sent);
      assert.deepEqual(files, { newer, older }, existing);
      assert.equal(await readFile(path.join(target, 'newer'), 'utf8'), newer === 'done' ? 'text' : 'TEXT', existing);
    }
  });
});

describe('a single file that is there', () => {
  for (const checksum of [false, true]) {
    it(`and is equal gets the sender’s mode${checksum ? ', compared by content' : ''}`, async (t) => {
      const { source, target } = await place(t, { f: 'text' });
      const from = path.join(source, 'f');
      await copyFile(from, target);
      await utimes(from, 10, 10);
      await utimes(target, 10, 10);
      await chmod(from, 0o640);
      const { received } = await move({ paths: [from], target, receive: { existing: 'overwrite', checksum } });
      assert.deepEqual([received.entries.equal, (await stat(target)).mode & 0o777], [1, 0o640]);
      await chmod(from, 0o600);
      await move({ paths: [from], target, receive: { existing: 'overwrite', checksum, dryRun: true } });
      assert.equal((await stat(target)).mode & 0o777, 0o640, 'not in a dry run');
    });
  }
});
