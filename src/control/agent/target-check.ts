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
import { callOptions } from '../site.js';

/**
 * A single file goes to a name that is free, unless the user says otherwise. What is in a tree is for the two ends to compare.
 * @throws StorageError `storage-exists`
 */
export async function assertTargetsFree(request: TransferRequest): Promise<void> {
  const { direction, items, settings } = request;
  const [only, another] = items;
  if (only?.kind !== 'file' || another !== undefined || (settings.existing ?? 'refuse') !== 'refuse') return;
  if (direction === 'download') await assertTargetFree(only.local);
  else if (only.existing !== undefined && !(await isHalfDone(only, request))) {
    throw new StorageError('storage-exists', `${request.system.name}:${only.remote} exists already; remove it, choose another name, or say with \`existing\` what is to become of it`);
  }
}

/** A receiver that was killed when its file already had its name, and has left what the next one removes. */
async function isHalfDone({ remote }: MoveItem, { client, system, signal }: TransferRequest): Promise<boolean> {
  const { part, journal } = partialNames(remote);
  for (const file of [part, journal]) {
    if (canLook(file, system) && (await client.stat(system.name, file, callOptions(signal))) !== undefined) return true;
  }
  return false;
}
