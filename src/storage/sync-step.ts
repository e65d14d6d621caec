/**
 * Makes the names in a directory durable, as a step.
 *
 * @module
 */
import { syncDirectory } from './publish.js';
import { call, type Step } from './steps.js';

/** Never synchronously: it waits for a disk. `shown` is the directory for messages. */
export function* syncStep(directory: string, shown: string): Step<void> {
  yield* call(undefined, () => syncDirectory(directory, shown));
}
