/**
 * `streamer server send|receive`: wiring only.
 *
 * @module
 */
import { withoutQuery } from '../../coordinates/coordinates.js';
import { UsageError } from '../../errors.js';
import { DEFAULTS, type WireChoice } from '../../options.js';
import { serve, type ServeOptions, type StreamerServer } from '../../server/server.js';
import { readKeys, readRelayToken, readSecret } from '../arguments.js';
import type { Context } from '../action.js';
import type { Renderer } from '../render.js';
import { readPemFile, writeSecretFile } from '../text-file.js';
import { readTlsFiles } from '../tls-files.js';
import { transferChoices, type TransferCommandOptions } from '../transfer-options.js';
import { withTransferTools } from '../transfer-tools.js';

/** Options as commander gives them; durations in milliseconds, sizes in bytes. */
export interface ServerCommandOptions extends TransferCommandOptions {
  readonly secret?: string;
  readonly secretFile?: string;
  readonly publicIps?: readonly string[];
  readonly host: string;
  /** Set by whoever has parsed the words: the option was given, be it as its default. */
  readonly hostGiven?: boolean;
  readonly portRangeGiven?: boolean;
  readonly relay?: string;
  readonly relayTokenFile?: string;
  /** False for `--no-direct`. */
  readonly direct?: boolean;
  readonly ca?: string;
  readonly expires?: number;
  readonly portRange: readonly [number, number];
  readonly waitTimeout: number;
  readonly inboundTransferLimit: number;
  readonly coordinatesFile?: string;
  readonly sealTo?: readonly string[];
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly compat?: boolean;
  readonly wire: WireChoice;
  readonly window: number;
  readonly path?: string;
  /** Bytes of a file that is nowhere: `server bench`. */
  readonly memoryBytes?: number;
}

/** Runs the server to its end. @throws StreamerError */
export async function runServer(
  action: 'send' | 'receive',
  words: readonly string[],
  options: ServerCommandOptions,
  { renderer, stopSignal }: Context,
): Promise<void> {
  if (words.length > 0 && options.path !== undefined) throw new UsageError('the path is given twice: as an argument and with --path');
  const paths = options.path === undefined ? words : [options.path];
  const [path] = paths;
  if (path === undefined) throw new UsageError(`which file? streamer server [options] ${action} --path <path>`);
  if (options.sealTo !== undefined && options.secret !== undefined) throw new UsageError('--seal-to hides the secret, and --secret shows it to everybody on this machine: leave it out, or use --secret-file');
  if (options.sealTo !== undefined && options.secretFile === undefined && (process.env['STREAMER_SECRET'] ?? '') !== '') throw new UsageError('--seal-to hides the secret, and STREAMER_SECRET shows it in the environment of this process: unset it, or use --secret-file');
  const secret = readSecret(options, process.env);
  const sealTo = readKeys(options.sealTo);
  const tls = readTlsFiles(options);
  const reach = reachOf(options, secret, process.env);
  const choices = transferChoices(options);
  await withTransferTools(options, renderer, !paths.includes('-'), async ({ rate, onProgress }) => {
    const settings: ServeOptions = {
      ...choices,
      rate,
      action,
      path: paths.length === 1 ? path : paths,
      ...(secret === undefined ? {} : { secret }),
      ...(sealTo === undefined ? {} : { sealTo }),
      ...(tls === undefined ? {} : { tls }),
      ...reach,
      compat: options.compat ?? false,
      wire: options.wire,
      host: options.host,
      portRange: options.portRange,
      publicIps: options.publicIps ?? DEFAULTS.publicIps,
      waitTimeoutMs: options.waitTimeout,
      inboundTransferLimit: options.inboundTransferLimit,
      windowBytes: options.window,
      ...(options.memoryBytes === undefined ? {} : { memoryBytes: options.memoryBytes }),
      onProgress,
    };
    const stop = new AbortController();
    const server = await serve({ ...settings, signal: AbortSignal.any([stopSignal(), stop.signal]) });
    try {
      await publish(server, { file: options.coordinatesFile, sealed: sealTo !== undefined, relay: options.relay }, renderer);
    } catch (error) {
      // Nobody can find it: it must not go on waiting.
      stop.abort();
      await server.done.catch(() => undefined);
      throw error;
    }
    await server.done;
  });
}

/** How clients get to the server. A port that nobody is told of is not opened. */
function reachOf(options: ServerCommandOptions, secret: string | undefined, env: NodeJS.ProcessEnv): Pick<ServeOptions, 'relay' | 'direct' | 'ca' | 'expiresAt'> {
  const { relay: url, relayTokenFile, ca } = options;
  if (url === undefined && relayTokenFile !== undefined) throw new UsageError('--relay-token-file is for a relay: --relay <url>');
  const token = url === undefined ? undefined : readRelayToken(relayTokenFile, env);
  const found = url === undefined || options.publicIps !== undefined || options.hostGiven === true || options.portRangeGiven === true || options.compat === true || secret !== undefined || options.tlsCert !== undefined;
  const expiresAt = expiryOf(options.expires, env);
  return {
    direct: options.direct !== false && found,
    ...(url === undefined ? {} : { relay: { url, ...(token === undefined ? {} : { token }) } }),
    ...(ca === undefined ? {} : { ca: readPemFile(ca) }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}

/** In whole seconds since 1970: as asked, or when Slurm ends the job (sbatch(1), "OUTPUT ENVIRONMENT VARIABLES"). */
function expiryOf(expiresMs: number | undefined, env: NodeJS.ProcessEnv): number | undefined {
  const nowSeconds = Math.floor(Date.now() / 1000);
  if (expiresMs !== undefined) return nowSeconds + Math.ceil(expiresMs / 1000);
  const end = Number(env['SLURM_JOB_END_TIME']);
  return Number.isSafeInteger(end) && end > nowSeconds ? end : undefined;
}

/** Tells where the server is. The file is written first, so that whoever has read the lines finds it. */
async function publish({ coordinates, url }: StreamerServer, { file, sealed, relay }: { readonly file: string | undefined; readonly sealed: boolean; readonly relay: string | undefined }, renderer: Renderer): Promise<void> {
  if (file !== undefined) await writeSecretFile(file, `${coordinates}\n`);
  // The event `listening` has told it to programs.
  if (url !== undefined) renderer.print(`Server is listening on ${url}`);
  if (relay !== undefined) renderer.print(`Server waits at the relay ${withoutQuery(relay)}`);
  // Sealed ones may be seen by anybody.
  if (file === undefined || sealed) renderer.print(`Use these coordinates to connect: ${coordinates}`, { event: 'coordinates', coordinates });
  if (file !== undefined) renderer.print(`Use the coordinates in ${file} to connect`, { event: 'coordinates', file });
}
