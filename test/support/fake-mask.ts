/**
 * Masking as RFC 6455 section 5.3 writes it: `transformed[i] = original[i] XOR key[i MOD 4]`.
 *
 * @module
 */

/** A masked copy, byte by byte. `offset` is where in the payload `bytes` begins. */
export function slowMask(bytes: Uint8Array, key: Uint8Array, offset: number): Buffer {
  const masked = Buffer.alloc(bytes.length);
  for (let i = 0; i < bytes.length; i += 1) masked[i] = (bytes[i] as number) ^ (key[(i + offset) % 4] as number);
  return masked;
}
