/**
 * The sender's states: inputs in, effects out; no IO, no clock. One machine serves one connection; what outlives a lost
 * link, the table of chunk hashes, is passed in.
 *
 *     offering ── want ──▶ streaming ── all sent, source unchanged ──▶ confirming ── fileDone ──▶ done
 *         └───────────────────┴───────── failure, or a broken rule ────────┴──▶ failed
 *
 * @module
 */
import { errorFromPeer, IntegrityError, ProtocolError, type StreamerError } from '../errors.js';
import { fileDigest } from '../crypto/checksum.js';
import type { ChunkTable } from './chunk-table.js';
import type { EntryFrame, FileDoneFrame, Frame, HaveFrame, WantFrame } from './frame.js';
import { SendWindow } from './window.js';

/** Facts. */
export type SenderInput =
  | { readonly kind: 'start' }
  | { readonly kind: 'frame'; readonly frame: Frame }
  /** The link and our buffers have room for so many more chunks. */
  | { readonly kind: 'room'; readonly chunks: number }
  | { readonly kind: 'chunkRead'; readonly index: number; readonly hash: bigint; readonly payload: readonly Uint8Array[] }
  /** The source is still what it was when it was opened. */
  | { readonly kind: 'sourceUnchanged' };

/** Wishes. */
export type SenderEffect =
  | { readonly kind: 'send'; readonly frame: Frame }
  | { readonly kind: 'read'; readonly index: number; readonly offset: number; readonly length: number }
  | { readonly kind: 'checkSource' }
  /** Streaming starts. `resumedBytes` are held by the receiver from an earlier attempt. */
  | { readonly kind: 'streaming'; readonly resumedBytes: number }
  | { readonly kind: 'done'; readonly digest: Buffer }
  | { readonly kind: 'fail'; readonly error: StreamerError };

type State =
  | { readonly name: 'idle' | 'offering' | 'done' | 'failed' }
  | { readonly name: 'streaming'; cursor: number; reading: number; checking: boolean }
  | { readonly name: 'confirming'; readonly digest: Buffer };

/** See the module's head. */
export class SenderMachine {
  readonly #entry: EntryFrame;
  /** Chunks that the receiver holds or was sent on this connection, with their hashes. */
  readonly #table: ChunkTable;
  readonly #window = new SendWindow();
  #state: State = { name: 'idle' };
  #room = 0;

  /** @param table an empty table of the entry's size; the machine fills it. */
  constructor(entry: EntryFrame, table: ChunkTable) {
    this.#entry = entry;
    this.#table = table;
  }

  handle(input: SenderInput): SenderEffect[] {
    if (this.#state.name === 'failed' || this.#state.name === 'done') return [];
    switch (input.kind) {
      case 'start':
        this.#state = { name: 'offering' };
        return [{ kind: 'send', frame: this.#entry }];
      case 'frame':
        return this.#frame(input.frame);
      case 'room':
        this.#room += input.chunks;
        return this.#advance();
      case 'chunkRead':
        return this.#chunkRead(input);
      case 'sourceUnchanged':
        return this.#allSent();
    }
  }

  #frame(frame: Frame): SenderEffect[] {
    switch (frame.type) {
      case 'have':
        return this.#have(frame);
      case 'want':
        return this.#want(frame);
      case 'credit':
        if (this.#state.name === 'offering' || !this.#window.grant(frame.limit)) return this.#violation('a credit that shrinks, or that comes too early');
        return this.#advance();
      case 'fileDone':
        return this.#fileDone(frame);
      case 'failure':
        return this.#fail(errorFromPeer(frame.code, frame.message));
      default:
        return this.#violation(`a frame '${frame.type}' that only a sender sends, or out of turn`);
    }
  }

  #have(frame: HaveFrame): SenderEffect[] {
    const count = frame.hashes.length / 8;
    if (this.#state.name !== 'offering' || frame.id !== this.#entry.id || frame.first + count > this.#table.chunks) {
      return this.#violation("a frame 'have' out of turn or outside the file");
    }
    const hashes = Buffer.from(frame.hashes);
    for (let i = 0; i < count; i += 1) this.#table.set(frame.first + i, hashes.readBigUInt64BE(i * 8));
    return [];
  }

  #want(frame: WantFrame): SenderEffect[] {
    if (this.#state.name !== 'offering' || frame.id !== this.#entry.id) return this.#violation("a frame 'want' out of turn");
    this.#window.grant(frame.limit);
    this.#state = { name: 'streaming', cursor: this.#table.nextMissing(0), reading: 0, checking: false };
    return [{ kind: 'streaming', resumedBytes: this.#table.bytes }, ...this.#advance()];
  }

  /** Asks for reads while there is room and credit; when all is sent, for a last look at the source. */
  #advance(): SenderEffect[] {
    const state = this.#state;
    if (state.name !== 'streaming') return [];
    const effects: SenderEffect[] = [];
    while (this.#room > 0 && state.cursor < this.#table.chunks) {
      const length = this.#table.lengthOf(state.cursor);
      if (!this.#window.spend(length)) break;
      effects.push({ kind: 'read', index: state.cursor, offset: state.cursor * this.#table.chunkSize, length });
      this.#room -= 1;
      state.reading += 1;
      state.cursor = this.#table.nextMissing(state.cursor + 1);
    }
    if (state.cursor >= this.#table.chunks && state.reading === 0 && !state.checking) {
      state.checking = true;
      effects.push({ kind: 'checkSource' });
    }
    return effects;
  }

  #chunkRead(input: Extract<SenderInput, { kind: 'chunkRead' }>): SenderEffect[] {
    const state = this.#state;
    if (state.name !== 'streaming') return [];
    state.reading -= 1;
    this.#table.set(input.index, input.hash);
    const frame: Frame = {
      type: 'data',
      id: this.#entry.id,
      offset: input.index * this.#table.chunkSize,
      length: this.#table.lengthOf(input.index),
      hash: input.hash,
      payload: input.payload,
    };
    return [{ kind: 'send', frame }, ...this.#advance()];
  }

  #allSent(): SenderEffect[] {
    if (this.#state.name !== 'streaming') return [];
    const digest = fileDigest(this.#table.size, this.#table.chunkSize, this.#table.hashes());
    this.#state = { name: 'confirming', digest };
    return [{ kind: 'send', frame: { type: 'fileEnd', id: this.#entry.id, digest } }];
  }

  #fileDone(frame: FileDoneFrame): SenderEffect[] {
    if (this.#state.name !== 'confirming' || frame.id !== this.#entry.id) return this.#violation("a frame 'fileDone' out of turn");
    const { digest } = this.#state;
    if (!digest.equals(frame.digest)) {
      return this.#fail(new IntegrityError('integrity-digest', 'the receiver confirmed another digest than that of the file that was sent'));
    }
    this.#state = { name: 'done' };
    return [
      { kind: 'send', frame: { type: 'bye' } },
      { kind: 'done', digest },
    ];
  }

  #violation(what: string): SenderEffect[] {
    return this.#fail(new ProtocolError('protocol-violation', `the other end sent ${what}`));
  }

  #fail(error: StreamerError): SenderEffect[] {
    this.#state = { name: 'failed' };
    return [{ kind: 'fail', error }];
  }
}
