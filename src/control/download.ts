/**
 * From the cluster to this machine, by FirecREST.
 *
 * @module
 */
import { checkArguments } from '../transfer/argument-checks.js';
import type { TransferResult } from '../transfer/progress.js';
import { allMethods } from './methods/all.js';
import { listOf, move, MOVE_ARGUMENTS, type MoveOptions } from './move.js';
import { planDownload } from './plan.js';

/** Options of {@link download}. */
export interface DownloadOptions extends MoveOptions {
  /** What to download: `SYSTEM:/path`, or a path on `system`; a relative one begins at the user's own directory. */
  readonly from: string | readonly string[];
  /** Where to: a file, or an existing directory; of a directory: what is to be its copy, or, with a slash at its end, where to put it. @default the current directory */
  readonly to?: string;
}

/**
 * Downloads files and directories: asks FirecREST, follows the job, moves the data, checks it, and leaves nothing running.
 *
 * ```ts
 * import { download, openFirecrest, StreamerError, type TransferResult } from 'firecrest-streamer-ts';
 *
 * async function fetchRun(token: string): Promise<TransferResult> {
 *   const { client } = await openFirecrest({ url: 'https://firecrest.example.org/v2', token });
 *   return download({
 *     client,
 *     from: 'daint:/scratch/alice/run7/out.h5',
 *     to: 'out.h5',
 *     signal: AbortSignal.timeout(3_600_000),
 *     onProgress: (event) => {
 *       if (event.type === 'phase') console.log(event.message);
 *       if (event.type === 'progress') console.log(`${event.bytes} of ${event.size} bytes`);
 *     },
 *   });
 * }
 * try {
 *   const { size, verified } = await fetchRun('not a token');
 *   console.log(size, verified);
 * } catch (error) {
 *   if (!(error instanceof StreamerError)) throw error;
 *   console.log(error.code, error.message);
 * }
 * ```
 *
 * @returns when everything is under its name, and the job has ended.
 * @throws before anything is asked: UsageError, StorageError for a source that is missing or a target that exists or cannot be
 * written, ControlError `control-unsuitable` where no method fits. Later: ControlError `control-job` when the job fails or ends
 * too soon, with what it has written, `control-verify` when what arrived is not what is there; TimeoutError `timeout-wait` when it
 * is not started in time; AuthError, and what {@link receive} throws; AbortError by `signal`. The job is cancelled.
 */
export async function download(options: DownloadOptions): Promise<TransferResult> {
  checkArguments(options, { ...MOVE_ARGUMENTS, to: MOVE_ARGUMENTS.system }, 'client', 'from');
  const { from, to, ...rest } = options;
  return move({ direction: 'download', remote: listOf(from), local: to === undefined ? [] : [to], plan: planDownload }, rest, allMethods());
}
