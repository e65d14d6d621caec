/**
 * What our parser makes of bytes, in the same words as `fake-ws.ts` has for `ws`.
 *
 * @module
 */
import { FrameParser } from '../../src/transport/frame-parser.js';

/** Reads a stream that comes in these chunks, and the error that it stops with. */
export function readByUs(chunks: readonly Buffer[], expectMasked: boolean, maxMessageBytes: number): { read: string[]; error: unknown } {
  const read: string[] = [];
  let message: Buffer[] = [];
  const parser = new FrameParser(
    {
      piece: (bytes, last, kind) => {
        message.push(Buffer.from(bytes));
        if (!last) return;
        read.push(`${kind} ${Buffer.concat(message).toString('hex')}`);
        message = [];
      },
      ping: (payload) => read.push(`ping ${payload.toString('hex')}`),
      pong: (payload) => read.push(`pong ${payload.toString('hex')}`),
      close: (code, reason) => read.push(`close ${code} ${reason}`),
    },
    { expectMasked, maxMessageBytes },
  );
  try {
    for (const chunk of chunks) parser.push(Buffer.from(chunk));
    return { read, error: undefined };
  } catch (error) {
    return { read, error };
  }
}
