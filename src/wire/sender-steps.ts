/**
 * What the sender's machine is told, and what it wishes. A read is wished for one connection and told of with its number and
 * its lap, so that nothing is sent on another that has taken its place.
 *
 * @module
 */
import type { StreamerError } from '../errors.js';
import type { ContentFrame, ControlFrame, FinishedFrame, Frame, ManifestEntry, WholePart } from './frame.js';
import type { Settlement } from './settlement.js';

/** Facts. */
export type SenderInput =
  | { readonly kind: 'start' }
  | { readonly kind: 'attached'; readonly stream: number }
  | { readonly kind: 'lost'; readonly stream: number }
  | { readonly kind: 'frame'; readonly stream: number; readonly frame: Frame }
  /** A connection and our buffers have room for so many more units. */
  | { readonly kind: 'room'; readonly stream: number; readonly lap: number; readonly units: number }
  /** The walk went on. */
  | { readonly kind: 'entries'; readonly entries: readonly ManifestEntry[] }
  | { readonly kind: 'walked'; readonly entries: number; readonly complete: boolean }
  | { readonly kind: 'opened'; readonly id: number; readonly chunkSize: number; readonly identity: Uint8Array }
  | { readonly kind: 'chunkRead'; readonly stream: number; readonly lap: number; readonly id: number; readonly index: number; readonly hash: bigint; readonly payload: readonly Uint8Array[]; readonly zeros: boolean }
  /** A chunk that was asked for will not be sent: its room and its credit are the stream's again. */
  | { readonly kind: 'unread'; readonly stream: number; readonly lap: number; readonly cost: number }
  | { readonly kind: 'wholeRead'; readonly stream: number; readonly lap: number; readonly parts: readonly WholePart[]; readonly payload: readonly Uint8Array[]; readonly cost: number }
  | { readonly kind: 'pipeRead'; readonly stream: number; readonly lap: number; readonly hash: bigint; readonly payload: readonly Uint8Array[] }
  | { readonly kind: 'pipeEnded'; readonly stream: number; readonly lap: number; readonly size: number; readonly digest: Uint8Array; readonly sha256?: Uint8Array | undefined }
  /** The source is still what it was; with its SHA-256 where the offer promises one. */
  | { readonly kind: 'checked'; readonly id: number; readonly sha256?: Uint8Array | undefined }
  | { readonly kind: 'digested'; readonly id: number; readonly chunkSize: number; readonly digest: Uint8Array }
  /** An entry cannot be read. */
  | { readonly kind: 'trouble'; readonly id: number; readonly error: StreamerError };

/** One kind of fact. */
export type SenderFact<Kind extends SenderInput['kind']> = Extract<SenderInput, { kind: Kind }>;

/** Wishes. */
export type SenderEffect =
  | { readonly kind: 'send'; readonly frame: ControlFrame }
  | { readonly kind: 'content'; readonly stream: number; readonly frame: ContentFrame; readonly keep: boolean }
  | { readonly kind: 'walk' }
  | { readonly kind: 'open'; readonly entry: ManifestEntry }
  | { readonly kind: 'close'; readonly id: number }
  | { readonly kind: 'digest'; readonly entry: ManifestEntry }
  | { readonly kind: 'check'; readonly id: number }
  | { readonly kind: 'readChunk'; readonly stream: number; readonly lap: number; readonly entry: ManifestEntry; readonly index: number; readonly offset: number; readonly length: number }
  /** `cost` is handed back with what was read. */
  | { readonly kind: 'readWhole'; readonly stream: number; readonly lap: number; readonly entries: readonly ManifestEntry[]; readonly cost: number }
  | { readonly kind: 'readPipe'; readonly stream: number; readonly lap: number; readonly most: number }
  /** So many bytes, and so many that are nothing but zeros, may be lost with a connection and are sent again; less than none, and they had arrived after all. */
  | { readonly kind: 'unsent'; readonly bytes: number; readonly holes: number }
  /** A hard link's content is wanted: so many bytes more than was announced. */
  | { readonly kind: 'more'; readonly bytes: number }
  /** A file's content begins to flow. `resumedBytes` are held by the receiver from an earlier attempt. */
  | { readonly kind: 'streaming'; readonly entry: ManifestEntry; readonly resumedBytes: number }
  | { readonly kind: 'settled'; readonly entry: ManifestEntry; readonly how: Settlement; readonly digest?: Uint8Array | undefined; readonly sha256?: Uint8Array | undefined; readonly error?: StreamerError }
  | { readonly kind: 'extras'; readonly paths: readonly string[] }
  /** Everything is settled, and both ends know. */
  | { readonly kind: 'done'; readonly finished: FinishedFrame }
  | { readonly kind: 'fail'; readonly error: StreamerError };
