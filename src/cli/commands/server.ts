/**
 * `streamer server send|receive`: wiring only.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { StorageError, UsageError } from '../../errors.js';
import { DEFAULTS, type WireChoice } from '../../options.js';
import { serve, type ServeOptions } from '../../server/server.js';
import { readSecret } from '../arguments.js';
import type { Context } from '../program.js';

/** Options as commander gives them; durations in milliseconds, sizes in bytes. */
export interface ServerCommandOptions {
  readonly secret?: string;
  readonly secretFile?: string;
  readonly publicIps?: readonly string[];
  readonly host: string;
  readonly portRange: readonly [number, number];
  readonly waitTimeout: number;
  readonly inboundTransferLimit: number;
  readonly coordinatesFile?: string;
  readonly compat?: boolean;
  readonly wire: WireChoice;
  readonly window: number;
  readonly path?: string;
}

/** Runs the server to its end. @throws StreamerError */
export async function runServer(
  action: 'send' | 'receive',
  words: readonly (string | undefined)[],
  options: ServerCommandOptions,
  { renderer, signal }: Context,
): Promise<void> {
  if (words[0] !== undefined && options.path !== undefined) throw new UsageError('the path is given twice: as an argument and with --path');
  const path = words[0] ?? options.path;
  if (path === undefined) throw new UsageError(`which file? streamer server [options] ${action} --path <path>`);
  const secret = readSecret(options, process.env);
  const settings: ServeOptions = {
    action,
    path,
    ...(secret === undefined ? {} : { secret }),
    compat: options.compat ?? false,
    wire: options.wire,
    host: options.host,
    portRange: options.portRange,
    publicIps: options.publicIps ?? DEFAULTS.publicIps,
    waitTimeoutMs: options.waitTimeout,
    inboundTransferLimit: options.inboundTransferLimit,
    windowBytes: options.window,
    signal,
    onProgress: renderer.onProgress,
  };
  const server = await serve(settings);
  renderer.print(`Server is listening on ${server.url}`, { event: 'server', url: server.url, port: server.port });
  const { coordinatesFile: file } = options;
  if (file === undefined) {
    renderer.print(`Use these coordinates to connect: ${server.coordinates}`, { event: 'coordinates', coordinates: server.coordinates });
  } else {
    await writeSecretFile(file, `${server.coordinates}\n`);
    renderer.print(`Use the coordinates in ${file} to connect`, { event: 'coordinates', file });
  }
  await server.done;
}

/** Writes a file that only its owner can read, whole or not at all. */
async function writeSecretFile(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    const handle = await open(draft, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, path);
  } catch (cause) {
    await rm(draft, { force: true });
    throw new StorageError('storage-io', `cannot write the coordinates to ${path}: ${(cause as Error).message}`, { cause });
  }
}
