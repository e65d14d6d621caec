/**
 * A job as FirecREST tells of it: what sacct and squeue say, merged.
 *
 * @module
 */
import type { JobRecord } from './scheduler.js';

/** A job that ran for less than this may have a record that is half filled, seconds. */
const QUICK_SECONDS = 2;
const NODE_COUNT = 1;

/** How the answer is made. */
export interface JobAnswerOptions {
  /** How long after its end the record of a quick job is half filled, milliseconds. */
  readonly halfFilledMs: number;
  readonly cluster: string;
  readonly nowMs: number;
  /** Numeric, of whoever cancels. */
  readonly uid: string;
}

/** The job's object. */
export function jobAnswer(job: JobRecord, options: JobAnswerOptions): unknown {
  const { state, start, end, overAtMs } = job;
  const isPending = state === 'PENDING';
  const hasRun = job.nodes !== '' && job.nodes !== 'None assigned';
  const elapsed = isPending || start === null ? 0 : (end ?? Math.floor(options.nowMs / 1000)) - start;
  const isHalf = overAtMs !== undefined && elapsed < QUICK_SECONDS && options.nowMs - overAtMs < options.halfFilledMs;
  const limit = isHalf ? null : job.limitSeconds;
  const signal = state === 'CANCELLED' || state === 'TIMEOUT' ? 0 : job.signal;
  return {
    jobId: job.id,
    name: isHalf ? 'allocation' : job.name,
    status: { state: state === 'CANCELLED' ? `CANCELLED by ${options.uid}` : state, stateReason: isHalf ? 'None' : job.reason, exitCode: isPending ? null : job.exitCode, interruptSignal: isPending ? null : signal },
    tasks: hasRun ? [task(job, elapsed)] : [],
    time: { elapsed, start, end, suspended: isPending ? null : 0, limit },
    account: job.account,
    allocationNodes: isPending || hasRun ? NODE_COUNT : 0,
    cluster: options.cluster,
    group: isHalf ? 'root' : job.owner,
    nodes: job.nodes,
    partition: isHalf ? '' : job.partition,
    killRequestUser: null,
    user: job.owner,
    workingDirectory: isHalf ? '' : job.workingDirectory,
    priority: isHalf ? 0 : 4_294_901_760 - Number(job.id),
  };
}

/** Its only task: the batch script. */
function task({ id, state, exitCode, signal, start, end }: JobRecord, elapsed: number): unknown {
  const status = { state: state === 'TIMEOUT' ? 'CANCELLED' : state, stateReason: null, exitCode, interruptSignal: signal };
  return { id: `${id}.batch`, name: 'batch', status, time: { elapsed, start, end, suspended: 0, limit: null } };
}
