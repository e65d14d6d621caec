/**
 * What a simulated transfer is to be: its entries, what each end does to them, and what the network does.
 *
 * @module
 */
import { fileDigest } from '../../src/crypto/checksum.js';
import type { ReceiverMachine } from '../../src/wire/receiver-machine.js';
import type { SenderMachine } from '../../src/wire/sender-machine.js';
import type { ContentFrame, Frame, ManifestEntry, OfferFrame } from '../../src/wire/frame.js';
import { mulberry32 } from './mulberry32.js';

export type SenderInput = Parameters<SenderMachine['handle']>[0];
export type SenderEffect = ReturnType<SenderMachine['handle']>[number];
export type ReceiverInput = Parameters<ReceiverMachine['handle']>[0];
export type ReceiverEffect = ReturnType<ReceiverMachine['handle']>[number];
export type Sent<K extends SenderEffect['kind']> = Extract<SenderEffect, { kind: K }>;
export type Received<K extends ReceiverEffect['kind']> = Extract<ReceiverEffect, { kind: K }>;
export type Placing = Extract<ReceiverInput, { kind: 'placed' }>['placings'][number];
export type Settlement = Sent<'settled'>['how'];

/** Hash of a chunk, joined from pieces. */
export type Hash = (pieces: readonly Uint8Array[]) => bigint;

/** What the sender's end cannot do: `changed` is a file that is another when it is read once more, and is seen to be. */
export const READ_TROUBLES = ['open', 'read', 'check', 'digest', 'changed'] as const;
/** What the receiver's end cannot do. */
export const WRITE_TROUBLES = ['place', 'open', 'write', 'commit', 'compare'] as const;

/** One entry, and what happens to it. Its id is its place in the list. */
export interface PlannedEntry {
  readonly kind: ManifestEntry['kind'];
  /** Bytes of a file, of a pipe, too. */
  readonly size: number;
  readonly chunkSize: number;
  /** Chunks that are nothing but zeros. */
  readonly zeros: readonly number[];
  readonly linked: boolean;
  readonly linkTo: number;
  /** At the receiver: nothing, the same by size and time, something to keep, or a file of the same size. */
  readonly there: 'nothing' | 'equal' | 'kept' | 'same' | 'other';
  /** Chunks of an earlier attempt. */
  readonly held: readonly number[];
  /** `unnoticed` is a file that changes as well, while its size and time stay as they were. */
  readonly readTrouble?: (typeof READ_TROUBLES)[number] | 'unnoticed' | undefined;
  readonly writeTrouble?: (typeof WRITE_TROUBLES)[number] | undefined;
}

/** See the module's head. */
export interface Plan {
  /** Of everything that happens by chance. */
  readonly seed: number;
  readonly root: OfferFrame['root'];
  readonly dryRun: boolean;
  readonly sha256: boolean;
  readonly delete: boolean;
  readonly extras: number;
  readonly entries: PlannedEntry[];
  /** Entries that the walk finds at once. */
  readonly batch: number;
  readonly clientSends: boolean;
  readonly streams: number;
  /** Units of room of a new stream. */
  readonly ahead: number;
  /** Connections that are cut. */
  readonly losses: number;
  readonly windowBytes: number;
  /** Reads and writes are done when they are asked for. */
  readonly synchronous: boolean;
  /** How much faster the network is than the disks; below 1, slower. */
  readonly haste: number;
}

export const ENTRY: PlannedEntry = { kind: 'file', size: 0, chunkSize: 65_536, zeros: [], linked: false, linkTo: 0, there: 'nothing', held: [] };
export const PLAN: Plan = {
  seed: 1,
  root: 'tree',
  dryRun: false,
  sha256: false,
  delete: false,
  extras: 0,
  entries: [],
  batch: 512,
  clientSends: true,
  streams: 1,
  ahead: 1,
  losses: 0,
  windowBytes: 2 ** 24,
  synchronous: false,
  haste: 1,
};

/** A number below `most`, the next of a series that a seed gives. */
export function chances(seed: number): (most: number) => number {
  const random = mulberry32(seed);
  return (most) => Math.floor(random() * most);
}

/** Files are views of this block, each from another place on, so that no content is copied and no two chunks are equal. */
const BLOCK = block(12 * 2 ** 20);
const ZEROS = Buffer.alloc(2 ** 20);

function block(bytes: number): Buffer {
  const words = new Uint32Array(bytes / 4);
  let state = 0x9e3779b9;
  for (let i = 0; i < words.length; i += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    words[i] = state ^ (state >>> 16);
  }
  return Buffer.from(words.buffer);
}

/** Bytes of a planned file. `changed`: of what it became. */
export function contentOf(id: number, { chunkSize, zeros, size }: PlannedEntry, offset: number, length: number, changed = false): Buffer {
  if (offset + length > size) throw new RangeError(`entry ${id} has no ${length} bytes at ${offset}`);
  const first = Math.floor(offset / chunkSize);
  if (zeros.length > 0 && offset + length > (first + 1) * chunkSize) return joined(id, { ...ENTRY, chunkSize, zeros, size }, offset, length, changed);
  if (zeros.includes(first)) return ZEROS.subarray(0, length);
  const from = (id % 64) * 1_021 + (changed ? 131_071 : 0) + offset;
  return BLOCK.subarray(from, from + length);
}

/** Content that reaches over several chunks, from the first one's beginning. */
function joined(id: number, entry: PlannedEntry, offset: number, length: number, changed: boolean): Buffer {
  const parts: Buffer[] = [];
  for (let at = offset; at < offset + length; at += entry.chunkSize) parts.push(contentOf(id, entry, at, Math.min(entry.chunkSize, offset + length - at), changed));
  return Buffer.concat(parts);
}

export function isZeros(bytes: Uint8Array): boolean {
  return bytes.length > 0 && bytes.length <= ZEROS.length && ZEROS.subarray(0, bytes.length).equals(bytes);
}

export function lengthOf({ size, chunkSize }: PlannedEntry, index: number): number {
  return Math.min(chunkSize, size - index * chunkSize);
}

export function chunksOf({ size, chunkSize }: PlannedEntry): number {
  return Math.ceil(size / chunkSize);
}

/** Hashes of a file's chunks, and its digest. */
export function digestOf(id: number, entry: PlannedEntry, hash: Hash): Buffer {
  const hashes = Buffer.alloc(chunksOf(entry) * 8);
  for (let index = 0; index * entry.chunkSize < entry.size; index += 1) {
    hashes.writeBigUInt64BE(hash([contentOf(id, entry, index * entry.chunkSize, lengthOf(entry, index))]), index * 8);
  }
  return fileDigest(entry.size, entry.chunkSize, hashes);
}

/** In place of SHA-256, which the machines only pass on. */
export const shaOf = (id: number) => Buffer.alloc(32, id + 1);

/** As xxh64, and much faster: from the first bytes, the last, and how many there are. */
export const quickHash: Hash = (pieces) => {
  let length = 0;
  let sum = 0n;
  for (const piece of pieces) {
    if (piece.length === 0) continue;
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.length);
    const ends = piece.length < 8 ? BigInt(bytes.readUIntLE(0, Math.min(6, piece.length))) + BigInt(bytes[piece.length - 1] ?? 0) * 2n ** 50n : bytes.readBigUInt64LE(0) ^ (bytes.readBigUInt64LE(piece.length - 8) * 3n);
    sum = BigInt.asUintN(64, (sum + ends) * 0x9e3779b97f4a7c15n);
    length += piece.length;
  }
  return BigInt.asUintN(64, sum + BigInt(length) * 0xc2b2ae3d27d4eb4fn);
};

/** What the machines are driven by: work that is done later, in whatever order. */
export interface Stage {
  readonly plan: Plan;
  readonly hash: Hash;
  /** Reads and writes are done when they are asked for. */
  readonly synchronous: boolean;
  later(what: string, work: () => void): void;
  /** Something is not as it should be. */
  broken(error: unknown): void;
}

/** A connection as its ends count it. */
export interface Ledger {
  limit: number;
  acked: number;
  cost: number;
  frames: number;
}

/** Whether a frame carries content, and costs credit. */
export function isContent(frame: Frame): frame is ContentFrame {
  return frame.type === 'data' || frame.type === 'whole' || frame.type === 'hole';
}
