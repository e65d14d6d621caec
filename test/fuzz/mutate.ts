/**
 * Changes of an input: those that have found the most in other parsers (AFL's and libFuzzer's), by chance.
 *
 * @module
 */
import { mulberry32 } from '../support/mulberry32.js';

/** Chance that can be had again: 0 to below `limit`, whole. */
export type Draw = (limit: number) => number;

/** Numbers at which counting goes wrong. */
const EDGES = [0, 1, 2, 16, 31, 32, 63, 64, 100, 127, 128, 255, 256, 1023, 1024, 4095, 4096, 32_767, 32_768, 65_535, 65_536, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 2 ** 63, 2 ** 64 - 1];
/** Most changes of one input. */
const CHANGES = 8;

export function drawing(seed: number): Draw {
  const random = mulberry32(seed);
  return (limit) => Math.floor(random() * limit);
}

/** What a source names, as the bytes in which a format may have it. */
export function dictionary(words: readonly (string | number)[]): Buffer[] {
  const numbers = [...EDGES, ...words.filter((word) => typeof word === 'number')];
  return [...words.flatMap((word) => (typeof word === 'string' ? [Buffer.from(word), msgpackText(word)] : [])), ...numbers.flatMap(spellings)];
}

/** A short text as msgpack has it. */
function msgpackText(word: string): Buffer {
  const bytes = Buffer.from(word);
  return bytes.length < 32 ? Buffer.concat([Buffer.of(0xa0 | bytes.length), bytes]) : Buffer.concat([Buffer.of(0xd9, bytes.length), bytes]);
}

/** A whole number in big-endian bytes of each width that holds it, and as msgpack and JSON have it. */
function spellings(value: number): Buffer[] {
  if (!Number.isInteger(value) || value < 0) return [];
  const wide = Buffer.alloc(8);
  wide.writeBigUInt64BE(BigInt(value) & 0xffff_ffff_ffff_ffffn);
  const widths = [1, 2, 4, 8].filter((width) => width === 8 || value < 2 ** (8 * width));
  const plain = widths.map((width) => wide.subarray(8 - width));
  const packed = plain.map((bytes) => Buffer.concat([Buffer.of({ 1: 0xcc, 2: 0xcd, 4: 0xce, 8: 0xcf }[bytes.length] ?? 0), bytes]));
  return [...plain, ...packed, Buffer.from(String(value))];
}

/** A changed copy of `input`, of at most `maxBytes`. */
export function mutated(input: Buffer, others: readonly Buffer[], words: readonly Buffer[], maxBytes: number, draw: Draw): Buffer {
  let bytes: Buffer = Buffer.from(input);
  for (let changes = 1 + draw(CHANGES); changes > 0; changes -= 1) bytes = change(bytes, others, words, draw);
  return bytes.length > maxBytes ? bytes.subarray(0, maxBytes) : bytes;
}

function change(bytes: Buffer, others: readonly Buffer[], words: readonly Buffer[], draw: Draw): Buffer {
  const at = draw(bytes.length + 1);
  const length = Math.min(bytes.length - at, 1 + draw(draw(4) === 0 ? 64 : 8));
  const word = words[draw(words.length)] ?? Buffer.of(0);
  switch (draw(11)) {
    case 0:
      return at < bytes.length ? replaced(bytes, at, 1, Buffer.of((bytes[at] ?? 0) ^ (1 << draw(8)))) : bytes;
    case 1:
      return replaced(bytes, at, 1, Buffer.of(draw(256)));
    case 2:
      return replaced(bytes, at, 1, Buffer.of(((bytes[at] ?? 0) + draw(33) - 16) & 255));
    case 3:
      return replaced(bytes, at, length, Buffer.alloc(0));
    case 4:
      return replaced(bytes, at, 0, bytes.subarray(at, at + length));
    case 5:
      return replaced(bytes, at, 0, Buffer.alloc(1 + draw(16), draw(256)));
    case 6:
      return replaced(bytes, at, 0, word);
    case 7:
      return replaced(bytes, at, word.length, word);
    case 8:
      return swollen(bytes, at, draw);
    case 9: {
      const other = others[draw(others.length)] ?? bytes;
      const from = draw(other.length + 1);
      return replaced(bytes, at, draw(2) === 0 ? length : 0, other.subarray(from, from + 1 + draw(other.length - from + 1)));
    }
    default: {
      const other = others[draw(others.length)] ?? bytes;
      return Buffer.concat([bytes.subarray(0, at), other.subarray(draw(other.length + 1))]);
    }
  }
}

function replaced(bytes: Buffer, at: number, length: number, by: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, at), by, bytes.subarray(at + length)]);
}

/** Adds to a number of 2, 4 or 8 bytes. */
function swollen(bytes: Buffer, at: number, draw: Draw): Buffer {
  const width = [2, 4, 8][draw(3)] ?? 2;
  if (at + width > bytes.length) return bytes;
  const copy = Buffer.from(bytes);
  let value = 0n;
  for (let index = 0; index < width; index += 1) value = (value << 8n) | BigInt(copy[at + index] ?? 0);
  value += BigInt(draw(71) - 35);
  for (let index = width - 1; index >= 0; index -= 1, value >>= 8n) copy[at + index] = Number(value & 255n);
  return copy;
}
