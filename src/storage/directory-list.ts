/**
 * The directories of a tree in the order in which they came, with what they are to get at the end: their paths' text and
 * 18 bytes for each.
 *
 * @module
 */

/** What a directory gets when everything is in it. */
export interface ListedDirectory {
  readonly path: string;
  /** Permission bits, as the sender has them. */
  readonly mode: number;
  /** Nanoseconds since 1970. */
  readonly mtimeNs: bigint;
}

/** Length of the path, mode and time; the length once more behind the path, for the way back. */
const HEAD_BYTES = 14;
const TAIL_BYTES = 4;

/** A list that only grows. */
export class DirectoryList {
  #bytes = Buffer.allocUnsafe(4096);
  #used = 0;

  add({ path, mode, mtimeNs }: ListedDirectory): void {
    const length = Buffer.byteLength(path);
    const at = this.#used;
    this.#used += HEAD_BYTES + length + TAIL_BYTES;
    if (this.#used > this.#bytes.length) this.#grow(at);
    this.#bytes.writeUInt32LE(length, at);
    this.#bytes.writeUInt16LE(mode & 0o7777, at + 4);
    this.#bytes.writeBigInt64LE(BigInt.asIntN(64, mtimeNs), at + 6);
    this.#bytes.write(path, at + HEAD_BYTES);
    this.#bytes.writeUInt32LE(length, at + HEAD_BYTES + length);
  }

  /** In order: each before what lies in it. */
  *forwards(): Generator<ListedDirectory, void> {
    for (let at = 0; at < this.#used; ) {
      yield this.#read(at);
      at += HEAD_BYTES + this.#bytes.readUInt32LE(at) + TAIL_BYTES;
    }
  }

  /** In reverse: each after what lies in it. */
  *backwards(): Generator<ListedDirectory, void> {
    for (let end = this.#used; end > 0; ) {
      end -= HEAD_BYTES + this.#bytes.readUInt32LE(end - TAIL_BYTES) + TAIL_BYTES;
      yield this.#read(end);
    }
  }

  #read(at: number): ListedDirectory {
    const length = this.#bytes.readUInt32LE(at);
    const path = this.#bytes.toString('utf8', at + HEAD_BYTES, at + HEAD_BYTES + length);
    return { path, mode: this.#bytes.readUInt16LE(at + 4), mtimeNs: this.#bytes.readBigInt64LE(at + 6) };
  }

  #grow(kept: number): void {
    const larger = Buffer.allocUnsafe(Math.max(this.#used, 2 * this.#bytes.length));
    this.#bytes.copy(larger, 0, 0, kept);
    this.#bytes = larger;
  }
}
