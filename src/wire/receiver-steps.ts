/**
 * What the receiver's machine is told, and what it wishes. Content is written for the frame that brought it, its `arrival`,
 * and told of with it, so that its connection has its credit back.
 *
 * @module
 */
import type { StreamerError } from '../errors.js';
import type { ChunkTable } from './chunk-table.js';
import type { Answer, ControlFrame, Frame, ManifestEntry, OfferFrame } from './frame.js';
import type { Arrival, Credit } from './receive-streams.js';
import type { Settlement } from './settlement.js';

/** An entry as storage takes it: a hard link names its file by path. */
export type PlacedEntry = Omit<ManifestEntry, 'linkTo'> & { readonly linkTo?: string };

/** What storage says of an entry; `error` with `trouble`. */
export interface Placing {
  readonly id: number;
  readonly answer: Answer | 'trouble';
  readonly error?: StreamerError;
}

/** Facts. */
export type ReceiverInput =
  | { readonly kind: 'attached'; readonly stream: number }
  | { readonly kind: 'lost'; readonly stream: number }
  | { readonly kind: 'frame'; readonly stream: number; readonly frame: Frame }
  /** The target is there. */
  | { readonly kind: 'targeted' }
  | { readonly kind: 'placed'; readonly placings: readonly Placing[] }
  /** The content of an existing file was compared: what becomes of the entry. */
  | { readonly kind: 'compared'; readonly placing: Placing }
  /** A partial file is open; `table` says what it holds already. A pipe has none. */
  | { readonly kind: 'opened'; readonly id: number; readonly table?: ChunkTable }
  | { readonly kind: 'chunksWritten'; readonly arrival: Arrival; readonly id: number; readonly chunks: Iterable<{ readonly index: number; readonly hash: bigint }> }
  /** The contents of a whole frame are with the file system. */
  | { readonly kind: 'wholeTaken'; readonly arrival: Arrival }
  /** These files are durable and under their names, or failed. */
  | { readonly kind: 'settled'; readonly results: readonly { readonly id: number; readonly error?: StreamerError | undefined }[] }
  | { readonly kind: 'extras'; readonly paths: readonly string[] }
  | { readonly kind: 'finished'; readonly removed: number; readonly failed: number };

/** One kind of fact. */
export type ReceiverFact<Kind extends ReceiverInput['kind']> = Extract<ReceiverInput, { kind: Kind }>;

/** Wishes. */
export type ReceiverEffect =
  | { readonly kind: 'send'; readonly frame: ControlFrame }
  | { readonly kind: 'credit'; readonly credit: Credit }
  | { readonly kind: 'target'; readonly offer: OfferFrame }
  /** `bytes` are those of entries that were announced as files. */
  | { readonly kind: 'place'; readonly entries: readonly PlacedEntry[]; readonly bytes: number }
  /** A hard link brings its content: so many bytes more than was announced. */
  | { readonly kind: 'more'; readonly bytes: number }
  | { readonly kind: 'compare'; readonly entry: ManifestEntry; readonly chunkSize: number; readonly digest: Uint8Array }
  | { readonly kind: 'open'; readonly entry: ManifestEntry; readonly chunkSize: number; readonly identity: Uint8Array }
  /** A file's content begins to flow. `resumedBytes` are held from an earlier attempt. */
  | { readonly kind: 'streaming'; readonly entry: ManifestEntry; readonly resumedBytes: number }
  | { readonly kind: 'write'; readonly arrival: Arrival; readonly id: number; readonly index: number; readonly offset: number; readonly hash: bigint; readonly payload: readonly Uint8Array[]; readonly length: number }
  | { readonly kind: 'writeHole'; readonly arrival: Arrival; readonly id: number; readonly indices: Iterable<number> }
  | { readonly kind: 'writeWhole'; readonly arrival: Arrival; readonly files: readonly { readonly entry: ManifestEntry; readonly hash: bigint; readonly content: readonly Uint8Array[] }[] }
  | { readonly kind: 'commit'; readonly entry: ManifestEntry; readonly size: number; readonly digest: Buffer; readonly sha256: Uint8Array | undefined }
  /** An entry failed: what is open for it is kept for another attempt, or, when its content cannot be trusted, discarded. */
  | { readonly kind: 'abandon'; readonly id: number; readonly discard: boolean }
  | { readonly kind: 'settled'; readonly entry: ManifestEntry; readonly how: Settlement; readonly digest?: Uint8Array | undefined; readonly sha256?: Uint8Array | undefined; readonly error?: StreamerError }
  | { readonly kind: 'finish'; readonly complete: boolean }
  | { readonly kind: 'done' }
  | { readonly kind: 'fail'; readonly error: StreamerError };
