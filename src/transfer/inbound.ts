/**
 * Where what is received goes, whatever it is: a file, a directory, or standard output.
 *
 * @module
 */
import type { StreamerError } from '../errors.js';
import type { Sink } from '../storage/sink.js';
import type { Source } from '../storage/source.js';
import type { WholeFile, WholeWrites } from '../storage/tree.js';
import type { PlacedEntry, Placing } from '../wire/receiver-steps.js';

/** Something that could not be done besides the entries themselves. */
export interface Leftover {
  readonly path: string;
  readonly error: StreamerError;
}

/** See the module's head. */
export interface Inbound {
  /** Path at this end. */
  readonly target: string;
  /** Decides on entries, in order, one call at a time. */
  place(entries: readonly PlacedEntry[]): readonly Placing[] | Promise<readonly Placing[]>;
  writeWhole(files: readonly WholeFile[]): WholeWrites;
  /** Opens a partial file. @param size undefined for a pipe. */
  open(entry: PlacedEntry, size: number | undefined, chunkSize: number, identity: Uint8Array): Promise<Sink>;
  /** SHA-256 of what is in an open file, once everything is written. @param beat called between two pieces; it may throw, to stop. */
  sha256(file: Sink, size: number, beat: () => void): Promise<Buffer>;
  openExisting(entry: PlacedEntry): Promise<Source>;
  /** What becomes of a file whose content was compared and is another. */
  differs(entry: PlacedEntry): Placing;
  /** Gives a file whose content is equal the entry's mode and time. */
  touch(entry: PlacedEntry): Promise<void>;
  extras(): AsyncIterable<readonly string[]>;
  removeExtras(paths: readonly string[]): Promise<readonly Leftover[]>;
  /** @param step called for each. */
  finish(step: () => void): Promise<readonly Leftover[]>;
  /** Nothing more comes: a write that waits for what should have come before it fails. */
  release?(): void;
  close(): Promise<void>;
}
