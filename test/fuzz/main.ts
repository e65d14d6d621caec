/**
 * `npm run fuzz -- TARGET [--seconds N] [--seed N] [--keep]`: searches for inputs that break a parser. With `--keep` the
 * corpus of the repository becomes the fewest inputs that reach all that was reached.
 *
 * No fuzzer of the registry runs here: @jazzer.js/core's prebuilt addon wants glibc 2.38, and jsfuzz reads no code of this
 * decade. So the loop is our own; the idea is AFL's.
 *
 * @module
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { buildTarget } from './build-target.js';
import { readCorpus, writeCorpus } from './corpus.js';
import { TARGETS, type TargetName } from './targets/index.js';
import type { WorkerTask, WorkerWord } from './worker.js';

/** An input that takes this long never ends, milliseconds. */
const HUNG_MS = 20_000;
/** What a parser of a few kilobytes may take, MiB. */
const HEAP_MIB = 512;
const INPUT_BYTES = 65_536;

/** How a search ended. */
interface Outcome {
  readonly executions: number;
  readonly seconds: number;
  /** Blocks of our own sources that ran, and how many there are in those files. */
  readonly reached: number;
  readonly blocks: number;
  readonly corpus: number;
  readonly finding?: { readonly input: Buffer; readonly error: string };
}

/** Searches for `seconds`. */
async function fuzz(name: TargetName, seconds: number, seed: number, keep: boolean): Promise<Outcome> {
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

/** The command. @returns its exit status. */
async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string' }, keep: { type: 'boolean', default: false } },
  });
  const names = positionals.length === 0 ? TARGETS : TARGETS.filter((name) => positionals.includes(name));
  const seconds = Number(values.seconds);
  const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed);
  if (names.length < positionals.length || !(seconds > 0) || !Number.isInteger(seed)) {
    console.error(`usage: npm run fuzz -- [${TARGETS.join('|')}]... [--seconds N] [--seed N] [--keep]`);
    return 2;
  }
  let found = 0;
  for (const name of names) {
    const { executions, seconds: took, reached, blocks, corpus, finding } = await fuzz(name, seconds, seed, values.keep);
    if (finding === undefined) {
      console.log(`${name}: seed ${seed}, ${took.toFixed(0)} s, ${executions} executions, ${Math.round(executions / took)} a second, ${reached} of ${blocks} blocks, corpus ${corpus}, no finding`);
      continue;
    }
    found += 1;
    console.log(`${name}: seed ${seed}, FOUND: ${finding.error}\n  input, base64: ${finding.input.toString('base64')}`);
  }
  return found === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
