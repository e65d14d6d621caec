/**
 * One file over the compat wire, from end to end in memory: its pace, and what is told of it.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { COMPAT_CHUNK_BYTES } from '../../../src/compat/messages.js';
import { openSource } from '../../../src/storage/source.js';
import type { ProgressEvent } from '../../../src/transfer/progress.js';
import { RateLimit } from '../../../src/transfer/rate-limit.js';
import { receiveCompat } from '../../../src/transfer/receive-compat.js';
import { sendCompat } from '../../../src/transfer/send-compat.js';
import { memoryPair } from '../../support/memory-pair.js';
import { content, tempDirectory } from './fixture.js';

interface Rates {
  readonly sender?: RateLimit;
  readonly receiver?: RateLimit;
}

/** Keeps the process, as sockets would: neither memory nor a limit's timers do. */
function awake(t: TestContext): void {
  const timer = setInterval(() => undefined, 1_000);
  t.after(() => clearInterval(timer));
}

/** Moves so many bytes, in pieces as a socket's. */
async function move(t: TestContext, size: number, { sender, receiver }: Rates = {}) {
  awake(t);
  const directory = await tempDirectory(t);
  const [from, to] = [path.join(directory, 'from.bin'), path.join(directory, 'to.bin')];
  const bytes = content(size);
  await writeFile(from, bytes);
  const source = await openSource(from);
  t.after(() => source.close());
  const { a, b } = memoryPair({ pieceBytes: 65_536 });
  const events = { sent: [] as ProgressEvent[], received: [] as ProgressEvent[] };
  const startMs = performance.now();
  const [sent, received] = await Promise.all([
    sendCompat(a, source, { path: from, rate: sender, signal: undefined, onProgress: (event) => events.sent.push(event) }),
    receiveCompat(b, to, { limitBytes: size, rate: receiver, signal: undefined, wrapSink: undefined, onProgress: (event) => events.received.push(event) }),
  ]);
  const tookMs = performance.now() - startMs;
  assert.ok((await readFile(to)).equals(bytes));
  return { from, to, events, sent, received, tookMs, hash: createHash('sha256').update(bytes).digest('hex') };
}

describe('one file over the compat wire', () => {
  for (const size of [0, 100_000]) {
    it(`of ${size} bytes is told of as an entry, once, at both ends`, async (t) => {
      const { from, to, events, sent, hash } = await move(t, size);
      const entries = (all: readonly ProgressEvent[]) => all.filter(({ type }) => type === 'entry');
      const entry = { type: 'entry', kind: 'file', how: 'done', size, sha256: hash };
      assert.deepEqual(entries(events.sent), [{ ...entry, path: 'from.bin', mtimeNs: (await stat(from, { bigint: true })).mtimeNs }]);
      assert.deepEqual(entries(events.received), [{ ...entry, path: 'to.bin', mtimeNs: (await stat(to, { bigint: true })).mtimeNs }]);
      assert.equal(sent.entries.moved, 1);
    });
  }

  it('is read at the pace of a limit: a second chunk when the first is paid for', async (t) => {
    const { tookMs } = await move(t, COMPAT_CHUNK_BYTES + 1, { sender: new RateLimit(COMPAT_CHUNK_BYTES * 2) });
    assert.ok(tookMs > 230, `${tookMs} ms`);
  });

  it('is taken in at the pace of a limit', async (t) => {
    const { tookMs } = await move(t, 1_000_000, { receiver: new RateLimit(1_000_000) });
    assert.ok(tookMs > 700 && tookMs < 5_000, `${tookMs} ms`);
  });

  it('goes on where a limit is lifted', async (t) => {
    for (const end of ['sender', 'receiver'] as const) {
      const rate = new RateLimit(1);
      let lifted = false;
      const look = setInterval(() => {
        if (!rate.holding) return;
        lifted = true;
        rate.change(undefined);
      }, 10);
      t.after(() => clearInterval(look));
      await move(t, COMPAT_CHUNK_BYTES + 1, { [end]: rate });
      assert.ok(lifted, end);
    }
  });

  it('fails where it is stopped while a limit holds it back', async (t) => {
    awake(t);
    const directory = await tempDirectory(t);
    const target = path.join(directory, 'to.bin');
    await writeFile(path.join(directory, 'from.bin'), content(COMPAT_CHUNK_BYTES + 1));
    const source = await openSource(path.join(directory, 'from.bin'));
    t.after(() => source.close());
    const { a, b } = memoryPair({ pieceBytes: 65_536 });
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 100);
    const onProgress = () => undefined;
    const ends = await Promise.allSettled([
      sendCompat(a, source, { path: 'from.bin', rate: new RateLimit(1), signal: stop.signal, onProgress }),
      receiveCompat(b, target, { limitBytes: 2 ** 40, rate: new RateLimit(1), signal: stop.signal, wrapSink: undefined, onProgress }),
    ]);
    assert.deepEqual(ends.map(({ status }) => status), ['rejected', 'rejected']);
    await assert.rejects(stat(target));
  });
});
