/**
 * `streamer ls`, `stat` and `checksum`: what is at a place on a system.
 *
 * @module
 */
import type { RemoteEntry, RemoteStat, RemoteType } from '../../control/firecrest/client.js';
import { StorageError } from '../../errors.js';
import { formatSize } from '../../util/units.js';
import type { Context } from '../action.js';
import type { ControlOptions } from '../control-options.js';
import { openPlaces, type OpenPlace } from '../remote-words.js';
import { tableOf, visible } from '../table.js';

/** Options as commander gives them. */
export interface ListCommandOptions extends ControlOptions {
  readonly all?: boolean;
  readonly recursive?: boolean;
  readonly numeric?: boolean;
  readonly dereference?: boolean;
}

const LETTERS: Readonly<Record<RemoteType, string>> = { file: '-', directory: 'd', link: 'l', other: '?' };

/** Lists, as `ls -l` does. @throws StreamerError */
export async function runLs(words: readonly string[], { all: showHidden, recursive, numeric: numericUid, dereference, ...options }: ListCommandOptions, { renderer, stopSignal }: Context): Promise<void> {
  const signal = stopSignal();
  const places = await openPlaces(words, options, signal);
  for (const { client, system, path } of places) {
    const entries = await client.ls(system.name, path, { showHidden, recursive, numericUid, dereference, signal });
    if (places.length > 1) renderer.print(`${system.name}:${visible(path)}:`);
    const lines = tableOf(entries.map(lineOf), ['left', 'left', 'left', 'right']);
    for (const [index, entry] of entries.entries()) renderer.print(lines[index] ?? '', { event: 'entry', system: system.name, path, ...entry });
  }
}

function lineOf({ name, type, linkTarget, user, group, permissions, lastModified, size }: RemoteEntry): readonly string[] {
  return [`${LETTERS[type]}${permissions}`, user, group, String(size), lastModified.replace('T', ' '), linkTarget === undefined ? name : `${name} -> ${linkTarget}`];
}

/** Tells what stat(2) says. @throws StorageError where there is nothing; StreamerError */
export async function runStat(words: readonly string[], { dereference = false, ...options }: ListCommandOptions, { renderer, stopSignal }: Context): Promise<void> {
  const signal = stopSignal();
  for (const place of await openPlaces(words, options, signal)) {
    const { client, system, path } = place;
    const stats = await client.stat(system.name, path, { dereference, signal });
    if (stats === undefined) throw missing(place);
    renderer.print(tableOf(factsOf(place, stats)).join('\n'), { event: 'stat', system: system.name, path, ...stats });
  }
}

function factsOf({ system, path }: OpenPlace, { type, mode, size, uid, gid, nlink, ino, mtime, atime, ctime }: RemoteStat): readonly (readonly string[])[] {
  const time = (seconds: number) => new Date(seconds * 1000).toISOString();
  return [
    ['path', `${system.name}:${path}`],
    ['type', type],
    ['mode', (mode & 0o7777).toString(8).padStart(4, '0')],
    ['size', size < 1024 ? `${size} bytes` : `${size} bytes (${formatSize(size)})`],
    ['owner', `${uid}:${gid}`],
    ['links', String(nlink)],
    ['inode', String(ino)],
    ['modified', time(mtime)],
    ['accessed', time(atime)],
    ['changed', time(ctime)],
  ];
}

/** Tells SHA-256, as sha256sum(1) does. @throws StreamerError */
export async function runChecksum(words: readonly string[], options: ControlOptions, { renderer, stopSignal }: Context): Promise<void> {
  const signal = stopSignal();
  for (const { client, system, path } of await openPlaces(words, options, signal)) {
    const checksum = await client.checksum(system.name, path, { signal });
    renderer.print(`${checksum}  ${system.name}:${visible(path)}`, { event: 'checksum', system: system.name, path, algorithm: 'sha256', checksum });
  }
}

function missing({ system, path }: OpenPlace): StorageError {
  return new StorageError('storage-missing', `${system.name} has no ${path}: see what there is with "streamer ls"`);
}
