/**
 * Writing RFC 6455 frame headers. The payload is never joined to its header: both go to the socket in one writev.
 *
 * @module
 */

/** Opcodes of RFC 6455 section 5.2. Those from `close` on are control frames. */
export const OPCODE = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const;
export type Opcode = (typeof OPCODE)[keyof typeof OPCODE];

/** Most payload bytes of a control frame (section 5.5). */
export const CONTROL_PAYLOAD_MAX = 125;

/** One frame's header, by default of an unfragmented one. With a `key` the mask bit is set and the key appended. */
export function frameHeader(opcode: Opcode, length: number, key?: Uint8Array, fin = true): Buffer {
  const lengthBytes = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const header = Buffer.alloc(2 + lengthBytes + (key === undefined ? 0 : 4));
  header[0] = (fin ? 0x80 : 0) | opcode;
  header[1] = (key === undefined ? 0 : 0x80) | (lengthBytes === 0 ? length : lengthBytes === 2 ? 126 : 127);
  if (lengthBytes === 2) header.writeUInt16BE(length, 2);
  if (lengthBytes === 8) header.writeBigUInt64BE(BigInt(length), 2);
  if (key !== undefined) header.set(key, 2 + lengthBytes);
  return header;
}

/** The payload of a close frame: code and reason, cut to what a control frame holds, never within a character. */
export function closePayload(code: number, reason: string): Buffer {
  const text = Buffer.from(reason, 'utf8');
  let end = Math.min(text.length, CONTROL_PAYLOAD_MAX - 2);
  while (end > 0 && end < text.length && ((text[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  const payload = Buffer.alloc(2 + end);
  payload.writeUInt16BE(code, 0);
  text.copy(payload, 2, 0, end);
  return payload;
}
