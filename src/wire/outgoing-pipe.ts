/**
 * A stream of bytes that goes out as it is read: its chunks cannot be read again, so they are kept until they have arrived.
 * It goes over stream 0 alone, since its chunks have to arrive in order.
 *
 * @module
 */
import { lengthOf } from '../util/bytes.js';
import { CHUNK_SIZE_DEFAULT } from './constants.js';
import type { DataFrame } from './frame.js';
import type { SendStream, Unit } from './send-stream.js';

type PipeUnit = Extract<Unit, { kind: 'pipe' }>;

/** What a pipe wants next of a stream that has room. */
export type PipeStep = { readonly kind: 'read'; readonly most: number } | { readonly kind: 'frame'; readonly frame: DataFrame };

/**
 * Chunks that are kept at the most, whatever credit there is: a receiver may give any and never say that something has arrived. One
 * that follows the specification says so each MiB, and this is four of its windows.
 */
const KEPT_MAX = 64;

/** See the module's head. Its entry's id is 0. */
export class OutgoingPipe {
  #open = false;
  #reading = false;
  #ended = false;
  #settled = false;
  #index = 0;
  /** Chunks before this one went out, once at least. */
  #gone = 0;
  readonly #again: PipeUnit[] = [];

  /** The receiver is ready. Returns false when it has said so before. */
  open(): boolean {
    const first = !this.#open;
    this.#open = true;
    return first;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** All of it went out, once at least. */
  get sent(): boolean {
    return this.#ended && this.#gone === this.#index;
  }

  /** Bytes that went out, were lost with their connection, and did not go out again. */
  get owed(): number {
    return this.#again.reduce((sum, { index, payload }) => sum + (index < this.#gone ? lengthOf(payload) : 0), 0);
  }

  /** Takes the next step, and the credit for it, if there is one. */
  next(on: SendStream): PipeStep | undefined {
    if (!this.#open) return undefined;
    const [unit] = this.#again;
    if (unit !== undefined) {
      if (!on.window.spend(lengthOf(unit.payload))) return undefined;
      this.#again.shift();
      return { kind: 'frame', frame: this.#send(on, unit) };
    }
    if (this.#reading || this.#ended || on.unacked().length >= KEPT_MAX || !on.window.spend(CHUNK_SIZE_DEFAULT)) return undefined;
    this.#reading = true;
    return { kind: 'read', most: CHUNK_SIZE_DEFAULT };
  }

  /** A chunk was read. `on` is the stream that it was read for, undefined when that is gone. */
  read(on: SendStream | undefined, hash: bigint, payload: readonly Uint8Array[]): DataFrame | undefined {
    this.#reading = false;
    const unit: PipeUnit = { kind: 'pipe', index: this.#index, hash, payload };
    this.#index += 1;
    if (on === undefined) {
      this.#again.push(unit);
      return undefined;
    }
    on.window.refund(CHUNK_SIZE_DEFAULT - lengthOf(payload));
    return this.#send(on, unit);
  }

  /** There is nothing more to read. A read that found that out gives back what it has taken. */
  end(on: SendStream | undefined): void {
    if (this.#reading && on !== undefined) {
      on.window.refund(CHUNK_SIZE_DEFAULT);
      on.room += 1;
    }
    this.#reading = false;
    this.#ended = true;
  }

  /** A chunk that did not arrive. Those of an earlier loss may wait still, and come after it. Returns false when nobody wants it. */
  again(unit: PipeUnit): boolean {
    if (this.#settled) return false;
    this.#again.push(unit);
    this.#again.sort((a, b) => a.index - b.index);
    return true;
  }

  /** All of it has arrived, or will not: nothing is sent again. */
  settle(): void {
    this.#settled = true;
    this.#again.length = 0;
  }

  #send(on: SendStream, unit: PipeUnit): DataFrame {
    on.sent(unit);
    this.#gone = Math.max(this.#gone, unit.index + 1);
    const { index, hash, payload } = unit;
    return { type: 'data', id: 0, offset: index * CHUNK_SIZE_DEFAULT, length: lengthOf(payload), hash, payload };
  }
}
