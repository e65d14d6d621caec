/**
 * What the reference's receiver leaves behind when it loses its sender: the target under its own name, with a part of the bytes.
 * FirecREST refuses to upload to it again.
 *
 * @module
 */
import { peerText } from '../../errors.js';
import { CLEANING_MS } from '../job.js';
import type { MoveItem } from '../method.js';
import { canLook } from '../remote-path.js';
import { kindOf } from '../remote-end.js';
import type { SiteJobContext } from './site-job.js';

/** Clocks of a cluster and of this machine may differ by that much, milliseconds. */
const CLOCKS_MS = 600_000;

/**
 * Removes the part of an upload. Only what can be nothing else: the target was not there when the job was asked for, which
 * FirecREST has seen to, too; the job, which is over, was told to write it; it is a regular file that was written since and has
 * fewer bytes than were to be sent.
 * @returns whether the name is free
 */
export async function removePartialUpload({ remote, size }: Pick<MoveItem, 'remote' | 'size'>, askedAtMs: number, { client, system, onProgress }: SiteJobContext): Promise<boolean> {
  if (!canLook(remote, system)) return false;
  try {
    const stats = await client.stat(system.name, remote, { signal: AbortSignal.timeout(CLEANING_MS) });
    if (stats === undefined) return true;
    const partial = kindOf(stats) === 'file' && stats.size < size && stats.mtime * 1000 >= askedAtMs - CLOCKS_MS;
    if (!partial) return false;
    await client.rm(system.name, remote, { signal: AbortSignal.timeout(CLEANING_MS) });
    onProgress({ type: 'notice', message: `removed the part of an upload that was interrupted: ${system.name}:${remote}, ${stats.size} of ${size} bytes` });
    return true;
  } catch (error) {
    onProgress({ type: 'notice', message: `what an interrupted upload has left at ${system.name}:${remote} could not be removed: ${error instanceof Error ? peerText(error.message) : ''}` });
    return false;
  }
}
