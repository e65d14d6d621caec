/**
 * From this machine to the cluster, by FirecREST.
 *
 * @module
 */
import { checkArguments } from '../transfer/argument-checks.js';
import type { TransferResult } from '../transfer/progress.js';
import { allMethods } from './methods/all.js';
import { listOf, move, MOVE_ARGUMENTS, type MoveOptions } from './move.js';
import { planUpload } from './plan.js';

/** Options of {@link upload}. */
export interface UploadOptions extends MoveOptions {
  /** What to upload. */
  readonly from: string | readonly string[];
  /** Where to: `SYSTEM:/path`, or a path on `system`: a file, or an existing directory; of a directory: what is to be its copy, or, with a slash at its end, where to put it. */
  readonly to: string;
}

/**
 * Uploads files and directories: asks FirecREST, follows the job, moves the data, checks it, and leaves nothing running.
 *
 * ```ts
 * import { openFirecrest, StreamerError, upload } from 'firecrest-streamer-ts';
 *
 * try {
 *   const alps = await openFirecrest({ profile: 'alps' });
 *   const { entries } = await upload({ ...alps, from: ['results.h5', 'notes.txt'], to: 'daint:run7/', method: 'agent', existing: 'skip' });
 *   console.log(`${entries.moved} files moved`);
 * } catch (error) {
 *   if (!(error instanceof StreamerError)) throw error;
 *   console.log(error.code, error.message);
 * }
 * ```
 *
 * @returns when the receiver holds everything, and the job has ended.
 * @throws as {@link download} does. A part of a file that the reference's receiver has left is removed.
 */
export async function upload(options: UploadOptions): Promise<TransferResult> {
  checkArguments(options, { ...MOVE_ARGUMENTS, to: MOVE_ARGUMENTS.system }, 'client', 'from', 'to');
  const { from, to, ...rest } = options;
  return move({ direction: 'upload', remote: [to], local: listOf(from), plan: planUpload }, rest, allMethods());
}
