/**
 * What a tree is to storage: entries found at the sender's end, and what becomes of each at the receiver's. Contracts
 * only; `tree-source.ts` and `tree-target.ts` keep them.
 *
 * @module
 */
import type { StreamerError } from '../errors.js';
import type { ExistingPolicy } from '../options.js';
import type { IoMode } from './io-mode.js';
import type { Sink } from './sink.js';
import type { Source } from './source.js';

/** What can be moved. Sockets, FIFOs and devices cannot. */
export type EntryKind = 'file' | 'directory' | 'symlink' | 'hardlink';

/** One entry of a tree. */
export interface TreeEntry {
  readonly kind: EntryKind;
  /** Relative to the tree's root: names joined by `/`, valid Unicode; '' is the root itself (a directory). */
  readonly path: string;
  /** Bytes of a file, or of the one that a hard link is to; 0 for everything else. */
  readonly size: number;
  /** Permission bits, 0 to 0o7777. */
  readonly mode: number;
  /** Modification time in nanoseconds since 1970. */
  readonly mtimeNs: bigint;
  /** A symbolic link's text, as it stands. */
  readonly target?: string;
  /** A hard link's other name: the path of the file that came before it in the same walk. */
  readonly linkTo?: string;
  /** A file that has other names, in this tree or elsewhere: hard links to it may follow. */
  readonly linked?: boolean;
  /** Fewer blocks on disk than its size needs: worth looking for holes. */
  readonly sparse?: boolean;
}

/** What a walk finds. */
export type Found =
  | { readonly type: 'entry'; readonly entry: TreeEntry }
  /** It could not be read; the walk goes on. */
  | { readonly type: 'trouble'; readonly path: string; readonly error: StreamerError }
  /** A socket, FIFO or device: skipped. */
  | { readonly type: 'special'; readonly path: string; readonly what: 'socket' | 'fifo' | 'device' };

/** The sender's side: one or several paths as one tree. */
export interface TreeSource {
  /** What the receiver is told: the last part of the one root's path; '' for several roots. */
  readonly name: string;
  /**
   * All entries in batches of at most 512, while walking. A directory comes before what is in it, and everything that
   * is directly in one directory comes in one run, before anything that is in its subdirectories. Call it once.
   */
  walk(): AsyncIterable<readonly Found[]>;
  /**
   * Fills `into`, exactly `entry.size` long, with the whole content of a file. Synchronous where that is quick, a
   * promise where it could stall; both throw or reject alike.
   * @throws IntegrityError `integrity-source` when size or time are not the entry's any more, or it is no regular file;
   * StorageError when it cannot be read.
   */
  readWhole(entry: TreeEntry, into: Buffer): void | Promise<void>;
  /** Opens a file that is sent in chunks. The caller closes it. @throws as {@link readWhole} */
  open(entry: TreeEntry): Promise<Source>;
  /** Closes what is open. Safe to call again. Never fails. */
  close(): Promise<void>;
}

/** What becomes of an entry at the receiver's end. */
export type Verdict =
  /** A file, or a hard link that cannot be one here: send it. In a dry run: it would be. */
  | { readonly kind: 'want' }
  /** There already, with the same size and time (or content, where that was compared). */
  | { readonly kind: 'equal' }
  /** There already, different, and kept because the policy says so. */
  | { readonly kind: 'kept' }
  /** A directory or a link: done. In a dry run: it would be. */
  | { readonly kind: 'placed' }
  /** A file of the same size is there: whether it is equal must be told from its content. See {@link TreeTarget.openExisting}. */
  | { readonly kind: 'compare' }
  /** Cannot be placed; the others go on. */
  | { readonly kind: 'failed'; readonly error: StreamerError };

/** Options of a target. */
export interface TreeTargetOptions {
  /** The tree's root at this end. Created with its last component when it is not there; its parent must exist. */
  readonly root: string;
  readonly existing: ExistingPolicy;
  /** Compare content where sizes are equal, whatever the times. */
  readonly checksum: boolean;
  /** Change nothing, only say what would be done. */
  readonly dryRun: boolean;
  /** Look for what is at the target and not in the sender's tree. */
  readonly findExtras: boolean;
  /** @default 'auto' */
  readonly ioMode?: IoMode | undefined;
}

/** A small file and its whole content, in pieces that are joined in order. */
export interface WholeFile {
  readonly entry: TreeEntry;
  readonly content: readonly Uint8Array[];
}

/** What a `writeWhole` has under way. */
export interface WholeWrites {
  /**
   * The contents are with the file system and the pieces are the caller's again: undefined when that is so already.
   * It never rejects.
   */
  readonly taken: Promise<void> | undefined;
  /** Every file is durable and under its name, or has failed: one error or undefined for each, in order. Never rejects. */
  readonly settled: Promise<readonly (StreamerError | undefined)[]> | readonly (StreamerError | undefined)[];
}

/** The receiver's side. */
export interface TreeTarget {
  /** Where the tree goes, as the user gave it. */
  readonly root: string;
  /**
   * Decides on entries and does what needs no data: makes directories and links. In order, one call at a time.
   * A hard link to a file of this tree that is still to be written must not be given before that is done.
   */
  place(entries: readonly TreeEntry[]): readonly Verdict[] | Promise<readonly Verdict[]>;
  /** Writes whole files, each under a name of its own until it is durable, then renamed into place. Calls may overlap. */
  writeWhole(files: readonly WholeFile[]): WholeWrites;
  /** Opens a partial file with a journal for a file that comes in chunks. @throws StreamerError */
  openChunked(entry: TreeEntry, chunkSize: number, identity: Uint8Array): Promise<Sink>;
  /** Opens what is there under a file's name, to compare its content. @throws StreamerError */
  openExisting(entry: TreeEntry): Promise<Source>;
  /** What becomes of a file that was placed with `compare`, and whose content is another. */
  differs(entry: TreeEntry): Extract<Verdict, { kind: 'want' | 'failed' }>;
  /** Gives an existing file whose content is equal the entry's mode and time. @throws StreamerError */
  touch(entry: TreeEntry): Promise<void>;
  /** Call once, when every entry was given to {@link place}: what is at the target and not in the tree. Directories after what is in them. */
  extras(): AsyncIterable<readonly string[]>;
  /** Removes what {@link extras} has told, in its order. @returns what could not be. */
  removeExtras(paths: readonly string[]): Promise<readonly { readonly path: string; readonly error: StreamerError }[]>;
  /** Last: gives the directories their modes and times, deepest first, and syncs them. @param step called for each. @returns what could not be done. */
  finish(step?: () => void): Promise<readonly { readonly path: string; readonly error: StreamerError }[]>;
  /** Closes what is open and removes unfinished small files. Safe to call again. Never fails. */
  close(): Promise<void>;
}
