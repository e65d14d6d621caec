/**
 * `--rate`, and its changes while a transfer runs: by keys at a terminal, or from a file on SIGUSR2.
 *
 * @module
 */
import { UsageError } from '../errors.js';
import { RateLimit } from '../transfer/rate-limit.js';
import type { ProgressListener } from '../transfer/progress.js';
import { formatRate, parseSize } from '../util/units.js';
import { readTextFile } from './text-file.js';

/** By how much a key changes the rate. */
const STEP = 1.25;
/** Where `-` begins when there was no limit. */
const START_BYTES_PER_SECOND = 100e6;

/** See the module's head. `end` lets go of the terminal. */
export interface RateControl {
  readonly rate: RateLimit;
  end(): void;
}

/**
 * @param option bytes per second, or `@file`; undefined for no limit.
 * @param keys whether standard input may be listened to.
 * @throws UsageError when it is no rate.
 */
export function controlRate(option: string | undefined, keys: boolean, onProgress: ProgressListener): RateControl {
  const file = option?.startsWith('@') === true ? option.slice(1) : undefined;
  const rate = new RateLimit(option === undefined ? undefined : parseRate(file === undefined ? option : readTextFile(file, file)));
  const change = (bytesPerSecond: number | undefined) => {
    rate.change(bytesPerSecond);
    onProgress({ type: 'notice', message: bytesPerSecond === undefined ? 'no limit on the rate' : `at most ${formatRate(bytesPerSecond)}` });
  };
  const ends: (() => void)[] = [];
  if (file !== undefined) ends.push(onSignal(() => change(parseRate(readTextFile(file, file))), onProgress));
  if (keys && process.stdin.isTTY && process.stderr.isTTY) ends.push(onKeys(rate, change));
  return {
    rate,
    end: () => {
      for (const end of ends) end();
    },
  };
}

function parseRate(text: string): number | undefined {
  const trimmed = text.trim().replace(/\/s$/u, '');
  if (trimmed === '' || trimmed === '0' || trimmed === 'none') return undefined;
  const bytes = parseSize(trimmed);
  if (bytes === undefined) throw new UsageError(`--rate takes bytes per second, such as 50MB, not ${JSON.stringify(trimmed.slice(0, 40))}`);
  return bytes === 0 ? undefined : bytes;
}

function onSignal(reread: () => void, onProgress: ProgressListener): () => void {
  const listener = () => {
    try {
      reread();
    } catch (error) {
      onProgress({ type: 'notice', message: `the rate stays: ${error instanceof Error ? error.message : String(error)}` });
    }
  };
  process.on('SIGUSR2', listener);
  return () => void process.off('SIGUSR2', listener);
}

/** `+` and `-` change the rate, `0` takes the limit away. Ctrl-C, which a raw terminal hands over as a byte, stays what it is. */
function onKeys(rate: RateLimit, change: (bytesPerSecond: number | undefined) => void): () => void {
  const { stdin } = process;
  const listener = (bytes: Buffer) => {
    for (const key of bytes.toString('latin1')) {
      if (key === '\x03') process.kill(process.pid, 'SIGINT');
      else if (key === '0') change(undefined);
      else if (key === '+' && rate.bytesPerSecond !== undefined) change(rate.bytesPerSecond * STEP);
      else if (key === '-') change((rate.bytesPerSecond ?? START_BYTES_PER_SECOND) / STEP);
    }
  };
  stdin.setRawMode(true);
  stdin.resume();
  stdin.unref();
  stdin.on('data', listener);
  const end = () => {
    stdin.off('data', listener);
    stdin.setRawMode(false);
    stdin.pause();
  };
  process.once('exit', end);
  return () => {
    process.off('exit', end);
    end();
  };
}
