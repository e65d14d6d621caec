/**
 * A file that is there, and has the size of the one that is offered: whether its content is the same.
 *
 * @module
 */
import type { Checksum } from '../crypto/checksum.js';
import { StreamerError } from '../errors.js';
import type { Placing, ReceiverEffect } from '../wire/receiver-steps.js';
import { asPlaced } from './chunked-files.js';
import { digestOf } from './file-hashes.js';
import type { Inbound } from './inbound.js';

/** Compares with the sender's digest. What is equal gets the entry's mode and time; what cannot be read is trouble. */
export async function compareExisting(inbound: Inbound, wish: Extract<ReceiverEffect, { kind: 'compare' }>, checksum: Checksum, dryRun: boolean): Promise<Placing> {
  const { id } = wish.entry;
  const placed = asPlaced(wish.entry);
  try {
    const source = await inbound.openExisting(placed);
    try {
      const here = await digestOf(source, wish.chunkSize, checksum);
      if (!here.equals(wish.digest)) return { id, answer: dryRun ? 'would' : 'want' };
    } finally {
      await source.close();
    }
    await inbound.touch(placed);
    return { id, answer: 'equal' };
  } catch (error) {
    if (error instanceof StreamerError) return { id, answer: 'trouble', error };
    throw error;
  }
}
