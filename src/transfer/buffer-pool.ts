/**
 * Buffers that are used again and again, so that steady state allocates nothing.
 *
 * @module
 */

/** A pool of buffers of one size. It grows to what is in use at once and never shrinks: its user bounds it. */
export class BufferPool {
  readonly #bytes: number;
  readonly #free: Buffer[] = [];

  /** @param bytes of each buffer. */
  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  take(): Buffer {
    // Slow: not a slice of node's shared pool.
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#bytes);
  }

  put(buffer: Buffer): void {
    this.#free.push(buffer);
  }
}
