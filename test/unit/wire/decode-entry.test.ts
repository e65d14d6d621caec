import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ProtocolError } from '../../../src/errors.js';
import { ENTRIES_MAX } from '../../../src/wire/constants.js';
import { decodeEntry } from '../../../src/wire/decode-entry.js';

const time = Buffer.from('fffffffffffffffe', 'hex');
const file = [7, 0, 'a/b', 5, 0o644, time, 0];
const common = { id: 7, path: 'a/b', size: 5, mode: 0o644, mtimeNs: -2n };

function refuses(value: unknown, text: RegExp): void {
  assert.throws(() => decodeEntry(value), (error: unknown) => error instanceof ProtocolError && text.test(error.message));
}

describe('an entry', () => {
  it('of each kind has what is its own', () => {
    assert.deepEqual(decodeEntry(file), { ...common, kind: 'file' });
    assert.deepEqual(decodeEntry([7, 1, 'a/b', 5, 0o644, time]), { ...common, kind: 'directory' });
    assert.deepEqual(decodeEntry([7, 2, 'a/b', 5, 0o644, time, '../x']), { ...common, kind: 'symlink', target: '../x' });
    assert.deepEqual(decodeEntry([7, 3, 'a/b', 5, 0o644, time, 6]), { ...common, kind: 'hardlink', linkTo: 6 });
  });

  it('that is a file has flags, of which some are known, or none', () => {
    assert.deepEqual(decodeEntry([...file.slice(0, 6), 1]), { ...common, kind: 'file', sparse: true });
    assert.deepEqual(decodeEntry([...file.slice(0, 6), 2]), { ...common, kind: 'file', linked: true });
    assert.deepEqual(decodeEntry([...file.slice(0, 6), 255]), { ...common, kind: 'file', sparse: true, linked: true });
    assert.deepEqual(decodeEntry([...file.slice(0, 6), 252]), { ...common, kind: 'file' });
    assert.deepEqual(decodeEntry(file.slice(0, 6)), { ...common, kind: 'file' });
  });

  it('that is a hard link has flags, too, or none', () => {
    const hard = { ...common, kind: 'hardlink', linkTo: 6 };
    assert.deepEqual(decodeEntry([7, 3, ...file.slice(2, 6), 6, 0]), hard);
    // It is a name of what is linked: to say so of itself means nothing.
    assert.deepEqual(decodeEntry([7, 3, ...file.slice(2, 6), 6, 255]), { ...hard, sparse: true });
    for (const flags of [-1, 256, 0.5, 'x', null]) refuses([7, 3, ...file.slice(2, 6), 6, flags], /flags/u);
  });

  it('may have more than is known', () => {
    assert.deepEqual(decodeEntry([...file, 'later', null]), { ...common, kind: 'file' });
    assert.deepEqual(decodeEntry([7, 3, ...file.slice(2, 6), 6, 0, 'later']), { ...common, kind: 'hardlink', linkTo: 6 });
  });

  it('is refused when it is no list, or too short, or of an unknown kind', () => {
    for (const value of [null, 5, 'x', {}, Buffer.alloc(9), [], file.slice(0, 5)]) refuses(value, /no list/u);
    for (const kind of [4, -1, 0.5, '0', null, 'file', 2 ** 40]) refuses([7, kind, ...file.slice(2)], /unknown kind/u);
  });

  it('is refused with a wrong value in any place', () => {
    const numbers = [-1, 0.5, 2 ** 53, NaN, '1', null, [], Buffer.of(1)];
    const places: readonly (readonly [number, RegExp, readonly unknown[]])[] = [
      [0, /id/u, [...numbers, ENTRIES_MAX + 1]],
      [2, /path/u, [5, null, Buffer.from('x'), 'x'.repeat(4097), 'ü'.repeat(2049)]],
      [3, /size/u, numbers],
      [4, /mode/u, [...numbers, 0o10000]],
      [5, /time/u, [0, null, 'x', Buffer.alloc(7), Buffer.alloc(9), []]],
      [6, /flags/u, [-1, 256, 0.5, 'x', null]],
    ];
    for (const [place, text, values] of places) for (const value of values) refuses(file.map((good, at) => (at === place ? value : good)), text);
    for (const target of [undefined, 5, 'x'.repeat(4097)]) refuses([7, 2, ...file.slice(2, 6), target], /path/u);
  });

  it('that is a hard link names an entry before it', () => {
    for (const linkTo of [undefined, 7, 8, -1, '6']) refuses([7, 3, ...file.slice(2, 6), linkTo], /link/u);
    refuses([0, 3, ...file.slice(2, 6), 0], /link/u);
  });

  it('takes its bounds exactly', () => {
    const entry = decodeEntry([ENTRIES_MAX, 2, 'ü'.repeat(2048), Number.MAX_SAFE_INTEGER, 0o7777, time, 'x'.repeat(4096)]);
    assert.equal(entry.id, ENTRIES_MAX);
    assert.equal(decodeEntry([1, 0, '', 0, 0, Buffer.alloc(8), 0]).mtimeNs, 0n);
  });

  it('reads a time that lies within a larger buffer', () => {
    const within = Buffer.concat([Buffer.alloc(3), time, Buffer.alloc(5)]).subarray(3, 11);
    assert.equal(decodeEntry([7, 1, 'x', 0, 0, within]).mtimeNs, -2n);
  });
});
