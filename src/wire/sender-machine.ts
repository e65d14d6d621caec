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
import { errorFromPeer, IntegrityError, type StreamerError } from '../errors.js';
import { truncateUtf8 } from '../util/truncate.js';
import { lengthOf } from '../util/bytes.js';
import { batches, entryBytes } from './batches.js';
import { ENTRIES_PER_FRAME, ENTRIES_UNSETTLED_MAX, PIPE_ID, TEXT_MAX } from './constants.js';
import type { Answer, AnswersFrame, ControlFrame, DoneFrame, FinishedFrame, Frame, HaveFrame, ManifestEntry, OfferFrame, ReadyFrame } from './frame.js';
import { linkAsFile } from './link-as-file.js';
import { Outbox } from './outbox.js';
import type { OutgoingFile } from './outgoing-file.js';
import { OutgoingPipe } from './outgoing-pipe.js';
import type { Outgoing } from './outgoing.js';
import type { SenderEffect, SenderFact, SenderInput } from './sender-steps.js';
import type { Settlement } from './settlement.js';
import { Unsettled } from './unsettled.js';
import { violation } from './violation.js';

/** The walk goes on when fewer entries than this are unsettled: two frames' worth of room are left. */
const WALK_BELOW = ENTRIES_UNSETTLED_MAX - 2 * ENTRIES_PER_FRAME;

/** See the module's head. */
export class SenderMachine {
  readonly #offer: OfferFrame;
  readonly #unsettled = new Unsettled<Outgoing>();
  readonly #outbox: Outbox;
  #walk: 'idle' | 'walking' | 'over' = 'idle';
  #state: 'running' | 'done' | 'failed' = 'running';

  constructor(offer: OfferFrame) {
    this.#offer = offer;
    this.#outbox = new Outbox(offer.root === 'pipe' ? new OutgoingPipe() : undefined, (id) => this.#unsettled.get(id)?.entry);
  }

  /** The lap of an attached stream: see `SendStream`. */
  lapOf(stream: number): number {
    return this.#outbox.lapOf(stream);
  }

  handle(input: SenderInput): SenderEffect[] {
    if (this.#state !== 'running') return [];
    switch (input.kind) {
      case 'start':
        return [{ kind: 'send', frame: this.#offer }, ...this.#advance()];
      case 'attached':
        this.#outbox.attach(input.stream);
        return [];
      case 'lost':
        return [...this.#outbox.lost(input.stream), ...this.#advance()];
      case 'frame':
        return this.#frame(input.stream, input.frame);
      case 'room':
        return this.#outbox.room(input.stream, input.lap, input.units) ? this.#advance() : [];
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
        return this.#outbox.credit(stream, frame) ? this.#advance() : this.#violation('a credit that shrinks, or acks what was not sent');
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
    for (const entry of entries) this.#unsettled.add(entry.id, { entry, answered: false });
    const effects = batches(entries, ENTRIES_PER_FRAME, entryBytes).map((some): SenderEffect => ({ kind: 'send', frame: { type: 'entries', entries: some } }));
    const [only] = entries;
    // One file is opened at once: its frame need not wait for the answer to its entry.
    if (this.#offer.root === 'file' && !this.#offer.dryRun && only !== undefined) this.#outbox.addChunked(only.id);
    return [...effects, ...this.#advance()];
  }

  #answers({ first, answers }: AnswersFrame): SenderEffect[] {
    const effects: SenderEffect[] = [];
    for (const [index, answer] of answers.entries()) {
      const outgoing = this.#unsettled.get(first + index);
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
        if (!isFile(entry)) return this.#violation(`'want' for what is no file`);
        if (this.#offer.root !== 'tree') return [];
        this.#outbox.add(entry);
        return asFile(outgoing);
      case 'compare':
        if (!isFile(entry) || comparing || this.#offer.root === 'pipe') return this.#violation(`'compare' for what is no file, or again`);
        outgoing.comparing = true;
        return [...asFile(outgoing), { kind: 'digest', entry: outgoing.entry }];
      default:
        return this.#settle(outgoing, answer);
    }
  }

  #digested({ id, chunkSize, digest }: SenderFact<'digested'>): SenderEffect[] {
    const outgoing = this.#unsettled.get(id);
    if (outgoing?.comparing !== true) return [];
    return [{ kind: 'send', frame: { type: 'compare', id, chunkSize, digest } }];
  }

  /* Chunked files */

  #opened({ id, chunkSize, identity }: SenderFact<'opened'>): SenderEffect[] {
    const file = this.#outbox.fileOf(id);
    if (file === undefined) return [{ kind: 'close', id }];
    file.opened(chunkSize);
    return [{ kind: 'send', frame: { type: 'file', id, chunkSize, identity } }];
  }

  #have(frame: HaveFrame): SenderEffect[] {
    if (this.#unsettled.isSettled(frame.id)) return [];
    const file = this.#outbox.fileOf(frame.id);
    if (file?.phase !== 'offered' || !file.have(frame)) return this.#violation("a frame 'have' out of turn or outside the file");
    return [];
  }

  #ready({ id }: ReadyFrame): SenderEffect[] {
    if (this.#unsettled.isSettled(id)) return [];
    const outgoing = this.#unsettled.get(id);
    const { pipe } = this.#outbox;
    if (pipe !== undefined && outgoing !== undefined) {
      if (!outgoing.answered || this.#offer.dryRun || !pipe.open()) return this.#violation("a frame 'ready' out of turn");
      return [{ kind: 'streaming', entry: outgoing.entry, resumedBytes: 0 }, ...this.#advance()];
    }
    const file = this.#outbox.fileOf(id);
    if (file?.phase !== 'offered') return this.#violation("a frame 'ready' out of turn");
    const resumedBytes = file.table.bytes;
    file.start();
    // An empty file, or one that is there already, has nothing to send.
    return [{ kind: 'streaming', entry: file.entry, resumedBytes }, ...this.#endOf(file), ...this.#advance()];
  }

  #chunkRead(read: SenderFact<'chunkRead'>): SenderEffect[] {
    const { stream, lap, id, index, hash, payload } = read;
    const file = this.#outbox.fileOf(id);
    // It failed meanwhile.
    if (file === undefined) return this.#unread(stream, lap, lengthOf(payload));
    file.reading -= 1;
    if (!file.read(index, hash)) {
      return [...this.#trouble(id, sourceChanged(file.entry)), ...this.#unread(stream, lap, file.table.lengthOf(index))];
    }
    const content = this.#outbox.sendChunk(file, read);
    return content === undefined ? this.#advance() : [content, ...this.#endOf(file), ...this.#advance()];
  }

  #unread(stream: number, lap: number, cost: number): SenderEffect[] {
    return this.#state === 'running' && this.#outbox.unread(stream, lap, cost) ? this.#advance() : [];
  }

  #endOf(file: OutgoingFile): SenderEffect[] {
    if (!file.allSent) return [];
    file.phase = 'checking';
    return [{ kind: 'check', id: file.entry.id }];
  }

  #checked(id: number, sha256: Uint8Array | undefined): SenderEffect[] {
    const file = this.#outbox.fileOf(id);
    const outgoing = this.#unsettled.get(id);
    if (file?.phase !== 'checking' || outgoing === undefined) return [];
    file.phase = 'ended';
    outgoing.digest = file.digest();
    outgoing.sha256 = sha256;
    return [{ kind: 'send', frame: { type: 'fileEnd', id, size: file.entry.size, digest: outgoing.digest, sha256 } }];
  }

  /* Small files, and a pipe */

  #wholeRead(read: SenderFact<'wholeRead'>): SenderEffect[] {
    const unfit = read.parts.filter(({ id, hash }) => this.#unsettled.isSettled(id) || (this.#unsettled.get(id)?.wholeHash ?? hash) !== hash);
    if (unfit.length > 0) return this.#wholeUnfit(read, unfit.map(({ id }) => id));
    const content = this.#outbox.sendWhole(read);
    if (content === undefined) return this.#advance();
    // Only what went out may be confirmed.
    for (const { id, hash } of read.parts) {
      const outgoing = this.#unsettled.get(id);
      if (outgoing !== undefined) outgoing.wholeHash = hash;
    }
    return [content, ...this.#advance()];
  }

  /**
   * Files that are settled by now, or went out before with other content, so that nobody knows which of the two has arrived. The
   * rest is read again.
   */
  #wholeUnfit(read: SenderFact<'wholeRead'>, unfit: readonly number[]): SenderEffect[] {
    this.#outbox.unsendWhole(read, read.parts.flatMap(({ id }) => (unfit.includes(id) ? [] : [id])));
    const troubles = unfit.flatMap((id) => {
      const outgoing = this.#unsettled.get(id);
      return outgoing === undefined ? [] : this.#trouble(id, sourceChanged(outgoing.entry));
    });
    return [...troubles, ...this.#advance()];
  }

  #pipeRead(read: SenderFact<'pipeRead'>): SenderEffect[] {
    const content = this.#outbox.sendPipe(read);
    return content === undefined ? this.#advance() : [content, ...this.#advance()];
  }

  #pipeEnded({ stream, lap, size, digest, sha256 }: SenderFact<'pipeEnded'>): SenderEffect[] {
    const outgoing = this.#unsettled.get(PIPE_ID);
    if (outgoing === undefined || this.#outbox.pipe?.ended !== false) return [];
    this.#outbox.endPipe(stream, lap);
    outgoing.size = size;
    outgoing.digest = digest;
    outgoing.sha256 = sha256;
    return [{ kind: 'send', frame: { type: 'fileEnd', id: PIPE_ID, size, digest, sha256 } }, ...this.#advance()];
  }

  /* The end of an entry, and of all */

  #done({ ids }: DoneFrame): SenderEffect[] {
    const effects: SenderEffect[] = [];
    for (const id of ids) {
      if (this.#unsettled.isSettled(id)) continue;
      const outgoing = this.#unsettled.get(id);
      if (outgoing === undefined || !this.#isSent(outgoing)) return this.#violation('a confirmation of what was not sent');
      effects.push(...this.#settle(outgoing, 'done'));
    }
    return [...effects, ...this.#advance()];
  }

  /** Whether all of it went out, once at least. */
  #isSent({ entry, wholeHash }: Outgoing): boolean {
    return wholeHash !== undefined || this.#outbox.fileOf(entry.id)?.phase === 'ended' || this.#outbox.pipe?.sent === true;
  }

  #settle(outgoing: Outgoing, how: Settlement, error?: StreamerError): SenderEffect[] {
    const { entry, size = entry.size, digest, sha256 } = outgoing;
    const effects: SenderEffect[] = how === 'done' ? this.#outbox.takeBack(entry) : [];
    effects.push({ kind: 'settled', entry: { ...entry, size }, how, digest, sha256, ...(error === undefined ? {} : { error }) });
    this.#unsettled.settle(entry.id);
    if (this.#outbox.remove(entry.id)) effects.push({ kind: 'close', id: entry.id });
    return effects;
  }

  /** An entry that cannot be read here: in a tree the others go on, a single file is all there is. */
  #trouble(id: number, error: StreamerError): SenderEffect[] {
    const outgoing = this.#unsettled.get(id);
    if (outgoing === undefined) return [];
    if (this.#offer.root !== 'tree') return this.#fail(error);
    const frame: ControlFrame = { type: 'trouble', id, code: error.code, message: truncateUtf8(error.message, TEXT_MAX) };
    return [{ kind: 'send', frame }, ...this.#settle(outgoing, 'failed', error), ...this.#advance()];
  }

  #peerTrouble(id: number, error: StreamerError): SenderEffect[] {
    const outgoing = this.#unsettled.get(id);
    if (outgoing === undefined) return this.#unsettled.isSettled(id) ? [] : this.#violation("a frame 'trouble' for no entry");
    if (this.#offer.root !== 'tree') return this.#fail(error);
    return [...this.#settle(outgoing, 'failed', error), ...this.#advance()];
  }

  /** Walks on, and lets out what may go. */
  #advance(): SenderEffect[] {
    const next = this.#outbox.next();
    if (this.#walk !== 'idle' || this.#unsettled.size >= WALK_BELOW) return next;
    this.#walk = 'walking';
    return [{ kind: 'walk' }, ...next];
  }

  get #allSettled(): boolean {
    return this.#walk === 'over' && this.#unsettled.size === 0;
  }

  #finished(frame: FinishedFrame): SenderEffect[] {
    if (!this.#allSettled) return this.#violation("a frame 'finished' before its turn");
    this.#state = 'done';
    return [{ kind: 'done', finished: frame }];
  }

  #violation(what: string): SenderEffect[] {
    return this.#fail(violation(what));
  }

  #fail(error: StreamerError): SenderEffect[] {
    this.#state = 'failed';
    return [{ kind: 'fail', error }];
  }
}

/** Whether there is content to ask for: of a hard link that cannot be one at the receiver's end, too. */
function isFile({ kind }: ManifestEntry): boolean {
  return kind === 'file' || kind === 'hardlink';
}

function asFile(outgoing: Outgoing): SenderEffect[] {
  if (outgoing.entry.kind !== 'hardlink') return [];
  outgoing.entry = linkAsFile(outgoing.entry);
  return [{ kind: 'more', bytes: outgoing.entry.size }];
}

function sourceChanged(entry: ManifestEntry): IntegrityError {
  return new IntegrityError('integrity-source', `${visiblePath(entry)}: the source changed while it was being sent; run the command again`);
}

function visiblePath({ path }: ManifestEntry): string {
  return path.replace(/\p{Cc}+/gu, ' ');
}
