/**
 * A transfer in which some entries failed is no success, however many went through.
 *
 * @module
 */
import { StorageError } from '../errors.js';
import type { TransferResult } from './progress.js';

/** @throws StorageError `storage-incomplete` */
export function assertAllMoved({ entries }: TransferResult): void {
  const { failed } = entries;
  if (failed === 0) return;
  const what = failed === 1 ? '1 entry' : `${failed} entries`;
  throw new StorageError('storage-incomplete', `${what} could not be moved, as told above; everything else was. Mend that and run the same command again`);
}
