/**
 * A file that is there, and has the size of the one that is offered: whether its content is the same.
 *
 * @module
 */
import type { Checksum } from '../crypto/checksum.js';
import { AbortError, StreamerError } from '../errors.js';
import type { Placing, ReceiverEffect } from '../wire/receiver-steps.js';
import { asPlaced } from './chunked-files.js';
import { digestOf } from './file-hashes.js';
import type { Inbound } from './inbound.js';

/** Where it is compared, and how. */
export interface Comparing {
  readonly inbound: Inbound;
  readonly checksum: Checksum;
  readonly dryRun: boolean;
  /** Called between two pieces; it may throw, to stop. */
  readonly beat: () => void;
}

/**
 * Compares with the sender's digest. What is equal gets the entry's mode and time; what cannot be read is trouble.
 * @throws AbortError when it was stopped
 */
export async function compareExisting(wish: Extract<ReceiverEffect, { kind: 'compare' }>, { inbound, checksum, dryRun, beat }: Comparing): Promise<Placing> {
  const { id } = wish.entry;
  const placed = asPlaced(wish.entry);
  try {
    const source = await inbound.openExisting(placed);
    try {
      const here = await digestOf(source, wish.chunkSize, checksum, beat);
      if (!here.equals(wish.digest)) return different(inbound.differs(placed), dryRun);
    } finally {
      await source.close();
    }
    await inbound.touch(placed);
    return { id, answer: 'equal' };
  } catch (error) {
    if (error instanceof StreamerError && !(error instanceof AbortError)) return { id, answer: 'trouble', error };
    throw error;
  }
}

function different(placing: Placing, dryRun: boolean): Placing {
  return dryRun && placing.answer === 'want' ? { ...placing, answer: 'would' } : placing;
}
