/**
 * Credit arithmetic of one connection's receive window. The receiver never has more than a window of content that is not
 * yet written, so its memory is bounded however slow its disk; the sender never reads what it may not send, so its is, too.
 *
 * @module
 */

import { CHUNK_SIZE_DEFAULT } from './constants.js';

/** Frames that are written and not yet told of at which they are, whatever they cost: a hole costs nothing. */
const FRAMES_TOLD = 64;
/** Cost from which on it is told however large the window is: what is not told is sent again when the link is lost. */
const BYTES_TOLD = CHUNK_SIZE_DEFAULT;

/** The receiver's side. */
export class ReceiveWindow {
  #window: number;
  #granted: number;
  #arrived = 0;
  #released = 0;
  #acked = 0;
  #toldAcked = 0;
  #toldReleased = 0;
  /** Costs of the frames that have arrived and are not acked, in order; negative when written out of turn. */
  readonly #pending: { readonly cost: number; written: boolean }[] = [];
  #first = 0;

  /** @param window most bytes in flight or waiting to be written. */
  constructor(window: number) {
    this.#window = window;
    this.#granted = window;
  }

  /** The limit that the peer has been told. */
  get limit(): number {
    return this.#granted;
  }

  /** Sets another window. A smaller one takes effect as credit is used up: a limit never shrinks. */
  resize(window: number): void {
    this.#window = window;
  }

  /** Counts a frame that arrived. Returns its number, or undefined when the peer had no credit for it. */
  arrive(cost: number): number | undefined {
    this.#arrived += cost;
    if (this.#arrived > this.#granted) return undefined;
    this.#pending.push({ cost, written: false });
    return this.#first + this.#pending.length - 1;
  }

  /** Notes that a frame's content is written. Returns what to tell the peer when that is worth a frame. */
  written(frame: number): { readonly limit: number; readonly acked: number } | undefined {
    const entry = this.#pending[frame - this.#first];
    if (entry === undefined) return undefined;
    entry.written = true;
    let count = 0;
    for (const { cost, written } of this.#pending) {
      if (!written) break;
      count += 1;
      this.#released += cost;
    }
    if (count > 0) this.#pending.splice(0, count);
    this.#first += count;
    this.#acked += count;
    return this.#due();
  }

  #due(): { readonly limit: number; readonly acked: number } | undefined {
    const limit = Math.max(this.#granted, this.#released + this.#window);
    if (this.#released - this.#toldReleased < Math.min(this.#window / 8, BYTES_TOLD) && this.#acked - this.#toldAcked < FRAMES_TOLD) return undefined;
    this.#granted = limit;
    this.#toldAcked = this.#acked;
    this.#toldReleased = this.#released;
    return { limit, acked: this.#acked };
  }
}

/** The sender's side. */
export class SendWindow {
  #limit = 0;
  #spent = 0;

  /** Takes a new limit. Returns false when it is lower than the last: a limit only ever grows. */
  grant(limit: number): boolean {
    if (limit < this.#limit) return false;
    this.#limit = limit;
    return true;
  }

  /** Bytes that may be sent now. */
  get left(): number {
    return this.#limit - this.#spent;
  }

  /** Spends credit, if there is enough. */
  spend(bytes: number): boolean {
    if (this.#spent + bytes > this.#limit) return false;
    this.#spent += bytes;
    return true;
  }

  /** Gives back what was spent on something that was not sent. */
  refund(bytes: number): void {
    this.#spent -= bytes;
  }
}
