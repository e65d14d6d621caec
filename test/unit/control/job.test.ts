import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { awaitEnd, awaitStart, cancelJob, endOfJob, pendingWords, type FollowedJob } from '../../../src/control/job.js';
import { AbortError, AuthError, ControlError, TimeoutError } from '../../../src/errors.js';
import type { ProgressEvent } from '../../../src/transfer/progress.js';
import { FakeSite, type Looks } from '../../support/fake-site.js';

/** A job whose looks these are, and what was told of it. */
function followed(looks: Looks, more: Partial<FollowedJob> = {}): { readonly job: FollowedJob; readonly site: FakeSite; readonly events: ProgressEvent[] } {
  const site = new FakeSite();
  site.looks = looks;
  const events: ProgressEvent[] = [];
  return { site, events, job: { client: site, system: 'daint', jobId: '7', onProgress: (event) => events.push(event), pace: () => 0, ...more } };
}

const said = (events: readonly ProgressEvent[]) => events.map((event) => (event.type === 'phase' || event.type === 'notice' ? event.message : event.type));
const down = new ControlError('control-unavailable', 'the scheduler is unhealthy', { status: 503 });

describe('a job in the queue', () => {
  it('is told of once for each reason, and with the time that is left', async () => {
    const { job, events } = followed([{ state: 'PENDING' }, { state: 'PENDING' }, { state: 'PENDING', reason: 'Resources' }, { state: 'PENDING', reason: 'Resources', start: 4e9 }, { state: 'RUNNING', nodes: 'nid1' }]);
    const seen = await awaitStart(job, 60_000);
    assert.equal(seen.nodes, 'nid1');
    assert.deepEqual(said(events), ['job 7 waits in the queue', 'job 7 waits in the queue (Resources)', 'job 7 waits in the queue (Resources), and is expected to begin at 2096-10-02T07:06:40Z']);
    for (const event of events) assert.ok(event.type === 'phase' && event.jobId === '7' && (event.remainingMs ?? 0) > 50_000);
  });

  it('may be unknown for a moment, and configured by and by', async () => {
    const { job } = followed([undefined, undefined, { state: 'CONFIGURING' }, { state: 'RUNNING' }]);
    assert.equal((await awaitStart(job, 60_000)).state, 'RUNNING');
  });

  it('that is over before it began is returned as it is', async () => {
    const { job } = followed([{ state: 'PENDING' }, { state: 'CANCELLED' }]);
    assert.equal((await awaitStart(job, 60_000)).over, true);
  });

  it('is waited for no longer than is said', async () => {
    const { job } = followed([{ state: 'PENDING', reason: 'Priority' }]);
    await assert.rejects(awaitStart(job, 0), (error: unknown) => error instanceof TimeoutError && error.code === 'timeout-wait' && /\(Priority\), and has not begun within 0 ms.*`startTimeoutMs`/u.test(error.message));
  });

  it('tells nothing of a start that is past, or of no reason', () => {
    assert.equal(pendingWords({ jobId: '1', reason: 'None', start: 100 }, 200_000), 'job 1 waits in the queue');
    assert.equal(pendingWords({ jobId: '1', reason: 'a\nb\u001b[31m' }, 0), 'job 1 waits in the queue (a b [31m)');
  });
});

describe('looking at a job', () => {
  it('goes on while the system is down, says so once, and when it is well again', async () => {
    const { job, events } = followed([down, down, new ControlError('control-answer', 'timeout', { status: 408 }), { state: 'COMPLETED' }]);
    assert.equal((await awaitEnd(job)).state, 'COMPLETED');
    assert.deepEqual(said(events), ['cannot see how job 7 is doing: the scheduler is unhealthy; looking again', 'daint answers again']);
  });

  it('goes on when FirecREST does not answer at all, or says that it is too much for now', async () => {
    for (const error of [new TimeoutError('timeout-idle', 'no answer within 60 s', { retryable: true }), new ControlError('control-unavailable', 'too many', { status: 429 })]) {
      const { job, site } = followed([{ state: 'COMPLETED' }], { pace: (looks) => (looks === 3 && site.faults.clear(), 0) });
      site.faults.set('job', error);
      assert.equal((await awaitEnd(job)).state, 'COMPLETED');
    }
  });

  it('ends where it will not get better', async () => {
    for (const error of [new AuthError('auth-token', 'sign in again'), new ControlError('control-answer', 'no', { status: 403 }), new TypeError('a bug')]) {
      const { job, site } = followed([{ state: 'RUNNING' }]);
      site.faults.set('job', error);
      await assert.rejects(awaitEnd(job), error);
      assert.equal(site.calls.length, 1);
    }
  });

  it('is stopped by the caller, for its reason', async () => {
    const stop = new AbortController();
    const { job } = followed([{ state: 'RUNNING' }], { signal: stop.signal, pace: () => 60_000 });
    const waiting = awaitEnd(job);
    setImmediate(() => stop.abort(new AbortError('interrupted', { signal: 'SIGTERM' })));
    await assert.rejects(waiting, (error: unknown) => error instanceof AbortError && error.exitCode === 143);
  });

  it('is hurried at first, and less in a queue than when it runs', async () => {
    const asked: (readonly [number, string | undefined])[] = [];
    const { job } = followed([{ state: 'PENDING' }, { state: 'PENDING' }, { state: 'RUNNING' }, { state: 'RUNNING' }, { state: 'COMPLETED' }], { pace: (looks, state) => (asked.push([looks, state]), 0) });
    await awaitEnd(job);
    assert.deepEqual(asked, [[0, 'PENDING'], [1, 'PENDING'], [0, 'RUNNING'], [1, 'RUNNING']]);
  });
});

describe('ending a job', () => {
  it('never fails, and says what could not be done', async () => {
    const { job, site, events } = followed([{ state: 'RUNNING' }]);
    assert.equal(await cancelJob(job), true);
    site.faults.set('cancel', down);
    assert.equal(await cancelJob(job), false);
    assert.match(said(events).at(-1) ?? '', /job 7 could not be cancelled.*"streamer cancel /u);
  });

  it('waits for its end, quietly, and not for ever', async () => {
    const { job, events } = followed([down, { state: 'RUNNING' }, { state: 'CANCELLED' }]);
    assert.equal((await endOfJob(job, 10_000))?.state, 'CANCELLED');
    assert.deepEqual(events, []);
    const { job: other } = followed([{ state: 'COMPLETING' }], { pace: () => 5 });
    assert.equal(await endOfJob(other, 30), undefined);
  });
});
