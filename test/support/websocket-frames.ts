/**
 * Frames of a websocket client, byte by byte, the wrong ones too (RFC 6455, section 5.2); and a socket that is upgraded
 * and otherwise raw.
 *
 * @module
 */
import type { Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { connectRaw, upgradeRequest } from './tcp.js';

export const CONTINUATION = 0x0;
export const BINARY = 0x2;
export const PING = 0x9;

/** What a frame's header says, right or wrong. */
export interface FrameSays {
  readonly opcode: number;
  readonly fin?: boolean;
  /** The bit of permessage-deflate. */
  readonly compressed?: boolean;
  readonly masked?: boolean;
  /** Another length than the payload's, in 64 bits. */
  readonly length?: bigint;
}

/** A frame with a masking key of zeros. */
export function rawFrame({ opcode, fin = true, compressed = false, masked = true, length }: FrameSays, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const first = (fin ? 0x80 : 0) | (compressed ? 0x40 : 0) | opcode;
  const mask = masked ? 0x80 : 0;
  const long = Buffer.alloc(8);
  long.writeBigUInt64BE(length ?? BigInt(payload.length));
  const size = length !== undefined || payload.length > 0xffff ? Buffer.concat([Buffer.of(mask | 127), long]) : payload.length > 125 ? Buffer.of(mask | 126, payload.length >> 8, payload.length & 0xff) : Buffer.of(mask | payload.length);
  return Buffer.concat([Buffer.of(first), size, Buffer.alloc(masked ? 4 : 0), payload]);
}

/** Connects and upgrades. Resolves with the socket, which is read no further, and the head of the answer. */
export async function upgradeRaw(t: TestContext, port: number, path: string, headers: Readonly<Record<string, string>>): Promise<{ readonly socket: Socket; readonly head: string }> {
  const socket = await connectRaw(t, port);
  socket.write(upgradeRequest(port, path, headers));
  let head = '';
  return new Promise((resolve, reject) => {
    const gone = () => reject(new Error(`no upgrade: ${head}`));
    const read = (bytes: Buffer) => {
      head += bytes.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      socket.off('data', read).off('close', gone).pause();
      resolve({ socket, head });
    };
    socket.on('data', read).on('close', gone);
  });
}
