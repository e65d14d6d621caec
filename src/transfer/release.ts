/**
 * Early release of buffers that node allocated for us, and an allocator that keeps what was released.
 *
 * Each opened or sealed piece is new memory outside the JavaScript heap, which the garbage collector frees late: it sees
 * only the small object. Detaching the ArrayBuffer frees it at once. That alone gains nothing, since glibc gives every
 * block past 128 KiB, and the end of its heap past that, back to the system, which has to clear each page anew: a sixth of
 * a receiver's time was page faults. Both limits rise by themselves when a larger block is freed (mallopt(3),
 * M_MMAP_THRESHOLD), so one is freed on purpose. Measured together, 1 GiB each way over loopback, both ends' CPU time:
 * 3.6 to 3.9 s/GiB without, 2.6 to 2.9 with.
 *
 * @module
 */
import * as workers from 'node:worker_threads';

type Transferable = ArrayBuffer & { transfer?: (bytes: number) => ArrayBuffer };

/** Larger than node's own pool before node 24 (8 KiB by default): such memory belongs to one buffer. */
const POOLED_BYTES = 33 * 1024;
/** Just under 32 MiB, the most that glibc's limit rises to by itself. Never touched, so it costs no memory. */
const LESSON_BYTES = 31 * 1024 * 1024;

/** From node 21 on node tells its pool, which has 64 KiB in node 24 and cannot be detached. */
const { isMarkedAsUntransferable: isPooled } = workers as { readonly isMarkedAsUntransferable?: (memory: object) => boolean };

let nowhere: workers.MessagePort | undefined;

/** Before node 21 there is no `transfer`: a message to a port whose other end is closed is dropped with all it carried. */
function drop(memory: ArrayBuffer): void {
  if (nowhere === undefined) {
    const { port1, port2 } = new workers.MessageChannel();
    port2.close();
    port1.unref();
    nowhere = port1;
  }
  nowhere.postMessage(undefined, [memory]);
}

/** Frees the memory of pieces that nobody will look at again. */
export function releasePieces(pieces: readonly Uint8Array[]): void {
  for (const piece of pieces) {
    const memory = piece.buffer as Transferable;
    // A slice of a shared pool is not ours to free.
    if (memory.byteLength < POOLED_BYTES || isPooled?.(memory) === true) continue;
    if (memory.transfer !== undefined) memory.transfer(0);
    else drop(memory);
  }
}

let taught = false;

/** Has the allocator keep freed memory for the next piece: see the module's head. Once for a process, before its first transfer. */
export function keepFreedMemory(): void {
  if (taught) return;
  taught = true;
  releasePieces([Buffer.allocUnsafeSlow(LESSON_BYTES)]);
}
