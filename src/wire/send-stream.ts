/**
 * One connection as the sender's machine sees it: its credit, its room, and what was sent on it and is not acked, which has
 * to be sent again on another one should it be lost.
 *
 * @module
 */
import type { CreditFrame } from './frame.js';
import { SendWindow } from './window.js';

/** Something that was or is to be sent in one content frame. */
export type Unit =
  | { readonly kind: 'chunk'; readonly id: number; readonly index: number }
  | { readonly kind: 'hole'; readonly id: number; readonly first: number; readonly count: number }
  | { readonly kind: 'whole'; readonly ids: readonly number[] }
  /** A pipe cannot be read again, so its chunks are kept. */
  | { readonly kind: 'pipe'; readonly index: number; readonly hash: bigint; readonly payload: readonly Uint8Array[] };

/** See the module's head. */
export class SendStream {
  /** Which connection of the session's life: what is read for an earlier one of the same number must not go out on it. */
  readonly lap: number;
  readonly window = new SendWindow();
  /** Units that the connection can take now. */
  room = 0;
  #acked = 0;
  readonly #inFlight: Unit[] = [];

  constructor(lap: number) {
    this.lap = lap;
  }

  sent(unit: Unit): void {
    this.#inFlight.push(unit);
  }

  /** Takes a credit frame; false when it breaks the rules. */
  credit({ limit, acked }: CreditFrame): boolean {
    const count = acked - this.#acked;
    if (count < 0 || count > this.#inFlight.length || !this.window.grant(limit)) return false;
    this.#inFlight.splice(0, count);
    this.#acked = acked;
    return true;
  }

  /** What may not have arrived. */
  unacked(): readonly Unit[] {
    return this.#inFlight;
  }
}
