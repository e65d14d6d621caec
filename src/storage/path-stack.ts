/**
 * Paths, the last first, in 4 bytes more than their text: directories that are still to be walked, of which a flat
 * tree may have a million at once.
 *
 * @module
 */

const LENGTH_BYTES = 4;

/** A stack of texts that are valid Unicode. */
export class PathStack {
  #bytes = Buffer.allocUnsafe(1024);
  #used = 0;

  push(path: string): void {
    const length = Buffer.byteLength(path);
    const end = this.#used + length + LENGTH_BYTES;
    if (end > this.#bytes.length) this.#grow(end);
    this.#bytes.write(path, this.#used);
    this.#bytes.writeUInt32LE(length, this.#used + length);
    this.#used = end;
  }

  pop(): string | undefined {
    if (this.#used === 0) return undefined;
    const end = this.#used - LENGTH_BYTES;
    const start = end - this.#bytes.readUInt32LE(end);
    this.#used = start;
    return this.#bytes.toString('utf8', start, end);
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length));
    this.#bytes.copy(larger, 0, 0, this.#used);
    this.#bytes = larger;
  }
}
