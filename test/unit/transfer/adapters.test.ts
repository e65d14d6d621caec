/**
 * What is sent, and where what is received goes: the thin parts between storage and the sessions.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { link, mkdir, readdir, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable, Writable } from 'node:stream';
import { describe, it } from 'node:test';
import { fileDigest } from '../../../src/crypto/checksum.js';
import { LimitError, StorageError } from '../../../src/errors.js';
import { openFileTarget } from '../../../src/storage/file-target.js';
import { openTreeSource } from '../../../src/storage/tree-source.js';
import { openTreeTarget } from '../../../src/storage/tree-target.js';
import { digestOf, sha256Of } from '../../../src/transfer/file-hashes.js';
import { FileInbound } from '../../../src/transfer/inbound-file.js';
import { OutputInbound } from '../../../src/transfer/inbound-output.js';
import { TreeInbound } from '../../../src/transfer/inbound-tree.js';
import { assertSendable, fileOutbound, outboundOf } from '../../../src/transfer/outbound-file.js';
import { pipeOutbound } from '../../../src/transfer/outbound-pipe.js';
import { TreeOutbound } from '../../../src/transfer/outbound-tree.js';
import type { Outbound } from '../../../src/transfer/outbound.js';
import { openSending, startSending } from '../../../src/transfer/send.js';
import { LinkedBudget } from '../../../src/wire/linked-budget.js';
import type { PlacedEntry } from '../../../src/wire/receiver-steps.js';
import { channelPair, Inbox } from '../../support/fake-channel.js';
import { turns, until } from '../../support/fake-events.js';
import { FakeSource } from '../../support/fake-storage.js';
import { makeTree } from '../storage/tree-fixture.js';
import { checksum, content, MIB, tempDirectory } from './fixture.js';

const placed = (id: number, kind: PlacedEntry['kind'], at: string, more: Partial<PlacedEntry> = {}): PlacedEntry => ({ id, kind, path: at, size: 0, mode: kind === 'directory' ? 0o755 : 0o644, mtimeNs: 5n, ...more });

async function everything(outbound: Outbound) {
  const batches = [];
  for (let batch = await outbound.next(); batch !== undefined; batch = await outbound.next()) batches.push(batch);
  return { entries: batches.flatMap(({ entries }) => entries), special: batches.flatMap(({ special }) => special), troubles: batches.flatMap(({ troubles }) => troubles) };
}

describe('hashes of a whole file', () => {
  const beat = () => undefined;

  for (const io of ['sync', 'async'] as const) {
    it(`are those of its content, whatever its size, ${io}`, async () => {
      for (const size of [0, 1, 65_536, 3 * 65_536 + 1]) {
        const source = new FakeSource(content(size), io);
        const hashes = Buffer.alloc(Math.ceil(size / 65_536) * 8);
        for (let index = 0; index < hashes.length / 8; index += 1) hashes.writeBigUInt64BE(checksum.xxh64(source.content.subarray(index * 65_536, (index + 1) * 65_536)), index * 8);
        assert.deepEqual(await digestOf(source, 65_536, checksum, beat), fileDigest(size, 65_536, hashes));
        assert.equal((await sha256Of(source, beat)).toString('hex'), createHash('sha256').update(source.content).digest('hex'));
      }
    });

    it(`fail when a read does, ${io}`, async () => {
      const source = new FakeSource(content(10), io);
      source.failRead = new StorageError('storage-io', 'cannot read');
      await assert.rejects(digestOf(source, 65_536, checksum, beat), source.failRead);
      await assert.rejects(sha256Of(source, beat), source.failRead);
    });
  }

  it('tell of each piece, and end when nobody waits for them', async () => {
    let beats = 0;
    const stop = new Error('stop');
    const source = new FakeSource(content(10 * 65_536));
    await digestOf(source, 65_536, checksum, () => (beats += 1));
    assert.equal(beats, 10);
    const end = () => {
      beats += 1;
      throw stop;
    };
    await assert.rejects(digestOf(source, 65_536, checksum, end), stop);
    await assert.rejects(sha256Of(source, end), stop);
    assert.equal(beats, 12);
  });

  it('leave other things their turn', async () => {
    let turned = 0;
    const count = setInterval(() => (turned += 1), 0);
    await sha256Of(new FakeSource(content(8 * MIB)), beat);
    clearInterval(count);
    assert.ok(turned > 0);
  });
});

describe('what is sent', () => {
  it('one file is one entry, once', async (t) => {
    const at = path.join(await tempDirectory(t), 'a file');
    await writeFile(at, 'text');
    const outbound = await fileOutbound(at);
    const { entries } = await everything(outbound);
    const { mtimeNs } = await stat(at, { bigint: true });
    assert.deepEqual(entries, [{ id: 0, kind: 'file', path: 'a file', size: 4, mode: (await stat(at)).mode & 0o7777, mtimeNs }]);
    assert.deepEqual([outbound.root, outbound.name, outbound.path, outbound.size], ['file', 'a file', at, 4]);
    await assert.rejects(outbound.readPipe(Buffer.alloc(1)));
    await outbound.close();
  });

  it('a file is closed by whoever opened it, not by each session that reads it', async () => {
    const source = new FakeSource(content(10));
    const outbound = outboundOf(source, 'x');
    const [entry] = (await everything(outbound)).entries;
    assert.ok(entry !== undefined);
    const opened = await outbound.open(entry);
    await opened.close();
    assert.equal(source.closed, false);
    const buffer = Buffer.alloc(10);
    await opened.read(0, buffer);
    assert.ok(buffer.equals(source.content));
    await outbound.close();
    assert.equal(source.closed, true);
  });

  it('a file serves one session after the other, as a returning client needs it', async (t) => {
    const at = path.join(await tempDirectory(t), 'f');
    await writeFile(at, 'text');
    const sending = await openSending([at]);
    for (let session = 0; session < 3; session += 1) {
      const outbound = await sending.outbound();
      const [entry] = (await everything(outbound)).entries;
      assert.ok(entry !== undefined);
      const buffer = Buffer.alloc(4);
      await (await outbound.open(entry)).read(0, buffer);
      assert.equal(buffer.toString(), 'text');
      await outbound.close();
    }
    await sending.close();
  });

  it('a file past what the wire carries is refused before anything is opened', () => {
    assertSendable(4 * 2 ** 40);
    assert.throws(() => assertSendable(4 * 2 ** 40 + 1), (error: unknown) => error instanceof LimitError && error.code === 'limit-entries' && /4\.00 TiB/u.test(error.message));
  });

  it('a pipe is one entry of no size, and gives what it has in full buffers', async () => {
    const outbound = pipeOutbound(Readable.from([Buffer.from('abc'), Buffer.from('defgh'), Buffer.alloc(0), Buffer.from('i')]), 'name');
    const { entries } = await everything(outbound);
    assert.deepEqual(entries.map(({ id, kind, path: name, size, mode }) => [id, kind, name, size, mode]), [[0, 'file', 'name', 0, 0o666]]);
    const read = async () => {
      const buffer = Buffer.alloc(4);
      return buffer.toString('latin1', 0, await outbound.readPipe(buffer));
    };
    assert.deepEqual([await read(), await read(), await read(), await read()], ['abcd', 'efgh', 'i', '']);
  });

  it('a tree’s entries are numbered, and hard links name their file’s number', async (t) => {
    const root = await tempDirectory(t);
    await makeTree(root, { 'a/one': 'x', 'b/two': 'y', link: '-> a' });
    await link(path.join(root, 'a/one'), path.join(root, 'b/one too'));
    const outbound = new TreeOutbound(await openTreeSource({ paths: [root], rules: [] }), root);
    const { entries, special, troubles } = await everything(outbound);
    assert.deepEqual(entries.map(({ id }) => id), entries.map((_, index) => index));
    const hard = entries.find(({ kind }) => kind === 'hardlink');
    assert.ok(hard?.linkTo !== undefined);
    assert.deepEqual([entries[hard.linkTo]?.kind, entries[hard.linkTo]?.linked], ['file', true]);
    assert.deepEqual(new Set([hard.path, entries[hard.linkTo]?.path]), new Set(['a/one', 'b/one too']));
    assert.deepEqual([special, troubles], [[], []]);
    const file = entries.find(({ path: name }) => name === 'b/two');
    assert.ok(file !== undefined);
    const buffer = Buffer.alloc(1);
    await outbound.readWhole(file, buffer);
    assert.equal(buffer.toString(), 'y');
    await outbound.close();
    await outbound.close();
  });
});

it('past what a session holds of files with hard links, further ones and their names are files of their own', async (t) => {
  const root = await tempDirectory(t);
  await makeTree(root, { 'one/a': 'first', 'two/a': 'second' });
  for (const name of ['one', 'two']) await link(path.join(root, name, 'a'), path.join(root, name, 'b'));
  // For one of them, whichever comes first.
  const outbound = new TreeOutbound(await openTreeSource({ paths: [root], rules: [] }), root, new LinkedBudget(64 + 'one/a'.length));
  const { entries } = await everything(outbound);
  await outbound.close();
  const files = entries.filter(({ kind }) => kind !== 'directory').map(({ kind, path: name, linked, linkTo, size }) => ({ kind, name, linked, linkTo, size }));
  const [first, link1, second, other] = files;
  assert.deepEqual([first?.kind, first?.linked, link1?.kind, link1?.linkTo], ['file', true, 'hardlink', entries.find(({ path: name }) => name === first?.name)?.id]);
  for (const one of [second, other]) assert.deepEqual([one?.kind, one?.linked, one?.linkTo, one?.size], ['file', undefined, undefined, first?.size === 5 ? 6 : 5]);
});

describe('the chunk size of what is sent', () => {
  const TIB = 2 ** 40;
  for (const [size, chunkSize] of [[0, MIB], [1, MIB], [TIB, MIB], [TIB + 1, 2 * MIB], [2 * TIB, 2 * MIB], [2 * TIB + 1, 4 * MIB], [4 * TIB, 4 * MIB]] as const) {
    it(`is ${chunkSize / MIB} MiB for a file of ${size} bytes`, async () => {
      const { client, server } = await channelPair();
      const inbox = new Inbox(server);
      const source = Object.assign(new FakeSource(Buffer.alloc(0)), { size });
      const { session } = await startSending(outboundOf(source, 'x'), { settings: {}, signal: undefined, onProgress: () => undefined, lost: () => undefined });
      session.ended.catch(() => undefined);
      session.attach(0, { channel: client, remote: '' }, 0);
      await until(() => inbox.frames.some(({ type }) => type === 'file'));
      const frame = inbox.frames.find(({ type }) => type === 'file');
      assert.ok(frame?.type === 'file');
      assert.equal(frame.chunkSize, chunkSize);
      session.fail(new StorageError('storage-io', 'enough'));
      await session.close();
    });
  }
});

describe('one file as a place to receive into', () => {
  const inboundAt = async (at: string, dryRun = false, more: { existing?: 'overwrite' | 'skip'; checksum?: boolean } = {}) =>
    new FileInbound(await openFileTarget({ path: at, peerName: 'x', existing: 'refuse', checksum: false, ...more }), dryRun);

  it('says what becomes of it: wanted, would be, equal, kept, compared, or in trouble', async (t) => {
    const directory = await tempDirectory(t);
    const at = path.join(directory, 'f');
    const entry = placed(0, 'file', 'f', { size: 4, mtimeNs: 10_000_000_000n });
    assert.deepEqual(await (await inboundAt(at)).place([entry]), [{ id: 0, answer: 'want' }]);
    assert.deepEqual(await (await inboundAt(at, true)).place([entry]), [{ id: 0, answer: 'would' }]);
    await writeFile(at, 'text');
    await utimes(at, 10, 10);
    assert.deepEqual(await (await inboundAt(at, false, { existing: 'overwrite' })).place([entry]), [{ id: 0, answer: 'equal' }]);
    assert.deepEqual(await (await inboundAt(at, false, { existing: 'overwrite', checksum: true })).place([entry]), [{ id: 0, answer: 'compare' }]);
    assert.deepEqual(await (await inboundAt(at, false, { existing: 'skip' })).place([entry]), [{ id: 0, answer: 'kept' }]);
  });

  it('touches nothing in a dry run', async (t) => {
    const at = path.join(await tempDirectory(t), 'f');
    await writeFile(at, 'text');
    const before = (await stat(at)).mtimeMs;
    await (await inboundAt(at, true)).touch(placed(0, 'file', 'f'));
    assert.equal((await stat(at)).mtimeMs, before);
    await (await inboundAt(at, false)).touch(placed(0, 'file', 'f', { mtimeNs: 7_000_000_000n }));
    assert.equal((await stat(at)).mtimeMs, 7_000);
  });
});

describe('a directory as a place to receive into', () => {
  it('leaves out what this end’s rules do, with all that is in it, and spares it when it deletes', async (t) => {
    const root = path.join(await tempDirectory(t), 'root');
    await mkdir(root);
    await makeTree(root, { 'mine/x': 'x', 'theirs.o': 'x', extra: 'x', 'd/mine.c': 'x' });
    const tree = await openTreeTarget({ root, existing: 'overwrite', checksum: false, dryRun: false, findExtras: true });
    const inbound = new TreeInbound(tree, { dryRun: false, rules: [{ kind: 'exclude', pattern: 'mine*' }], theirs: [{ kind: 'exclude', pattern: '*.o' }] });
    const answers = await inbound.place([placed(0, 'directory', ''), placed(1, 'directory', 'mine'), placed(2, 'file', 'mine/new', { size: 1 }), placed(3, 'directory', 'mine/deeper'), placed(4, 'file', 'mine/deeper/new', { size: 1 }), placed(5, 'directory', 'd')]);
    assert.deepEqual(answers.map(({ id, answer }) => `${id} ${answer}`).slice(1, 5), ['1 kept', '2 kept', '3 kept', '4 kept']);
    const extras: string[] = [];
    for await (const paths of inbound.extras()) extras.push(...paths);
    assert.deepEqual(extras, ['extra']);
    assert.deepEqual(await inbound.removeExtras(extras), []);
    assert.deepEqual((await readdir(root)).sort(), ['d', 'mine', 'theirs.o']);
    await inbound.close();
  });

  it('only says what it would do in a dry run', async (t) => {
    const root = path.join(await tempDirectory(t), 'root');
    const tree = await openTreeTarget({ root, existing: 'overwrite', checksum: false, dryRun: true, findExtras: false });
    const inbound = new TreeInbound(tree, { dryRun: true, rules: [], theirs: [] });
    const answers = await inbound.place([placed(0, 'directory', ''), placed(1, 'file', 'f', { size: 1 }), placed(2, 'symlink', 'l', { target: 'f' })]);
    assert.deepEqual(answers.map(({ answer }) => answer), ['would', 'would', 'would']);
    await assert.rejects(stat(root));
    await inbound.close();
  });
});

describe('standard output as a place to receive into', () => {
  const collector = () => {
    const took: Buffer[] = [];
    return { took, output: new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        took.push(Buffer.from(chunk));
        done();
      },
    }) };
  };

  it('writes chunks in order, however they come, and hashes what it wrote', async () => {
    const { took, output } = collector();
    const inbound = new OutputInbound(output, false);
    const sink = await inbound.open();
    const third = sink.write([Buffer.from('ghi')], 6);
    const second = sink.writeHole(3, 3);
    await turns(3);
    assert.equal(took.length, 0);
    await Promise.all([sink.write([Buffer.from('a'), Buffer.from('bc')], 0), second, third]);
    assert.equal(Buffer.concat(took).toString('latin1'), 'abc\0\0\0ghi');
    assert.equal((await inbound.sha256()).toString('hex'), createHash('sha256').update('abc\0\0\0ghi').digest('hex'));
    await sink.commit();
  });

  it('lets go of what waits for its turn in vain', async () => {
    const { output } = collector();
    const inbound = new OutputInbound(output, false);
    inbound.release();
    const sink = await inbound.open();
    const waiting = Promise.resolve(sink.write([Buffer.from('x')], 100));
    inbound.release();
    await assert.rejects(waiting, (error: unknown) => error instanceof StorageError && /has not arrived/u.test(error.message));
  });

  it('fails what waits when its reader goes', async () => {
    const { output } = collector();
    const sink = await new OutputInbound(output, false).open();
    const waiting = Promise.resolve(sink.write([Buffer.from('x')], 100));
    output.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    await assert.rejects(waiting, (error: unknown) => error instanceof StorageError && /has gone/u.test(error.message));
    await assert.rejects(async () => sink.commit(), StorageError);
  });
});
