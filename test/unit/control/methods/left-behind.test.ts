import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JobNote, JobRecord } from '../../../../src/control/job-record.js';
import type { MoveItem } from '../../../../src/control/method.js';
import { takeUp } from '../../../../src/control/methods/earlier-job.js';
import { removePartialUpload } from '../../../../src/control/methods/partial-upload.js';
import { askForJob, type SiteJobContext } from '../../../../src/control/methods/site-job.js';
import { AbortError, AuthError, ControlError, TimeoutError } from '../../../../src/errors.js';
import type { ProgressEvent } from '../../../../src/transfer/progress.js';
import { FakeSite, SYSTEM } from '../../../support/fake-site.js';

const UP = '/scratch/alice/up';
const item: MoveItem = { kind: 'file', size: 10, remote: UP, local: 'mine', existing: { kind: 'file', size: 4 } };
const job = { jobId: '7', outputLog: '/o', errorLog: '/e', coordinates: 'c' };

/** A note that is written to memory. */
class MemoryNote implements JobNote {
  readonly earlier: JobRecord | undefined;
  record: JobRecord | undefined;
  cleared = false;

  constructor(earlier?: JobRecord) {
    this.earlier = earlier;
    this.record = earlier;
  }

  write(record: JobRecord): Promise<void> {
    this.record = record;
    return Promise.resolve();
  }

  writeNow(record: JobRecord): void {
    this.record = record;
  }

  clear(): Promise<void> {
    this.record = undefined;
    this.cleared = true;
    return Promise.resolve();
  }

  release(): Promise<void> {
    return Promise.resolve();
  }
}

function site(content: string | undefined, direction: 'download' | 'upload' = 'upload') {
  const client = new FakeSite(content === undefined ? {} : { [UP]: content });
  const events: ProgressEvent[] = [];
  const context: SiteJobContext = { client, system: SYSTEM, direction, account: undefined, signal: undefined, onProgress: (event) => events.push(event), pace: () => 0 };
  return { client, context, events, said: () => events.map((event) => ('message' in event ? event.message : event.type)).join('\n') };
}

const removed = ({ client }: { readonly client: FakeSite }) => client.calls.includes(`rm ${UP}`);

describe('the part of an upload', () => {
  it('is removed where it can be nothing else', async () => {
    const one = site('part');
    assert.equal(await removePartialUpload(item, Date.now(), one.context), true);
    assert.equal(removed(one), true);
    assert.match(one.said(), /removed the part.*daint:\/scratch\/alice\/up, 4 of 10 bytes/u);
    assert.equal(await removePartialUpload(item, Date.now(), site(undefined).context), true, 'nothing is there');
  });

  it('is left where it may be something else: whole, longer, older, no file, or not to be seen', async () => {
    for (const content of ['0123456789', '0123456789ab']) {
      const one = site(content);
      assert.equal(await removePartialUpload(item, Date.now(), one.context), false, content);
      assert.equal(removed(one), false);
    }
    const old = site('part');
    old.client.mtime -= 3_600;
    assert.equal(await removePartialUpload(item, Date.now(), old.context), false);
    assert.equal(removed(old), false);
    const directory = site(undefined);
    directory.client.files.set(UP, undefined);
    assert.equal(await removePartialUpload({ ...item, size: 100_000 }, Date.now(), directory.context), false);
    assert.equal(removed(directory), false);
    assert.equal(await removePartialUpload({ remote: '/elsewhere/up', size: 10 }, Date.now(), site('part').context), false);
  });

  it('that cannot be removed is told of', async () => {
    const one = site('part');
    one.client.faults.set('rm', new ControlError('control-answer', 'Permission denied', { status: 403 }));
    assert.equal(await removePartialUpload(item, Date.now(), one.context), false);
    assert.match(one.said(), /could not be removed: Permission denied/u);
  });
});

describe('the job of a killed run', () => {
  const record: JobRecord = { askedAtMs: Date.now(), size: 10, job };

  it('is gone on with while it waits, or runs and nobody has used its session', async () => {
    for (const [state, wire] of [['PENDING', undefined], ['RUNNING', undefined], ['RUNNING', 'native']] as const) {
      const one = site(undefined);
      one.client.looks = [{ state }];
      const { found } = await takeUp(item, new MemoryNote({ ...record, ...(wire === undefined ? {} : { wire }) }), one.context);
      assert.equal(found?.job?.jobId, '7');
      assert.equal(one.client.calls.includes('cancel 7'), false);
    }
  });

  it('is ended where its one session is spent, and its part removed; or where the file is another', async () => {
    const spent = site('part');
    spent.client.looks = [{ state: 'RUNNING' }, { state: 'CANCELLED' }];
    const note = new MemoryNote({ ...record, wire: 'compat' });
    const up = await takeUp(item, note, spent.context);
    assert.equal(up.found, undefined);
    assert.equal(up.item.existing, undefined);
    assert.ok(spent.client.calls.indexOf('cancel 7') < spent.client.calls.indexOf(`rm ${UP}`), 'it writes no more when its part is removed');
    assert.equal(note.cleared, true);
    const other = site(undefined);
    other.client.looks = [{ state: 'PENDING' }, { state: 'CANCELLED' }];
    assert.equal((await takeUp({ ...item, size: 11 }, new MemoryNote(record), other.context)).found, undefined);
    assert.ok(other.client.calls.includes('cancel 7'));
  });

  it('that is over is forgotten; what is at the target is looked at only where its session was used', async () => {
    const never = site('part');
    const note = new MemoryNote(record);
    const up = await takeUp(item, note, never.context);
    assert.deepEqual([up.found, up.item.existing], [undefined, { kind: 'file', size: 4 }]);
    assert.equal(note.cleared, true);
    assert.equal(removed(never), false);
    const used = site('part');
    assert.equal((await takeUp(item, new MemoryNote({ ...record, wire: 'compat' }), used.context)).item.existing, undefined);
  });

  it('of which no answer came is found by its script, and gone on with', async () => {
    const script = '#!/bin/bash\nstreamer server --secret abc --host 0.0.0.0 --public-ips 192.0.2.1 --port-range 5665 5670 --wait-timeout 60 --inbound-transfer-limit 1000 receive --path /scratch/alice/up\n';
    const one = site(undefined);
    one.client.looks = [{ state: 'PENDING' }];
    one.client.jobs = () => Promise.resolve([{ jobId: '9', name: 'x', state: 'PENDING', over: false }]);
    one.client.metadata = { jobId: '9', script, standardOutput: '/o', standardError: '/e' };
    const { job: _unknown, ...asking } = record;
    const { found } = await takeUp(item, new MemoryNote(asking), one.context);
    assert.equal(found?.job?.jobId, '9');
    assert.notEqual(found.job.coordinates, '');
    const strange = await takeUp({ ...item, remote: `${UP}x` }, new MemoryNote(asking), one.context);
    assert.equal(strange.found, undefined);
  });
});

describe('asking for a job', () => {
  it('is remembered before and after', async () => {
    const one = site(undefined);
    const note = new MemoryNote();
    const seen: (JobRecord | undefined)[] = [];
    const startTransfer = one.client.startTransfer.bind(one.client);
    one.client.startTransfer = (...words) => (seen.push(note.record), startTransfer(...words));
    await askForJob(item, note, one.context);
    assert.equal(seen[0]?.job, undefined);
    assert.equal(seen[0]?.size, 10);
    assert.equal(note.record?.job?.jobId, '7');
  });

  it('is not cut short by the caller, who is told why', async () => {
    const stop = new AbortController();
    const one = site(undefined);
    const startTransfer = one.client.startTransfer.bind(one.client);
    one.client.startTransfer = (system, direction, transfer) => {
      stop.abort(new AbortError('interrupted'));
      return startTransfer(system, direction, transfer);
    };
    const asked = await askForJob(item, new MemoryNote(), { ...one.context, signal: stop.signal });
    assert.equal(asked.jobId, '7');
    assert.match(one.said(), /waiting for FirecREST's answer, so that no job is left behind/u);
  });

  it('that was refused is forgotten; that may have been heard all the same is not', async () => {
    for (const [error, kept] of [
      [new ControlError('control-answer', 'no', { status: 403 }), false],
      [new AuthError('auth-token', 'no'), false],
      [new ControlError('control-answer', 'no', { status: 500 }), true],
      [new TimeoutError('timeout-idle', 'no answer'), true],
    ] as const) {
      const one = site(undefined);
      one.client.faults.set('upload', error);
      const note = new MemoryNote();
      await assert.rejects(askForJob(item, note, one.context), error);
      assert.equal(note.record !== undefined, kept, error.message);
    }
  });

  it('goes on where nothing can be remembered', async () => {
    const one = site(undefined);
    const note = new MemoryNote();
    note.write = () => Promise.reject(new Error('disk full'));
    assert.equal((await askForJob(item, note, one.context)).jobId, '7');
    assert.match(one.said(), /cannot be remembered for a later run: disk full/u);
  });
});
