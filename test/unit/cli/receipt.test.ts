import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { Receipt } from '../../../src/cli/receipt.js';
import { createRenderer } from '../../../src/cli/render.js';
import { withTransferTools } from '../../../src/cli/transfer-tools.js';
import { ConnectError, StorageError, UsageError } from '../../../src/errors.js';
import type { ProgressEvent, TransferResult } from '../../../src/transfer/progress.js';
import { NO_ENTRIES } from '../../../src/transfer/result.js';
import { VERSION } from '../../../src/version.js';

async function place(t: TestContext): Promise<{ directory: string; file: string }> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'streamer-receipt-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return { directory, file: path.join(directory, 'receipt.json') };
}

const RESULT = { action: 'send', path: 'run', name: 'run', root: 'tree', size: 10, entries: { ...NO_ENTRIES, moved: 1 }, verified: true } as TransferResult;
const DONE: ProgressEvent = { type: 'done', result: RESULT };
const entry = (at: string, more: Partial<Extract<ProgressEvent, { type: 'entry' }>> = {}): ProgressEvent => ({ type: 'entry', path: at, kind: 'file', how: 'done', size: 3, mtimeNs: 1_700_000_000_123_456_789n, ...more });

interface Written {
  readonly receipt: number;
  readonly agent: string;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly entries: readonly Readonly<Record<string, unknown>>[];
  readonly result: TransferResult;
}

/** The receipt of these events. */
async function written(t: TestContext, events: readonly ProgressEvent[]): Promise<Written> {
  const { directory, file } = await place(t);
  const receipt = new Receipt(file);
  for (const event of [...events, DONE]) receipt.onProgress(event);
  receipt.end();
  assert.deepEqual(await readdir(directory), ['receipt.json'], 'no draft is left');
  return JSON.parse(await readFile(file, 'utf8')) as Written;
}

describe('a receipt', () => {
  for (const count of [0, 1, 2, 1_000]) {
    it(`of ${count} entries is valid JSON, with all of them in order`, async (t) => {
      const events = Array.from({ length: count }, (_, index) => entry(`d/${index} "quoted"\n`));
      const { entries, result, ...rest } = await written(t, events);
      assert.deepEqual(entries.map(({ path: at }) => at), events.map((event) => event.type === 'entry' && event.path));
      assert.deepEqual(result, RESULT);
      assert.deepEqual([rest.receipt, rest.agent], [1, `streamer ${VERSION}`]);
      assert.ok(Date.parse(rest.startedAt) <= Date.parse(rest.endedAt));
    });
  }

  it('says of each entry what became of it, and of what is no entry, why', async (t) => {
    const { entries } = await written(t, [
      entry('a', { digest: 'ab', sha256: 'cd' }),
      entry('b', { how: 'failed', error: { code: 'storage-full', message: 'no space left' } }),
      { type: 'skipped', path: 's', what: 'socket' },
      { type: 'extra', path: 'x' },
      { type: 'progress', bytes: 1, size: 2, bytesPerSecond: 3 },
      { type: 'notice', message: 'by the way' },
    ]);
    const [a, b, ...others] = entries.map(({ settledAt, ...one }) => {
      assert.ok(settledAt === undefined || (typeof settledAt === 'string' && Number.isFinite(Date.parse(settledAt))));
      return one;
    });
    assert.deepEqual(a, { path: 'a', kind: 'file', how: 'done', size: 3, mtime: '1700000000.123456789', digest: 'ab', sha256: 'cd' });
    assert.deepEqual(b?.['error'], { code: 'storage-full', message: 'no space left' });
    assert.deepEqual(others, [{ path: 's', how: 'skipped', why: 'socket' }, { path: 'x', how: 'extra' }]);
  });

  it('keeps every digit of a time, before 1970 as after it', async (t) => {
    const times = [0n, 1n, 999_999_999n, 1_000_000_000n, -1n, -500_000_000n, -1_200_000_000n, 2n ** 63n - 1n];
    const { entries } = await written(t, times.map((mtimeNs) => entry('x', { mtimeNs })));
    assert.deepEqual(entries.map(({ mtime }) => mtime), ['0.000000000', '0.000000001', '0.999999999', '1.000000000', '-0.000000001', '-0.500000000', '-1.200000000', '9223372036.854775807']);
  });

  it('takes the place of an earlier one only when it is whole', async (t) => {
    const { directory, file } = await place(t);
    await writeFile(file, 'the last one');
    const unfinished = new Receipt(file);
    unfinished.onProgress(entry('a'));
    assert.equal(await readFile(file, 'utf8'), 'the last one');
    unfinished.end();
    unfinished.end();
    assert.deepEqual(await readdir(directory), ['receipt.json']);
    assert.equal(await readFile(file, 'utf8'), 'the last one');
    const whole = new Receipt(file);
    whole.onProgress(DONE);
    whole.end();
    assert.equal((JSON.parse(await readFile(file, 'utf8')) as Written).receipt, 1);
  });

  it('that cannot be written is an error before anything is moved', async (t) => {
    const { directory } = await place(t);
    for (const file of [path.join(directory, 'none/receipt.json'), '/proc/receipt.json']) {
      assert.throws(() => new Receipt(file), (error: unknown) => error instanceof StorageError && error.message.includes(file));
    }
    assert.deepEqual(await readdir(directory), []);
  });

  it('that names a directory is a wrong use, and leaves nothing', async (t) => {
    const { directory } = await place(t);
    for (const name of [directory, path.join(directory, 'none/')]) {
      assert.throws(() => new Receipt(name), (error: unknown) => error instanceof UsageError && error.message.includes(name));
    }
    assert.deepEqual(await readdir(directory), []);
  });

  it('that could not get its name says so at the end, and leaves nothing', async (t) => {
    const { directory, file } = await place(t);
    const receipt = new Receipt(file);
    await mkdir(file);
    receipt.onProgress(DONE);
    assert.throws(() => receipt.end(), (error: unknown) => error instanceof StorageError && /could not be written/u.test(error.message));
    assert.deepEqual(await readdir(directory), ['receipt.json']);
  });
});

describe('what runs beside a transfer', () => {
  const renderer = createRenderer({ quiet: true });

  it('is told what happens, and put away', async (t) => {
    const { file } = await place(t);
    const value = await withTransferTools({ receipt: file, rate: '5MB' }, renderer, false, ({ rate, onProgress }) => {
      assert.equal(rate.bytesPerSecond, 5e6);
      onProgress(entry('a'));
      onProgress(DONE);
      return Promise.resolve(7);
    });
    assert.equal(value, 7);
    assert.equal((JSON.parse(await readFile(file, 'utf8')) as Written).entries.length, 1);
  });

  it('leaves nothing of a transfer that failed, or never began', async (t) => {
    const { directory, file } = await place(t);
    const error = new ConnectError('connect-lost', 'gone');
    await assert.rejects(withTransferTools({ receipt: file }, renderer, false, () => Promise.reject(error)), error);
    await assert.rejects(withTransferTools({ receipt: file, rate: 'fast' }, renderer, false, () => assert.fail('it began')), UsageError);
    await assert.rejects(withTransferTools({ receipt: path.join(directory, 'none/r') }, renderer, false, () => assert.fail('it began')), StorageError);
    assert.deepEqual(await readdir(directory), []);
  });
});
