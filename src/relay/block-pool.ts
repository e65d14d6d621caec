/**
 * Memory for bytes on their way from one socket to another: by size, since a slow end's share of it should be what it is
 * behind with, and not many times that.
 *
 * @module
 */

/** Shorter pieces are copied into memory of their own: a block would be many times what they need. */
const SHORT = 1024;
/** Powers of two: the least and the most bytes of a block. A piece is never longer than one read of a socket. */
const LEAST = 12;
const MOST = 18;
/** Most bytes that are kept for later. */
const KEPT_MAX = 32 * 1024 * 1024;

/** Blocks that are used again and again. */
export class BlockPool {
  readonly #free: Buffer[][] = Array.from({ length: MOST + 1 }, () => []);
  #kept = 0;

  /** A copy of the bytes. Give it back by {@link put} when it has been written. */
  copy(bytes: Uint8Array): Buffer {
    if (bytes.length < SHORT) return Buffer.from(bytes);
    const size = Math.max(LEAST, 32 - Math.clz32(Math.max(1, bytes.length) - 1));
    let block = this.#free[size]?.pop();
    if (block === undefined) block = Buffer.allocUnsafeSlow(size > MOST ? bytes.length : 2 ** size);
    else this.#kept -= block.length;
    block.set(bytes);
    return block.subarray(0, bytes.length);
  }

  put(view: Buffer): void {
    if (view.length < SHORT) return;
    const block = Buffer.from(view.buffer);
    const size = 31 - Math.clz32(block.length);
    if (this.#kept + block.length > KEPT_MAX || size > MOST || block.length !== 2 ** size) return;
    this.#kept += block.length;
    this.#free[size]?.push(block);
  }
}
