/**
 * `/filesystem/…/transfer`: the site's own jobs that run a streamer server.
 *
 * @module
 */
import { ControlError, peerText } from '../../errors.js';
import { callInit, jsonOf, type Api, type CallOptions } from './api.js';
import { cancelJob, jobScriptOf, listJobs } from './jobs.js';
import { field, fieldsOf, textOf } from './reading.js';

/** A job of the site's that waits for a client, or will. */
export interface TransferJob {
  readonly jobId: string;
  readonly system: string;
  readonly workingDirectory: string;
  readonly outputLog: string;
  readonly errorLog: string;
  /** Secret. They name all ports of the site's range: the job has none yet. */
  readonly coordinates: string;
}

/** Names of the site's jobs (sic). */
export const TRANSFER_JOB_NAMES = { download: 'OutgressFileTransfer', upload: 'IngressFileTransfer' } as const;

/**
 * Asks for a job that sends a file, or receives one.
 *
 * A POST that was answered 500 may have queued its job all the same (measured), with a secret that nobody has: such a job would
 * hold its node until waitTimeout. So jobs are counted before, and one that is new, of this name and for this path, is cancelled.
 *
 * @throws StreamerError
 */
export async function startTransfer(api: Api, system: string, direction: 'download' | 'upload', { path, account }: { readonly path: string; readonly account?: string | undefined }, options: CallOptions = {}): Promise<TransferJob> {
  const name = TRANSFER_JOB_NAMES[direction];
  const before = new Set((await listJobs(api, system, { ...options, name, timeWindow: '1h' })).map(({ jobId }) => jobId));
  const body = { sourcePath: path, transferDirectives: { transferMethod: 'streamer' as const }, ...field('account', account) };
  const route = direction === 'download' ? ('/filesystem/{system_name}/transfer/download' as const) : ('/filesystem/{system_name}/transfer/upload' as const);
  try {
    return readTransferJob(await jsonOf(`the ${direction} of ${peerText(path)}`, api.POST(route, { ...callInit(options), params: { path: { system_name: system } }, body: body as never })));
  } catch (error) {
    if (error instanceof ControlError && (error.status ?? 0) < 500) throw error;
    // Without the caller's signal: its job is to be gone, too, when the caller no longer wants it.
    await cancelOrphans(api, system, { name, path, before });
    throw error;
  }
}

async function cancelOrphans(api: Api, system: string, { name, path, before }: { readonly name: string; readonly path: string; readonly before: ReadonlySet<string> }): Promise<void> {
  try {
    const jobs = await listJobs(api, system, { name, timeWindow: '1h' });
    for (const { jobId, over } of jobs) {
      if (over || before.has(jobId)) continue;
      if ((await jobScriptOf(api, system, jobId))?.includes(path) === true) await cancelJob(api, system, jobId);
    }
  } catch {
    // A scheduler that does not answer is why: the first error says so.
  }
}

/** A transfer's 201. */
export function readTransferJob(value: unknown): TransferJob {
  const answer = fieldsOf(value, 'transfer');
  const job = fieldsOf(answer['transferJob'], 'transferJob');
  const logs = fieldsOf(job['logs'], 'transferJob.logs');
  const directives = fieldsOf(answer['transferDirectives'], 'transferDirectives');
  return {
    jobId: String(typeof job['jobId'] === 'number' ? job['jobId'] : textOf(job['jobId'], 'transferJob.jobId')),
    system: textOf(job['system'], 'transferJob.system'),
    workingDirectory: textOf(job['workingDirectory'], 'transferJob.workingDirectory'),
    outputLog: textOf(logs['outputLog'], 'transferJob.logs.outputLog'),
    errorLog: textOf(logs['errorLog'], 'transferJob.logs.errorLog'),
    coordinates: textOf(directives['coordinates'], 'transferDirectives.coordinates'),
  };
}
