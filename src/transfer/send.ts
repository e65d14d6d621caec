/**
 * One outgoing transfer on the native wire: what is sent, and the session that sends it.
 *
 * @module
 */
import type { Readable } from 'node:stream';
import { loadChecksum } from '../crypto/checksum.js';
import { StorageError, type StreamerError } from '../errors.js';
import { isFile } from '../storage/safe-path.js';
import type { FilterRule } from '../storage/path-filter.js';
import { openTreeSource } from '../storage/tree-source.js';
import type { FinishedFrame, OfferFrame } from '../wire/frame.js';
import type { Outbound } from './outbound.js';
import { fileOutbound, outboundOf } from './outbound-file.js';
import { pipeOutbound } from './outbound-pipe.js';
import { TreeOutbound } from './outbound-tree.js';
import type { ProgressListener, TransferResult } from './progress.js';
import { RateLimit } from './rate-limit.js';
import { keepFreedMemory } from './release.js';
import { nativeResult } from './result.js';
import { SendSession } from './send-session.js';
import type { TransferSettings } from './settings.js';
import { Tally } from './tally.js';

/** What is to be sent, opened so far that a missing file is known before anyone is called. */
export interface Sending {
  /** A single regular file: the compat wire can carry it, too. */
  readonly file: Awaited<ReturnType<typeof fileOutbound>> | undefined;
  /** What a session sends; for each session anew, but for a pipe, which can be read but once. */
  outbound(): Promise<Outbound>;
  close(): Promise<void>;
}

/**
 * Opens what is to be sent: a file, a directory, several of them, or `-`.
 * @throws StorageError for what is missing or cannot be sent; UsageError for rules that make no sense.
 */
export async function openSending(paths: readonly string[], rules: readonly FilterRule[] = [], input: () => Readable = () => process.stdin): Promise<Sending> {
  const [path = ''] = paths;
  if (paths.length === 1 && path === '-') return pipeSending(input());
  if (paths.length === 1 && (await isFile(path))) {
    const file = await fileOutbound(path);
    // A client that returns begins a new session with it.
    const outbound = () => Promise.resolve({ ...outboundOf(file.source, path), close: () => Promise.resolve() });
    return { file, outbound, close: () => file.close() };
  }
  const open = async () => new TreeOutbound(await openTreeSource({ paths, rules }), paths.join(' '));
  let first: Outbound | undefined = await open();
  return {
    file: undefined,
    outbound: () => {
      const opened = first;
      first = undefined;
      return opened === undefined ? open() : Promise.resolve(opened);
    },
    close: async () => first?.close(),
  };
}

function pipeSending(input: Readable): Sending {
  let used = false;
  return {
    file: undefined,
    outbound: () => {
      if (used) return Promise.reject(new StorageError('storage-io', 'standard input was read once and cannot be read again; run the command anew'));
      used = true;
      return Promise.resolve(pipeOutbound(input));
    },
    close: () => {
      input.destroy();
      return Promise.resolve();
    },
  };
}

/** What a session is told. */
export interface SendRequest {
  readonly settings: TransferSettings;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ProgressListener;
  readonly lost: (stream: number, error: StreamerError) => void;
}

/** A session, and how its end becomes a result. */
export interface RunningSend {
  readonly session: SendSession;
  readonly tally: Tally;
  /** Settles with the session. @throws StreamerError */
  result(facts: { readonly remote: string; readonly reconnects: number }): Promise<TransferResult>;
}

/** Begins a session. It does nothing before a connection is attached but look at what is to be sent. */
export async function startSending(outbound: Outbound, request: SendRequest): Promise<RunningSend> {
  keepFreedMemory();
  const checksum = await loadChecksum();
  const tally = new Tally(request.onProgress);
  const { settings } = request;
  let finishing = false;
  const session = new SendSession({
    outbound,
    offer: offerOf(outbound, settings),
    checksum,
    tally,
    rate: settings.rate ?? new RateLimit(undefined),
    signal: request.signal,
    lost: request.lost,
    finishing: () => {
      if (outbound.root === 'tree' || finishing) return;
      finishing = true;
      tally.flush();
      request.onProgress({ type: 'finishing' });
    },
  });
  const startMs = performance.now();
  return {
    session,
    tally,
    result: async (facts) => {
      try {
        settleFinished(tally, await session.ended);
      } finally {
        await session.close();
        await outbound.close();
      }
      return nativeResult({ action: 'send', path: outbound.path, startMs, remote: facts.remote, reconnects: facts.reconnects, root: outbound.root, name: outbound.name, ...totals(tally, outbound.root === 'tree') });
    },
  };
}

function settleFinished(tally: Tally, { removed, failed }: FinishedFrame): void {
  tally.removed(removed);
  tally.failed(failed);
}

/** What a result says of a tally. */
export function totals(tally: Tally, tree: boolean) {
  const { size, counts: entries, resumed, moved } = tally;
  return { size, entries, resumed, moved, digest: tree ? undefined : tally.digest, sha256: tree ? undefined : tally.sha256 };
}

function offerOf({ root, name }: Outbound, settings: TransferSettings): OfferFrame {
  const { existing, checksum = false, dryRun = false, sha256 = false, rules = [] } = settings;
  const patterns = rules.map(({ kind, pattern }) => `${kind === 'include' ? '+' : '-'}${pattern}`);
  return { type: 'offer', root, name, existing, checksum, dryRun, delete: settings.delete ?? false, sha256, rules: patterns };
}
