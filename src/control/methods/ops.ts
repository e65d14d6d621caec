/**
 * `ops`: small files through FirecREST itself, without a job. Each is compared with FirecREST's checksum of it.
 *
 * @module
 */
import { createHash, randomBytes } from 'node:crypto';
import { open, readFile, rm } from 'node:fs/promises';
import { ControlError, IntegrityError } from '../../errors.js';
import { orStorageError } from '../../storage/fs-error.js';
import { publish, publishOver } from '../../storage/publish.js';
import { NO_ENTRIES } from '../../transfer/result.js';
import type { ProgressListener, TransferResult } from '../../transfer/progress.js';
import { formatSize } from '../../util/units.js';
import { isFileName } from '../firecrest/parameters.js';
import { CLEANING_MS } from '../job.js';
import type { Method, MoveItem, TransferRequest } from '../method.js';
import { canLook, directoryOf, nameOf } from '../remote-path.js';
import { settle } from '../settle.js';
import { callOptions } from '../site.js';
import { compareWithSite } from '../verify.js';
import { moveMany, type Part } from './many.js';

/** Most files of one transfer: each takes some commands on the cluster. */
const FILES_MAX = 64;
/** Files at once. */
const FILES_AT_ONCE = 4;

/** See the module's head. */
export const opsMethod: Method = {
  name: 'ops',
  unfit: unfitForOps,
  run: async (request) => moveMany(await settle(request), request, FILES_AT_ONCE, (item, part) => (request.direction === 'download' ? downloadFile : uploadFile)(item, { ...request, ...part })),
};

/** Most bytes of a file. A download is base64 on its way, and that has to be within the limit. */
export function opsLimit({ maxOpsFileSize }: Pick<TransferRequest['system'], 'maxOpsFileSize'>, direction: TransferRequest['direction']): number {
  return direction === 'download' ? Math.floor(maxOpsFileSize / 4) * 3 - 3 : maxOpsFileSize;
}

function unfitForOps({ direction, url, system, items, settings }: TransferRequest): string | undefined {
  if (!url.startsWith('https:') && settings.requireEncryption === true) return 'FirecREST is asked without TLS there, and encryption is required';
  const most = opsLimit(system, direction);
  const other = items.find(({ kind }) => kind !== 'file');
  if (other !== undefined) return other.kind === 'directory' ? `it moves files, and ${direction === 'download' ? other.remote : other.local} is a directory` : `FirecREST cannot look at ${other.remote}`;
  const large = items.find(({ size }) => size > most);
  if (large !== undefined) return `${nameOf(large.remote)} has ${formatSize(large.size)}, and what goes through FirecREST has ${formatSize(most)} at the most`;
  if (items.length > FILES_MAX) return `these are ${items.length} files, of which it takes ${FILES_MAX} at the most`;
  const hidden = items.find(({ remote }) => !canLook(remote, system));
  if (hidden !== undefined) return `FirecREST cannot be asked for ${hidden.remote}`;
  const odd = direction === 'upload' ? items.find(({ remote }) => !isFileName(nameOf(remote))) : undefined;
  if (odd !== undefined) return `FirecREST cannot carry the file's name ${JSON.stringify(nameOf(odd.remote))}`;
  if (settings.existing === 'update') return 'it keeps no times, by which `update` decides';
  return settings.rate === undefined || settings.rate.bytesPerSecond === undefined ? undefined : 'it knows no limit on the rate';
}

type FileRequest = TransferRequest & Part;

async function downloadFile(item: MoveItem, request: FileRequest): Promise<TransferResult> {
  const { client, system, signal, settings, verify = true } = request;
  const startMs = performance.now();
  begun(item, request.onProgress);
  const bytes = await client.readFile(system.name, item.remote, callOptions(signal));
  const sha256 = hashOf(bytes);
  if (verify) await assertSame(item, sha256, request);
  else if (bytes.length !== item.size) throw new IntegrityError('integrity-size', `${item.remote} had ${item.size} bytes, and ${bytes.length} came: it changes; run the command again`);
  signal.throwIfAborted();
  await orStorageError('write', item.local, () => writeWhole(item.local, bytes, settings.existing === 'overwrite'));
  return resultOf(item, sha256, bytes.length, verify, startMs, request);
}

/** Whole under its name, or not at all. */
async function writeWhole(target: string, bytes: Uint8Array, replace: boolean): Promise<void> {
  const draft = `${target}.${randomBytes(6).toString('hex')}.draft`;
  try {
    const file = await open(draft, 'wx');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await (replace ? publishOver(draft, target, target) : publish(draft, target));
  } finally {
    await rm(draft, { force: true }).catch(() => undefined);
  }
}

async function uploadFile(item: MoveItem, request: FileRequest): Promise<TransferResult> {
  const { client, system, signal, verify = true } = request;
  const startMs = performance.now();
  begun(item, request.onProgress);
  const bytes = await orStorageError('read', item.local, () => readFile(item.local));
  const sha256 = hashOf(bytes);
  signal.throwIfAborted();
  await client.writeFile(system.name, directoryOf(item.remote), nameOf(item.remote), bytes, callOptions(signal));
  const remove = () => client.rm(system.name, item.remote, { signal: AbortSignal.timeout(CLEANING_MS) }).catch(() => undefined);
  if (verify) await assertSame(item, sha256, request, remove);
  return resultOf(item, sha256, bytes.length, verify, startMs, request);
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/**
 * @param altered what to do first where the content differs: it must not keep its name.
 * @throws ControlError `control-verify`
 */
async function assertSame({ remote }: MoveItem, sha256: string, request: FileRequest, altered: () => Promise<unknown> = () => Promise.resolve()): Promise<void> {
  const place = `${request.system.name}:${remote}`;
  const verdict = await compareWithSite(remote, sha256, request);
  if (verdict.is === 'equal') return;
  if (verdict.is === 'unknown') throw new ControlError('control-verify', `FirecREST could not be asked for its checksum of ${place}: ${verdict.why}; nothing else vouches for it: run the command again, or say \`verify: false\``);
  if (verdict.is === 'different') await altered();
  throw new ControlError('control-verify', `${place} ${verdict.is === 'missing' ? 'is not there any more' : "has another content, by FirecREST's checksum, than what was moved"}; run the command again`);
}

function begun({ remote, size }: MoveItem, onProgress: ProgressListener): void {
  onProgress({ type: 'started', root: 'file', name: nameOf(remote), size, resumedBytes: 0 });
}

function resultOf({ local, remote }: MoveItem, sha256: string, size: number, verified: boolean, startMs: number, { direction, url, onProgress }: FileRequest): TransferResult {
  const durationMs = performance.now() - startMs;
  const name = nameOf(direction === 'download' ? remote : local);
  onProgress({ type: 'progress', bytes: size, size, bytesPerSecond: durationMs > 0 ? (size * 1000) / durationMs : 0 });
  onProgress({ type: 'entry', path: name, kind: 'file', how: 'done', size, mtimeNs: BigInt(Date.now()) * 1_000_000n, sha256 });
  return {
    action: direction === 'download' ? 'receive' : 'send',
    path: local,
    name,
    root: 'file',
    size,
    entries: { ...NO_ENTRIES, moved: 1 },
    resumedBytes: 0,
    movedBytes: size,
    durationMs,
    bytesPerSecond: durationMs > 0 ? (size * 1000) / durationMs : 0,
    wire: 'ops',
    encrypted: url.startsWith('https:'),
    digest: { algorithm: 'sha256', hex: sha256 },
    verified,
    reconnects: 0,
    remote: new URL(url).host,
  };
}
