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

/** Waits for a thread's answer. Threads keep no process: without a socket something else must. */
export async function answerOf(threads: RecordThreads, kind: RecordTask['kind'], record: Uint8Array, key: RecordKey): Promise<unknown> {
  const answers: unknown[] = [];
  threads.give(kind, record, key, (answer) => answers.push(answer));
  await until(() => answers.length > 0);
  return answers[0];
}

/** Has a thread die, as one would of a bug or without memory: node:crypto throws for such a key. */
export function killThread(threads: RecordThreads): Promise<unknown> {
  return answerOf(threads, 'seal', Buffer.allocUnsafeSlow(100), { key: Buffer.alloc(1), nonce: Buffer.alloc(12) });
}
