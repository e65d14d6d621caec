/**
 * Trees in real directories, from session to session.
 */
import assert from 'node:assert/strict';
import { chmod, link, lstat, mkdir, open, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { IntegrityError, StorageError, type StreamerError } from '../../../src/errors.js';
import type { Sink } from '../../../src/storage/sink.js';
import type { ProgressEvent } from '../../../src/transfer/progress.js';
import { makeTree, readTree, skippedAsRoot } from '../storage/tree-fixture.js';
import { content, fates, MIB, move, Move } from './fixture.js';
import { place } from './tree-place.js';

const TREE = { 'a.txt': 'one', empty: '', none: null, 'sub/b.txt': 'two', 'sub/deep/c': 'three', link: '-> a.txt', 'sub/up': '-> ../a.txt' };
const of = <K extends ProgressEvent['type']>(events: readonly ProgressEvent[], type: K) => events.filter((event): event is Extract<ProgressEvent, { type: K }> => event.type === type);

describe('a tree', () => {
  it('arrives as it is: files, directories, links, modes and times; both ends count alike', async (t) => {
    const { source, target } = await place(t, TREE);
    await writeFile(path.join(source, 'sub/large.bin'), content(2 * MIB + 7));
    await chmod(path.join(source, 'a.txt'), 0o640);
    await utimes(path.join(source, 'sub'), 1, 2);
    const { sent, received, move: moved } = await move({ paths: [source], target });
    assert.deepEqual(await readTree(target), await readTree(source));
    assert.equal((await stat(path.join(target, 'a.txt'))).mode & 0o777, 0o640);
    for (const name of ['a.txt', 'sub', 'sub/large.bin', 'none']) assert.equal((await lstat(path.join(target, name))).mtimeMs, (await lstat(path.join(source, name))).mtimeMs, name);
    assert.deepEqual(sent.entries, received.entries);
    assert.deepEqual([received.entries.moved, received.entries.placed, received.entries.failed], [5, 6, 0]);
    const size = 2 * MIB + 7 + 11;
    for (const result of [sent, received]) assert.deepEqual([result.root, result.name, result.size, result.movedBytes, result.resumedBytes, result.verified], ['tree', 'run', size, size, 0, true]);
    assert.equal(received.path, target);
    assert.equal(sent.digest, undefined, 'a tree has none');
    assert.deepEqual(fates(moved.sent), fates(moved.received));
    // Each file's digest is the same at both ends, in one chunk or many.
    const digests = (events: readonly ProgressEvent[]) => Object.fromEntries(of(events, 'entry').filter(({ kind }) => kind === 'file').map((entry) => [entry.path, entry.digest]));
    assert.deepEqual(digests(moved.sent), digests(moved.received));
    assert.ok(Object.values(digests(moved.sent)).every((digest) => digest?.length === 64));
    for (const events of [moved.sent, moved.received]) assert.deepEqual(of(events, 'progress').at(-1)?.bytes, size);
  });

  it('that is there already is left alone; what changed is moved', async (t) => {
    const { source, target } = await place(t, TREE);
    await move({ paths: [source], target });
    const again = await move({ paths: [source], target });
    assert.deepEqual([again.received.movedBytes, again.received.entries.moved, again.received.entries.equal], [0, 0, 4]);
    await writeFile(path.join(source, 'a.txt'), 'other');
    const third = await move({ paths: [source], target });
    assert.deepEqual([third.received.movedBytes, third.received.entries.moved, third.received.entries.equal], [5, 1, 3]);
    assert.equal(await readFile(path.join(target, 'a.txt'), 'utf8'), 'other');
  });

  it('of nothing, and of more entries than are unsettled at once, ends well', async (t) => {
    const empty = await place(t);
    assert.deepEqual((await move({ paths: [empty.source], target: empty.target })).received.entries.moved, 0);
    const many = await place(t);
    for (let directory = 0; directory < 20; directory += 1) {
      await mkdir(path.join(many.source, `d${directory}`));
      await Promise.all(Array.from({ length: 100 }, (_, index) => writeFile(path.join(many.source, `d${directory}/f${index}`), `${directory} ${index}`)));
    }
    const { received } = await move({ paths: [many.source], target: many.target, streams: 3 });
    assert.equal(received.entries.moved, 2_000);
    assert.deepEqual(await readTree(many.target), await readTree(many.source));
  });

  it('keeps hard links, in one chunk or many, and holes', async (t) => {
    const { source, target } = await place(t, { 'z/small': 'x' });
    await writeFile(path.join(source, 'big'), content(3 * MIB));
    await link(path.join(source, 'big'), path.join(source, 'z/other name'));
    await link(path.join(source, 'z/small'), path.join(source, 'z/small too'));
    const sparse = await open(path.join(source, 'sparse'), 'w');
    await sparse.write(Buffer.alloc(MIB, 7), 0, MIB, 0);
    await sparse.write(Buffer.from('end'), 0, 3, 20 * MIB);
    await sparse.close();
    const { sent, received, move: moved } = await move({ paths: [source], target, streams: 2 });
    const inode = async (name: string) => (await stat(path.join(target, name))).ino;
    assert.equal(await inode('big'), await inode('z/other name'));
    assert.equal(await inode('z/small'), await inode('z/small too'));
    assert.ok((await readFile(path.join(target, 'sparse'))).equals(await readFile(path.join(source, 'sparse'))));
    if ((await stat(path.join(source, 'sparse'))).blocks < 10_000) {
      assert.ok((await stat(path.join(target, 'sparse'))).blocks < 10_000, 'the hole is a hole');
      assert.ok(received.movedBytes < 6 * MIB, `${received.movedBytes} bytes were moved`);
    }
    assert.deepEqual([sent.movedBytes, sent.resumedBytes, sent.size], [received.movedBytes, 0, received.size]);
    for (const events of [moved.sent, moved.received]) {
      const last = of(events, 'progress').at(-1);
      assert.equal(last?.bytes, last?.size, 'a hole counts as had');
    }
  });

  it('of several paths goes into one directory, each by its name', async (t) => {
    const { source, target } = await place(t, TREE);
    const other = path.join(path.dirname(source), 'one.bin');
    await writeFile(other, 'single');
    const { received } = await move({ paths: [source, other], target });
    assert.deepEqual((await readdir(target)).sort(), ['one.bin', 'run']);
    assert.deepEqual(await readTree(path.join(target, 'run')), await readTree(source));
    assert.equal(received.name, '');
  });
});

describe('filters', () => {
  it('of the sender leave out before anything is told', async (t) => {
    const { source, target } = await place(t, { 'a.tmp': 'x', 'b.txt': 'x', 'd/c.tmp': 'x' });
    const { move: moved } = await move({ paths: [source], target, send: { rules: [{ kind: 'exclude', pattern: '*.tmp' }] } });
    assert.deepEqual(await readTree(target), { 'b.txt': 'x', d: null });
    assert.equal('a.tmp' in fates(moved.sent), false);
  });

  it('of the receiver leave alone what is offered, with all that is in it', async (t) => {
    const { source, target } = await place(t, { 'a.tmp': 'x', 'b.txt': 'x', 'd/c.txt': 'x', 'd/e/f.txt': 'x' });
    const { move: moved } = await move({ paths: [source], target, receive: { rules: [{ kind: 'exclude', pattern: '*.tmp' }, { kind: 'exclude', pattern: 'd' }] } });
    assert.deepEqual(await readTree(target), { 'b.txt': 'x' });
    assert.deepEqual(fates(moved.sent), { '': 'placed', 'a.tmp': 'kept', 'b.txt': 'done', d: 'kept', 'd/c.txt': 'kept', 'd/e': 'kept', 'd/e/f.txt': 'kept' });
  });
});

describe('what is there already', () => {
  for (const [asked, by, how, text] of [
    ['overwrite', 'send', 'done', 'new'],
    ['skip', 'send', 'kept', 'older'],
    ['update', 'send', 'kept', 'older'],
    ['refuse', 'receive', 'failed storage-exists', 'older'],
    [undefined, 'send', 'done', 'new'],
  ] as const) {
    it(`is treated as ${asked ?? 'the default'} says, asked by the end that ${by}s`, async (t) => {
      const { source, target } = await place(t, { f: 'new' });
      await mkdir(target);
      await writeFile(path.join(target, 'f'), 'older');
      await utimes(path.join(source, 'f'), 10, 10);
      const { move: moved, sent } = await move({ paths: [source], target, [by]: { existing: asked } });
      assert.equal(fates(moved.sent)['f'], how);
      assert.equal(fates(moved.received)['f'], how);
      assert.equal(await readFile(path.join(target, 'f'), 'utf8'), text);
      assert.equal(sent.entries.failed, how.startsWith('failed') ? 1 : 0);
    });
  }

  it('is what the receiver’s user says where both ends ask', async (t) => {
    const { source, target } = await place(t, { f: 'new' });
    await mkdir(target);
    await writeFile(path.join(target, 'f'), 'older');
    await move({ paths: [source], target, send: { existing: 'overwrite' }, receive: { existing: 'skip' } });
    assert.equal(await readFile(path.join(target, 'f'), 'utf8'), 'older');
  });
});

describe('a dry run', () => {
  for (const by of ['send', 'receive'] as const) {
    it(`changes nothing and tells all, asked by the end that ${by}s`, async (t) => {
      const { source, target } = await place(t, { ...TREE, old: 'new text' });
      await writeFile(path.join(source, 'large'), content(2 * MIB));
      await mkdir(target);
      await makeTree(target, { old: 'old', extra: 'x', 'a.txt': 'one' });
      await utimes(path.join(target, 'a.txt'), 10, 10);
      await utimes(path.join(source, 'a.txt'), 10, 10);
      const before = await readTree(target);
      const { sent, received, move: moved } = await move({ paths: [source], target, send: { delete: true }, [by]: { dryRun: true, delete: true } });
      assert.deepEqual(await readTree(target), before);
      assert.deepEqual([sent.movedBytes, received.movedBytes, received.entries.moved, received.entries.removed], [0, 0, 0, 0]);
      assert.deepEqual([received.entries.equal, sent.entries.would], [1, received.entries.would]);
      assert.ok(received.entries.would >= 9);
      assert.deepEqual(of(moved.sent, 'extra').map((event) => event.path), ['extra']);
    });
  }

  it('compares content where that is asked', async (t) => {
    const { source, target } = await place(t, { same: 'text', differs: 'text' });
    await mkdir(target);
    await makeTree(target, { same: 'text', differs: 'TEXT' });
    await utimes(path.join(source, 'same'), 10, 10);
    const { move: moved } = await move({ paths: [source], target, send: { dryRun: true, checksum: true } });
    assert.deepEqual(fates(moved.sent), { '': 'equal', same: 'equal', differs: 'would' });
    assert.notEqual((await stat(path.join(target, 'same'))).mtimeMs, 10_000);
  });

  it('to a place that is not there makes none', async (t) => {
    const { source, target } = await place(t, { ...TREE });
    await link(path.join(source, 'a.txt'), path.join(source, 'another'));
    const { received } = await move({ paths: [source], target, receive: { dryRun: true } });
    await assert.rejects(stat(target));
    assert.equal(received.entries.failed, 0);
    assert.equal(received.entries.equal, 0);
  });
});

describe('deleting', () => {
  const EXTRA = { 'gone.txt': 'x', 'old/deep/y': 'y', 'old/link': '-> nowhere', 'sub/z': 'z' };

  for (const by of ['send', 'receive'] as const) {
    it(`removes what is not sent, and tells of it first, asked by the end that ${by}s`, async (t) => {
      const { source, target } = await place(t, TREE);
      await mkdir(target);
      await makeTree(target, EXTRA);
      const there: boolean[] = [];
      const moving = await Move.begin({ paths: [source], target, [by]: { delete: true } });
      const push = moving.received.push.bind(moving.received);
      moving.received.push = (event) => {
        if (event.type === 'extra') there.push(true);
        return push(event);
      };
      const { sent, received } = await moving.run();
      assert.deepEqual(await readTree(target), await readTree(source));
      const told = of(moving.sent, 'extra').map((event) => event.path);
      assert.deepEqual([...told].sort(), ['gone.txt', 'old', 'old/deep', 'old/deep/y', 'old/link', 'sub/z']);
      assert.ok(told.indexOf('old/deep/y') < told.indexOf('old/deep') && told.indexOf('old/deep') < told.indexOf('old'));
      assert.deepEqual(of(moving.received, 'extra').map((event) => event.path), told);
      assert.deepEqual([sent.entries.removed, received.entries.removed], [6, 6]);
    });
  }

  it('spares what either end’s rules leave out', async (t) => {
    const { source, target } = await place(t, { 'a.txt': 'x' });
    await mkdir(target);
    await makeTree(target, { 'keep.log': 'x', 'keep.tmp': 'x', 'd/keep.tmp': 'x', 'd/goes': 'x', 'd/e/goes': 'x', 'f/g/h/keep.log': 'x', 'f/g/goes': 'x', 'goes/too/x': 'x', 'e.tmp/x': 'x' });
    const rules = (pattern: string) => ({ delete: true, rules: [{ kind: 'exclude', pattern }] as const });
    const { received, move: moved } = await move({ paths: [source], target, send: rules('*.tmp'), receive: rules('*.log') });
    assert.deepEqual(Object.keys(await readTree(target)).sort(), ['a.txt', 'd', 'd/keep.tmp', 'e.tmp', 'e.tmp/x', 'f', 'f/g', 'f/g/h', 'f/g/h/keep.log', 'keep.log', 'keep.tmp']);
    // What holds something that stays is neither told of as extra nor a failure.
    assert.deepEqual(of(moved.sent, 'extra').map(({ path: at }) => at).sort(), ['d/e', 'd/e/goes', 'd/goes', 'f/g/goes', 'goes', 'goes/too', 'goes/too/x']);
    assert.deepEqual([received.entries.removed, received.entries.failed], [7, 0]);
  });

  it('removes nothing when something could not be written', async (t) => {
    const { source, target } = await place(t, { f: 'new', g: 'new' });
    await mkdir(target);
    await makeTree(target, { extra: 'x', 'f/is a directory': 'x' });
    const { received, move: moved } = await move({ paths: [source], target, send: { delete: true } });
    assert.match(fates(moved.received)['f'] ?? '', /^failed/u);
    assert.equal(received.entries.removed, 0);
    assert.equal((await readTree(target))['extra'], 'x');
    assert.ok(of(moved.received, 'notice').some(({ message }) => /nothing is deleted/u.test(message)));
  });

  it('removes nothing when something could not be read', async (t) => {
    if (skippedAsRoot(t)) return;
    const { source, target } = await place(t, { f: 'new', 'closed/x': 'x' });
    await mkdir(target);
    await makeTree(target, { extra: 'x' });
    await chmod(path.join(source, 'closed'), 0o000);
    const { sent, received } = await move({ paths: [source], target, send: { delete: true } });
    await chmod(path.join(source, 'closed'), 0o755);
    assert.equal((await readTree(target))['extra'], 'x');
    assert.deepEqual([sent.entries.failed > 0, received.entries.removed], [true, 0]);
  });
});

describe('trouble of one entry', () => {
  it('that cannot be read is told of at both ends, and the others go on', async (t) => {
    const { source, target } = await place(t, { a: 'x', b: 'y' });
    await writeFile(path.join(source, 'large'), content(3 * MIB));
    const moving = await Move.begin({
      paths: [source],
      target,
      wrapOutbound: (outbound) => ({
        root: 'tree',
        name: outbound.name,
        path: outbound.path,
        size: 0,
        next: () => outbound.next(),
        readWhole: (entry, into) => {
          if (entry.path === 'a') throw new StorageError('storage-denied', 'a: permission denied');
          return outbound.readWhole(entry, into);
        },
        open: () => Promise.reject(new IntegrityError('integrity-source', 'large: it changed')),
        readPipe: () => Promise.reject(new Error('no pipe')),
        close: () => outbound.close(),
      }),
    });
    const { sent, received } = await moving.run();
    for (const events of [moving.sent, moving.received]) assert.deepEqual(fates(events), { '': 'placed', a: 'failed storage-denied', b: 'done', large: 'failed integrity-source' });
    assert.deepEqual([sent.entries.failed, received.entries.failed], [2, 2]);
    assert.deepEqual(await readTree(target), { b: 'y' });
    assert.ok(['integrity-source', 'storage-denied'].includes(moving.sending.tally.firstError?.code ?? ''));
  });

  for (const io of ['sync', 'async'] as const) {
    it(`whose chunks cannot be read does not hold up the others, however many there are, ${io}`, async (t) => {
      const { source, target } = await place(t);
      for (let index = 0; index < 24; index += 1) await writeFile(path.join(source, `${index}`), content(2 * MIB + index));
      const bad = (name: string) => Number(name) % 4 !== 3;
      const { received } = await move({
        paths: [source],
        target,
        windowBytes: 8 * MIB,
        wrapOutbound: (outbound) => {
          const open = outbound.open.bind(outbound);
          outbound.open = async (entry) => {
            const real = await open(entry);
            const fail = () => {
              throw new StorageError('storage-io', `${entry.path}: it cannot be read`);
            };
            const read = (offset: number, into: Buffer): void | Promise<void> => {
              const broken = bad(entry.path) && offset > 0;
              if (io === 'async') return new Promise((resolve) => setImmediate(resolve)).then(() => (broken ? fail() : real.read(offset, into)));
              if (broken) fail();
              return real.read(offset, into);
            };
            return { name: real.name, size: real.size, mode: real.mode, mtimeNs: real.mtimeNs, sparse: real.sparse, identity: real.identity, read, assertUnchanged: () => real.assertUnchanged(), close: () => real.close() };
          };
          return outbound;
        },
      });
      assert.deepEqual([received.entries.failed, received.entries.moved], [18, 6]);
      for (let index = 3; index < 24; index += 4) assert.ok((await readFile(path.join(target, `${index}`))).equals(content(2 * MIB + index)));
    });

    it(`whose chunks cannot be written does not hold up the others, however many there are, ${io}`, async (t) => {
      const { source, target } = await place(t);
      for (let index = 0; index < 24; index += 1) await writeFile(path.join(source, `${index}`), content(2 * MIB + index));
      let sinks = 0;
      const { received, move: moved } = await move({
        paths: [source],
        target,
        windowBytes: 8 * MIB,
        wrapSink: (sink) => {
          sinks += 1;
          return sinks % 4 === 0 ? sink : failing(sink, io);
        },
      });
      assert.deepEqual([received.entries.failed, received.entries.moved], [18, 6]);
      assert.equal(Object.values(fates(moved.sent)).filter((fate) => fate === 'failed storage-full').length, 18);
    });
  }
});

/** A sink without room. */
function failing(sink: Sink, io: 'sync' | 'async'): Sink {
  const full = new StorageError('storage-full', 'no space left');
  const write = (): Promise<void> => {
    if (io === 'sync') throw full;
    return new Promise((_resolve, reject) => setImmediate(() => reject(full)));
  };
  return new Proxy(sink, {
    get: (real, name) => {
      if (name === 'write') return write;
      const value: unknown = Reflect.get(real, name, real);
      return typeof value === 'function' ? (value.bind(real) as unknown) : value;
    },
  });
}

it('a receiver’s limit on all that it takes ends the tree, and what has come is there', async (t) => {
  const { source, target } = await place(t, { 'a/1': 'x'.repeat(600), 'b/2': 'x'.repeat(600) });
  const moving = await Move.begin({ paths: [source], target, limitBytes: 1_000 });
  const ends = await moving.ends();
  for (const end of ends) assert.ok(end.status === 'rejected' && (end.reason as StreamerError).code === 'limit-inbound', end.status);
});
