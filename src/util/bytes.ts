/**
 * Big-endian 64-bit integers that stay exact in a JavaScript number, comparison of secrets, and the length of pieces.
 *
 * @module
 */
import { createHash, timingSafeEqual } from 'node:crypto';

const TWO_TO_32 = 2 ** 32;

/**
 * Reads eight bytes at `offset` as an unsigned big-endian integer.
 * @returns the integer, or undefined when it is past 2^53 - 1 and a number could not hold it exactly.
 * @throws RangeError when fewer than eight bytes follow `offset`: the caller has not checked the length.
 */
export function readSafeUint64(bytes: Uint8Array, offset: number): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const value = view.getUint32(offset) * TWO_TO_32 + view.getUint32(offset + 4);
  return Number.isSafeInteger(value) ? value : undefined;
}

/**
 * Writes `value` at `offset` as eight big-endian bytes.
 * @throws RangeError when `value` is no whole number from 0 to 2^53 - 1, or does not fit: a bug of the caller.
 */
export function writeUint64(bytes: Uint8Array, offset: number, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError('a 64-bit field needs a whole number from 0 to 2^53 - 1');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  view.setUint32(offset, Math.floor(value / TWO_TO_32));
  view.setUint32(offset + 4, value % TWO_TO_32);
}

/**
 * Compares two secrets in a time that tells nothing of where they differ. `timingSafeEqual` wants equal lengths and
 * would tell a secret's length by refusing; comparing SHA-256 of each instead leaves only the hash's own time, which
 * depends on the length of what the caller was given, not on the secret.
 */
export function equalConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  return timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());
}

/** Bytes of pieces together. */
export function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, piece) => sum + piece.length, 0);
}
