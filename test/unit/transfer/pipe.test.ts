/**
 * Streams of bytes, from session to session: what comes in, and what goes out.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable, Writable } from 'node:stream';
import { describe, it } from 'node:test';
import { StorageError, UsageError, type StreamerError } from '../../../src/errors.js';
import { openSending } from '../../../src/transfer/send.js';
import { turns, until } from '../../support/fake-events.js';
import { content, MIB, move, Move, tempDirectory } from './fixture.js';

/** A stream of these bytes in pieces of odd sizes. */
function streamOf(bytes: Buffer, piece = 70_001): Readable {
  return Readable.from((function* pieces() {
    for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece);
  })(), { objectMode: false });
}

/** Takes all, and what it took. */
class Collector extends Writable {
  readonly #pieces: Buffer[] = [];
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#pieces.push(Buffer.from(chunk));
    setImmediate(done);
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#pieces);
  }
}

describe('a pipe', () => {
  for (const size of [0, 1, MIB - 1, MIB, 2 * MIB, 3 * MIB + 7]) {
    it(`of ${size} bytes becomes a file of that size`, async (t) => {
      const target = path.join(await tempDirectory(t), 'out.bin');
      const { sent, received, move: moved } = await move({ input: () => streamOf(content(size)), target, send: { sha256: true } });
      assert.ok((await readFile(target)).equals(content(size)));
      for (const result of [sent, received]) assert.deepEqual([result.root, result.size, result.movedBytes, result.entries.moved, result.verified], ['pipe', size, size, 1, true]);
      assert.deepEqual(sent.digest, received.digest);
      const hex = createHash('sha256').update(content(size)).digest('hex');
      assert.deepEqual([sent.sha256, received.sha256], [hex, hex]);
      assert.equal((await stat(target)).mode & 0o111, 0);
      assert.ok(moved.received.some((event) => event.type === 'started' && event.root === 'pipe'));
    });
  }

  it('lost at any moment, and again before it has caught up, goes on where it was', async (t) => {
    for (let cut = 3; cut < 20; cut += 2) {
      const target = path.join(await tempDirectory(t), 'out.bin');
      const size = 9 * MIB + cut;
      const link = (_stream: number, made: number) => (made < 4 ? { cutAfterMessages: cut } : {});
      const { received, move: moved } = await move({ input: () => streamOf(content(size)), target, link });
      assert.ok((await readFile(target)).equals(content(size)), `cut after ${cut}`);
      assert.equal(received.movedBytes, size);
      assert.ok(moved.losses.length >= 1);
    }
  });

  it('goes over stream 0 alone, whatever other streams there are', async (t) => {
    const target = path.join(await tempDirectory(t), 'out.bin');
    const moving = await Move.begin({ input: () => streamOf(content(5 * MIB)), target, streams: 3 });
    await moving.run();
    assert.ok((await readFile(target)).equals(content(5 * MIB)));
    for (const stream of [1, 2]) assert.ok((moving.wires.pairs.get(stream)?.a.wireBytes.sent ?? MIB) < 1_000);
  });

  it('is read no further than the receiver takes', async (t) => {
    const target = path.join(await tempDirectory(t), 'out.bin');
    let read = 0;
    const input = new Readable({
      read() {
        read += 65_536;
        this.push(Buffer.alloc(65_536));
      },
    });
    const moving = await Move.begin({ input: () => input, target, windowBytes: 8 * MIB, wrapSink: (sink) => Object.assign(Object.create(sink) as typeof sink, { write: () => new Promise<void>(() => undefined), keep: () => sink.keep() }) });
    const ends = moving.ends();
    ends.catch(() => undefined);
    await until(() => read >= 8 * MIB);
    await turns(200);
    assert.ok(read <= 11 * MIB, `${read} bytes were read`);
    input.destroy();
  });

  it('over the receiver’s limit ends there, and leaves nothing', async (t) => {
    const directory = await tempDirectory(t);
    const moving = await Move.begin({ input: () => streamOf(content(3 * MIB)), target: path.join(directory, 'out.bin'), limitBytes: 2 * MIB });
    for (const end of await moving.ends()) assert.ok(end.status === 'rejected' && (end.reason as StreamerError).code === 'limit-inbound');
    assert.deepEqual(await readdir(directory), []);
  });

  it('that breaks ends both, and leaves nothing', async (t) => {
    const directory = await tempDirectory(t);
    const input = Readable.from((function* broken() {
      yield Buffer.alloc(MIB);
      throw new Error('the program before it died');
    })());
    const moving = await Move.begin({ input: () => input, target: path.join(directory, 'out.bin') });
    for (const end of await moving.ends()) assert.equal(end.status, 'rejected');
    assert.deepEqual(await readdir(directory), []);
  });

  it('has no name: the receiver has to say one', async () => {
    const moving = await Move.begin({ input: () => streamOf(Buffer.alloc(1)) });
    const [sent, received] = await moving.ends();
    assert.ok(received.status === 'rejected' && received.reason instanceof UsageError);
    assert.equal(sent.status, 'rejected');
  });

  it('can be read but once', async () => {
    const sending = await openSending(['-'], [], () => streamOf(Buffer.alloc(1)));
    const first = await sending.outbound();
    await assert.rejects(sending.outbound(), (error: unknown) => error instanceof StorageError && /cannot be read again/u.test(error.message));
    await first.close();
    await sending.close();
  });
});

describe('standard output', () => {
  it('gets a file, in order, and no more than that', async (t) => {
    const source = path.join(await tempDirectory(t), 'big.bin');
    await writeFile(source, content(5 * MIB + 1));
    const output = new Collector();
    const { sent, received } = await move({ paths: [source], target: '-', output: () => output, send: { sha256: true } });
    assert.ok(output.bytes.equals(content(5 * MIB + 1)));
    assert.deepEqual([received.path, received.digest, received.sha256], ['-', sent.digest, sent.sha256]);
    assert.equal(output.writableEnded, false, 'it may be somebody else’s, too');
  });

  it('gets a pipe, in order, over links that break', async () => {
    const output = new Collector();
    const size = 7 * MIB + 3;
    await move({ input: () => streamOf(content(size)), target: '-', output: () => output, link: (_stream, made) => (made < 3 ? { cutAfterMessages: 9 } : {}) });
    assert.ok(output.bytes.equals(content(size)));
  });

  it('gets nothing in a dry run', async (t) => {
    const source = path.join(await tempDirectory(t), 'f');
    await writeFile(source, 'text');
    const output = new Collector();
    const { received } = await move({ paths: [source], target: '-', output: () => output, receive: { dryRun: true } });
    assert.deepEqual([output.bytes.length, received.entries.would], [0, 1]);
  });

  it('takes no tree', async (t) => {
    const source = await tempDirectory(t);
    const moving = await Move.begin({ paths: [source], target: '-', output: () => new Collector() });
    const [, received] = await moving.ends();
    assert.ok(received.status === 'rejected' && received.reason instanceof StorageError);
  });

  it('whose reader has gone ends both ends, with what is the matter', async (t) => {
    const source = path.join(await tempDirectory(t), 'big.bin');
    await writeFile(source, content(5 * MIB));
    const output = new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })) });
    const moving = await Move.begin({ paths: [source], target: '-', output: () => output });
    const [sent, received] = await moving.ends();
    assert.ok(received.status === 'rejected' && received.reason instanceof StorageError && /has gone/u.test(received.reason.message));
    assert.ok(sent.status === 'rejected' && (sent.reason as StreamerError).fromPeer);
  });
});
