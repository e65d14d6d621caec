/**
 * A whole session of a sender's frames, the manifest first among them, into the receiver's machine with a storage that does
 * at once what it is asked. The machine ends with one of our errors or goes on; it writes only what was announced and
 * asked for, beneath the root, within the file's size and the limit.
 *
 * @module
 */
import assert from 'node:assert/strict';
import { ProtocolError, StorageError, type StreamerError } from '../../../src/errors.js';
import { treeNames } from '../../../src/storage/safe-path.js';
import { ChunkTable } from '../../../src/wire/chunk-table.js';
import { decodeFrame } from '../../../src/wire/decode.js';
import { encodeFrame } from '../../../src/wire/encode.js';
import type { Frame, ManifestEntry } from '../../../src/wire/frame.js';
import { ReceiverMachine } from '../../../src/wire/receiver-machine.js';
import type { ReceiverEffect, ReceiverInput } from '../../../src/wire/receiver-steps.js';
import { ENTRIES } from '../../support/fake-frames.js';
import { orRefused, type FuzzTarget } from '../target.js';

const LIMIT = 2 ** 30;
const HASH = 7n;

/** Storage that does at once what it is asked, and watches. */
class World {
  readonly #machine = new ReceiverMachine({ limitBytes: LIMIT, windowBytes: 2 ** 24, checksum: { xxh64Pieces: () => HASH } });
  readonly #wanted = new Map<number, ManifestEntry>();
  #isPipe = false;
  over = false;

  feed(input: ReceiverInput): void {
    const inputs = [input];
    for (let next = inputs.shift(); next !== undefined && !this.over; next = inputs.shift()) {
      for (const effect of this.#machine.handle(next)) inputs.push(...this.#perform(effect));
    }
  }

  #perform(effect: ReceiverEffect): ReceiverInput[] {
    switch (effect.kind) {
      case 'target':
        this.#isPipe = effect.offer.root === 'pipe';
        return [{ kind: 'targeted' }];
      case 'place':
        return [{ kind: 'placed', placings: effect.entries.map((entry) => this.#placed(entry)) }];
      case 'compare':
        return [{ kind: 'compared', placing: { id: effect.entry.id, answer: 'want' } }];
      case 'open':
        this.#assertWanted(effect.entry.id);
        // A table takes 8 bytes a chunk, and the machine has let no more through than it may.
        return [{ kind: 'opened', id: effect.entry.id, table: new ChunkTable(effect.entry.size, effect.chunkSize) }];
      case 'write':
        this.#assertWithin(effect.id, effect.offset + effect.length);
        return [{ kind: 'chunksWritten', arrival: effect.arrival, id: effect.id, chunks: [{ index: effect.index, hash: effect.hash }] }];
      case 'writeHole':
        this.#assertWanted(effect.id);
        return [{ kind: 'chunksWritten', arrival: effect.arrival, id: effect.id, chunks: Array.from(effect.indices, (index) => ({ index, hash: HASH })) }];
      case 'writeWhole':
        for (const { entry, content } of effect.files) {
          this.#assertWanted(entry.id);
          assert.equal(content.reduce((sum, { length }) => sum + length, 0), entry.size, 'a whole file has its size');
        }
        return [{ kind: 'wholeTaken', arrival: effect.arrival }, { kind: 'settled', results: effect.files.map(({ entry }) => ({ id: entry.id })) }];
      case 'commit':
        this.#assertWithin(effect.entry.id, effect.size);
        return [{ kind: 'settled', results: [{ id: effect.entry.id }] }];
      case 'finish':
        return [{ kind: 'finished', removed: 0, failed: 0 }];
      case 'done':
      case 'fail':
        this.over = true;
        return [];
      default:
        return [];
    }
  }

  #placed(entry: Omit<ManifestEntry, 'linkTo'>): { id: number; answer: 'want' | 'placed' | 'trouble'; error?: StreamerError } {
    const names = orRefused(() => treeNames(entry.path), (error) => error instanceof StorageError);
    if (names === undefined) return { id: entry.id, answer: 'trouble', error: new StorageError('storage-unsafe-path', 'refused') };
    assert.ok(names.every((name) => name !== '' && name !== '.' && name !== '..' && !/[/\0]/u.test(name)), 'no path leads out of the tree');
    if (entry.kind !== 'file') return { id: entry.id, answer: 'placed' };
    this.#wanted.set(entry.id, entry);
    return { id: entry.id, answer: 'want' };
  }

  #assertWanted(id: number): ManifestEntry {
    const entry = this.#wanted.get(id);
    assert.ok(entry, 'only what was announced and asked for is opened or written');
    return entry;
  }

  #assertWithin(id: number, end: number): void {
    const { size } = this.#assertWanted(id);
    assert.ok(this.#isPipe || end <= size, `byte ${end} of ${size}`);
    assert.ok(end <= LIMIT, 'within the limit');
  }
}

/** Frames with their length before each, 2 bytes, and its stream in the highest bits. */
function session(frames: readonly Frame[]): Buffer {
  return Buffer.concat(
    frames.map((frame) => {
      const bytes = Buffer.concat(encodeFrame(frame));
      const head = Buffer.alloc(2);
      head.writeUInt16BE(bytes.length);
      return Buffer.concat([head, bytes]);
    }),
  );
}

const OFFER = { type: 'offer', root: 'tree', name: 'run7', existing: undefined, checksum: false, dryRun: false, delete: false, sha256: false, rules: [] } as const;
const FILE: ManifestEntry = { id: 0, kind: 'file', path: 'a', size: 100_000, mode: 0o644, mtimeNs: 1n };
const CHUNK = 65_536;

const data = (id: number, offset: number, length: number): Frame => ({ type: 'data', id, offset, hash: HASH, length, payload: [Buffer.alloc(length)] });

export const target: FuzzTarget = {
  maxBytes: 8192,
  seeds: () => [
    session([OFFER, { type: 'entries', entries: ENTRIES }, { type: 'manifestEnd', entries: ENTRIES.length, complete: true }, { type: 'bye' }]),
    session([OFFER, { type: 'entries', entries: [{ ...FILE, size: 2 }] }, { type: 'whole', parts: [{ id: 0, length: 2, hash: HASH }], length: 2, payload: [Buffer.from('xy')] }, { type: 'manifestEnd', entries: 1, complete: true }, { type: 'bye' }]),
    session([
      { ...OFFER, root: 'file' },
      { type: 'entries', entries: [{ ...FILE, size: 3 * CHUNK - 1 }] },
      { type: 'file', id: 0, chunkSize: CHUNK, identity: Buffer.alloc(32) },
      { type: 'hole', id: 0, first: 0, count: 2 },
      { type: 'hole', id: 0, first: 2, count: 1 },
      { type: 'fileEnd', id: 0, size: 3 * CHUNK - 1, digest: Buffer.alloc(32) },
      { type: 'manifestEnd', entries: 1, complete: true },
    ]),
    session([{ ...OFFER, root: 'file' }, { type: 'entries', entries: [{ ...FILE, size: 700 }] }, { type: 'file', id: 0, chunkSize: CHUNK, identity: Buffer.alloc(32) }, data(0, 0, 700), { type: 'fileEnd', id: 0, size: 700, digest: Buffer.alloc(32) }]),
    session([{ ...OFFER, root: 'pipe', name: '' }, { type: 'entries', entries: [{ ...FILE, size: 0, path: '' }] }, data(0, 0, 500), { type: 'fileEnd', id: 0, size: 500, digest: Buffer.alloc(32) }]),
  ],
  fuzz: (bytes) => {
    const world = new World();
    for (const stream of [0, 1, 2, 3]) world.feed({ kind: 'attached', stream });
    for (let at = 0; at + 2 <= bytes.length && !world.over; ) {
      const head = bytes.readUInt16BE(at);
      const [stream, length] = [head >> 14, head & 0x3fff];
      const frame = orRefused(() => decodeFrame([bytes.subarray(at + 2, at + 2 + length)]), (error) => error instanceof ProtocolError);
      if (frame === undefined) return;
      world.feed({ kind: 'frame', stream, frame });
      at += 2 + length;
    }
  },
};
