/**
 * After a transfer by a job of the site's: whether what arrived is what was sent. COMPLETED proves nothing.
 *
 * What vouches for a file, the strongest first:
 * - the native wire's own digest, which the receiver has compared;
 * - FirecREST's checksum, where the site's time limit allows one;
 * - on the compat wire, a download: the sender's SHA-256, which our receiver has compared before the file got its name;
 * - an upload: the log of the reference's receiver, which compares, too, and removes what differs.
 * A file that nothing vouches for is told of as an error. One that differs does not keep its name.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { rename } from 'node:fs/promises';
import { ControlError } from '../../errors.js';
import type { TransferResult } from '../../transfer/progress.js';
import { CLEANING_MS } from '../job.js';
import { readLogs, receiverVouches, tellingLines, type JobLogs } from '../job-log.js';
import { localSha256 } from '../local-end.js';
import type { MoveItem, TransferRequest } from '../method.js';
import { canLook } from '../remote-path.js';
import { callOptions } from '../site.js';
import { compareWithSite, type Verdict } from '../verify.js';

/** What is needed for it. */
export interface VerifyRequest extends Pick<TransferRequest, 'client' | 'system' | 'direction' | 'verify' | 'signal' | 'onProgress'> {
  readonly logs: JobLogs;
}

/**
 * @returns the result, verified or told why not.
 * @throws ControlError `control-verify`
 */
export async function verifyMoved(result: TransferResult, item: MoveItem, request: VerifyRequest): Promise<TransferResult> {
  const { verify = result.wire === 'compat' } = request;
  if (result.wire === 'compat' && request.direction === 'upload') await assertThere(item, request);
  if (!verify) return result;
  const { onProgress, system } = request;
  onProgress({ type: 'phase', phase: 'verifying', message: `comparing with FirecREST's checksum of ${system.name}:${item.remote}` });
  const verdict = await compareWithSite(item.remote, await sha256Of(result, item, request), request);
  if (verdict.is === 'unknown') return unverified(verdict, result, item, request);
  if (verdict.is !== 'equal') throw await differs(verdict, item, request);
  onProgress({ type: 'phase', phase: 'verified', message: `FirecREST's checksum is the same: ${system.name}:${item.remote}` });
  return { ...result, verified: true };
}

/** On the compat wire it was computed on the way. */
async function sha256Of({ digest, sha256 }: TransferResult, { local }: MoveItem, { signal }: VerifyRequest): Promise<string> {
  return sha256 ?? (digest?.algorithm === 'sha256' ? digest.hex : await localSha256(local, signal));
}

/** The reference's receiver closes in the same way whether it has kept the file or removed it. */
async function assertThere({ remote, size }: MoveItem, request: VerifyRequest): Promise<void> {
  const { client, system, signal } = request;
  if (!canLook(remote, system)) return;
  const stats = await client.stat(system.name, remote, callOptions(signal));
  if (stats?.size === size) return;
  const what = stats === undefined ? 'it is not there' : `it has ${stats.size} of ${size} bytes`;
  throw new ControlError('control-verify', `${system.name}:${remote} was not received: ${what}; ${await logWords(request)}`);
}

async function unverified({ why }: Extract<Verdict, { is: 'unknown' }>, result: TransferResult, { remote }: MoveItem, request: VerifyRequest): Promise<TransferResult> {
  const { direction, system, client, logs, onProgress } = request;
  const place = `${system.name}:${remote}`;
  if (result.verified) {
    onProgress({ type: 'notice', message: `FirecREST could not be asked for its checksum of ${place} (${why}); the digests of both ends were equal when it was moved` });
    return result;
  }
  if (direction === 'upload' && receiverVouches((await readLogs(logs, client, system.name)).output)) {
    onProgress({ type: 'notice', message: `FirecREST could not be asked for its checksum of ${place} (${why}); but the receiver has compared its SHA-256 with ours, and says that they are equal` });
    return { ...result, verified: true };
  }
  throw new ControlError('control-verify', `${place} has the right size, but nothing vouches for its content: ${why}, and the job's log does not say that it was received. It is left there: compare it yourself, or say \`verify: false\``);
}

async function differs({ is }: Verdict, item: MoveItem, request: VerifyRequest): Promise<ControlError> {
  const { client, system, direction } = request;
  const place = `${system.name}:${item.remote}`;
  if (is === 'missing') return new ControlError('control-verify', `${place} is not there any more, so that it cannot be compared`);
  if (direction === 'upload') {
    const removed = await client.rm(system.name, item.remote, { signal: AbortSignal.timeout(CLEANING_MS) }).then(() => 'it was removed', () => 'it could not be removed');
    return new ControlError('control-verify', `${place} is not what was sent, by FirecREST's checksum: ${removed}; run the same command again`);
  }
  const aside = `${item.local}.unverified-${randomBytes(3).toString('hex')}`;
  const where = await rename(item.local, aside).then(() => `what was received is set aside as ${aside}`, () => 'do not use what was received');
  return new ControlError('control-verify', `${place} is not what was received, by FirecREST's checksum: it was altered on the way, or has changed since; ${where}. Run the same command again`);
}

async function logWords({ client, system, logs }: VerifyRequest): Promise<string> {
  const { output, error } = await readLogs(logs, client, system.name);
  const lines = [...tellingLines(error), ...tellingLines(output)];
  return lines.length === 0 ? 'the job has written nothing of it' : `the job says: ${lines.join(' | ')}`;
}
