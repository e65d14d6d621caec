/**
 * The pieces of a message as they come, without one small buffer for each when they come byte by byte.
 *
 * @module
 */

/** Pieces under this are joined; larger ones are passed on as they are. */
const SMALL_BYTES = 8 * 1024;
/** Memory for joined pieces. Under what `release.ts` takes for a buffer of its own, since several pieces share it. */
const SCRATCH_BYTES = 32 * 1024;

/** See the module's head. A peer that sends a 4 MiB record in 1-byte writes would otherwise take 100 times its size. */
export class PieceList {
  #pieces: Uint8Array[] = [];
  #scratch = Buffer.alloc(0);
  /** Where the small pieces that are not in the list yet begin and end in the scratch. */
  #start = 0;
  #end = 0;

  push(piece: Uint8Array): void {
    if (piece.length >= SMALL_BYTES) {
      this.#flush();
      this.#pieces.push(piece);
      return;
    }
    if (piece.length > this.#scratch.length - this.#end) {
      this.#flush();
      this.#scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
      this.#start = this.#end = 0;
    }
    this.#scratch.set(piece, this.#end);
    this.#end += piece.length;
  }

  /** All pieces in order; the list is empty again. */
  take(): Uint8Array[] {
    this.#flush();
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces;
  }

  #flush(): void {
    if (this.#end > this.#start) this.#pieces.push(this.#scratch.subarray(this.#start, this.#end));
    this.#start = this.#end;
  }
}
