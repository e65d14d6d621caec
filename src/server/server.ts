/**
 * The job's side: listen, wait for the one client, one transfer, leave.
 *
 * @module
 */
import { UsageError } from '../errors.js';
import type { WireChoice } from '../options.js';
import { checkRules } from '../storage/path-filter.js';
import { isDirectory } from '../storage/safe-path.js';
import { assertTargetFree } from '../storage/sink.js';
import { ARGUMENTS, checkArguments } from '../transfer/argument-checks.js';
import { memorySending } from '../transfer/memory-ends.js';
import { compatTarget } from '../transfer/receive-compat.js';
import { openSending, type Sending } from '../transfer/send.js';
import { OneTransfer } from './one-transfer.js';
import { checkReach, checkTls, chooseSecret, withDefaults, withoutCompat, type ServeOptions, type Settings } from './serve-options.js';
import type { StreamerServer } from './streamer-server.js';

export type { RelayChoice, ServeOptions, TlsIdentity } from './serve-options.js';
export type { StreamerServer } from './streamer-server.js';

/**
 * Starts a server for one transfer with one client.
 *
 * ```ts
 * import { mkdir } from 'node:fs/promises';
 * import { RateLimit, receive, send, serve, TimeoutError } from 'firecrest-streamer-ts';
 *
 * const server = await serve({
 *   action: 'send',
 *   path: 'results.h5',
 *   host: '127.0.0.1',
 *   publicIps: ['127.0.0.1'],
 *   portRange: [0, 0],
 *   waitTimeoutMs: 60_000,
 * });
 * // Whoever has the coordinates may take the file: they are as secret as the file.
 * await receive({ coordinates: server.coordinates, path: 'copy.h5' });
 * const { size, remote } = await server.done;
 * console.log(`${size} bytes to ${remote}`);
 *
 * // A directory, at most 20 MB per second; what is there already is replaced only where the sender's is newer.
 * const collecting = await serve({ action: 'receive', path: 'collected', portRange: [0, 0], existing: 'update', rate: new RateLimit(20e6) });
 * await mkdir('run/logs', { recursive: true });
 * await send({ coordinates: collecting.coordinates, path: ['run', 'results.h5'] });
 * const { entries } = await collecting.done;
 * console.log(`${entries.moved} files moved, ${entries.placed} directories and links`);
 *
 * const lonely = await serve({ action: 'receive', path: 'other.h5', portRange: [0, 0], waitTimeoutMs: 100 });
 * await lonely.done.catch((error: unknown) => {
 *   if (!(error instanceof TimeoutError)) throw error;
 *   console.log(error.code, error.exitCode);
 * });
 * ```
 *
 * @param options sizes in bytes, times in milliseconds.
 * @returns when it listens. The transfer's end is the server's `done`, which rejects as `send` does, with
 * TimeoutError when no client came, and with LimitError when the client's file is over `inboundTransferLimit`.
 * @throws UsageError for a bad option; StorageError when the file is missing or the target exists; ConnectError when no
 * port is free.
 */
export async function serve(options: ServeOptions): Promise<StreamerServer> {
  checkArguments(options, ARGUMENTS, 'action', 'path');
  checkRules(options.rules);
  const settings = withoutCompat(withDefaults(options));
  checkReach(settings);
  if (settings.compat && settings.wire === 'native') throw new UsageError("`compat` asks for coordinates that the Python streamer can use, and `wire: 'native'` keeps it out: leave one out");
  const secret = chooseSecret(settings);
  checkTls(settings);
  if (settings.tls !== undefined && typeof secret === 'string') throw new UsageError("TLS needs coordinates that say so, which plain ones cannot: leave out the secret, `compat` and `wire: 'compat'`, or `tls`");
  // A file that is missing now would be missing later, too: better than a job that waits to say so.
  const sending = settings.action === 'send' ? await openWhat(settings) : undefined;
  try {
    let { wire } = settings;
    if (sending === undefined) wire = await assertReceivable(settings, typeof secret === 'string');
    else if (sending.file === undefined && (settings.wire === 'compat' || settings.compat)) throw new UsageError("the compat wire carries one file: send a single file, or leave out `compat` and `wire: 'compat'`");
    // What the Python streamer cannot take is not offered to it.
    else if (sending.file === undefined) wire = 'native';
    return await new OneTransfer({ ...settings, wire }, secret, sending).start();
  } catch (error) {
    await sending?.close();
    throw error;
  }
}

function openWhat({ path, rules, memoryBytes }: Settings): Promise<Sending> {
  if (memoryBytes !== undefined) return Promise.resolve(memorySending(memoryBytes));
  return openSending(typeof path === 'string' ? [path] : path, rules);
}

/** Returns the wire to offer. @throws UsageError, StorageError */
async function assertReceivable({ path, wire, compat, existing = 'refuse', memoryBytes }: Settings, plain: boolean): Promise<WireChoice> {
  if (memoryBytes !== undefined) return wire;
  if (typeof path !== 'string') throw new UsageError('a server receives into one path');
  if (path === '-') throw new UsageError('a server does not write to standard output, where it tells its coordinates: name a file or a directory');
  if (existing === 'refuse') await assertTargetFree(path);
  if (!plain || wire === 'native') return wire;
  // A client of the reference brings no name: into a directory it could receive nothing, and is not served.
  if (wire === 'auto' && !compat && (await isDirectory(path))) return 'native';
  await compatTarget(path);
  return wire;
}
