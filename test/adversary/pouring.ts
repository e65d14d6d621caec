/**
 * A sender that pours entries into a receiver, as many as it takes at once and on and on, and gives them no content but of
 * files that have none.
 *
 * @module
 */
import { batches, entryBytes } from '../../src/wire/batches.js';
import { ENTRIES_PER_FRAME, ENTRIES_UNSETTLED_MAX } from '../../src/wire/constants.js';
import type { Answer, ManifestEntry, WholePart } from '../../src/wire/frame.js';
import { loadChecksum } from '../../src/crypto/checksum.js';
import { entry } from '../e2e/hostile-frames.js';
import type { HostilePeer } from '../e2e/hostile-peer.js';

const SETTLED: ReadonlySet<Answer> = new Set(['equal', 'kept', 'placed', 'would'] as const);
const EMPTY = (await loadChecksum()).xxh64(Buffer.alloc(0));
/** An ack is due each 32 control frames. */
const ACK_EVERY = 32;

/** What came back. */
export interface Poured {
  readonly settled: number;
  readonly trouble: number;
}

/** Sends `count` entries after the offer; empty files that are wanted are given. Ids begin at `first`. */
export async function pour(peer: HostilePeer, count: number, make: (id: number) => Partial<ManifestEntry>, first = 0): Promise<Poured> {
  let [sent, settled, trouble, received] = [0, 0, 0, 0];
  while (settled < count) {
    while (sent < count && sent - settled + ENTRIES_PER_FRAME <= ENTRIES_UNSETTLED_MAX) {
      const most = Math.min(ENTRIES_PER_FRAME, count - sent);
      const entries = Array.from({ length: most }, (_, index) => entry({ id: first + sent + index, size: 0, ...make(first + sent + index) }));
      for (const some of batches(entries, ENTRIES_PER_FRAME, entryBytes)) peer.send({ type: 'entries', entries: some });
      sent += most;
    }
    const frame = await peer.receive();
    if (!['credit', 'ack', 'alive'].includes(frame.type)) received += 1;
    if (frame.type === 'answers') {
      settled += frame.answers.filter((answer) => SETTLED.has(answer)).length;
      const wanted = frame.answers.flatMap((answer, index): WholePart[] => (answer === 'want' ? [{ id: frame.first + index, length: 0, hash: EMPTY }] : []));
      if (wanted.length > 0) peer.send({ type: 'whole', parts: wanted, payload: [], length: 0 });
    } else if (frame.type === 'done') {
      settled += frame.ids.length;
    } else if (frame.type === 'trouble') {
      settled += 1;
      trouble += 1;
    } else if (frame.type === 'failure') {
      throw new Error(`${frame.code}: ${frame.message}`);
    }
    if (received % ACK_EVERY === 0) peer.send({ type: 'ack', received });
  }
  return { settled, trouble };
}
