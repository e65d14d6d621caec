/**
 * An answer's body, whole and bounded.
 *
 * @module
 */
import type { StreamerError } from '../errors.js';

/** How a body is read. */
export interface BodyBounds {
  readonly maxBytes: number;
  /** What a longer one is. */
  readonly tooLong: () => StreamerError;
  /** Told of each piece, so that a slow answer is not taken for none. */
  readonly onPiece?: () => void;
}

/** @throws `tooLong` for one that is longer; whatever the connection throws */
export async function readBody(response: Response, { maxBytes, tooLong, onPiece }: BodyBounds): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  if (response.body === null) return new Uint8Array();
  const reader = response.body.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    onPiece?.();
    size += value.byteLength;
    if (size > maxBytes) {
      await reader.cancel().catch(() => undefined);
      throw tooLong();
    }
    pieces.push(value);
  }
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.byteLength;
  }
  return whole;
}
