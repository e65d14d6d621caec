/**
 * `streamer bench` and `streamer server bench`: wiring only.
 *
 * @module
 */
import { benchPath, type PathBenchResult } from '../../client/path-bench.js';
import { UsageError } from '../../errors.js';
import { formatRate } from '../../util/units.js';
import { readCoordinates } from '../arguments.js';
import { inFlags } from '../flags.js';
import { opened } from '../identity.js';
import type { Context } from '../action.js';
import { readPemFile } from '../text-file.js';
import { routeOf } from './client.js';
import { runServer, type ServerCommandOptions } from './server.js';

/** Options as commander gives them; durations in milliseconds, sizes in bytes. */
export interface BenchCommandOptions {
  readonly coordinates?: string;
  readonly size: number;
  readonly streams: number | 'auto';
  readonly window: number;
  readonly connectTimeout: number;
  readonly identity?: string;
  readonly ca?: string;
  readonly direct?: boolean;
  readonly viaRelay?: boolean;
}

/** The client's end. @throws StreamerError */
export async function runBench(words: readonly string[], options: BenchCommandOptions, { renderer, stopSignal }: Context): Promise<void> {
  if (words[0] !== undefined && options.coordinates !== undefined) throw new UsageError('the coordinates are given twice: as an argument and with --coordinates');
  const { measurement, result, verdict: { bound, text } } = await benchPath({
    coordinates: await opened(readCoordinates(words[0] ?? options.coordinates, process.env), options.identity, process.env),
    size: options.size,
    streams: options.streams,
    windowBytes: options.window,
    ...(options.ca === undefined ? {} : { ca: readPemFile(options.ca) }),
    route: routeOf(options),
    connectTimeoutMs: options.connectTimeout,
    signal: stopSignal(),
    onProgress: renderer.onProgress,
  });
  const verdict = { bound, text: inFlags(text) };
  renderer.print(textOf(measurement, verdict), { event: 'bench', ...measurement, bytes: result.size, durationMs: result.durationMs, verdict });
}

function textOf({ bytesPerSecond, rttMs, streams, cpuShare, retransmitted }: PathBenchResult['measurement'], verdict: PathBenchResult['verdict']): string {
  const loss = retransmitted === undefined ? '' : `, ${(retransmitted * 100).toFixed(3)}% of segments sent again`;
  return [
    `${formatRate(bytesPerSecond)} memory to memory, over ${streams} stream${streams === 1 ? '' : 's'}; round trip ${rttMs.toFixed(1)} ms; ${Math.round(cpuShare * 100)}% of a core at this end${loss}`,
    `bound by ${verdict.text}`,
  ].join('\n');
}

/** The server's end. @throws StreamerError */
export async function runServerBench(options: ServerCommandOptions & { readonly size: number; readonly receive?: boolean }, context: Context): Promise<void> {
  await runServer(options.receive === true ? 'receive' : 'send', ['memory'], { ...options, wire: 'native', memoryBytes: options.size }, context);
}
