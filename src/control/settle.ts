/**
 * What is at the target already, for the ways of transfer whose wire knows no policies: left alone, found to be the same, or
 * refused, before anything is started.
 *
 * @module
 */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { StorageError } from '../errors.js';
import type { ProgressEvent } from '../transfer/progress.js';
import { localSha256 } from './local-end.js';
import type { MoveItem, TransferRequest } from './method.js';
import { nameOf } from './remote-path.js';
import { compareWithSite } from './verify.js';

/** What becomes of an item that is not moved. */
export type Settled = 'equal' | 'kept' | 'would';

/** A decision on one item. */
export interface Decision {
  readonly item: MoveItem;
  /** Undefined: it is to be moved. */
  readonly settled: Settled | undefined;
}

/**
 * Decides on every item, and tells of those that are not moved.
 * @throws StorageError `storage-exists` for the first that is in the way
 */
export async function settle(request: TransferRequest): Promise<readonly Decision[]> {
  const decisions: Decision[] = [];
  for (const item of request.items) decisions.push({ item, settled: await decide(item, request) });
  for (const { item, settled } of decisions) if (settled !== undefined) request.onProgress(await entryOf(item, settled, request));
  return decisions;
}

async function decide(item: MoveItem, request: TransferRequest): Promise<Settled | undefined> {
  const { existing = 'refuse', dryRun = false } = request.settings;
  const otherwise = dryRun ? 'would' : undefined;
  if (item.existing === undefined) return otherwise;
  if (existing === 'skip') return 'kept';
  if (item.existing.kind !== 'file') throw inTheWay(item, request, 'it is not a file');
  if (await isEqual(item, request)) return 'equal';
  if (existing === 'refuse') throw inTheWay(item, request, 'it differs, or cannot be compared');
  return otherwise;
}

/** Whether what is there has the same content, by FirecREST's checksum. */
async function isEqual({ size, existing, local, remote }: MoveItem, { client, system, signal }: TransferRequest): Promise<boolean> {
  if (existing?.size !== size) return false;
  const verdict = await compareWithSite(remote, await localSha256(local, signal), { client, system, signal });
  return verdict.is === 'equal';
}

function inTheWay({ remote, local }: MoveItem, { direction, system }: TransferRequest, why: string): StorageError {
  const target = direction === 'download' ? local : `${system.name}:${remote}`;
  return new StorageError('storage-exists', `${target} exists already, and ${why}; remove it, choose another name, or say with \`existing\` what is to become of it`);
}

/** What is told of an item that was settled without being moved. */
async function entryOf({ local, remote, size }: MoveItem, how: Settled, { direction }: TransferRequest): Promise<ProgressEvent> {
  const stats = await stat(local, { bigint: true }).catch(() => undefined);
  const name = direction === 'download' ? nameOf(remote) : path.basename(path.resolve(local));
  return { type: 'entry', path: name, kind: 'file', how, size, mtimeNs: stats?.mtimeNs ?? 0n };
}
