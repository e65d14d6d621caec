/**
 * One incoming transfer on the native wire, over as many links as it takes.
 *
 * @module
 */
import { loadChecksum } from '../crypto/checksum.js';
import { IntegrityError, ProtocolError, type StreamerError } from '../errors.js';
import { resolveTarget } from '../storage/safe-path.js';
import { openSink, type Sink } from '../storage/sink.js';
import { ChunkTable } from '../wire/chunk-table.js';
import type { EntryFrame } from '../wire/frame.js';
import type { Link, LinkSource } from './link.js';
import { ProgressMeter, type ProgressListener, type TransferResult } from './progress.js';
import { receiveOverChannel, type OpenTarget } from './receive-native.js';
import { keepFreedMemory } from './release.js';
import { nativeResult } from './result.js';

/** Where the file goes. */
export interface ReceiveRequest {
  /** Target file or existing directory; absent: the sender's name in the current directory. */
  readonly path?: string | undefined;
  /** Most bytes that are accepted. */
  readonly limitBytes: number;
  /** Most bytes in flight or waiting for the disk. */
  readonly windowBytes: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress: ProgressListener;
  /** Puts something between the transfer and the disk: the bench's slow disk. @internal */
  readonly wrapSink?: ((sink: Sink) => Sink) | undefined;
}

/** How long a receiver whose file is complete stays to tell a sender that lost the link, in milliseconds. */
const CONFIRM_GRACE_MS = 10_000;

/**
 * Receives one file and returns when it is durable, under its name, and the sender knows.
 * @throws StreamerError when it cannot be, or not within the links' patience; what has come is kept for the next run.
 */
export async function receiveNative(links: LinkSource, request: ReceiveRequest): Promise<TransferResult> {
  const incoming = new Incoming(request);
  try {
    return await incoming.run(links);
  } catch (error) {
    // A wrong digest over right chunks means that one of them cannot be trusted, and nobody knows which.
    if (error instanceof IntegrityError && error.code === 'integrity-digest') await incoming.discard();
    throw error;
  } finally {
    await incoming.keep();
  }
}

class Incoming {
  readonly #request: ReceiveRequest;
  #open: (OpenTarget & { readonly entry: EntryFrame }) | undefined;
  #opening: Promise<OpenTarget> | undefined;
  #meter: ProgressMeter | undefined;
  #committing: Promise<void> | undefined;
  #committed: Buffer | undefined;
  #startMs = performance.now();
  readonly #state = { resumed: undefined as number | undefined, moved: 0, reconnects: 0 };
  #movedBefore = 0;

  constructor(request: ReceiveRequest) {
    this.#request = request;
  }

  async run(links: LinkSource): Promise<TransferResult> {
    keepFreedMemory();
    const checksum = await loadChecksum();
    let link = await links.next();
    this.#startMs = performance.now();
    for (;;) {
      try {
        const digest = await receiveOverChannel(link.channel, {
          limitBytes: this.#request.limitBytes,
          windowBytes: this.#request.windowBytes,
          signal: this.#request.signal,
          checksum,
          open: (entry) => this.#openTarget(entry),
          receiving: (entry, resumedBytes) => this.#receiving(entry, resumedBytes),
          received: (bytes) => this.#received(bytes),
          finishing: () => this.#finishing(),
          commit: (digest) => this.#commit(digest),
        });
        return this.#result(digest, link);
      } catch (error) {
        // A commit that has begun decides: what is stopped meanwhile must not be called a failure and yet have its name.
        await this.#committing?.catch(() => undefined);
        if (!links.recoverable(error)) {
          if (this.#committed === undefined) throw error;
          return this.#untold(link);
        }
        const next = await this.#afterLoss(links, error);
        if (next === undefined) return this.#untold(link);
        link = next;
      }
    }
  }

  async discard(): Promise<void> {
    await this.#opening?.catch(() => undefined);
    await this.#open?.sink.discard();
  }

  async keep(): Promise<void> {
    // It may have ended while the target was still being opened.
    await this.#opening?.catch(() => undefined);
    await this.#open?.sink.keep();
  }

  /** The next link; undefined when the file is complete and the sender did not come back to hear it. */
  async #afterLoss(links: LinkSource, error: StreamerError): Promise<Link | undefined> {
    const progressed = this.#state.moved > this.#movedBefore;
    this.#movedBefore = this.#state.moved;
    if (this.#committed === undefined) {
      await this.#open?.sink.checkpoint();
      const next = await links.next({ error, progressed });
      this.#state.reconnects += 1;
      return next;
    }
    try {
      return await links.next({ error, progressed, graceMs: CONFIRM_GRACE_MS });
    } catch {
      return undefined;
    }
  }

  /** One at a time: a link may be lost, and the next one ask, while the target is still being opened for the first. */
  async #openTarget(entry: EntryFrame): Promise<OpenTarget> {
    await this.#opening?.catch(() => undefined);
    this.#opening = this.#openOnce(entry);
    return this.#opening;
  }

  async #openOnce(entry: EntryFrame): Promise<OpenTarget> {
    const { path, onProgress, wrapSink } = this.#request;
    if (this.#open !== undefined && sameFile(this.#open.entry, entry)) return this.#open;
    if (this.#committed !== undefined) throw new ProtocolError('protocol-violation', 'the other end came back with another file');
    await this.#open?.sink.keep();
    this.#open = undefined;
    const target = await resolveTarget({ path, peerName: entry.name });
    const { size, chunkSize, identity, mode, mtimeNs } = entry;
    const opened = await openSink({ target, size, chunkSize, identity, mode, mtimeNs, resume: true });
    if (opened.restarted !== undefined) onProgress({ type: 'notice', message: `starting over: ${opened.restarted}` });
    const sink = wrapSink === undefined ? opened : wrapSink(opened);
    const table = new ChunkTable(size, chunkSize);
    const hashes = sink.vouched.hashes();
    for (let index = 0; index < table.chunks; index += 1) {
      if (sink.vouched.has(index)) table.set(index, hashes.readBigUInt64BE(index * 8));
    }
    this.#open = { sink, table, entry };
    return this.#open;
  }

  #receiving(entry: EntryFrame, resumedBytes: number): void {
    this.#state.resumed ??= resumedBytes;
    this.#request.onProgress({ type: 'started', name: entry.name, size: entry.size, resumedBytes });
    this.#meter = new ProgressMeter(this.#request.onProgress, entry.size, resumedBytes);
  }

  #received(bytes: number): void {
    this.#state.moved += bytes;
    this.#meter?.add(bytes);
  }

  #finishing(): void {
    this.#meter?.flush();
    this.#request.onProgress({ type: 'finishing' });
  }

  #commit(digest: Buffer): Promise<void> {
    this.#committing ??= this.#commitOnce(digest);
    return this.#committing;
  }

  async #commitOnce(digest: Buffer): Promise<void> {
    try {
      if (this.#open === undefined) throw new Error('no commit before the target is open');
      await this.#open.sink.commit();
      this.#committed = digest;
    } catch (error) {
      this.#committing = undefined;
      throw error;
    }
  }

  /** The result of a file that is complete here, though the sender could not be told. */
  #untold(link: Link): TransferResult {
    if (this.#committed === undefined) throw new Error('no result before the commit');
    const message = 'the file is complete and verified here, but the sender left before it could be told';
    this.#request.onProgress({ type: 'notice', message });
    return this.#result(this.#committed, link);
  }

  #result(digest: Buffer, link: Link): TransferResult {
    if (this.#open === undefined) throw new Error('no result before the target is open');
    const { entry, sink } = this.#open;
    return nativeResult({ ...this.#state, action: 'receive', path: sink.target, entry, digest, startMs: this.#startMs, remote: link.remote });
  }
}

function sameFile(a: EntryFrame, b: EntryFrame): boolean {
  return a.size === b.size && a.chunkSize === b.chunkSize && a.name === b.name && Buffer.from(a.identity).equals(b.identity);
}
