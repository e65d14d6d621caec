/**
 * Progress as events: what a user interface needs, no terminal.
 *
 * @module
 */

import type { ManifestEntry, RootKind } from '../wire/frame.js';
import type { Settlement } from '../wire/settlement.js';

export type { RootKind } from '../wire/frame.js';

/** Which wire a transfer uses: ours, or the reference's. */
export type Wire = 'native' | 'compat';

/** What becomes of a transfer by FirecREST, before and after its bytes move. */
export type MovePhase = 'method' | 'asking' | 'pending' | 'running' | 'ending' | 'verifying' | 'verified';

/** Something happened that a user may want to know. Sizes are bytes, times milliseconds. */
export type ProgressEvent =
  /** A transfer by FirecREST goes on. `remainingMs`: that long it can go on at the most. */
  | { readonly type: 'phase'; readonly phase: MovePhase; readonly message: string; readonly jobId?: string; readonly remainingMs?: number }
  /** The server is up. `url` is where it listens. */
  | { readonly type: 'listening'; readonly url: string; readonly host: string; readonly port: number }
  /** The server can be met at a relay. */
  | { readonly type: 'at-relay'; readonly url: string }
  /** The server waits for its client, or for its return. */
  | { readonly type: 'waiting'; readonly timeoutMs: number; readonly again: boolean }
  /** The client looks for the server. */
  | { readonly type: 'connecting'; readonly candidates: number; readonly attempt: number }
  /** A connection is there. `relay` is the URL of the one that it goes through, where it does. */
  | { readonly type: 'connected'; readonly remote: string; readonly wire: Wire; readonly encrypted: boolean; readonly agent?: string; readonly relay?: string }
  /** The transfer begins. `resumedBytes` are there from an earlier attempt. A tree's `size` is what is known so far, a pipe's 0. */
  | { readonly type: 'started'; readonly root: RootKind; readonly name: string; readonly size: number; readonly resumedBytes: number }
  /** At most ten a second. `bytes` counts the resumed ones, too; `size` grows while a tree is walked. `files` are settled. */
  | { readonly type: 'progress'; readonly bytes: number; readonly size: number; readonly bytesPerSecond: number; readonly files?: number; readonly streams?: number }
  /** What became of one entry of a tree, or of the one file. */
  | {
      readonly type: 'entry';
      readonly path: string;
      readonly kind: ManifestEntry['kind'];
      readonly how: Settlement;
      /** Bytes. */
      readonly size: number;
      readonly mtimeNs: bigint;
      /** File digest, hex; absent where none was computed. */
      readonly digest?: string;
      readonly sha256?: string;
      readonly error?: { readonly code: string; readonly message: string };
    }
  /** A socket, FIFO or device, or something that cannot be read: not sent. */
  | { readonly type: 'skipped'; readonly path: string; readonly what: string }
  /** At the target and not in the tree: removed, or, in a dry run, only told. */
  | { readonly type: 'extra'; readonly path: string }
  /** Connections that carry the transfer. */
  | { readonly type: 'streams'; readonly streams: number }
  /** All bytes are there: verifying, syncing to disk, giving the file its name; or waiting for the receiver to do so. */
  | { readonly type: 'finishing' }
  /** The link is lost; trying again in `delayMs`. */
  | { readonly type: 'reconnecting'; readonly reason: string; readonly delayMs: number }
  /** Something to tell, not an error. */
  | { readonly type: 'notice'; readonly message: string }
  | { readonly type: 'done'; readonly result: TransferResult };

/** Takes events. It must not throw. */
export type ProgressListener = (event: ProgressEvent) => void;

/** Entries of a transfer, by what became of them. */
export interface EntryCounts {
  /** Files that were moved. */
  readonly moved: number;
  /** Files that were there already, the same. */
  readonly equal: number;
  /** Files that were there, different, and left alone. */
  readonly kept: number;
  /** Directories and links. */
  readonly placed: number;
  /** In a dry run: files, directories and links that would be moved or made. */
  readonly would: number;
  /** Sockets, FIFOs, devices. */
  readonly special: number;
  /** Removed because the sender does not have them. */
  readonly removed: number;
  /** What could not be moved. */
  readonly failed: number;
}

/** What a finished transfer was. */
export interface TransferResult {
  readonly action: 'send' | 'receive';
  /** Path at this end. */
  readonly path: string;
  /** Base name of the file. */
  readonly name: string;
  readonly root: RootKind;
  /** Bytes of the file, or of all files that are there now. */
  readonly size: number;
  /** What became of a tree's entries, or of the one file. */
  readonly entries: EntryCounts;
  /** Bytes that an earlier attempt had moved already. */
  readonly resumedBytes: number;
  /** Bytes that this run moved. */
  readonly movedBytes: number;
  /** From the first entry to the receiver's confirmation, milliseconds. */
  readonly durationMs: number;
  readonly bytesPerSecond: number;
  /** `ops`: none of them, but FirecREST itself. */
  readonly wire: Wire | 'ops';
  readonly encrypted: boolean;
  /** AEAD of the records; absent when nothing was encrypted. */
  readonly cipher?: string;
  /** Of the one file; a tree's are told of one by one. */
  readonly digest?: { readonly algorithm: 'streamer-xxh64' | 'sha256'; readonly hex: string };
  /** SHA-256 of the one file, where `digest: 'sha256'` was asked. */
  readonly sha256?: string;
  /** True when this end knows that the receiver holds exactly the sent bytes. The compat wire's sender cannot know. */
  readonly verified: boolean;
  /** Times that the link was lost and had again. */
  readonly reconnects: number;
  readonly remote: string;
}

/** Least time between two `progress` events, and the span over which the rate is averaged. */
const EVENT_INTERVAL_MS = 100;
const RATE_SPAN_MS = 3_000;

/** Counts bytes and emits `progress` events. */
export class ProgressMeter {
  readonly #listener: ProgressListener;
  #size: number;
  files = 0;
  streams = 1;
  readonly #nowMs: () => number;
  readonly #marks: { atMs: number; bytes: number }[] = [];
  #bytes: number;
  #lastEventMs = -Infinity;

  constructor(listener: ProgressListener, size: number, startBytes: number, nowMs: () => number = () => performance.now()) {
    this.#listener = listener;
    this.#size = size;
    this.#bytes = startBytes;
    this.#nowMs = nowMs;
    this.#marks.push({ atMs: nowMs(), bytes: startBytes });
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** More is to be moved than was known. */
  grow(bytes: number): void {
    this.#size += bytes;
  }

  /** Bytes that are there without being moved now: they count, but not towards the rate. */
  skip(bytes: number): void {
    this.#bytes += bytes;
    for (const mark of this.#marks) mark.bytes += bytes;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
    const now = this.#nowMs();
    if (now - this.#lastEventMs < EVENT_INTERVAL_MS) return;
    this.#emit(now);
  }

  /** Emits the last state, whenever the last event was. */
  flush(): void {
    this.#emit(this.#nowMs());
  }

  #emit(now: number): void {
    this.#lastEventMs = now;
    this.#marks.push({ atMs: now, bytes: this.#bytes });
    while (this.#marks.length > 2 && now - (this.#marks[1]?.atMs ?? now) > RATE_SPAN_MS) this.#marks.shift();
    const first = this.#marks[0] ?? { atMs: now, bytes: this.#bytes };
    const seconds = (now - first.atMs) / 1000;
    const bytesPerSecond = seconds > 0 ? (this.#bytes - first.bytes) / seconds : 0;
    // What had come of a file of a tree that failed late counts beside the whole of it, which is done with. A pipe's size is not known.
    const bytes = this.#size > 0 ? Math.min(this.#bytes, this.#size) : this.#bytes;
    this.#listener({ type: 'progress', bytes, size: this.#size, bytesPerSecond, files: this.files, streams: this.streams });
  }
}
