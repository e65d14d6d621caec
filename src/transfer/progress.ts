/**
 * Progress as events: what a user interface needs, no terminal.
 *
 * @module
 */

/** Which wire a transfer uses: ours, or the reference's. */
export type Wire = 'native' | 'compat';

/** Something happened that a user may want to know. Sizes are bytes, times milliseconds. */
export type ProgressEvent =
  /** The server is up. `url` is where it listens. */
  | { readonly type: 'listening'; readonly url: string; readonly host: string; readonly port: number }
  /** The server waits for its client, or for its return. */
  | { readonly type: 'waiting'; readonly timeoutMs: number; readonly again: boolean }
  /** The client looks for the server. */
  | { readonly type: 'connecting'; readonly candidates: number; readonly attempt: number }
  | { readonly type: 'connected'; readonly remote: string; readonly wire: Wire; readonly encrypted: boolean; readonly agent?: string }
  /** The transfer begins. `resumedBytes` are there from an earlier attempt. */
  | { readonly type: 'started'; readonly name: string; readonly size: number; readonly resumedBytes: number }
  /** At most ten a second. `bytes` counts the resumed ones, too. */
  | { readonly type: 'progress'; readonly bytes: number; readonly size: number; readonly bytesPerSecond: number }
  /** All bytes are there: verifying, syncing to disk, giving the file its name; or waiting for the receiver to do so. */
  | { readonly type: 'finishing' }
  /** The link is lost; trying again in `delayMs`. */
  | { readonly type: 'reconnecting'; readonly reason: string; readonly delayMs: number }
  /** Something to tell, not an error. */
  | { readonly type: 'notice'; readonly message: string }
  | { readonly type: 'done'; readonly result: TransferResult };

/** Takes events. It must not throw. */
export type ProgressListener = (event: ProgressEvent) => void;

/** What a finished transfer was. */
export interface TransferResult {
  readonly action: 'send' | 'receive';
  /** Path at this end. */
  readonly path: string;
  /** Base name of the file. */
  readonly name: string;
  /** Bytes of the whole file. */
  readonly size: number;
  /** Bytes that an earlier attempt had moved already. */
  readonly resumedBytes: number;
  /** Bytes that this run moved. */
  readonly movedBytes: number;
  /** From the first entry to the receiver's confirmation, milliseconds. */
  readonly durationMs: number;
  readonly bytesPerSecond: number;
  readonly wire: Wire;
  readonly encrypted: boolean;
  /** AEAD of the records; absent when nothing was encrypted. */
  readonly cipher?: string;
  readonly digest: { readonly algorithm: 'streamer-xxh64' | 'sha256'; readonly hex: string };
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
  readonly #size: number;
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
    this.#listener({ type: 'progress', bytes: this.#bytes, size: this.#size, bytesPerSecond });
  }
}
