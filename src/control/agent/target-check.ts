/**
 * What would be refused at the target is refused before a job is asked for: it would wait in the queue for nothing.
 *
 * @module
 */
import { StorageError } from '../../errors.js';
import { partialNames } from '../../storage/partial-names.js';
import { assertTargetFree } from '../../storage/sink.js';
import type { MoveItem, TransferRequest } from '../method.js';
import { canLook } from '../remote-path.js';
import { settle, type Decision } from '../settle.js';
import { callOptions } from '../site.js';

/**
 * A single file goes to a name that is free, unless the user says otherwise. What is in a tree is for the two ends to compare.
 * @returns the decision that there is nothing to move, where what is there has the same content by FirecREST's checksum: so the same
 * command again, after a kill in the last moment too, is no failure
 * @throws StorageError `storage-exists`
 */
export async function settledTargets(request: TransferRequest): Promise<readonly Decision[] | undefined> {
  const { items, settings } = request;
  const [only, another] = items;
  if (only?.kind !== 'file' || another !== undefined || (settings.existing ?? 'refuse') !== 'refuse') return undefined;
  if (only.existing === undefined || (await isHalfDone(only, request))) return undefined;
  return settle(request);
}

/** A receiver that was killed when its file already had its name, and has left what the next one removes. */
async function isHalfDone({ local, remote }: MoveItem, { direction, client, system, signal }: TransferRequest): Promise<boolean> {
  if (direction === 'download') {
    return assertTargetFree(local).then(
      () => true,
      (error: unknown) => {
        if (error instanceof StorageError && error.code === 'storage-exists') return false;
        throw error;
      },
    );
  }
  const { part, journal } = partialNames(remote);
  for (const file of [part, journal]) {
    if (canLook(file, system) && (await client.stat(system.name, file, callOptions(signal))) !== undefined) return true;
  }
  return false;
}
