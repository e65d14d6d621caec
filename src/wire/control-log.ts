/**
 * Control frames in order, each exactly once, whatever becomes of the connections that carry them: what is sent is kept
 * until the other end has told that it arrived, and what it may have missed is sent again on the next connection.
 *
 * @module
 */
import type { ControlFrame } from './frame.js';

/** Frames that arrive between two acks. */
const ACK_EVERY = 32;
/** Most frames that a peer may leave without an ack; one that follows the specification leaves a hundred or so. */
const UNACKED_MAX = 65_536;

/** See the module's head. One for each end of a session. */
export class ControlLog {
  readonly #sent: ControlFrame[] = [];
  /** Number of the first frame in {@link #sent}. */
  #first = 0;
  #received = 0;
  #told = 0;

  /** Control frames of this session that have arrived here. */
  get received(): number {
    return this.#received;
  }

  /** Keeps a frame that is about to be sent. Returns false when the peer has left too many without an ack. */
  keep(frame: ControlFrame): boolean {
    this.#sent.push(frame);
    return this.#sent.length <= UNACKED_MAX;
  }

  /** Notes what has arrived at the other end. Returns false when that cannot be. */
  acked(received: number): boolean {
    const count = received - this.#first;
    if (count < 0 || count > this.#sent.length) return false;
    this.#sent.splice(0, count);
    this.#first = received;
    return true;
  }

  /** What the other end may not have: as it is now, whatever is sent later. */
  unacked(): readonly ControlFrame[] {
    return [...this.#sent];
  }

  /** Counts a frame that arrived. Returns true when it is time for an ack. */
  arrived(): boolean {
    this.#received += 1;
    if (this.#received - this.#told < ACK_EVERY) return false;
    this.#told = this.#received;
    return true;
  }
}
