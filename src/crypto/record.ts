/**
 * The encryption of one websocket message after the handshake. One record is one message: AES-256-GCM ciphertext,
 * then the 16-byte tag. The nonce is four zero bytes and a 64-bit big-endian counter, which starts at 0 in each
 * direction and is never sent, so a record that is repeated, dropped, reordered or reflected fails its check.
 *
 * There is no associated data: nothing travels outside the ciphertext that would need protecting, and what the record
 * belongs to is already fixed by its key (one per handshake and direction) and its counter.
 *
 * These are the transport messages of the Noise paper (revision 34, section 5.1), save that a record may be longer
 * than Noise's 65,535 bytes and that the key is renewed on a schedule (section 11.3 leaves that to the application).
 *
 * @module
 */
import { createCipheriv, createDecipheriv, type CipherGCM, type DecipherGCM } from 'node:crypto';
import { IntegrityError } from '../errors.js';
import { AES_GCM, KEY_BYTES, TAG_BYTES, nonceOf, rekey } from './aes-gcm.js';

export { TAG_BYTES };

/**
 * Records of one direction under one key; the specification fixes it. RFC 8446 section 5.5 allows 2^24.5 records of
 * 2^14 bytes under one AES-GCM key, that is 2^34.5 blocks of 16 bytes, for a margin of 2^-57. Our records carry about 1 MiB,
 * 2^16 blocks, so 2^16 of them are 2^32 blocks, and even at 4 MiB each they stay below the bound. Renewal is
 * one-way: a key that leaks later does not open what was sent before the last renewal.
 */
export const RECORDS_PER_KEY = 65_536;

/**
 * Most bytes given to the cipher at once: what it makes of them is under the size at which malloc asks the system for
 * memory. Sender's CPU time over loopback: 1.2 s/GiB with 64 KiB, 1.4 with 256 KiB.
 */
const PIECE_BYTES = 64 * 1024;

/** What one record is sealed and opened with. Two records never have the same. */
export interface RecordKey {
  readonly key: Buffer;
  readonly nonce: Buffer;
}

/** Key and counter of one direction. */
class KeySchedule {
  #key: Buffer;
  #counter = 0;

  constructor(key: Uint8Array) {
    if (key.length !== KEY_BYTES) throw new RangeError(`a record key has ${KEY_BYTES} bytes`);
    this.#key = Buffer.from(key);
  }

  /** Key and nonce of the next record. */
  next(): RecordKey {
    if (this.#counter > 0 && this.#counter % RECORDS_PER_KEY === 0) this.#key = rekey(this.#key);
    const nonce = nonceOf(this.#counter);
    this.#counter += 1;
    return { key: this.#key, nonce };
  }
}

/** Seals the records of one direction, in the order in which they are sent. */
export class RecordSealer {
  readonly #schedule: KeySchedule;

  /** @param key - 32 bytes from the handshake, used in this direction only. */
  constructor(key: Uint8Array) {
    this.#schedule = new KeySchedule(key);
  }

  /** What the next record is to be sealed with, by somebody else. It counts as sealed from here on. */
  next(): RecordKey {
    return this.#schedule.next();
  }

  /**
   * Seals one record whose plaintext is `parts` joined in order; they need not be joined, and are not changed.
   * @returns the pieces of the message in order, the tag last. They are new memory.
   */
  seal(parts: readonly Uint8Array[]): Buffer[] {
    const { key, nonce } = this.next();
    const cipher: CipherGCM = createCipheriv(AES_GCM, key, nonce, { authTagLength: TAG_BYTES });
    const sealed: Buffer[] = [];
    for (const part of parts) {
      for (let offset = 0; offset < part.length; offset += PIECE_BYTES) {
        sealed.push(cipher.update(part.subarray(offset, offset + PIECE_BYTES)));
      }
    }
    cipher.final();
    sealed.push(cipher.getAuthTag());
    return sealed;
  }
}

/**
 * Opens the records of one direction as their bytes arrive, in the order in which they were sent.
 *
 * **What `update` returns is not authenticated yet.** Anyone on the path may have chosen it. It may be written to a
 * place that nobody reads from, or hashed; it must not be acted on, acknowledged or shown until `finish` has returned.
 */
export class RecordOpener {
  readonly #schedule: KeySchedule;
  /** The last bytes seen, held back because they may be the tag. */
  readonly #tail = Buffer.alloc(TAG_BYTES);
  #tailLength = 0;
  #decipher: DecipherGCM | undefined;
  #failed = false;

  /** @param key - 32 bytes from the handshake, used in this direction only. */
  constructor(key: Uint8Array) {
    this.#schedule = new KeySchedule(key);
  }

  /**
   * What the next record is to be opened with, by somebody else. It counts as opened from here on.
   * @throws IntegrityError `integrity-tag` after a record has failed.
   */
  next(): RecordKey {
    if (this.#failed) throw failure();
    if (this.#decipher !== undefined) throw new RangeError('a record is being opened');
    return this.#schedule.next();
  }

  /** Somebody else has found that the record does not pass. @returns what to throw; the opener is of no more use */
  failed(): IntegrityError {
    this.#failed = true;
    return failure();
  }

  /**
   * Takes the next bytes of the current record; how they were cut is of no importance. `piece` is not kept.
   * @returns plaintext that is not authenticated yet, in new memory: see the class.
   * @throws IntegrityError `integrity-tag` after a record has failed.
   */
  update(piece: Uint8Array): Buffer[] {
    if (this.#failed) throw failure();
    const decipher = this.#current();
    const plaintext: Buffer[] = [];
    const release = Math.max(0, this.#tailLength + piece.length - TAG_BYTES);
    const fromTail = Math.min(this.#tailLength, release);
    const fromPiece = release - fromTail;
    if (fromTail > 0) {
      plaintext.push(decipher.update(this.#tail.subarray(0, fromTail)));
      this.#tail.copyWithin(0, fromTail, this.#tailLength);
      this.#tailLength -= fromTail;
    }
    if (fromPiece > 0) plaintext.push(decipher.update(piece.subarray(0, fromPiece)));
    this.#tail.set(piece.subarray(fromPiece), this.#tailLength);
    this.#tailLength += piece.length - fromPiece;
    return plaintext;
  }

  /**
   * Ends the current record and checks its tag. Once it has returned, all that `update` gave for the record is
   * authentic. The next `update` begins the next record.
   * @returns the rest of the plaintext, if any.
   * @throws IntegrityError `integrity-tag` when the tag differs or the record is shorter than a tag. The opener is
   *   then of no more use: every later call throws the same.
   */
  finish(): Buffer[] {
    if (this.#failed) throw failure();
    const decipher = this.#current();
    const complete = this.#tailLength === TAG_BYTES;
    this.#decipher = undefined;
    this.#tailLength = 0;
    // Until the tag is known to be right the record has failed, whatever way this method is left.
    this.#failed = true;
    if (!complete) throw failure();
    decipher.setAuthTag(this.#tail);
    let rest: Buffer;
    try {
      rest = decipher.final();
    } catch (cause) {
      throw failure(cause);
    }
    this.#failed = false;
    return rest.length === 0 ? [] : [rest];
  }

  #current(): DecipherGCM {
    if (this.#decipher === undefined) {
      const { key, nonce } = this.#schedule.next();
      this.#decipher = createDecipheriv(AES_GCM, key, nonce, { authTagLength: TAG_BYTES });
    }
    return this.#decipher;
  }
}

function failure(cause?: unknown): IntegrityError {
  const message = 'an encrypted message failed its check: it was altered, lost or repeated on the way';
  return new IntegrityError('integrity-tag', message, { cause });
}
