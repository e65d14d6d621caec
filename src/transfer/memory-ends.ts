/**
 * A file that is nowhere: made up at one end and thrown away at the other, to measure the path between them.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import type { Sink } from '../storage/sink.js';
import type { Source } from '../storage/source.js';
import type { WholeWrites } from '../storage/tree.js';
import type { PlacedEntry, Placing } from '../wire/receiver-steps.js';
import type { Inbound, Leftover } from './inbound.js';
import { none } from './inbound-file.js';
import type { Outbound } from './outbound.js';
import { outboundOf } from './outbound-file.js';
import type { Sending } from './send.js';

/** Name of the file that is nowhere. */
export const MEMORY_NAME = 'memory';

/** Bytes of the random block that the content repeats: more than a compressor on the way looks back. */
const BLOCK_BYTES = 1024 * 1024;

/** A source of `size` bytes. */
export function memorySource(size: number): Source {
  const block = randomBytes(BLOCK_BYTES);
  return {
    name: MEMORY_NAME,
    size,
    mode: 0o600,
    mtimeNs: 0n,
    sparse: false,
    identity: randomBytes(32),
    read: (_offset, into) => {
      for (let at = 0; at < into.length; at += block.length) block.copy(into, at);
    },
    assertUnchanged: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

/** It as what is sent, in any number of sessions. */
export function memorySending(size: number): Sending {
  const outbound = (): Outbound => outboundOf(memorySource(size), MEMORY_NAME);
  return { file: undefined, outbound: () => Promise.resolve(outbound()), close: () => Promise.resolve() };
}

/** Takes one file and keeps nothing of it. */
export class MemoryInbound implements Inbound {
  readonly target = MEMORY_NAME;

  place(entries: readonly PlacedEntry[]): readonly Placing[] {
    return entries.map(({ id }) => ({ id, answer: 'want' }));
  }

  writeWhole(): WholeWrites {
    throw new Error('a single file comes in chunks');
  }

  open(): Promise<Sink> {
    return Promise.resolve(nowhere());
  }

  sha256(): Promise<Buffer> {
    return Promise.reject(new Error('nothing was kept'));
  }

  openExisting(): Promise<Source> {
    return Promise.reject(new Error('nothing is there'));
  }

  differs(): never {
    throw new Error('nothing is there before');
  }

  touch(): Promise<void> {
    return Promise.resolve();
  }

  extras(): AsyncIterable<readonly string[]> {
    return none();
  }

  removeExtras(): Promise<readonly Leftover[]> {
    return Promise.resolve([]);
  }

  finish(): Promise<readonly Leftover[]> {
    return Promise.resolve([]);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function nowhere(): Sink {
  const done = () => Promise.resolve();
  return {
    target: MEMORY_NAME,
    vouched: { count: 0, has: () => false, hashes: () => Buffer.alloc(0) },
    synchronous: true,
    alreadyCommitted: false,
    write: () => undefined,
    writeHole: () => undefined,
    read: () => {
      throw new Error('nothing was kept');
    },
    recordChunk: () => undefined,
    checkpoint: done,
    chunkHashes: () => Buffer.alloc(0),
    missing: () => [],
    commit: done,
    keep: done,
    discard: done,
  };
}
