/**
 * How much of the work may go to other threads: only what there are processors for.
 *
 * @module
 */
import { availableParallelism } from 'node:os';
import { UsageError } from '../errors.js';

/** From so many processors on there is one for each of: the event loop, a record thread, file IO, and the kernel's own work. */
const ENOUGH_PROCESSORS = 4;

/** Most threads that seal and open records. */
export const WORKERS_MAX = 16;

let chosen: number | undefined;

/**
 * Sets how many threads encrypt and decrypt beside the main one, 0 to 16, for all transfers of the process that begin later. Where there
 * are any, chunks of files are read and written by others of node's threads. One is enough: the main thread has more to do than it. The default: 1 where the
 * process may use four processors or more, else 0.
 *
 * ```ts
 * import { chooseWorkers } from 'firecrest-streamer-ts';
 *
 * // A service beside which other programs want their processors.
 * chooseWorkers(0);
 * console.log('the main thread does all of it');
 * ```
 * @throws UsageError
 */
export function chooseWorkers(count: number): void {
  if (!Number.isInteger(count) || count < 0 || count > WORKERS_MAX) throw new UsageError(`\`chooseWorkers\` takes a number of threads from 0 to ${WORKERS_MAX}`);
  chosen = count;
}

/** How many threads are to seal and open records. What a process may use is what sched_getaffinity(2) says: a job's share of its node. */
export function workerCount(): number {
  chosen ??= availableParallelism() >= ENOUGH_PROCESSORS ? 1 : 0;
  return chosen;
}
