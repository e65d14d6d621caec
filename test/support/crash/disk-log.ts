/**
 * What a trace did to the files beneath one directory: changes of files and of directories' names, and the syncs.
 *
 * @module
 */
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { HEADER_BYTES, parseHeader } from '../../../src/storage/journal.js';
import { type Call, numbersOf, stringsOf } from './trace.js';

/** A file, directory or symbolic link, whatever it is called. */
export interface Inode {
  readonly id: number;
  readonly kind: 'file' | 'directory' | 'symlink';
  /** What is on the disk before the first call. */
  readonly content: Buffer;
  readonly names: ReadonlyMap<string, Inode>;
  readonly mode: number;
  /** Where a symbolic link leads. */
  readonly text: string;
  /** The partial file whose inode number a journal's header holds. */
  part?: Inode;
}

export type Change =
  | { readonly kind: 'write'; readonly inode: Inode; readonly offset: number; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly inode: Inode; readonly length: number }
  | { readonly kind: 'mode'; readonly inode: Inode; readonly mode: number }
  | { readonly kind: 'time'; readonly inode: Inode; readonly seconds: number }
  /** All at once or not at all: a name given, taken away, or both. */
  | { readonly kind: 'names'; readonly inode: Inode; readonly names: readonly (readonly [name: string, inode: Inode | undefined])[] };

export interface Span {
  readonly began: number;
  readonly ended: number;
}

export type LoggedChange = Change & Span;
/** `data`: fdatasync(2), which leaves out mode and time. */
export type LoggedSync = Span & { readonly inode: Inode; readonly data: boolean };

/** All that happened. */
export interface DiskLog {
  readonly root: Inode;
  readonly changes: readonly LoggedChange[];
  readonly syncs: readonly LoggedSync[];
}

type Mutable = Inode & { names: Map<string, Inode> };

/** Bytes of long writes, which a trace cuts. */
export type ContentOf = (name: string, offset: number, length: number) => Buffer;

/** What the root looks like before anything is done to it. */
export function scan(root: string): Inode {
  return new Scanner().scan(root);
}

class Scanner {
  readonly #known = new Map<string, Mutable>();

  scan(at: string): Mutable {
    const stats = lstatSync(at);
    const key = `${stats.dev}:${stats.ino}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const kind = stats.isDirectory() ? 'directory' : stats.isSymbolicLink() ? 'symlink' : 'file';
    const inode = newInode(kind, { mode: stats.mode & 0o777, content: kind === 'file' ? readFileSync(at) : undefined, text: kind === 'symlink' ? readlinkSync(at) : '' });
    this.#known.set(key, inode);
    if (kind === 'directory') for (const name of readdirSync(at)) inode.names.set(name, this.scan(path.join(at, name)));
    for (const [name, one] of inode.names) noteJournal(inode, name, one, one.content);
    return inode;
  }
}

let count = 0;

function newInode(kind: Inode['kind'], { mode = 0o600, content = Buffer.alloc(0), text = '' }: { mode?: number; content?: Buffer | undefined; text?: string } = {}): Mutable {
  count += 1;
  return { id: count, kind, content, names: new Map(), mode, text };
}

function noteJournal(directory: Inode, name: string, inode: Inode, bytes: Buffer): void {
  if (!name.endsWith('.streamer-journal') || bytes.length < HEADER_BYTES || parseHeader(bytes) === undefined) return;
  const part = directory.names.get(name.replace(/-journal$/u, '-part'));
  if (part !== undefined) inode.part = part;
}

/** Follows a trace from `scanned` on. `root` and `cwd` are absolute. */
export function follow(scanned: Inode, calls: readonly Call[], options: { readonly root: string; readonly cwd: string; readonly contentOf: ContentOf }): DiskLog {
  return new Follower(scanned, options).follow(calls);
}

interface At {
  readonly directory: Mutable;
  readonly name: string;
}

/** The disk as the program saw it, in memory. */
class Follower {
  readonly #root: Mutable;
  readonly #options: { readonly root: string; readonly cwd: string; readonly contentOf: ContentOf };
  readonly #files = new Map<number, { readonly inode: Mutable; readonly name: string; position: number }>();
  readonly #changes: LoggedChange[] = [];
  readonly #syncs: LoggedSync[] = [];

  constructor(scanned: Inode, options: { readonly root: string; readonly cwd: string; readonly contentOf: ContentOf }) {
    // The scanned inodes stay as they are on the disk; these follow the program.
    this.#root = live(scanned, new Map());
    this.#options = options;
  }

  follow(calls: readonly Call[]): DiskLog {
    const root = frozen(this.#root);
    for (const call of calls) this.#call(call);
    return { root, changes: this.#changes, syncs: this.#syncs };
  }

  #call(call: Call): void {
    const numbers = numbersOf(call);
    const [fd = -1] = numbers;
    const file = this.#files.get(fd);
    switch (call.name) {
      case 'open':
        this.#open(call, -100);
        return;
      case 'openat':
        this.#open(call, fd);
        return;
      case 'close':
        this.#files.delete(fd);
        return;
      case 'write':
      case 'writev':
        if (file === undefined) return;
        this.#write(call, file, file.position);
        file.position += call.result;
        return;
      case 'pwrite64':
      case 'pwritev':
      case 'pwritev2':
        if (file !== undefined) this.#write(call, file, numbers[3] ?? Number.NaN);
        return;
      case 'ftruncate':
        if (file !== undefined) this.#log(call, { kind: 'truncate', inode: file.inode, length: numbers[1] ?? Number.NaN });
        return;
      case 'fsync':
      case 'fdatasync':
        if (file !== undefined) this.#syncs.push({ began: call.began, ended: call.ended, inode: file.inode, data: call.name === 'fdatasync' });
        return;
      case 'fchmod':
        if (file !== undefined) this.#log(call, { kind: 'mode', inode: file.inode, mode: numbers[1] ?? Number.NaN });
        return;
      case 'chmod':
        this.#chmod(call, numbers[1] ?? Number.NaN);
        return;
      case 'utimensat':
        this.#times(call, fd, file?.inode);
        return;
      default:
        this.#names(call, numbers);
    }
  }

  #open(call: Call, base: number): void {
    const at = this.#at(base, stringsOf(call)[0]);
    if (at === undefined) return;
    let inode = at.name === '' ? at.directory : at.directory.names.get(at.name);
    if (inode === undefined) {
      if (!call.words.includes('O_CREAT')) return;
      const mode = numbersOf(call).at(-1) ?? 0o600;
      inode = newInode('file', { mode: Number.isNaN(mode) ? 0o600 : mode });
      this.#name(call, at.directory, [[at.name, inode]]);
    } else if (call.words.includes('O_TRUNC')) this.#log(call, { kind: 'truncate', inode, length: 0 });
    this.#files.set(call.result, { inode: inode as Mutable, name: at.name, position: 0 });
  }

  #write(call: Call, { inode, name }: { readonly inode: Mutable; readonly name: string }, offset: number): void {
    const strings = stringsOf(call);
    const whole = strings.every((one) => one !== undefined) ? Buffer.concat(strings) : undefined;
    const bytes = (whole ?? this.#options.contentOf(name, offset, call.result)).subarray(0, call.result);
    if (bytes.length !== call.result || !Number.isSafeInteger(offset)) throw new Error(`not understood: ${call.name} of ${call.result} bytes to ${name}`);
    this.#log(call, { kind: 'write', inode, offset, bytes });
    if (offset !== 0) return;
    for (const directory of this.#directories()) if (directory.names.get(name) === inode) noteJournal(directory, name, inode, bytes);
  }

  #directories(): Mutable[] {
    const found = [this.#root];
    for (const directory of found) for (const inode of directory.names.values()) if (inode.kind === 'directory') found.push(inode as Mutable);
    return found;
  }

  #chmod(call: Call, mode: number): void {
    const inode = this.#inode(this.#at(-100, stringsOf(call)[0]));
    if (inode !== undefined) this.#log(call, { kind: 'mode', inode, mode });
  }

  #times(call: Call, fd: number, open: Inode | undefined): void {
    const inode = /^-?\w+, NULL/u.test(call.words) ? open : this.#inode(this.#at(fd, stringsOf(call)[0]));
    const seconds = Number([...call.words.matchAll(/tv_sec=(-?\d+)/gu)][1]?.[1] ?? Number.NaN);
    if (inode !== undefined) this.#log(call, { kind: 'time', inode, seconds });
  }

  #inode(at: At | undefined): Inode | undefined {
    if (at === undefined) return undefined;
    return at.name === '' ? at.directory : at.directory.names.get(at.name);
  }

  #names(call: Call, numbers: readonly number[]): void {
    const [one, two] = stringsOf(call);
    const from = this.#at(call.name.endsWith('at') || call.name.endsWith('at2') ? (numbers[0] ?? -100) : -100, one);
    switch (call.name) {
      case 'rename':
      case 'renameat':
      case 'renameat2': {
        const to = this.#at(call.name === 'rename' ? -100 : (numbers[2] ?? -100), two);
        if (from === undefined && to === undefined) return;
        const inode = from?.directory.names.get(from.name);
        if (from === undefined || to === undefined || inode === undefined || from.directory !== to.directory) throw new Error(`not understood: ${call.name}`);
        this.#name(call, from.directory, [[to.name, inode], [from.name, undefined]]);
        return;
      }
      case 'link':
      case 'linkat': {
        const to = this.#at(call.name === 'link' ? -100 : (numbers[2] ?? -100), two);
        const inode = from?.directory.names.get(from.name);
        if (to === undefined) return;
        if (inode === undefined) throw new Error(`not understood: ${call.name}`);
        this.#name(call, to.directory, [[to.name, inode]]);
        return;
      }
      case 'unlink':
      case 'unlinkat':
      case 'rmdir':
        if (from !== undefined) this.#name(call, from.directory, [[from.name, undefined]]);
        return;
      case 'mkdir':
      case 'mkdirat':
        if (from !== undefined) this.#name(call, from.directory, [[from.name, newInode('directory', { mode: numbers.at(-1) ?? 0o700 })]]);
        return;
      case 'symlink':
      case 'symlinkat': {
        const at = this.#at(call.name === 'symlink' ? -100 : (numbers[1] ?? -100), two);
        if (at !== undefined) this.#name(call, at.directory, [[at.name, newInode('symlink', { text: one?.toString() ?? '' })]]);
        return;
      }
      case 'sync_file_range':
        return;
      case 'io_uring_setup':
        // Node 22's libuv has a ring for epoll_ctl(2) alone, whatever UV_USE_IO_URING says. Of what goes to files by another no trace tells.
        if (/\bflags=[^,]*IORING_SETUP_SQPOLL/u.test(call.words)) throw new Error(`not understood: ${call.name}(${call.words})`);
        return;
      default:
        if (!this.#files.has(numbers[0] ?? -1)) return;
        throw new Error(`not understood: ${call.name}(${call.words})`);
    }
  }

  #name(call: Call, directory: Mutable, names: readonly (readonly [string, Inode | undefined])[]): void {
    this.#log(call, { kind: 'names', inode: directory, names });
    for (const [name, inode] of names) {
      if (inode === undefined) directory.names.delete(name);
      else directory.names.set(name, inode);
    }
  }

  #log({ began, ended }: Call, change: Change): void {
    this.#changes.push({ ...change, began, ended });
  }

  /** A path beneath the root; undefined for any other. An empty name is the directory itself. */
  #at(base: number, text: Buffer | undefined): At | undefined {
    if (text === undefined) return undefined;
    const said = text.toString();
    const behind = /^\/proc\/self\/fd\/(\d+)(?:\/(.*))?$/su.exec(said);
    if (behind !== null) return this.#beneath(this.#files.get(Number(behind[1]))?.inode, behind[2] ?? '');
    if (base >= 0 && !said.startsWith('/')) return this.#beneath(this.#files.get(base)?.inode, said);
    const relative = path.relative(this.#options.root, path.resolve(this.#options.cwd, said));
    return relative.startsWith('..') ? undefined : this.#beneath(this.#root, relative);
  }

  #beneath(start: Mutable | undefined, relative: string): At | undefined {
    const parts = relative.split('/').filter((part) => part !== '' && part !== '.');
    const name = parts.pop() ?? '';
    let directory = start;
    for (const part of parts) directory = directory?.names.get(part) as Mutable | undefined;
    return directory?.kind === 'directory' ? { directory, name } : undefined;
  }
}

/** The same inodes by id, whose names may change. */
function live(inode: Inode, known: Map<number, Mutable>): Mutable {
  const found = known.get(inode.id);
  if (found !== undefined) return found;
  const copy: Mutable = { ...inode, names: new Map() };
  known.set(inode.id, copy);
  for (const [name, one] of inode.names) copy.names.set(name, live(one, known));
  if (inode.part !== undefined) copy.part = live(inode.part, known);
  return copy;
}

function frozen(root: Mutable): Inode {
  return live(root, new Map());
}
