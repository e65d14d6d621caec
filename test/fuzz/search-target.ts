/**
 * A search for inputs that break one of the parsers.
 *
 * @module
 */
import { Worker } from 'node:worker_threads';
import { buildTarget } from './build-target.js';
import { readCorpus, writeCorpus } from './corpus.js';
import type { TargetName } from './targets/index.js';
import type { WorkerTask, WorkerWord } from './worker.js';

/** An input that takes this long never ends, milliseconds. */
const HUNG_MS = 20_000;
/** What a parser of a few kilobytes may take, MiB. */
const HEAP_MIB = 512;
const INPUT_BYTES = 65_536;

/** How a search ended. */
export interface Outcome {
  readonly executions: number;
  readonly seconds: number;
  /** Blocks of our own sources that ran, and how many there are in those files. */
  readonly reached: number;
  readonly blocks: number;
  readonly corpus: number;
  readonly finding?: { readonly input: Buffer; readonly error: string };
}

/**
 * Searches for `seconds`, from the corpus of the repository on, in a thread of its own: an input that never ends is found, too.
 * @param keep the corpus becomes the fewest inputs that reach all that was reached
 */
export async function searchTarget(name: TargetName, seconds: number, seed: number, keep = false): Promise<Outcome> {
  const { text, files, words } = await buildTarget(name);
  const shared = new SharedArrayBuffer(4 + INPUT_BYTES);
  const task: WorkerTask = { text, blocks: files.length, words, inputs: readCorpus(name), seconds, seed, shared };
  const startMs = performance.now();
  const last = await watch(new Worker(new URL('./worker.js', import.meta.url), { workerData: task, resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB } }), shared);
  const ours = files.map((file) => file.startsWith('src/'));
  const blocks = ours.filter(Boolean).length;
  const elapsed = (performance.now() - startMs) / 1000;
  if (last.kind !== 'over') return { executions: 0, seconds: elapsed, reached: 0, blocks, corpus: 0, finding: { input: Buffer.from(last.input), error: last.error } };
  if (keep) writeCorpus(name, last.smallest.map((one) => Buffer.from(one)));
  const reached = last.reached.filter((one, index) => one && ours[index] === true).length;
  return { executions: last.executions, seconds: elapsed, reached, blocks, corpus: last.smallest.length };
}

type LastWord = Exclude<WorkerWord, { kind: 'alive' }>;

function watch(worker: Worker, shared: SharedArrayBuffer): Promise<LastWord> {
  return new Promise((resolve) => {
    const current = (error: string): LastWord => {
      const length = Atomics.load(new Int32Array(shared, 0, 1), 0);
      return { kind: 'found', input: Buffer.from(new Uint8Array(shared, 4, Math.min(length, INPUT_BYTES))), error };
    };
    const end = (word: LastWord) => {
      clearTimeout(timer);
      resolve(word);
      void worker.terminate();
    };
    const hung = () => end(current(`no end within ${HUNG_MS} ms`));
    let timer = setTimeout(hung, HUNG_MS);
    worker.on('message', (word: WorkerWord) => {
      clearTimeout(timer);
      timer = setTimeout(hung, HUNG_MS);
      if (word.kind !== 'alive') end(word);
    });
    worker.on('error', (error) => end(current(`the thread died: ${String(error)}`)));
  });
}
