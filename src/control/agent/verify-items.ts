/**
 * FirecREST's own checksum of what the agent has moved, where the user asks for it. The wire has compared both ends' digests already:
 * this one reads the file at the cluster anew.
 *
 * @module
 */
import { ControlError } from '../../errors.js';
import type { TransferResult } from '../../transfer/progress.js';
import { localSha256 } from '../local-end.js';
import type { MoveItem, TransferRequest } from '../method.js';
import { compareWithSite } from '../verify.js';

/** What is needed for it. */
type VerifyRequest = Pick<TransferRequest, 'client' | 'system' | 'items' | 'settings' | 'verify' | 'signal' | 'onProgress'>;

/**
 * Compares file by file. What is in directories is vouched for by the wire alone, and that is told.
 * @throws ControlError `control-verify` when one differs or is not there
 */
export async function verifyItems({ entries }: TransferResult, request: VerifyRequest): Promise<void> {
  const { items, settings, verify, onProgress } = request;
  if (verify !== true || settings.dryRun === true) return;
  const files = items.filter(({ kind }) => kind === 'file');
  if (files.length < items.length) onProgress({ type: 'notice', message: 'FirecREST is asked for its checksum of files alone; for what is in directories both ends have compared their digests' });
  // What was left alone is different, and that is what was asked.
  if (entries.kept > 0) return;
  for (const file of files) await verifyFile(file, request);
}

async function verifyFile({ remote, local }: MoveItem, request: VerifyRequest): Promise<void> {
  const { system, signal, onProgress } = request;
  const place = `${system.name}:${remote}`;
  onProgress({ type: 'phase', phase: 'verifying', message: `comparing with FirecREST's checksum of ${place}` });
  const verdict = await compareWithSite(remote, await localSha256(local, signal), request);
  if (verdict.is === 'equal') onProgress({ type: 'phase', phase: 'verified', message: `FirecREST's checksum is the same: ${place}` });
  else if (verdict.is === 'unknown') onProgress({ type: 'notice', message: `FirecREST could not be asked for its checksum of ${place} (${verdict.why}); the digests of both ends were equal when it was moved` });
  else if (verdict.is === 'missing') throw new ControlError('control-verify', `${place} is not there any more, so that it cannot be compared`);
  else throw new ControlError('control-verify', `${place} is not what ${local} is, by FirecREST's checksum, although both were equal when it was moved: one of them has changed since. Run the same command again`);
}
