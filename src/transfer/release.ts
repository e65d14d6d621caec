/**
 * Early release of buffers that node allocated for us.
 *
 * Each opened piece is new memory outside the JavaScript heap, which the garbage collector frees late: it sees only the
 * small object. Detaching the ArrayBuffer frees it at once. Measured by the prototype: 10 % of the receiver's time.
 *
 * @module
 */

type Transferable = ArrayBuffer & { transfer?: (bytes: number) => ArrayBuffer };

/** Frees the memory of pieces that nobody will look at again. Where node is too old for it (before 21), does nothing. */
export function releasePieces(pieces: readonly Uint8Array[]): void {
  for (const piece of pieces) {
    const memory = piece.buffer as Transferable;
    // A slice of a shared pool is not ours to free.
    if (memory.transfer !== undefined && memory.byteLength >= POOLED_BYTES) memory.transfer(0);
  }
}

/** Larger than node's own pool (8 KiB by default): such memory belongs to one buffer. */
const POOLED_BYTES = 64 * 1024;
