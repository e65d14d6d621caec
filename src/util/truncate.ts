/**
 * Text that has to fit into so many bytes.
 *
 * @module
 */

/** Cuts UTF-8 between two characters, and says so with an ellipsis. */
export function truncateUtf8(text: string, maxBytes: number): string {
  return Buffer.byteLength(text) <= maxBytes ? text : `${Buffer.from(text).subarray(0, maxBytes - 6).toString('utf8').replace(/\uFFFD+$/u, '')}…`;
}
