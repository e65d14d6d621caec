/**
 * The cluster's end of a transfer, as far as FirecREST can look.
 *
 * @module
 */
import { StorageError } from '../errors.js';
import type { EntryKind } from './method.js';
import { canLook } from './remote-path.js';
import { callOptions, type Site, type SiteStat, type SiteSystem } from './site.js';

/** What there is. `unknown`: where it cannot look. */
export interface RemoteEntry {
  readonly kind: EntryKind;
  readonly size: number;
}

/** Looks at one system. */
export interface RemoteLook {
  readonly client: Pick<Site, 'stat'>;
  readonly system: SiteSystem;
  readonly signal?: AbortSignal | undefined;
}

/** What stat(2) says of a kind. */
export function kindOf({ type }: Pick<SiteStat, 'type'>): EntryKind {
  return type === 'file' || type === 'directory' ? type : 'other';
}

/** What is at a path; undefined where there is nothing. @throws StreamerError */
export async function remoteEntry(path: string, { client, system, signal }: RemoteLook): Promise<RemoteEntry | undefined> {
  if (!canLook(path, system)) return { kind: 'unknown', size: 0 };
  const stats = await client.stat(system.name, path, callOptions(signal));
  if (stats === undefined) return undefined;
  const kind = kindOf(stats);
  return { kind, size: kind === 'file' ? stats.size : 0 };
}

/** What is to be downloaded. @throws StorageError when it is not there */
export async function remoteSource(path: string, look: RemoteLook): Promise<RemoteEntry> {
  const entry = await remoteEntry(path, look);
  if (entry === undefined) throw new StorageError('storage-missing', `${look.system.name} has no ${path}: check the path with "streamer ls"`);
  if (entry.kind === 'other') throw new StorageError('storage-not-a-file', `${path} on ${look.system.name} is neither a file nor a directory`);
  return entry;
}

/** @throws StorageError unless the directory of an upload is there, as far as FirecREST can look. */
export async function assertRemoteDirectory(directory: string, look: RemoteLook): Promise<void> {
  const entry = await remoteEntry(directory, look);
  if (entry === undefined) throw new StorageError('storage-missing', `${look.system.name} has no directory ${directory}: make it first`);
  if (entry.kind === 'file' || entry.kind === 'other') throw new StorageError('storage-not-a-file', `${directory} on ${look.system.name} is not a directory: choose another path`);
}
