/**
 * What the ops routes say of files.
 *
 * @module
 */
import { ControlError } from '../../errors.js';
import { isTime } from '../../util/units.js';
import { countOf, fieldsOf, optionalText, requiredList, textOf, unexpected } from './shape.js';

/** What an entry is. */
export type RemoteType = 'file' | 'directory' | 'link' | 'other';

/** An entry of a directory. */
export interface RemoteEntry {
  /** With `recursive`, its path beneath what was listed. */
  readonly name: string;
  readonly type: RemoteType;
  readonly linkTarget?: string | undefined;
  readonly user: string;
  readonly group: string;
  /** As ls(1) writes them, without the type: `rw-r--r--`. */
  readonly permissions: string;
  /** Of the cluster's time zone, without saying which: `2026-11-22T12:04:55`. */
  readonly lastModified: string;
  /** Bytes. */
  readonly size: number;
}

/** What stat(2) says. Times are seconds since 1970. */
export interface RemoteStat {
  readonly type: RemoteType;
  /** Type and permissions, as in `st_mode`. */
  readonly mode: number;
  readonly ino: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly atime: number;
  readonly mtime: number;
  readonly ctime: number;
}

const LETTERS: Readonly<Record<string, RemoteType>> = { '-': 'file', d: 'directory', l: 'link' };
/** `st_mode`'s bits of a type, and some values of them (inode(7)). */
const TYPE_BITS = 0o170000;
const MODES: Readonly<Record<number, RemoteType>> = { 0o100000: 'file', 0o040000: 'directory', 0o120000: 'link' };

/** Reads `GET ops/ls`. @throws ControlError */
export function parseEntries(answer: unknown): RemoteEntry[] {
  return requiredList(fieldsOf(answer, 'it')['output'], 'output', parseEntry);
}

function parseEntry(value: unknown, where: string): RemoteEntry {
  const entry = fieldsOf(value, where);
  const linkTarget = optionalText(entry['linkTarget'], `${where}.linkTarget`);
  return {
    name: textOf(entry['name'], `${where}.name`),
    type: LETTERS[textOf(entry['type'], `${where}.type`)] ?? 'other',
    ...(linkTarget === undefined ? {} : { linkTarget }),
    user: textOf(entry['user'], `${where}.user`),
    group: textOf(entry['group'], `${where}.group`),
    permissions: textOf(entry['permissions'], `${where}.permissions`),
    lastModified: textOf(entry['lastModified'], `${where}.lastModified`),
    size: countOf(entry['size'], `${where}.size`),
  };
}

/** Reads `GET ops/stat`. @throws ControlError */
export function parseStat(answer: unknown): RemoteStat {
  const output = fieldsOf(fieldsOf(answer, 'it')['output'], 'output');
  const field = (name: string) => countOf(output[name], `output.${name}`);
  const mode = field('mode');
  const [ino, nlink, uid, gid, size] = [field('ino'), field('nlink'), field('uid'), field('gid'), field('size')];
  return { type: MODES[mode & TYPE_BITS] ?? 'other', mode, ino, nlink, uid, gid, size, atime: time(output['atime'], 'atime'), mtime: time(output['mtime'], 'mtime'), ctime: time(output['ctime'], 'ctime') };
}

/** Before 1970, too. */
function time(value: unknown, name: string): number {
  if (typeof value !== 'number' || !isTime(value)) throw unexpected(`output.${name}`, 'a time');
  return value;
}

/** Reads `GET ops/checksum`. @returns SHA-256, hex, lower case @throws ControlError */
export function parseChecksum(answer: unknown): string {
  const { algorithm, checksum } = fieldsOf(fieldsOf(answer, 'it')['output'], 'output');
  const hex = textOf(checksum, 'output.checksum').toLowerCase();
  if (algorithm !== 'SHA256' || !/^[0-9a-f]{64}$/u.test(hex)) throw unexpected('output.checksum', 'a SHA-256');
  return hex;
}

/**
 * FirecREST splits sha256sum's line at white space and, for a path that has some, answers 500 and quotes the line (by reading): what
 * was asked for stands in it.
 */
export function checksumInError(error: unknown): string | undefined {
  if (!(error instanceof ControlError) || error.status !== 500) return undefined;
  return /Invalid output: ([0-9a-f]{64})\s/u.exec(error.message)?.[1];
}

/** Reads `GET ops/tail`. @throws ControlError */
export function parseTail(answer: unknown): string {
  return textOf(fieldsOf(fieldsOf(answer, 'it')['output'], 'output')['content'], 'output.content');
}

/** Reads `GET ops/view`. @throws ControlError */
export function parseView(answer: unknown): string {
  return textOf(fieldsOf(answer, 'it')['output'], 'output');
}
