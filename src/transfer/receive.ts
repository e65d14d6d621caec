/**
 * One incoming transfer on the native wire: where it goes, and the session that receives it.
 *
 * @module
 */
import type { Writable } from 'node:stream';
import { loadChecksum } from '../crypto/checksum.js';
import { StorageError, UsageError, type StreamerError } from '../errors.js';
import { openFileTarget } from '../storage/file-target.js';
import type { FilterRule } from '../storage/path-filter.js';
import { resolveRoot } from '../storage/safe-path.js';
import type { Sink } from '../storage/sink.js';
import { openTreeTarget } from '../storage/tree-target.js';
import { WINDOW_MIN } from '../wire/constants.js';
import type { OfferFrame } from '../wire/frame.js';
import type { Inbound } from './inbound.js';
import { FileInbound } from './inbound-file.js';
import { OutputInbound } from './inbound-output.js';
import { TreeInbound } from './inbound-tree.js';
import type { ProgressListener, TransferResult } from './progress.js';
import { RateLimit } from './rate-limit.js';
import { ReceiveSession, type Received } from './receive-session.js';
import { keepFreedMemory } from './release.js';
import { nativeResult } from './result.js';
import { totals } from './send.js';
import type { TransferSettings } from './settings.js';
import { Tally } from './tally.js';

/** Where it goes, and what a session is told. */
export interface ReceiveRequest {
  /** Target file or directory, or `-`; absent: the sender's name in the current directory. */
  readonly path?: string | undefined;
  readonly settings: TransferSettings;
  /** Most bytes that are accepted. */
  readonly limitBytes: number;
  /** Most bytes in flight or waiting for the disk; less where the rate is limited from the start. */
  readonly windowBytes: number;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ProgressListener;
  readonly lost: (stream: number, error: StreamerError) => void;
  /** @default standard output */
  readonly output?: (() => Writable) | undefined;
  /** In place of what the path says: memory, for one that is only measured. @internal */
  readonly into?: (() => Promise<Inbound>) | undefined;
  /** Puts something between the transfer and the disk: the bench's slow disk. @internal */
  readonly wrapSink?: ((sink: Sink) => Sink) | undefined;
}

/** A session, and how its end becomes a result. */
export interface RunningReceive {
  readonly session: ReceiveSession;
  readonly tally: Tally;
  /** Settles with the session. @throws StreamerError; what has arrived is kept for the next run */
  result(facts: { readonly remote: string; readonly reconnects: number }): Promise<TransferResult>;
}

/** Begins a session. It does nothing before a connection is attached. */
export async function startReceiving(request: ReceiveRequest): Promise<RunningReceive> {
  keepFreedMemory();
  const checksum = await loadChecksum();
  const { settings, onProgress } = request;
  const tally = new Tally(onProgress);
  const rate = settings.rate ?? new RateLimit(undefined);
  const windowBytes = windowAt(rate.bytesPerSecond, request.windowBytes);
  const session = new ReceiveSession({ ...request, windowBytes, checksum, tally, rate, agree: (offer) => agree(offer, settings), open: request.into ?? ((offer) => openInbound(offer, request)) });
  const startMs = performance.now();
  return {
    session,
    tally,
    // Read at the end: a client that returns comes from elsewhere.
    result: async (facts) => {
      const { offer, target, told } = await endOf(session);
      if (!told && !offer.dryRun) onProgress({ type: 'notice', message: `${offer.root === 'file' ? 'the file is' : 'what was received is'} complete and verified here, but the sender has not confirmed it and may not know` });
      return nativeResult({ action: 'receive', path: target, startMs, remote: facts.remote, reconnects: facts.reconnects, root: offer.root, name: offer.name, ...totals(tally, offer.root === 'tree') });
    },
  };
}

/**
 * The window that goes with a limit on the rate. A sender takes at once whatever credit there is, so a whole window comes
 * before the limit is felt: no more of it than a second brings.
 */
function windowAt(bytesPerSecond: number | undefined, windowBytes: number): number {
  return bytesPerSecond === undefined ? windowBytes : Math.min(windowBytes, Math.max(WINDOW_MIN, Math.floor(bytesPerSecond)));
}

/** A commit that has begun decides: what is stopped meanwhile must not be called a failure and yet have its name. */
async function endOf(session: ReceiveSession): Promise<Received> {
  try {
    return await session.ended;
  } catch (error) {
    await session.close();
    if (session.committed !== undefined) return session.committed;
    throw error;
  } finally {
    await session.close();
  }
}

/** What this end's user asks goes before what the other end's does. */
function agree(offer: OfferFrame, settings: TransferSettings): OfferFrame {
  return {
    ...offer,
    existing: settings.existing ?? offer.existing ?? (offer.root === 'tree' ? 'overwrite' : 'refuse'),
    checksum: settings.checksum ?? offer.checksum,
    dryRun: offer.dryRun || settings.dryRun === true,
    delete: offer.root === 'tree' && (offer.delete || settings.delete === true),
  };
}

async function openInbound(offer: OfferFrame, { path, settings, output = () => process.stdout }: ReceiveRequest): Promise<Inbound> {
  const { root, name, existing = 'refuse', checksum, dryRun } = offer;
  if (path === '-') {
    if (root === 'tree') throw new StorageError('storage-exists', 'a directory cannot be written to standard output; name a directory to receive into');
    return new OutputInbound(output(), dryRun);
  }
  if (root !== 'tree') {
    if (name === '' && (path === undefined || path.endsWith('/'))) throw new UsageError('what is sent has no name: say which file to receive into');
    return new FileInbound(await openFileTarget({ path, peerName: name, existing, checksum }), dryRun);
  }
  const target = await openTreeTarget({ root: resolveRoot({ path, peerName: name }), existing, checksum, dryRun, findExtras: offer.delete });
  return new TreeInbound(target, { dryRun, rules: settings.rules ?? [], theirs: offer.rules.map(ruleOf) });
}

function ruleOf(text: string): FilterRule {
  return { kind: text.startsWith('+') ? 'include' : 'exclude', pattern: text.slice(1) };
}
