/**
 * Threads that seal and open the large records of all connections, where there are processors for them. A record is
 * independent of the others once it has its key and nonce, so any thread may take it.
 *
 * @module
 */
import { Worker } from 'node:worker_threads';
import type { RecordKey } from '../crypto/record.js';
import { workerCount } from '../util/spare-processors.js';
import { READY, recordThread, type RecordAnswer, type RecordTask } from './record-thread.js';

/**
 * Smaller records cost less than their way to a thread. And a record that comes in is gathered in memory of the largest's size,
 * which must not be much more than what the window counts.
 */
export const THREAD_RECORD_MIN = 512 * 1024;
/** Largest record that a thread takes, with its tag: a data frame of one default chunk, or a whole frame. */
export const THREAD_RECORD_MAX = 1024 * 1024 + 96 * 1024;
/** Large records after which threads are started: less is over before they are. */
const RECORDS_BEFORE_START = 16;

/** Takes a record back; `died` when its thread has, and the record with it. */
type Done = (answer: RecordAnswer | 'died') => void;

/** One thread, and who waits for what of it. */
class RecordWorker {
  readonly #worker: Worker;
  readonly #waiting: Done[] = [];

  constructor(events: { readonly ready: () => void; readonly died: () => void }) {
    this.#worker = new Worker(`(${recordThread.toString()})(require)`, { eval: true, execArgv: [], env: {} });
    this.#worker.on('message', (answer: RecordAnswer | typeof READY) => {
      if (answer === READY) events.ready();
      else this.#answered(answer);
    });
    // It is followed by 'exit'.
    this.#worker.on('error', () => undefined);
    this.#worker.on('exit', () => {
      events.died();
      for (const done of this.#waiting.splice(0)) done('died');
    });
    // It keeps the process only while it has a record. Last: a listener for messages would have it keep it again.
    this.#worker.unref();
  }

  #answered(answer: RecordAnswer): void {
    const done = this.#waiting.shift();
    if (this.#waiting.length === 0) this.#worker.unref();
    done?.(answer);
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  give(task: RecordTask, done: Done): void {
    if (this.#waiting.length === 0) this.#worker.ref();
    this.#waiting.push(done);
    this.#worker.postMessage(task, [task.record.buffer as ArrayBuffer]);
  }
}

/** See the module's head. */
export class RecordThreads {
  readonly #workers: RecordWorker[] = [];
  #unready: number;
  #dead = false;

  /** Starts so many, one at least. */
  constructor(count: number) {
    this.#unready = count;
    const events = { ready: () => (this.#unready -= 1), died: () => (this.#dead = true) };
    try {
      for (let left = count; left > 0; left -= 1) this.#workers.push(new RecordWorker(events));
    } catch {
      // The system gives no more threads.
      this.#dead = true;
    }
  }

  /** Whether all of them have begun. */
  get ready(): boolean {
    return this.#unready === 0;
  }

  /** Whether one of them has died: then nothing more is to be given to any. */
  get dead(): boolean {
    return this.#dead;
  }

  /** Seals or opens a record, whose memory goes with it: all that is behind the view. */
  give(kind: RecordTask['kind'], record: Uint8Array, { key, nonce }: RecordKey, done: Done): void {
    const [first, ...others] = this.#workers as [RecordWorker, ...RecordWorker[]];
    const idlest = others.reduce((so, worker) => (worker.waiting < so.waiting ? worker : so), first);
    // Copies: of a view on a pool, all of the pool would be sent.
    idlest.give({ kind, key: Uint8Array.from(key), nonce: Uint8Array.from(nonce), record }, done);
  }
}

let threads: RecordThreads | undefined;
let asked = 0;

/** Whether large records may be given to threads, now or soon. */
export function threadsWanted(): boolean {
  return workerCount() > 0 && threads?.dead !== true;
}

/** The process's threads, for a large record; undefined where there are to be none, or not yet, or no more. */
export function recordThreads(): RecordThreads | undefined {
  if (workerCount() === 0 || (asked += 1) <= RECORDS_BEFORE_START) return undefined;
  threads ??= new RecordThreads(workerCount());
  return threads.ready && !threads.dead ? threads : undefined;
}
