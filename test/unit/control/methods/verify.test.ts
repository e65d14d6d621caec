import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { MoveItem, TransferRequest } from '../../../../src/control/method.js';
import { moveMany } from '../../../../src/control/methods/many.js';
import { settle } from '../../../../src/control/settle.js';
import { compareWithSite } from '../../../../src/control/verify.js';
import { AbortError, AuthError, ControlError, StorageError } from '../../../../src/errors.js';
import type { ProgressEvent, TransferResult } from '../../../../src/transfer/progress.js';
import { tempDir } from '../../../support/cli.js';
import { FakeSite, SYSTEM } from '../../../support/fake-site.js';

const sha = (text: string) => createHash('sha256').update(text).digest('hex');

describe('FirecREST’s checksum', () => {
  it('is equal, different, of nothing, or cannot be had', async () => {
    const client = new FakeSite({ '/scratch/file': 'text' });
    const context = { client, system: SYSTEM };
    assert.deepEqual(await compareWithSite('/scratch/file', sha('text'), context), { is: 'equal' });
    assert.deepEqual(await compareWithSite('/scratch/file', sha('other'), context), { is: 'different' });
    assert.deepEqual(await compareWithSite('/scratch/none', sha('text'), context), { is: 'missing' });
    assert.equal((await compareWithSite('/etc/hostname', sha('text'), context)).is, 'unknown');
    for (const status of [408, 413, 500]) {
      client.faults.set('checksum', new ControlError('control-answer', 'no', { status }));
      assert.equal((await compareWithSite('/scratch/file', sha('text'), context)).is, 'unknown');
    }
    for (const error of [new AuthError('auth-token', 'no'), new AbortError('stopped')]) {
      client.faults.set('checksum', error);
      await assert.rejects(compareWithSite('/scratch/file', sha('text'), context), error);
    }
  });
});

async function request(t: TestContext, existing: TransferRequest['settings']['existing'], dryRun = false) {
  const here = await tempDir(t);
  const client = new FakeSite({ '/scratch/same': 'same', '/scratch/other': 'othr', '/scratch/longer': 'longer' });
  const items: MoveItem[] = [];
  for (const [name, text] of [['same', 'same'], ['other', 'text'], ['longer', 'much longer'], ['new', 'new']] as const) {
    await writeFile(path.join(here, name), text);
    const there = client.files.get(`/scratch/${name}`);
    items.push({ kind: 'file', size: text.length, local: path.join(here, name), remote: `/scratch/${name}`, existing: there === undefined ? undefined : { kind: 'file', size: there.length } });
  }
  const events: ProgressEvent[] = [];
  const asked: TransferRequest = { direction: 'upload', client, url: 'https://firecrest.test', system: SYSTEM, profile: {}, remote: [], local: [], items, settings: { ...(existing === undefined ? {} : { existing }), dryRun }, verify: undefined, keepJob: false, startTimeoutMs: 1, onProgress: (event) => events.push(event) };
  return { asked, events, items };
}

const decided = async (asked: TransferRequest) => (await settle(asked)).map(({ settled }) => settled ?? 'moved');

describe('what is at the target already', () => {
  it('is left where it is the same, and refused where not', async (t) => {
    const { asked, items } = await request(t, undefined);
    assert.deepEqual(await decided({ ...asked, items: [items[0], items[3]].filter((item) => item !== undefined) }), ['equal', 'moved']);
    await assert.rejects(settle(asked), (error: unknown) => error instanceof StorageError && error.code === 'storage-exists' && /^daint:\/scratch\/other exists already/u.test(error.message));
  });

  it('is skipped, or replaced where it differs', async (t) => {
    const { asked } = await request(t, 'skip');
    assert.deepEqual(await decided(asked), ['kept', 'kept', 'kept', 'moved']);
    const { asked: over } = await request(t, 'overwrite');
    assert.deepEqual(await decided(over), ['equal', 'moved', 'moved', 'moved']);
  });

  it('is only told of in a dry run', async (t) => {
    const { asked, events } = await request(t, 'overwrite', true);
    assert.deepEqual(await decided(asked), ['equal', 'would', 'would', 'would']);
    assert.deepEqual(events.map((event) => (event.type === 'entry' ? [event.path, event.how] : event.type)), [['same', 'equal'], ['other', 'would'], ['longer', 'would'], ['new', 'would']]);
  });

  it('that is no file is always in the way, but for skipping', async (t) => {
    const { asked, items } = await request(t, 'overwrite');
    const [first] = items;
    assert.ok(first !== undefined);
    await assert.rejects(settle({ ...asked, items: [{ ...first, existing: { kind: 'directory', size: 0 } }] }), /it is not a file/u);
  });
});

describe('several files', () => {
  const result = (size: number): TransferResult => ({ action: 'send', path: 'x', name: 'x', root: 'file', size, entries: { moved: 1, equal: 0, kept: 0, placed: 0, would: 0, special: 0, removed: 0, failed: 0 }, resumedBytes: 0, movedBytes: size, durationMs: 1, bytesPerSecond: 1, wire: 'native', encrypted: true, verified: true, reconnects: 0, remote: 'r' });
  const items: readonly MoveItem[] = [10, 20, 30, 40].map((size) => ({ kind: 'file', size, remote: `/scratch/${size}`, local: `${size}` }));
  const decisions = items.map((item) => ({ item, settled: undefined }));

  it('are moved a few at once, and told of as one', async () => {
    const events: ProgressEvent[] = [];
    let [now, most] = [0, 0];
    const sum = await moveMany(decisions, { direction: 'upload', url: 'https://x', local: ['a'], items, onProgress: (event) => events.push(event) }, 2, async (item, { onProgress }) => {
      most = Math.max(most, (now += 1));
      onProgress({ type: 'started', root: 'file', name: item.local, size: item.size, resumedBytes: 0 });
      onProgress({ type: 'progress', bytes: item.size / 2, size: item.size, bytesPerSecond: 1 });
      await new Promise(setImmediate);
      now -= 1;
      return { ...result(item.size), wire: item.size === 20 ? 'compat' : 'native', encrypted: item.size !== 20 };
    });
    assert.equal(most, 2);
    assert.deepEqual([sum.size, sum.entries.moved, sum.wire, sum.encrypted, sum.root], [100, 4, 'compat', false, 'tree']);
    assert.deepEqual(events.filter(({ type }) => type === 'started').length, 1);
    assert.equal(events.filter(({ type }) => type === 'done').length, 1);
    const moved = events.flatMap((event) => (event.type === 'progress' ? [event.bytes] : []));
    assert.deepEqual(moved, [...moved].sort((one, other) => one - other));
  });

  it('are all stopped when one fails, and their ends are waited for', async () => {
    const ended: string[] = [];
    const failure = new ControlError('control-job', 'no');
    const moving = moveMany(decisions, { direction: 'upload', url: 'https://x', local: ['a'], items, onProgress: () => undefined }, 3, async (item, { signal }) => {
      if (item.size === 20) throw failure;
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => setImmediate(resolve), { once: true }));
      ended.push(item.local);
      throw new AbortError('stopped');
    });
    await assert.rejects(moving, failure);
    assert.deepEqual(ended.sort(), ['10', '30']);
  });
});
