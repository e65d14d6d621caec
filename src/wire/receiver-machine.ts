/**
 * The receiver's states: inputs in, effects out; no IO, no clock. One machine serves one connection.
 *
 *     waiting ── entry ──▶ opening ── opened ──▶ receiving ── fileEnd, all written ──▶ committing ── committed ──▶ confirming ── bye ──▶ done
 *        └──────────────────┴──────── failure, a broken rule, a wrong checksum or digest ─────────────┴──▶ failed
 *
 * @module
 */
import { errorFromPeer, IntegrityError, LimitError, ProtocolError, type StreamerError } from '../errors.js';
import { fileDigest, type Checksum } from '../crypto/checksum.js';
import { formatSize } from '../util/units.js';
import type { ChunkTable } from './chunk-table.js';
import { HAVE_HASHES_MAX } from './constants.js';
import type { DataFrame, EntryFrame, FileEndFrame, Frame } from './frame.js';
import { ReceiveWindow } from './window.js';

/** Facts. */
export type ReceiverInput =
  | { readonly kind: 'frame'; readonly frame: Frame }
  /** The target is open; `table` says what it holds already. */
  | { readonly kind: 'opened'; readonly table: ChunkTable }
  | { readonly kind: 'chunkWritten'; readonly index: number; readonly hash: bigint }
  | { readonly kind: 'committed' };

/** Wishes. */
export type ReceiverEffect =
  | { readonly kind: 'send'; readonly frame: Frame }
  | { readonly kind: 'open'; readonly entry: EntryFrame }
  /** Data starts to flow. `resumedBytes` are held from an earlier attempt. */
  | { readonly kind: 'receiving'; readonly resumedBytes: number }
  | { readonly kind: 'write'; readonly index: number; readonly offset: number; readonly hash: bigint; readonly payload: readonly Uint8Array[] }
  | { readonly kind: 'commit'; readonly digest: Buffer }
  | { readonly kind: 'done'; readonly digest: Buffer }
  | { readonly kind: 'fail'; readonly error: StreamerError };

/** What the receiver is told before it starts. */
export interface ReceiverOptions {
  /** Most bytes of a file that are accepted. */
  readonly limitBytes: number;
  /** Most payload bytes in flight or not yet written. */
  readonly windowBytes: number;
  readonly checksum: Pick<Checksum, 'xxh64Pieces'>;
}

type State =
  | { readonly name: 'waiting' | 'done' | 'failed' }
  | { readonly name: 'opening'; readonly entry: EntryFrame }
  | { readonly name: 'receiving'; readonly entry: EntryFrame; readonly table: ChunkTable; writing: number; end: FileEndFrame | undefined }
  | { readonly name: 'committing' | 'confirming'; readonly entry: EntryFrame; readonly digest: Buffer };

/** See the module's head. */
export class ReceiverMachine {
  readonly #options: ReceiverOptions;
  readonly #window: ReceiveWindow;
  /** Chunks that have arrived but are not written yet: a repeat of one is a broken rule, too. */
  readonly #pending = new Set<number>();
  #state: State = { name: 'waiting' };

  constructor(options: ReceiverOptions) {
    this.#options = options;
    this.#window = new ReceiveWindow(options.windowBytes);
  }

  handle(input: ReceiverInput): ReceiverEffect[] {
    if (this.#state.name === 'failed' || this.#state.name === 'done') return [];
    switch (input.kind) {
      case 'frame':
        return this.#frame(input.frame);
      case 'opened':
        return this.#opened(input.table);
      case 'chunkWritten':
        return this.#chunkWritten(input.index, input.hash);
      case 'committed':
        return this.#committed();
    }
  }

  #frame(frame: Frame): ReceiverEffect[] {
    switch (frame.type) {
      case 'entry':
        return this.#entry(frame);
      case 'data':
        return this.#data(frame);
      case 'fileEnd':
        return this.#fileEnd(frame);
      case 'bye':
        return this.#bye();
      case 'failure':
        return this.#fail(errorFromPeer(frame.code, frame.message));
      default:
        return this.#violation(`a frame '${frame.type}' that only a receiver sends, or out of turn`);
    }
  }

  #entry(entry: EntryFrame): ReceiverEffect[] {
    if (this.#state.name !== 'waiting') return this.#violation("a second frame 'entry'");
    const { limitBytes } = this.#options;
    if (entry.size > limitBytes) {
      const text = `the file has ${entry.size} bytes, over the inbound transfer limit of ${limitBytes} (${formatSize(limitBytes)}); nothing was moved`;
      return this.#fail(new LimitError('limit-inbound', text));
    }
    this.#state = { name: 'opening', entry };
    return [{ kind: 'open', entry }];
  }

  #opened(table: ChunkTable): ReceiverEffect[] {
    if (this.#state.name !== 'opening') return [];
    const { entry } = this.#state;
    this.#state = { name: 'receiving', entry, table, writing: 0, end: undefined };
    const effects: ReceiverEffect[] = [{ kind: 'receiving', resumedBytes: table.bytes }];
    for (const { first, count } of table.runs(HAVE_HASHES_MAX)) {
      const hashes = table.hashes().subarray(first * 8, (first + count) * 8);
      effects.push({ kind: 'send', frame: { type: 'have', id: entry.id, first, hashes } });
    }
    effects.push({ kind: 'send', frame: { type: 'want', id: entry.id, limit: this.#window.limit } });
    return effects;
  }

  #data(frame: DataFrame): ReceiverEffect[] {
    const state = this.#state;
    if (state.name !== 'receiving' || state.end !== undefined || frame.id !== state.entry.id) return this.#violation('data out of turn');
    const { table } = state;
    const index = frame.offset / table.chunkSize;
    if (!Number.isInteger(index) || index >= table.chunks || frame.length !== table.lengthOf(index)) {
      return this.#violation(`a chunk at offset ${frame.offset} of ${frame.length} bytes, which is none of the file's`);
    }
    if (table.has(index) || this.#pending.has(index)) return this.#violation(`the chunk at offset ${frame.offset} twice`);
    if (!this.#window.arrive(frame.length)) return this.#violation('more data than it had credit for');
    if (this.#options.checksum.xxh64Pieces(frame.payload) !== frame.hash) {
      return this.#fail(new IntegrityError('integrity-checksum', `the chunk at offset ${frame.offset} arrived with a wrong checksum`));
    }
    this.#pending.add(index);
    state.writing += 1;
    return [{ kind: 'write', index, offset: frame.offset, hash: frame.hash, payload: frame.payload }];
  }

  #chunkWritten(index: number, hash: bigint): ReceiverEffect[] {
    const state = this.#state;
    if (state.name !== 'receiving') return [];
    state.writing -= 1;
    state.table.set(index, hash);
    this.#pending.delete(index);
    const limit = this.#window.release(state.table.lengthOf(index));
    const credit: ReceiverEffect[] = limit === undefined || state.end !== undefined ? [] : [{ kind: 'send', frame: { type: 'credit', limit } }];
    return [...credit, ...this.#finishWhenWritten()];
  }

  #fileEnd(frame: FileEndFrame): ReceiverEffect[] {
    const state = this.#state;
    if (state.name !== 'receiving' || frame.id !== state.entry.id || state.end !== undefined) return this.#violation("a frame 'fileEnd' out of turn");
    state.end = frame;
    return this.#finishWhenWritten();
  }

  #finishWhenWritten(): ReceiverEffect[] {
    const state = this.#state;
    if (state.name !== 'receiving' || state.end === undefined || state.writing > 0) return [];
    const { table, entry } = state;
    if (!table.complete) return this.#violation(`the end of the file with ${table.chunks - table.count} chunks missing`);
    const digest = fileDigest(table.size, table.chunkSize, table.hashes());
    if (!digest.equals(state.end.digest)) {
      return this.#fail(new IntegrityError('integrity-digest', "the received file's digest is not the sent file's"));
    }
    this.#state = { name: 'committing', entry, digest };
    return [{ kind: 'commit', digest }];
  }

  #committed(): ReceiverEffect[] {
    if (this.#state.name !== 'committing') return [];
    const { entry, digest } = this.#state;
    this.#state = { name: 'confirming', entry, digest };
    return [{ kind: 'send', frame: { type: 'fileDone', id: entry.id, digest } }];
  }

  #bye(): ReceiverEffect[] {
    if (this.#state.name !== 'confirming') return this.#violation("a frame 'bye' out of turn");
    const { digest } = this.#state;
    this.#state = { name: 'done' };
    return [{ kind: 'done', digest }];
  }

  #violation(what: string): ReceiverEffect[] {
    return this.#fail(new ProtocolError('protocol-violation', `the other end sent ${what}`));
  }

  #fail(error: StreamerError): ReceiverEffect[] {
    this.#state = { name: 'failed' };
    return [{ kind: 'fail', error }];
  }
}
