/**
 * `SYSTEM:/path`: what a user writes for a place on a cluster, and the absolute path that it stands for.
 *
 * @module
 */
import { ControlError, UsageError } from '../errors.js';
import type { Site, SiteSystem } from './site.js';

/** A place as it was written. */
export interface RemotePlace {
  /** As written; undefined where the word names none. */
  readonly system: string | undefined;
  /** Absolute, or relative to the user's own directory. A slash at its end is kept: it says that it is a directory. */
  readonly path: string;
}

/** Longest path, bytes: PATH_MAX of Linux less its zero byte. */
const PATH_BYTES_MAX = 4095;
/** A system's name as FirecREST's routes can carry it. Two letters at least, so that `C:/` names none. */
const SYSTEM_AND_PATH = /^([A-Za-z0-9][A-Za-z0-9._-]+):(.*)$/su;

/**
 * Reads a word. A path that has a colon of its own before any slash is written after its system, or as `./a:b`.
 * @throws UsageError for a path that cannot be meant; it quotes no control characters
 */
export function parseRemotePlace(word: string): RemotePlace {
  const match = SYSTEM_AND_PATH.exec(word);
  return match === null ? { system: undefined, path: cleanPath(word) } : { system: match[1], path: cleanPath(match[2] ?? '') };
}

/** Whether a word names a system, and so a place on it. */
export function namesSystem(word: string): boolean {
  return SYSTEM_AND_PATH.test(word);
}

function cleanPath(path: string): string {
  if (/\p{Cc}/u.test(path)) throw new UsageError('a path on a cluster with a line feed, or another control character, cannot be asked of FirecREST: rename it there');
  if (/\p{Surrogate}/u.test(path)) throw new UsageError('a path on a cluster is Unicode text, and this one is not');
  if (path.startsWith('~')) throw new UsageError('FirecREST knows no ~: write the path in full, or relative to your own directory: SYSTEM:data/file');
  if (path.split('/').includes('..')) throw new UsageError('a path on a cluster is written without "..": what that means depends on links there');
  const clean = path.replace(/\/{2,}/gu, '/').replace(/(?<=\/|^)(?:\.\/)+/gu, '').replace(/(^|\/)\.$/u, '$1');
  if (Buffer.byteLength(clean) > PATH_BYTES_MAX) throw new UsageError(`a path on a cluster has at most ${PATH_BYTES_MAX} bytes`);
  return clean;
}

/**
 * The absolute path of a place. A relative one begins at the user's own directory on the file system that the site has made the
 * default for work; FirecREST tells who the user is there.
 * @throws ControlError `control-unsuitable` where the site names no such file system
 */
export async function absolutePath(path: string, system: SiteSystem, client: Pick<Site, 'userInfo'>, signal?: AbortSignal): Promise<string> {
  if (path.startsWith('/')) return path;
  const base = system.fileSystems.find(({ defaultWorkDir }) => defaultWorkDir) ?? (system.fileSystems.length === 1 ? system.fileSystems[0] : undefined);
  if (base === undefined) throw new ControlError('control-unsuitable', `${system.name} names no file system that a relative path could begin at: write it in full, as ${system.name}:/…`);
  const { user } = await client.userInfo(system.name, signal === undefined ? {} : { signal });
  const home = `${base.path.replace(/\/+$/u, '')}/${user}`;
  return path === '' ? home : `${home}/${path}`;
}

/** A path without slashes at its end. */
export function withoutSlash(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/u, '') || '/' : path;
}

/** The last part of a path; empty for the root. */
export function nameOf(path: string): string {
  return withoutSlash(path).split('/').at(-1) ?? '';
}

/** The directory of an absolute path. */
export function directoryOf(path: string): string {
  return withoutSlash(path).replace(/\/[^/]*$/u, '') || '/';
}

/** A name in a directory. */
export function within(directory: string, name: string): string {
  return `${directory.replace(/\/+$/u, '')}/${name}`;
}

/**
 * Whether FirecREST's `ops` routes can be asked about a path: only within the system's file systems, and it puts them between single
 * quotes into a shell's command, of which it minds none in the path itself.
 */
export function canLook(path: string, { fileSystems }: Pick<SiteSystem, 'fileSystems'>): boolean {
  if (path.includes("'")) return false;
  return fileSystems.some(({ path: root }) => path === withoutSlash(root) || path.startsWith(within(root, '')));
}

/**
 * Characters that FirecREST's transfer script can carry: it writes the path into bash without quotes, after escaping it for HTML
 * (measured: `&` and `'` come out as `&amp;` and `&#39;`, `$HOME` is filled in, what follows a `;` runs as a command).
 */
const CARRIED = /^[\p{L}\p{M}\p{N}/._+,:@%=-]+$/u;

/** Whether the site's transfer job can be asked for a path. */
export function canBeCarried(path: string): boolean {
  return CARRIED.test(path) && !path.split('/').some((name) => name.startsWith('-'));
}
