/**
 * Hashes of files that go whole, from when they are read or written until they are settled and told of.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import type { Settled } from './tally.js';

/** Of one file. */
interface WholeHash {
  readonly hash: bigint;
  /** Where the sender's user has asked for it. Each end makes its own, of what it has read or is to write. */
  readonly sha256?: Uint8Array;
}

/** See the module's head. */
export class WholeHashes {
  readonly #ofFile = new Map<number, WholeHash>();

  /** @param content undefined where nobody has asked for SHA-256. */
  note(id: number, hash: bigint, content: readonly Uint8Array[] | undefined): void {
    this.#ofFile.set(id, content === undefined ? { hash } : { hash, sha256: sha256(content) });
  }

  /** An entry is over: what is told of it, with what is known of it here if it went whole. */
  settled(settled: Settled): Settled {
    const { entry, how, digest } = settled;
    const known = this.#ofFile.get(entry.id);
    this.#ofFile.delete(entry.id);
    return digest === undefined && how === 'done' ? { ...settled, ...known } : settled;
  }
}

function sha256(content: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256');
  for (const piece of content) hash.update(piece);
  return hash.digest();
}
