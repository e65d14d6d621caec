/**
 * Makes real files of what a power cut has left.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { chmodSync, linkSync, mkdirSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { encodeHeader, HEADER_BYTES, parseHeader, RECORD_BYTES, RecordCodec } from '../../../src/storage/journal.js';
import type { Inode } from './disk-log.js';
import type { DiskState, Remains } from './disk-model.js';

/** Since a machine takes this long to come up again, seconds: the lease of a lock that cannot be read is over. */
const BOOT_SECONDS = 120;

/** The names of a state, from the root, directories before what is in them. */
function* walk({ root, remains }: DiskState): Generator<readonly [relative: string, remains: Remains]> {
  const open: [string, Inode][] = [['', root]];
  for (let next = open.shift(); next !== undefined; next = open.shift()) {
    const [relative, inode] = next;
    const of = remains.get(inode.id) ?? { inode, content: inode.content, names: new Map<string, Inode>(), mode: inode.mode, seconds: undefined };
    yield [relative, of];
    for (const [name, one] of [...of.names].sort(([here], [there]) => (here < there ? -1 : 1))) open.push([path.join(relative, name), one]);
  }
}

/** Equal for states that nobody can tell apart. */
export function fingerprint(state: DiskState): string {
  const hash = createHash('sha256');
  for (const [relative, { inode, content, mode, seconds }] of walk(state)) {
    hash.update(JSON.stringify([relative, inode.id, inode.kind, mode, seconds, inode.text, content.length])).update(content);
  }
  return hash.digest('hex');
}

/** Writes a state into `at`, which must not be there. */
export function materialise(state: DiskState, at: string): void {
  const made = new Map<number, string>();
  const journals: [string, Remains][] = [];
  const directories: [string, Remains][] = [];
  for (const [relative, of] of walk(state)) {
    const file = path.join(at, relative);
    const known = made.get(of.inode.id);
    if (known !== undefined) linkSync(known, file);
    else if (of.inode.kind === 'directory') mkdirSync(file);
    else if (of.inode.kind === 'symlink') symlinkSync(of.inode.text, file);
    else if (of.inode.part === undefined) writeFileSync(file, of.content);
    else journals.push([file, of]);
    if (of.inode.kind === 'directory') directories.push([file, of]);
    else if (of.inode.kind === 'file' && known === undefined && of.inode.part === undefined) dress(file, of);
    if (known === undefined) made.set(of.inode.id, file);
  }
  for (const [file, of] of journals) {
    writeFileSync(file, translated(of, of.inode.part === undefined ? undefined : made.get(of.inode.part.id)));
    dress(file, of);
  }
  for (const [file, of] of directories.reverse()) dress(file, of);
}

function dress(file: string, { mode, seconds }: Remains): void {
  const time = seconds ?? Date.now() / 1000 - BOOT_SECONDS;
  chmodSync(file, mode);
  utimesSync(file, time, time);
}

/**
 * A journal as it would be had its partial file the inode number that it has here. The header's digest is the records'
 * seed, so they are written anew; what is no record stays none.
 */
function translated({ content }: Remains, part: string | undefined): Buffer {
  const header = parseHeader(content);
  if (header === undefined || part === undefined) return content;
  const [old, head] = [new RecordCodec(content), encodeHeader({ ...header, inode: statSync(part, { bigint: true }).ino })];
  const codec = new RecordCodec(head);
  const bytes = Buffer.from(content);
  head.copy(bytes);
  for (let at = HEADER_BYTES; at + RECORD_BYTES <= bytes.length; at += RECORD_BYTES) {
    const [index, hash] = [bytes.readUInt32BE(at), bytes.readBigUInt64BE(at + 4)];
    if (old.encode(index, hash).equals(bytes.subarray(at, at + RECORD_BYTES))) codec.encode(index, hash).copy(bytes, at);
  }
  return bytes;
}
