/**
 * What the files beside an unfinished target are called. They lie in the target's own directory, so that publishing is
 * a link or a rename and never a copy, and are hidden, so that `ls` and most globs pass them by.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { StorageError } from '../errors.js';
import { visible } from './fs-error.js';

/** Longest file name on every file system that matters, in bytes (NAME_MAX). */
export const NAME_BYTES = 255;

const PART = '.streamer-part';
const JOURNAL = '.streamer-journal';
const LOCK = '.streamer-lock';
const LOCK_NEXT = '.streamer-lock-next';
/** Of what is written whole or linked, and renamed at once: see temporary-names.ts. */
export const NEW = '.streamer-new';
/** Also in capitals: a file system that ignores case would take those for ours. */
const OWN_NAME = /^\..*\.streamer-(?:part|journal|lock|lock-next|new)$/isu;
/** What a shortened stem keeps of a long name: enough to recognise it in a listing. */
const KEPT_BYTES = 180;

/** The names of one transfer's files. */
export interface PartialNames {
  readonly directory: string;
  readonly part: string;
  readonly journal: string;
  readonly lock: string;
  /** Held for the instant in which the lock changes hands: see lock.ts. */
  readonly lockNext: string;
}

/** Whether a file name is one that {@link partialNames} could give, or of another file of ours. */
export function isOwnName(name: string): boolean {
  return name.startsWith('.') && OWN_NAME.test(name);
}

/**
 * The names beside `target`.
 * @throws StorageError `storage-unsafe-path` when the target's last part is no file name, or one of these names itself.
 */
export function partialNames(target: string): PartialNames {
  const name = path.basename(target);
  if (name === '' || name === '.' || name === '..' || /[/\\]$/u.test(target) || name.includes('\0') || isOwnName(name)) {
    throw new StorageError('storage-unsafe-path', `${visible(target) || '(empty)'} cannot be the name of a file to receive; choose another name`);
  }
  const directory = path.dirname(target);
  const stem = `${directory === '.' && !target.startsWith('.') ? '' : withSlash(directory)}.${stemOf(name)}`;
  return { directory, part: stem + PART, journal: stem + JOURNAL, lock: stem + LOCK, lockNext: stem + LOCK_NEXT };
}

/** The name, or, where the longest of ours would pass 255 bytes, its beginning and 16 hex digits of its SHA-256. */
function stemOf(name: string): string {
  if (Buffer.byteLength(name) + LOCK_NEXT.length + 1 <= NAME_BYTES) return name;
  let kept = '';
  let bytes = 0;
  // By code points: half a character would not be UTF-8.
  for (const character of name) {
    bytes += Buffer.byteLength(character);
    if (bytes > KEPT_BYTES) break;
    kept += character;
  }
  return `${kept}~${createHash('sha256').update(name).digest('hex').slice(0, 16)}`;
}

function withSlash(directory: string): string {
  return directory.endsWith('/') ? directory : `${directory}/`;
}
