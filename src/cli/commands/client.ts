/**
 * `streamer send` and `streamer receive`: wiring only.
 *
 * @module
 */
import { receive, send } from '../../client/client.js';
import { UsageError } from '../../errors.js';
import type { Route, WireChoice } from '../../options.js';
import { looksLikeCoordinates, readCoordinates } from '../arguments.js';
import { opened } from '../identity.js';
import type { Context } from '../action.js';
import { readPemFile } from '../text-file.js';
import { transferChoices, type TransferCommandOptions } from '../transfer-options.js';
import { withTransferTools } from '../transfer-tools.js';

/** Options as commander gives them; durations in milliseconds, sizes in bytes. */
export interface ClientCommandOptions extends TransferCommandOptions {
  readonly coordinates?: string;
  readonly path?: string;
  readonly wire: WireChoice;
  readonly requireEncryption?: boolean;
  readonly connectTimeout: number;
  readonly retryTimeout: number;
  readonly window?: number;
  readonly streams: number | 'auto';
  readonly identity?: string;
  readonly ca?: string;
  readonly direct?: boolean;
  readonly viaRelay?: boolean;
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
  if (name === 'send' && given.paths.length === 0) throw new UsageError('which file? streamer send <coordinates> <path>');
  if (name === 'receive' && given.paths.length > 1) throw new UsageError('receive takes one target path');
  if (name === 'receive' && given.paths[0] === '-') renderer.leaveOutput();
  if (name === 'send' && given.paths.includes('-') && (given.coordinates ?? process.env['STREAMER_COORDINATES']) === '-') {
    throw new UsageError('standard input cannot be both, the coordinates and what is sent: give the coordinates as @file or in STREAMER_COORDINATES');
  }
  const choices = transferChoices(options);
  const coordinates = await opened(readCoordinates(given.coordinates, process.env), options.identity, process.env);
  await withTransferTools(options, renderer, !given.paths.includes('-'), async ({ rate, onProgress }) => {
    const common = {
      ...choices,
      rate,
      coordinates,
      signal: stopSignal(),
      onProgress,
      wire: options.requireEncryption === true ? 'native' : options.wire,
      ...(options.ca === undefined ? {} : { ca: readPemFile(options.ca) }),
      route: routeOf(options),
      connectTimeoutMs: options.connectTimeout,
      retryTimeoutMs: options.retryTimeout,
      streams: options.streams,
    } as const;
    const [path] = given.paths;
    if (name === 'send') await send({ ...common, path: given.paths });
    else await receive({ ...common, ...(path === undefined ? {} : { path }), ...(options.window === undefined ? {} : { windowBytes: options.window }) });
  });
}

/** @throws UsageError for both */
export function routeOf({ direct, viaRelay }: { readonly direct?: boolean; readonly viaRelay?: boolean }): Route {
  if (direct === true && viaRelay === true) throw new UsageError('--direct and --via-relay exclude each other: give one');
  if (direct === true) return 'direct';
  return viaRelay === true ? 'relay' : 'auto';
}

/** Arguments and options to coordinates and paths. The first argument is a path, too, where the coordinates come otherwise. */
export function sortWords(
  words: readonly (string | undefined)[],
  options: Pick<ClientCommandOptions, 'coordinates' | 'path'>,
  env: NodeJS.ProcessEnv,
): { coordinates: string | undefined; paths: readonly string[] } {
  const given = words.filter((word) => word !== undefined);
  const [first] = given;
  const inEnvironment = (env['STREAMER_COORDINATES'] ?? '') !== '';
  const alone = given.length === 1;
  const firstIsPath = first !== undefined && (options.coordinates === undefined ? inEnvironment && !looksLikeCoordinates(first) : alone || !looksLikeCoordinates(first));
  const coordinates = firstIsPath ? undefined : first;
  const paths = firstIsPath ? given : given.slice(1);
  if (coordinates !== undefined && options.coordinates !== undefined) throw new UsageError('the coordinates are given twice: as an argument and with --coordinates');
  if (paths.length > 0 && options.path !== undefined) throw new UsageError('the path is given twice: as an argument and with --path');
  return { coordinates: coordinates ?? options.coordinates, paths: options.path === undefined ? paths : [options.path] };
}
