/**
 * What is sent, whatever it is: one file, a tree, or a pipe.
 *
 * @module
 */
import type { StreamerError } from '../errors.js';
import type { Source } from '../storage/source.js';
import type { ManifestEntry, RootKind } from '../wire/frame.js';

/** What a walk brings. */
export interface OutboundBatch {
  readonly entries: readonly ManifestEntry[];
  /** Sockets, FIFOs, devices. */
  readonly special: readonly { readonly path: string; readonly what: string }[];
  readonly troubles: readonly { readonly path: string; readonly error: StreamerError }[];
}

/** See the module's head. */
export interface Outbound {
  readonly root: RootKind;
  /** Base name for the receiver; '' when there is none. */
  readonly name: string;
  /** Path as the user gave it, for the result. */
  readonly path: string;
  /** Bytes, where they are known from the start. */
  readonly size: number;
  /** The next entries; undefined after the last. */
  next(): Promise<OutboundBatch | undefined>;
  /** See `TreeSource.readWhole`. */
  readWhole(entry: ManifestEntry, into: Buffer): void | Promise<void>;
  /** Opens a file that is sent in chunks. */
  open(entry: ManifestEntry): Promise<Source>;
  /** Fills `into` from a pipe. Returns the bytes read: fewer than asked only at the end. */
  readPipe(into: Buffer): Promise<number>;
  /** Safe to call again. Never fails. */
  close(): Promise<void>;
}
