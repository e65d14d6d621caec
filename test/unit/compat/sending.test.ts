// sendCompat over a connection that the test plays: what it may take for a success, and how much it holds.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { AbortError, type StreamerError } from '../../../src/errors.js';
import { openSource } from '../../../src/storage/source.js';
import { RECEIVER_CLOSE_MS, sendCompat } from '../../../src/transfer/send-compat.js';
import type { TransferResult } from '../../../src/transfer/progress.js';
import { tempDir } from '../../support/cli.js';
import { CLEAN, RESET, ScriptedConnection, settle, until } from './scripted-connection.js';

const CHUNK = 5 * 1024 * 1024;

interface Sending {
  readonly connection: ScriptedConnection;
  readonly done: Promise<TransferResult>;
  readonly file: string;
  readonly events: readonly string[];
  readonly abort: () => void;
}

async function sending(t: TestContext, content: Buffer): Promise<Sending> {
  const file = path.join(await tempDir(t), 'source');
  await writeFile(file, content);
  const source = await openSource(file);
  t.after(() => source.close());
  const connection = new ScriptedConnection();
  const controller = new AbortController();
  const events: string[] = [];
  const done = sendCompat(connection, source, { path: file, signal: controller.signal, onProgress: ({ type }) => {
    events.push(type);
  } });
  done.catch(() => undefined);
  return { connection, done, file, events, abort: () => controller.abort(new AbortError('stopped')) };
}

const failsWith = (code: string) => (error: unknown) => (error as StreamerError).code === code;

/** Lets everything that is sent leave, until something is so. */
function letAllLeave(connection: ScriptedConnection, done: () => boolean): Promise<void> {
  let told = 0;
  return until(() => {
    for (; told < connection.sent.length; told += 1) connection.sent[told]?.written();
    return done();
  });
}

const eofIsSent = (connection: ScriptedConnection) => () => connection.sent.at(-1)?.kind === 'text';

describe('sendCompat', () => {
  it('sends init and chunks in binary, the eof in text, and has succeeded when the receiver closes cleanly', async (t) => {
    const content = Buffer.alloc(CHUNK + 3, 'x');
    const { connection, done } = await sending(t, content);
    await letAllLeave(connection, eofIsSent(connection));
    connection.over(CLEAN);
    const { digest, verified } = await done;
    const hex = createHash('sha256').update(content).digest('hex');
    assert.deepEqual({ digest, verified }, { digest: { algorithm: 'sha256', hex }, verified: false });
    assert.deepEqual(connection.sent.map(({ kind, bytes }) => [kind, bytes.length]), [['binary', 50], ['binary', CHUNK], ['binary', 3], ['text', 95]]);
    assert.ok(Buffer.concat(connection.sent.slice(1, 3).map(({ bytes }) => bytes)).equals(content));
  });

  it('has three chunks on their way at the most', async (t) => {
    const { connection } = await sending(t, Buffer.alloc(6 * CHUNK));
    await until(() => connection.sent.length >= 4);
    await settle();
    assert.equal(connection.sent.length, 1 + 3);
    connection.sent[1]?.written();
    await until(() => connection.sent.length >= 5);
    await settle();
    assert.equal(connection.sent.length, 1 + 4);
    connection.over(RESET);
  });

  it('does not use a chunk again before it has left', async (t) => {
    const content = Buffer.alloc(4 * CHUNK);
    for (let chunk = 0; chunk < 4; chunk += 1) content.fill(chunk + 1, chunk * CHUNK, (chunk + 1) * CHUNK);
    const { connection } = await sending(t, content);
    await letAllLeave(connection, eofIsSent(connection));
    assert.deepEqual(connection.sent.slice(1, 5).map(({ bytes }) => [bytes[0], bytes[CHUNK - 1]]), [[1, 1], [2, 2], [3, 3], [4, 4]]);
    connection.over(CLEAN);
  });

  it('has failed when the receiver closes cleanly before the eof could be sent', async (t) => {
    const { connection, done, events } = await sending(t, Buffer.alloc(6 * CHUNK));
    await settle();
    // Its close frame has come, but the socket is not at its end yet: what is sent now goes nowhere.
    connection.peerCloses();
    await letAllLeave(connection, () => events.includes('finishing'));
    await settle();
    connection.over(CLEAN);
    await assert.rejects(done, failsWith('connect-lost'));
    assert.ok(connection.sent.every(({ kind }) => kind === 'binary'));
    assert.notEqual(events.at(-1), 'done');
  });

  it('has failed when the link is lost after the eof', async (t) => {
    const { connection, done } = await sending(t, Buffer.from('x'));
    await letAllLeave(connection, eofIsSent(connection));
    connection.over(RESET);
    await assert.rejects(done, failsWith('connect-lost'));
  });

  it('does not send the eof of a source that changed meanwhile', async (t) => {
    const { connection, done, file } = await sending(t, Buffer.alloc(4 * CHUNK));
    await until(() => connection.sent.length > 1);
    await appendFile(file, 'more');
    await letAllLeave(connection, () => connection.closes.length > 0);
    await assert.rejects(done, failsWith('integrity-source'));
    assert.ok(connection.sent.every(({ kind }) => kind === 'binary'));
    assert.deepEqual(connection.closes[0], { code: 1011, reason: '{"type":"error","error":"IntegrityError","code":"integrity-source"}' });
  });

  it('fails when the receiver says anything', async (t) => {
    const { connection, done } = await sending(t, Buffer.from('x'));
    connection.message('hello', 'text');
    await assert.rejects(done, failsWith('protocol-violation'));
    assert.equal(connection.closes[0]?.code, 1011);
  });

  it('tells the receiver when it is stopped, and nobody anything after that', async (t) => {
    const { connection, done, abort, events } = await sending(t, Buffer.from('x'));
    abort();
    await assert.rejects(done, failsWith('aborted'));
    const before = events.length;
    for (const sent of connection.sent) sent.written();
    await settle();
    assert.equal(events.length, before);
    assert.equal(connection.closes.length, 1);
  });

  it('closes by itself when a receiver has read the eof and does not close, after its time', async (t) => {
    const timers: { readonly callback: () => void; readonly ms: number | undefined }[] = [];
    const real = globalThis.setTimeout;
    const { connection, done } = await sending(t, Buffer.from('x'));
    // The transfer's next timer is the one in question; others may be real.
    t.after(() => void (globalThis.setTimeout = real));
    globalThis.setTimeout = ((callback: () => void, ms?: number) => {
      timers.push({ callback, ms });
      return real(() => undefined, 0);
    }) as typeof setTimeout;
    await letAllLeave(connection, eofIsSent(connection));
    await settle();
    assert.equal(timers.length, 0, 'it has not answered the ping: nobody knows what it has read');
    connection.pong();
    await until(() => timers.length > 0);
    assert.deepEqual(timers.map(({ ms }) => ms), [RECEIVER_CLOSE_MS]);
    assert.deepEqual(connection.closes, []);
    timers[0]?.callback();
    assert.equal((await done).verified, false);
    assert.deepEqual(connection.closes, [{ code: 1000, reason: '' }]);
  });
});
