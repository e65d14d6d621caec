// receiveCompat over a connection that the test plays: what ends a transfer at an awkward moment.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { buildEof, buildInit } from '../../../src/compat/messages.js';
import { AbortError, StorageError, type StreamerError } from '../../../src/errors.js';
import type { Sink } from '../../../src/storage/sink.js';
import { receiveCompat } from '../../../src/transfer/receive-compat.js';
import type { TransferResult } from '../../../src/transfer/progress.js';
import { tempDir } from '../../support/cli.js';
import { CLEAN, RESET, ScriptedConnection, settle, until } from './scripted-connection.js';

const FILE = Buffer.from('the content of the file');
const EOF = buildEof(createHash('sha256').update(FILE).digest('hex'));
const MIB = 1024 * 1024;

interface Receiving {
  readonly connection: ScriptedConnection;
  readonly done: Promise<TransferResult>;
  readonly directory: string;
  readonly abort: () => void;
}

async function receiving(t: TestContext, wrapSink?: (sink: Sink) => Sink): Promise<Receiving> {
  const directory = await tempDir(t);
  const connection = new ScriptedConnection();
  const controller = new AbortController();
  const request = { path: 'unused', limitBytes: 2 ** 40, windowBytes: 2 ** 25, signal: controller.signal, onProgress: () => undefined, wrapSink };
  const done = receiveCompat(connection, path.join(directory, 'file'), request);
  done.catch(() => undefined);
  return { connection, done, directory, abort: () => controller.abort(new AbortError('stopped', { signal: 'SIGTERM' })) };
}

/** A sink with some of its methods replaced. */
function sinkWith(methods: (sink: Sink) => Partial<Sink>): (sink: Sink) => Sink {
  return (sink) => new Proxy(sink, { get: (target, name) => (methods(sink) as Record<PropertyKey, unknown>)[name] ?? bound(target, name) });
}

function bound(target: Sink, name: PropertyKey): unknown {
  const value: unknown = Reflect.get(target, name, target);
  return typeof value === 'function' ? value.bind(target) : value;
}

const failsWith = (code: string) => (error: unknown) => (error as StreamerError).code === code;

describe('receiveCompat', () => {
  it('receives a file whose messages all come in one read, before the target is open', async (t) => {
    const { connection, done, directory } = await receiving(t);
    connection.message(buildInit(FILE.length));
    connection.message(FILE);
    connection.message(EOF, 'text');
    connection.over(CLEAN);
    assert.equal((await done).verified, true);
    assert.deepEqual(await readFile(path.join(directory, 'file')), FILE);
  });

  it('holds the sender back while the target is being opened, and no longer', async (t) => {
    const { connection, done } = await receiving(t);
    connection.message(buildInit(FILE.length));
    assert.equal(connection.isPaused(), true);
    await until(() => !connection.isPaused());
    connection.over(RESET);
    await assert.rejects(done, failsWith('connect-lost'));
  });

  it('leaves nothing when the link is lost while the target is being opened', async (t) => {
    const { connection, done, directory } = await receiving(t);
    connection.message(buildInit(FILE.length));
    connection.over(RESET);
    await assert.rejects(done, failsWith('connect-lost'));
    assert.deepEqual(await readdir(directory), []);
  });

  it('leaves nothing when it is stopped while the target is being opened', async (t) => {
    let opened = false;
    const { connection, done, directory, abort } = await receiving(t, (sink) => {
      opened = true;
      return sink;
    });
    connection.message(buildInit(FILE.length));
    abort();
    await assert.rejects(done, failsWith('aborted'));
    assert.equal(opened, true, 'it has waited for the target to be open, to take it away');
    assert.deepEqual(await readdir(directory), []);
    assert.deepEqual(connection.closes[0], { code: 1011, reason: '{"type":"error","error":"AbortError","code":"aborted"}' });
  });

  it('leaves nothing when it is stopped in the middle', async (t) => {
    const { connection, done, directory, abort } = await receiving(t);
    connection.message(buildInit(FILE.length));
    connection.message(FILE.subarray(1));
    await until(() => !connection.isPaused());
    abort();
    await assert.rejects(done, failsWith('aborted'));
    assert.deepEqual(await readdir(directory), []);
  });

  for (const [name, end] of Object.entries({ 'the link is lost': ({ connection }: Receiving) => connection.over(RESET), 'it is stopped': ({ abort }: Receiving) => abort() })) {
    it(`has succeeded when ${name} during the commit: the file is whole and gets its name`, async (t) => {
      let release: () => void = () => undefined;
      const gate = new Promise<void>((resolve) => (release = resolve));
      let begun: () => void = () => undefined;
      const committing = new Promise<void>((resolve) => (begun = resolve));
      const slow = sinkWith((sink) => ({
        commit: () => {
          begun();
          return gate.then(() => sink.commit());
        },
      }));
      const running = await receiving(t, slow);
      const { connection, done, directory } = running;
      connection.message(buildInit(FILE.length));
      connection.message(FILE);
      connection.message(EOF, 'text');
      await committing;
      end(running);
      await settle();
      release();
      assert.equal((await done).size, FILE.length);
      assert.deepEqual(await readdir(directory), ['file']);
    });
  }

  it('fails when the commit does, and leaves nothing', async (t) => {
    const { connection, done, directory } = await receiving(t, sinkWith(() => ({ commit: () => Promise.reject(new StorageError('storage-full', 'full')) })));
    connection.message(buildInit(FILE.length));
    connection.message(FILE);
    connection.message(EOF, 'text');
    await assert.rejects(done, failsWith('storage-full'));
    assert.deepEqual(await readdir(directory), []);
    assert.equal(connection.closes[0]?.code, 1011);
  });

  it('fails when a write does, and leaves nothing', async (t) => {
    const { connection, done, directory } = await receiving(t, sinkWith(() => ({ synchronous: false, write: () => Promise.reject(new StorageError('storage-full', 'full')) })));
    connection.message(buildInit(FILE.length));
    connection.message(FILE);
    await assert.rejects(done, failsWith('storage-full'));
    assert.deepEqual(await readdir(directory), []);
  });

  it('says 3003 of a target that appeared meanwhile, and leaves that alone', async (t) => {
    const { connection, done, directory } = await receiving(t);
    await writeFile(path.join(directory, 'file'), 'theirs');
    connection.message(buildInit(FILE.length));
    await assert.rejects(done, failsWith('storage-exists'));
    assert.equal(connection.closes[0]?.code, 3003);
    assert.equal(await readFile(path.join(directory, 'file'), 'utf8'), 'theirs');
  });

  it('holds the sender back while 15 MiB wait for a slow disk, and keeps copies of what waits', async (t) => {
    const waiting: (() => void)[] = [];
    const slow = sinkWith((sink) => ({
      synchronous: false,
      write: async (pieces, offset) => {
        await new Promise<void>((resolve) => waiting.push(resolve));
        await sink.write(pieces, offset);
      },
    }));
    const { connection, done, directory } = await receiving(t, slow);
    const size = 20 * MIB;
    const file = Buffer.alloc(size, 'abcdefg');
    connection.message(buildInit(size));
    await until(() => !connection.isPaused());
    let offset = 0;
    for (; !connection.isPaused(); offset += MIB) connection.message(file.subarray(offset, offset + MIB));
    assert.equal(offset, 16 * MIB, 'one message past 15 MiB');
    while (connection.isPaused()) {
      waiting.shift()?.();
      await settle(5);
    }
    assert.ok(waiting.length < 8, 'it goes on when half is written');
    for (; offset < size; offset += MIB) connection.message(file.subarray(offset, offset + MIB));
    connection.message(buildEof(createHash('sha256').update(file).digest('hex')), 'text');
    const drain = setInterval(() => waiting.shift()?.(), 1);
    await done;
    clearInterval(drain);
    assert.ok((await readFile(path.join(directory, 'file'))).equals(file));
  });
});
