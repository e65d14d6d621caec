/**
 * `streamer send` and `streamer receive`: wiring only.
 *
 * @module
 */
import { receive, send } from '../../client/client.js';
import { UsageError } from '../../errors.js';
import type { WireChoice } from '../../options.js';
import { looksLikeCoordinates, readCoordinates } from '../arguments.js';
import type { Context } from '../program.js';

/** Options as commander gives them; durations in milliseconds, sizes in bytes. */
export interface ClientCommandOptions {
  readonly coordinates?: string;
  readonly path?: string;
  readonly wire: WireChoice;
  readonly requireEncryption?: boolean;
  readonly connectTimeout: number;
  readonly retryTimeout: number;
  readonly window?: number;
}

/** Runs one of the two. @throws StreamerError */
export async function runClient(
  name: 'send' | 'receive',
  words: readonly (string | undefined)[],
  options: ClientCommandOptions,
  { renderer, stopSignal }: Context,
): Promise<void> {
  const given = sortWords(words, options, process.env);
  if (options.requireEncryption === true && options.wire === 'compat') throw new UsageError('--wire compat is not encrypted, and --require-encryption wants it to be');
  if (name === 'send' && given.path === undefined) throw new UsageError('which file? streamer send <coordinates> <path>');
  const common = {
    coordinates: readCoordinates(given.coordinates, process.env),
    signal: stopSignal(),
    onProgress: renderer.onProgress,
    wire: options.requireEncryption === true ? 'native' : options.wire,
    connectTimeoutMs: options.connectTimeout,
    retryTimeoutMs: options.retryTimeout,
  } as const;
  if (name === 'send') await send({ ...common, path: given.path ?? '' });
  else await receive({ ...common, ...(given.path === undefined ? {} : { path: given.path }), ...(options.window === undefined ? {} : { windowBytes: options.window }) });
}

/** Arguments and options to coordinates and path. One argument alone is the path where the coordinates come otherwise. */
export function sortWords(
  words: readonly (string | undefined)[],
  options: Pick<ClientCommandOptions, 'coordinates' | 'path'>,
  env: NodeJS.ProcessEnv,
): { coordinates: string | undefined; path: string | undefined } {
  const [first, second] = words;
  const elsewhere = options.coordinates !== undefined || (env['STREAMER_COORDINATES'] ?? '') !== '';
  const alone = first !== undefined && second === undefined;
  const firstIsPath = alone && (options.coordinates !== undefined || (elsewhere && !looksLikeCoordinates(first)));
  const coordinates = firstIsPath ? undefined : first;
  const path = firstIsPath ? first : second;
  if (coordinates !== undefined && options.coordinates !== undefined) throw new UsageError('the coordinates are given twice: as an argument and with --coordinates');
  if (path !== undefined && options.path !== undefined) throw new UsageError('the path is given twice: as an argument and with --path');
  return { coordinates: coordinates ?? options.coordinates, path: path ?? options.path };
}
