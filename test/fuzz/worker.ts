/**
 * The thread that searches: its owner watches it, for an input that never ends or takes all memory.
 *
 * @module
 */
import { createRequire } from 'node:module';
import { Script } from 'node:vm';
import { parentPort, workerData } from 'node:worker_threads';
import { COUNTERS } from './instrument.js';
import { dictionary, drawing } from './mutate.js';
import { Search, type Finding } from './search.js';
import type { FuzzTarget } from './target.js';

/** What the owner gives. */
export interface WorkerTask {
  readonly text: string;
  readonly blocks: number;
  readonly words: readonly (string | number)[];
  readonly inputs: readonly Uint8Array[];
  readonly seconds: number;
  readonly seed: number;
  /** Length and bytes of the input that runs. */
  readonly shared: SharedArrayBuffer;
}

/** What it is told. */
export type WorkerWord =
  | { readonly kind: 'alive'; readonly executions: number; readonly corpus: number }
  | { readonly kind: 'found'; readonly input: Uint8Array; readonly error: string }
  | { readonly kind: 'over'; readonly executions: number; readonly reached: readonly boolean[]; readonly smallest: readonly Uint8Array[] };

/** Between two signs of life, milliseconds. */
const SLICE_MS = 500;

function main({ text, blocks, words, inputs, seconds, seed, shared }: WorkerTask): void {
  const counters = new Uint8Array(blocks);
  Object.defineProperty(globalThis, COUNTERS, { value: counters });
  const { maxBytes, seeds, fuzz } = load(text);
  const [head, running] = [new Int32Array(shared, 0, 1), new Uint8Array(shared, 4)];
  const search = new Search({
    fuzz,
    counters,
    words: dictionary(words),
    maxBytes,
    draw: drawing(seed),
    running: (input) => {
      running.set(input.subarray(0, running.length));
      Atomics.store(head, 0, input.length);
    },
  });
  const endMs = performance.now() + seconds * 1000;
  const finding = search.take([...seeds(), ...inputs, Buffer.alloc(0)].map((one) => Buffer.from(one)));
  if (finding !== undefined) {
    tellFound(finding);
    return;
  }
  while (performance.now() < endMs) {
    const found = search.goOn(Math.min(endMs, performance.now() + SLICE_MS));
    if (found !== undefined) {
      tellFound(found);
      return;
    }
    tell({ kind: 'alive', executions: search.executions, corpus: search.corpus.length });
  }
  tell({ kind: 'over', executions: search.executions, reached: search.reached(), smallest: search.smallest(search.corpus) });
}

function load(text: string): FuzzTarget {
  const bundle: { exports: { target?: FuzzTarget } } = { exports: {} };
  const script = new Script(`(function(exports,require,module){${text}\n})`, { filename: 'target.cjs' });
  const run = script.runInThisContext() as (exports: object, require: NodeJS.Require, module: object) => void;
  run(bundle.exports, createRequire(import.meta.url), bundle);
  if (bundle.exports.target === undefined) throw new Error('no target');
  return bundle.exports.target;
}

function tell(word: WorkerWord): void {
  parentPort?.postMessage(word);
}

function tellFound({ input, error }: Finding): void {
  tell({ kind: 'found', input, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
}

main(workerData as WorkerTask);
