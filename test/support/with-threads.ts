/**
 * Record threads in a test's process, whatever the machine has: node:test gives each file a process of its own.
 *
 * @module
 */
import type { RecordKey } from '../../src/crypto/record.js';
import type { RecordTask } from '../../src/transfer/record-thread.js';
import { recordThreads, type RecordThreads } from '../../src/transfer/record-threads.js';
import { chooseWorkers } from '../../src/util/spare-processors.js';
import { until } from './fake-events.js';

/** Starts so many, and waits until they take records. */
export async function startThreads(count: number): Promise<RecordThreads> {
  chooseWorkers(count);
  await until(() => recordThreads() !== undefined);
  return recordThreads() as RecordThreads;
}

/** What becomes of a record that is given to a thread. */
export function answerOf(threads: RecordThreads, kind: RecordTask['kind'], record: Uint8Array, key: RecordKey): Promise<unknown> {
  return new Promise((resolve) => threads.give(kind, record, key, resolve));
}

/** Has a thread die, as one would of a bug or without memory: node:crypto throws for such a key. */
export function killThread(threads: RecordThreads): Promise<unknown> {
  return answerOf(threads, 'seal', Buffer.allocUnsafeSlow(100), { key: Buffer.alloc(1), nonce: Buffer.alloc(12) });
}
