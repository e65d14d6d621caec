import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { StorageError } from '../../src/errors.js';
import { isOwnName, partialNames } from '../../src/storage/partial-names.js';
import { resolveTarget, safeName } from '../../src/storage/safe-path.js';

/** Names that a hostile peer would try, and anything else that a string can be. */
const name = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 }).map((units) => String.fromCharCode(...units)),
  fc.array(fc.constantFrom('..', '.', '/', '\\', 'a', '\0', '\n', '%2e', 'C:', '~', ' ', '．', '.streamer-part'), { maxLength: 8 }).map((parts) => parts.join('')),
);

function pass(text: string): string | undefined {
  try {
    return safeName(text);
  } catch (error) {
    assert.ok(error instanceof StorageError && error.code === 'storage-unsafe-path');
    assert.ok(!/[\p{Cc}\p{Cs}]/u.test(error.message));
    return undefined;
  }
}

describe('safeName, any name', () => {
  it('gives the very name or a StorageError, and the name never leaves the root', async () => {
    await fc.assert(
      fc.asyncProperty(name, async (text) => {
        const safe = pass(text);
        if (safe === undefined) return;
        assert.equal(safe, text);
        const target = await resolveTarget({ peerName: text, cwd: '/root/dir' });
        const resolved = path.resolve(target);
        assert.equal(path.dirname(resolved), '/root/dir');
        assert.equal(path.basename(resolved), text);
        assert.equal(Buffer.from(text).toString(), text);
        assert.ok(Buffer.byteLength(text) <= 255);
      }),
      { numRuns: 2000 },
    );
  });

  it('gives each safe name files of its own beside it, none of which a peer could name', () => {
    fc.assert(
      fc.property(name, name, (one, other) => {
        fc.pre(pass(one) !== undefined && pass(other) !== undefined);
        const { part, journal, lock, lockNext } = partialNames(`/root/${one}`);
        const mine = [part, journal, lock, lockNext];
        for (const file of mine) {
          assert.equal(path.dirname(path.resolve(file)), '/root');
          assert.ok(isOwnName(path.basename(file)));
          assert.ok(Buffer.byteLength(path.basename(file)) <= 255);
          assert.throws(() => safeName(path.basename(file)), StorageError);
        }
        if (one !== other) assert.ok(!mine.includes(partialNames(`/root/${other}`).part));
      }),
    );
  });
});
