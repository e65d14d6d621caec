/**
 * The sender's states: inputs in, effects out; no IO, no clock. One machine serves one session, over however many
 * connections it takes.
 *
 *     entry: offered ─ want ─▶ waiting for its turn ─▶ sent ─ done ─▶ settled
 *               └── equal, kept, placed, would, trouble ──────────────▶ settled
 *     session: walking ─ manifestEnd ─▶ all settled ─ finished ─▶ done
 *
 * @module
 */
import { errorFromPeer, IntegrityError, ProtocolError, type StreamerError } from '../errors.js';
import { truncateUtf8 } from '../util/truncate.js';
import { batches, entryBytes } from './batches.js';
import { ENTRIES_PER_FRAME, ENTRIES_UNSETTLED_MAX, PIPE_ID, TEXT_MAX, WHOLE_FILE_MAX } from './constants.js';
import { costOf } from './encode.js';
import type { Answer, AnswersFrame, ContentFrame, ControlFrame, DoneFrame, FinishedFrame, Frame, HaveFrame, ManifestEntry, OfferFrame, ReadyFrame, WholePart } from './frame.js';
import { OutgoingFile } from './outgoing-file.js';
import { OutgoingPipe } from './outgoing-pipe.js';
import { SendStream, type Unit } from './send-stream.js';
import { WholeQueue } from './whole-queue.js';

/** Facts. */
export type SenderInput =
  | { readonly kind: 'start' }
  | { readonly kind: 'attached'; readonly stream: number }
  | { readonly kind: 'lost'; readonly stream: number }
  | { readonly kind: 'frame'; readonly stream: number; readonly frame: Frame }
  /** A connection and our buffers have room for so many more units. */
  | { readonly kind: 'room'; readonly stream: number; readonly lap: number; readonly units: number }
  /** The walk went on. */
  | { readonly kind: 'entries'; readonly entries: readonly ManifestEntry[] }
  | { readonly kind: 'walked'; readonly entries: number; readonly complete: boolean }
  | { readonly kind: 'opened'; readonly id: number; readonly chunkSize: number; readonly identity: Uint8Array }
  | { readonly kind: 'chunkRead'; readonly stream: number; readonly lap: number; readonly id: number; readonly index: number; readonly hash: bigint; readonly payload: readonly Uint8Array[]; readonly zeros: boolean }
  /** A chunk that was asked for will not be sent: its room and its credit are the stream's again. */
  | { readonly kind: 'unread'; readonly stream: number; readonly lap: number; readonly cost: number }
  | { readonly kind: 'wholeRead'; readonly stream: number; readonly lap: number; readonly parts: readonly WholePart[]; readonly payload: readonly Uint8Array[]; readonly cost: number }
  | { readonly kind: 'pipeRead'; readonly stream: number; readonly lap: number; readonly hash: bigint; readonly payload: readonly Uint8Array[] }
  | { readonly kind: 'pipeEnded'; readonly stream: number; readonly lap: number; readonly size: number; readonly digest: Uint8Array; readonly sha256?: Uint8Array | undefined }
  /** The source is still what it was; with its SHA-256 where the offer promises one. */
  | { readonly kind: 'checked'; readonly id: number; readonly sha256?: Uint8Array | undefined }
  | { readonly kind: 'digested'; readonly id: number; readonly chunkSize: number; readonly digest: Uint8Array }
  /** An entry cannot be read. */
  | { readonly kind: 'trouble'; readonly id: number; readonly error: StreamerError };

/** What became of an entry. */
export type Settlement = 'done' | 'equal' | 'kept' | 'placed' | 'would' | 'failed';

/** Wishes. */
export type SenderEffect =
  | { readonly kind: 'send'; readonly frame: ControlFrame }
  | { readonly kind: 'content'; readonly stream: number; readonly frame: ContentFrame; readonly keep: boolean }
  | { readonly kind: 'walk' }
  | { readonly kind: 'open'; readonly entry: ManifestEntry }
  | { readonly kind: 'close'; readonly id: number }
  | { readonly kind: 'digest'; readonly entry: ManifestEntry }
  | { readonly kind: 'check'; readonly id: number }
  | { readonly kind: 'readChunk'; readonly stream: number; readonly lap: number; readonly entry: ManifestEntry; readonly index: number; readonly offset: number; readonly length: number }
  /** `cost` is handed back with what was read. */
  | { readonly kind: 'readWhole'; readonly stream: number; readonly lap: number; readonly entries: readonly ManifestEntry[]; readonly cost: number }
  | { readonly kind: 'readPipe'; readonly stream: number; readonly lap: number; readonly most: number }
  /** So many bytes, and so many that are nothing but zeros, may be lost with a connection and are sent again. */
  | { readonly kind: 'unsent'; readonly bytes: number; readonly holes: number }
  /** A file's content begins to flow. `resumedBytes` are held by the receiver from an earlier attempt. */
  | { readonly kind: 'streaming'; readonly entry: ManifestEntry; readonly resumedBytes: number }
  | { readonly kind: 'settled'; readonly entry: ManifestEntry; readonly how: Settlement; readonly digest?: Uint8Array | undefined; readonly sha256?: Uint8Array | undefined; readonly error?: StreamerError }
  | { readonly kind: 'extras'; readonly paths: readonly string[] }
  /** Everything is settled, and both ends know. */
  | { readonly kind: 'done'; readonly finished: FinishedFrame }
  | { readonly kind: 'fail'; readonly error: StreamerError };

/** Files that are open at once. */
const OPEN_FILES_MAX = 16;
/** The walk goes on when fewer entries than this are unsettled: two frames' worth of room are left. */
const WALK_BELOW = ENTRIES_UNSETTLED_MAX - 2 * ENTRIES_PER_FRAME;

/** `size` is a pipe's, which shows at its end. */
type Outgoing = { readonly entry: ManifestEntry; size?: number; file?: OutgoingFile; hash?: bigint; digest?: Uint8Array; sha256?: Uint8Array | undefined; answered: boolean; comparing?: boolean };

/** See the module's head. */
export class SenderMachine {
  readonly #offer: OfferFrame;
  readonly #outgoing = new Map<number, Outgoing>();
  readonly #streams = new Map<number, SendStream>();
  /** Wanted and not sent yet: small files, and larger ones whose turn to be opened has not come. */
  readonly #wholes = new WholeQueue();
  readonly #openQueue: number[] = [];
  /** Chunked files that are open, in the order in which they were wanted. */
  readonly #files = new Map<number, OutgoingFile>();
  #pipe: OutgoingPipe | undefined;
  /** Entries that the receiver was told of. */
  #announced = 0;
  #laps = 0;
  #walk: 'idle' | 'walking' | 'over' = 'idle';
  #state: 'running' | 'done' | 'failed' = 'running';

  constructor(offer: OfferFrame) {
    this.#offer = offer;
  }

  /** The lap of an attached stream: see {@link SendStream}. */
  lapOf(stream: number): number {
    return this.#streams.get(stream)?.lap ?? -1;
  }

  handle(input: SenderInput): SenderEffect[] {
    if (this.#state !== 'running') return [];
    switch (input.kind) {
      case 'start':
        return [{ kind: 'send', frame: this.#offer }, ...this.#advance()];
      case 'attached':
        this.#streams.set(input.stream, new SendStream((this.#laps += 1)));
        return [];
      case 'lost':
        return this.#lost(input.stream);
      case 'frame':
        return this.#frame(input.stream, input.frame);
      case 'room':
        return this.#room(input.stream, input.lap, input.units);
      case 'entries':
        return this.#entries(input.entries);
      case 'walked':
        this.#walk = 'over';
        return [{ kind: 'send', frame: { type: 'manifestEnd', entries: input.entries, complete: input.complete } }];
      case 'opened':
        return this.#opened(input);
      case 'chunkRead':
        return this.#chunkRead(input);
      case 'unread':
        return this.#unread(input.stream, input.lap, input.cost);
      case 'wholeRead':
        return this.#wholeRead(input);
      case 'pipeRead':
        return this.#pipeRead(input);
      case 'pipeEnded':
        return this.#pipeEnded(input);
      case 'checked':
        return this.#checked(input.id, input.sha256);
      case 'digested':
        return this.#digested(input);
      case 'trouble':
        return this.#trouble(input.id, input.error);
    }
  }

  #frame(stream: number, frame: Frame): SenderEffect[] {
    switch (frame.type) {
      case 'credit':
        return this.#streams.get(stream)?.credit(frame) === false ? this.#violation('a credit that shrinks, or acks what was not sent') : this.#advance();
      case 'answers':
        return this.#answers(frame);
      case 'have':
        return this.#have(frame);
      case 'ready':
        return this.#ready(frame);
      case 'done':
        return this.#done(frame);
      case 'trouble':
        return this.#peerTrouble(frame.id, errorFromPeer(frame.code, frame.message));
      case 'extras':
        if (!this.#allSettled) return this.#violation("a frame 'extras' before its turn");
        return [{ kind: 'extras', paths: frame.paths }];
      case 'finished':
        return this.#finished(frame);
      case 'failure':
        return this.#fail(errorFromPeer(frame.code, frame.message));
      default:
        return this.#violation(`a frame '${frame.type}' that only a sender sends, or out of turn`);
    }
  }

  /* The manifest */

  #entries(entries: readonly ManifestEntry[]): SenderEffect[] {
    this.#walk = 'idle';
    for (const entry of entries) this.#outgoing.set(entry.id, { entry, answered: false });
    this.#announced += entries.length;
    const effects = batches(entries, ENTRIES_PER_FRAME, entryBytes).map((some): SenderEffect => ({ kind: 'send', frame: { type: 'entries', entries: some } }));
    const [only] = entries;
    if (this.#offer.root === 'pipe' && only !== undefined) this.#pipe = new OutgoingPipe();
    // One file is opened at once: its frame need not wait for the answer to its entry.
    else if (this.#offer.root === 'file' && !this.#offer.dryRun && only !== undefined) this.#openQueue.push(only.id);
    return [...effects, ...this.#advance()];
  }

  #answers({ first, answers }: AnswersFrame): SenderEffect[] {
    const effects: SenderEffect[] = [];
    for (const [index, answer] of answers.entries()) {
      const outgoing = this.#outgoing.get(first + index);
      if (outgoing === undefined || (outgoing.answered && outgoing.comparing !== true)) return this.#violation('an answer to what was not asked');
      effects.push(...this.#answer(outgoing, answer));
    }
    return [...effects, ...this.#advance()];
  }

  #answer(outgoing: Outgoing, answer: Answer): SenderEffect[] {
    const { entry } = outgoing;
    const comparing = outgoing.comparing === true;
    outgoing.answered = true;
    outgoing.comparing = false;
    switch (answer) {
      case 'want':
        if (this.#offer.dryRun) return this.#violation(`'want' in a dry run`);
        if (entry.kind !== 'file') return this.#violation(`'want' for what is no file`);
        this.#want(outgoing);
        return [];
      case 'compare':
        if (entry.kind !== 'file' || comparing || this.#offer.root === 'pipe') return this.#violation(`'compare' for what is no file, or again`);
        outgoing.comparing = true;
        return [{ kind: 'digest', entry }];
      default:
        return this.#settle(outgoing, answer);
    }
  }

  #want({ entry }: Outgoing): void {
    if (this.#offer.root !== 'tree') return;
    if (entry.size <= WHOLE_FILE_MAX) this.#wholes.push(entry.id);
    else this.#openQueue.push(entry.id);
  }

  #digested({ id, chunkSize, digest }: Extract<SenderInput, { kind: 'digested' }>): SenderEffect[] {
    const outgoing = this.#outgoing.get(id);
    if (outgoing?.comparing !== true) return [];
    return [{ kind: 'send', frame: { type: 'compare', id, chunkSize, digest } }];
  }

  /* Chunked files */

  #opened({ id, chunkSize, identity }: Extract<SenderInput, { kind: 'opened' }>): SenderEffect[] {
    const file = this.#files.get(id);
    if (file === undefined) return [{ kind: 'close', id }];
    file.opened(chunkSize);
    return [{ kind: 'send', frame: { type: 'file', id, chunkSize, identity } }];
  }

  #have(frame: HaveFrame): SenderEffect[] {
    if (this.#isSettled(frame.id)) return [];
    const file = this.#files.get(frame.id);
    if (file?.phase !== 'offered' || !file.have(frame)) return this.#violation("a frame 'have' out of turn or outside the file");
    return [];
  }

  #ready({ id }: ReadyFrame): SenderEffect[] {
    if (this.#isSettled(id)) return [];
    const outgoing = this.#outgoing.get(id);
    if (this.#pipe !== undefined && outgoing !== undefined) {
      if (!this.#pipe.open()) return this.#violation("a second frame 'ready'");
      return [{ kind: 'streaming', entry: outgoing.entry, resumedBytes: 0 }, ...this.#advance()];
    }
    const file = this.#files.get(id);
    if (file?.phase !== 'offered') return this.#violation("a frame 'ready' out of turn");
    const resumedBytes = file.table.bytes;
    file.start();
    // An empty file, or one that is there already, has nothing to send.
    return [{ kind: 'streaming', entry: file.entry, resumedBytes }, ...this.#endOf(file), ...this.#advance()];
  }

  #chunkRead({ stream, lap, id, index, hash, payload, zeros }: Extract<SenderInput, { kind: 'chunkRead' }>): SenderEffect[] {
    const file = this.#files.get(id);
    const on = this.#live(stream, lap);
    // It failed meanwhile.
    if (file === undefined) return this.#unread(stream, lap, payload.reduce((sum, piece) => sum + piece.length, 0));
    file.reading -= 1;
    if (!file.read(index, hash)) {
      const error = new IntegrityError('integrity-source', `${visiblePath(file.entry)}: the source changed while it was being sent; run the command again`);
      return [...this.#trouble(id, error), ...this.#unread(stream, lap, file.table.lengthOf(index))];
    }
    const length = file.table.lengthOf(index);
    if (on === undefined) {
      file.again(index);
      return this.#advance();
    }
    const offset = index * file.table.chunkSize;
    if (zeros) on.window.refund(length);
    const frame: ContentFrame = zeros ? { type: 'hole', id, first: index, count: 1 } : { type: 'data', id, offset, length, hash, payload };
    on.sent(zeros ? { kind: 'hole', id, first: index, count: 1 } : { kind: 'chunk', id, index });
    return [{ kind: 'content', stream, frame, keep: false }, ...this.#endOf(file), ...this.#advance()];
  }

  #unread(stream: number, lap: number, cost: number): SenderEffect[] {
    const on = this.#live(stream, lap);
    if (on === undefined || this.#state !== 'running') return [];
    on.window.refund(cost);
    on.room += 1;
    return this.#advance();
  }

  #endOf(file: OutgoingFile): SenderEffect[] {
    if (!file.allSent) return [];
    file.phase = 'checking';
    return [{ kind: 'check', id: file.entry.id }];
  }

  #checked(id: number, sha256: Uint8Array | undefined): SenderEffect[] {
    const file = this.#files.get(id);
    const outgoing = this.#outgoing.get(id);
    if (file?.phase !== 'checking' || outgoing === undefined) return [];
    file.phase = 'ended';
    outgoing.digest = file.digest();
    outgoing.sha256 = sha256;
    return [{ kind: 'send', frame: { type: 'fileEnd', id, size: file.entry.size, digest: outgoing.digest, sha256 } }];
  }

  /* Whole files */

  #wholeRead({ stream, lap, parts, payload, cost }: Extract<SenderInput, { kind: 'wholeRead' }>): SenderEffect[] {
    const on = this.#live(stream, lap);
    if (on === undefined) {
      this.#wholes.again(parts.map(({ id }) => id));
      return this.#advance();
    }
    // Those that could not be read were told of one by one, by `trouble`.
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    on.window.refund(cost - costOf({ length, parts }));
    if (parts.length === 0) {
      on.room += 1;
      return this.#advance();
    }
    // Only what went out may be confirmed.
    for (const { id, hash } of parts) this.#note(id, hash);
    on.sent({ kind: 'whole', ids: parts.map(({ id }) => id) });
    return [{ kind: 'content', stream, frame: { type: 'whole', parts, payload, length }, keep: false }, ...this.#advance()];
  }

  #note(id: number, hash: bigint): void {
    const outgoing = this.#outgoing.get(id);
    if (outgoing !== undefined) outgoing.hash = hash;
  }

  /** The xxh64 of a file that was sent whole, for its digest. */
  hashOf(id: number): bigint | undefined {
    return this.#outgoing.get(id)?.hash;
  }

  /* A pipe */

  #pipeRead({ stream, lap, hash, payload }: Extract<SenderInput, { kind: 'pipeRead' }>): SenderEffect[] {
    const frame = this.#pipe?.read(this.#live(stream, lap), hash, payload);
    const effects: SenderEffect[] = frame === undefined ? [] : [{ kind: 'content', stream, frame, keep: true }];
    return [...effects, ...this.#advance()];
  }

  #pipeEnded({ stream, lap, size, digest, sha256 }: Extract<SenderInput, { kind: 'pipeEnded' }>): SenderEffect[] {
    const outgoing = this.#outgoing.get(PIPE_ID);
    if (this.#pipe === undefined || outgoing === undefined) return [];
    if (this.#pipe.ended) return [];
    this.#pipe.end(this.#live(stream, lap));
    outgoing.size = size;
    outgoing.digest = digest;
    outgoing.sha256 = sha256;
    return [{ kind: 'send', frame: { type: 'fileEnd', id: PIPE_ID, size, digest, sha256 } }, ...this.#advance()];
  }

  /* What goes where */

  #room(stream: number, lap: number, units: number): SenderEffect[] {
    const on = this.#live(stream, lap);
    if (on === undefined) return [];
    on.room += units;
    return this.#advance();
  }

  /** Walks on, opens files, and gives each stream with room and credit its next unit. */
  #advance(): SenderEffect[] {
    const effects: SenderEffect[] = [];
    if (this.#walk === 'idle' && this.#outgoing.size < WALK_BELOW) {
      this.#walk = 'walking';
      effects.push({ kind: 'walk' });
    }
    while (this.#openQueue.length > 0 && this.#files.size < OPEN_FILES_MAX) effects.push(...this.#openNext());
    for (let busy = true; busy; ) {
      busy = false;
      for (const [stream, on] of this.#streams) {
        const effect = on.room > 0 ? this.#nextUnit(stream, on) : undefined;
        if (effect === undefined) continue;
        on.room -= 1;
        effects.push(effect);
        busy = true;
      }
    }
    return effects;
  }

  #openNext(): SenderEffect[] {
    const outgoing = this.#outgoing.get(this.#openQueue.shift() ?? -1);
    if (outgoing === undefined) return [];
    outgoing.file = new OutgoingFile(outgoing.entry);
    this.#files.set(outgoing.entry.id, outgoing.file);
    return [{ kind: 'open', entry: outgoing.entry }];
  }

  #nextUnit(stream: number, on: SendStream): SenderEffect | undefined {
    return this.#nextWhole(stream, on) ?? this.#nextChunk(stream, on) ?? this.#nextOfPipe(stream, on);
  }

  #nextWhole(stream: number, on: SendStream): SenderEffect | undefined {
    const { entries, cost } = this.#wholes.take((id) => this.#outgoing.get(id)?.entry, on.window);
    return entries.length === 0 ? undefined : { kind: 'readWhole', stream, lap: on.lap, entries, cost };
  }

  #nextChunk(stream: number, on: SendStream): SenderEffect | undefined {
    for (const file of this.#files.values()) {
      const next = file.peek();
      if (next === undefined) continue;
      if (!on.window.spend(next.length)) return undefined;
      file.take();
      return { kind: 'readChunk', stream, lap: on.lap, entry: file.entry, index: next.index, offset: next.index * file.table.chunkSize, length: next.length };
    }
    return undefined;
  }

  #nextOfPipe(stream: number, on: SendStream): SenderEffect | undefined {
    const step = stream === 0 ? this.#pipe?.next(on) : undefined;
    if (step === undefined) return undefined;
    if (step.kind === 'frame') return { kind: 'content', stream, frame: step.frame, keep: true };
    return { kind: 'readPipe', stream, lap: on.lap, most: step.most };
  }

  /** The stream for which something was read, unless it is gone, or another by now. */
  #live(stream: number, lap: number): SendStream | undefined {
    const on = this.#streams.get(stream);
    return on?.lap === lap ? on : undefined;
  }

  #lost(stream: number): SenderEffect[] {
    const on = this.#streams.get(stream);
    this.#streams.delete(stream);
    let bytes = 0;
    let holes = 0;
    for (const unit of on?.unacked() ?? []) {
      const again = this.#again(unit);
      if (unit.kind === 'hole') holes += again;
      else bytes += again;
    }
    const unsent: SenderEffect[] = bytes + holes === 0 ? [] : [{ kind: 'unsent', bytes, holes }];
    return [...unsent, ...this.#advance()];
  }

  /** Returns the bytes that are to be sent again. */
  #again(unit: Unit): number {
    switch (unit.kind) {
      case 'chunk':
        return this.#chunkAgain(unit.id, unit.index);
      case 'hole': {
        let bytes = 0;
        for (let i = 0; i < unit.count; i += 1) bytes += this.#chunkAgain(unit.id, unit.first + i);
        return bytes;
      }
      case 'whole':
        this.#wholes.again(unit.ids);
        return unit.ids.reduce((sum, id) => sum + (this.#outgoing.get(id)?.entry.size ?? 0), 0);
      case 'pipe':
        this.#pipe?.again(unit);
        return unit.payload.reduce((sum, piece) => sum + piece.length, 0);
    }
  }

  #chunkAgain(id: number, index: number): number {
    const file = this.#files.get(id);
    file?.again(index);
    return file?.table.lengthOf(index) ?? 0;
  }

  /* The end of an entry, and of all */

  #done({ ids }: DoneFrame): SenderEffect[] {
    const effects: SenderEffect[] = [];
    for (const id of ids) {
      if (this.#isSettled(id)) continue;
      const outgoing = this.#outgoing.get(id);
      const sent = outgoing?.file === undefined ? outgoing?.hash !== undefined || this.#pipe?.ended === true : outgoing.file.phase === 'ended';
      if (outgoing === undefined || !sent) return this.#violation('a confirmation of what was not sent');
      effects.push(...this.#settle(outgoing, 'done'));
    }
    return [...effects, ...this.#advance()];
  }

  #settle(outgoing: Outgoing, how: Settlement, error?: StreamerError): SenderEffect[] {
    const { entry, size = entry.size, file, digest, sha256 } = outgoing;
    const effects: SenderEffect[] = [{ kind: 'settled', entry: { ...entry, size }, how, digest, sha256, ...(error === undefined ? {} : { error }) }];
    this.#outgoing.delete(entry.id);
    if (file !== undefined) effects.push({ kind: 'close', id: entry.id });
    this.#files.delete(entry.id);
    return effects;
  }

  /** Whether an entry was announced and has come to its end: our `trouble` may cross what the receiver says of it. */
  #isSettled(id: number): boolean {
    return id < this.#announced && !this.#outgoing.has(id);
  }

  /** An entry that cannot be read here: in a tree the others go on, a single file is all there is. */
  #trouble(id: number, error: StreamerError): SenderEffect[] {
    const outgoing = this.#outgoing.get(id);
    if (outgoing === undefined) return [];
    if (this.#offer.root !== 'tree') return this.#fail(error);
    const frame: ControlFrame = { type: 'trouble', id, code: error.code, message: truncateUtf8(error.message, TEXT_MAX) };
    return [{ kind: 'send', frame }, ...this.#settle(outgoing, 'failed', error), ...this.#advance()];
  }

  #peerTrouble(id: number, error: StreamerError): SenderEffect[] {
    const outgoing = this.#outgoing.get(id);
    if (outgoing === undefined) return this.#isSettled(id) ? [] : this.#violation("a frame 'trouble' for no entry");
    if (this.#offer.root !== 'tree') return this.#fail(error);
    return [...this.#settle(outgoing, 'failed', error), ...this.#advance()];
  }

  get #allSettled(): boolean {
    return this.#walk === 'over' && this.#outgoing.size === 0;
  }

  #finished(frame: FinishedFrame): SenderEffect[] {
    if (!this.#allSettled) return this.#violation("a frame 'finished' before its turn");
    this.#state = 'done';
    return [{ kind: 'done', finished: frame }];
  }

  #violation(what: string): SenderEffect[] {
    return this.#fail(new ProtocolError('protocol-violation', `the other end sent ${what}`));
  }

  #fail(error: StreamerError): SenderEffect[] {
    this.#state = 'failed';
    return [{ kind: 'fail', error }];
  }
}

function visiblePath({ path }: ManifestEntry): string {
  return path.replace(/\p{Cc}+/gu, ' ');
}
