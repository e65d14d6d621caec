/**
 * The receiver's states: inputs in, effects out; no IO, no clock. One machine serves one session, over however many
 * connections it takes.
 *
 *     session: waiting ─ offer ─▶ opening its target ─▶ running ─ all settled ─▶ finishing ─▶ confirming ─ bye ─▶ done
 *     entry:   placing ─ want ─▶ wanted ─▶ (opening ─▶) receiving ─ whole ─▶ committing ─▶ settled
 *                 └──── equal, kept, placed, would, trouble ─────────────────────────────▶ settled
 *
 * @module
 */
import { errorFromPeer, IntegrityError, LimitError, StreamerError } from '../errors.js';
import { truncateUtf8 } from '../util/truncate.js';
import { formatSize } from '../util/units.js';
import { AnswerRuns } from './answer-runs.js';
import { batches, textBytes } from './batches.js';
import { DONE_IDS_MAX, ENTRIES_UNSETTLED_MAX, EXTRAS_PER_FRAME, LINKED_BYTES_MAX, PIPE_ID, TEXT_MAX } from './constants.js';
import type { Answer, CompareFrame, ControlFrame, EntriesFrame, FileEndFrame, Frame, ManifestEndFrame, OfferFrame } from './frame.js';
import { Inbox, type ReceiverOptions, type Verdict } from './inbox.js';
import type { Incoming } from './incoming.js';
import { linkAsFile } from './link-as-file.js';
import { LinkedBudget } from './linked-budget.js';
import { noSuchFile, Placement } from './placement.js';
import type { Placing, ReceiverEffect, ReceiverFact, ReceiverInput } from './receiver-steps.js';
import type { Settlement } from './settlement.js';
import { Unsettled } from './unsettled.js';
import { violation } from './violation.js';

/** See the module's head. */
export class ReceiverMachine {
  readonly #unsettled = new Unsettled<Incoming>();
  readonly #placement = new Placement(this.#unsettled);
  readonly #linked = new LinkedBudget();
  readonly #inbox: Inbox;
  #offer: OfferFrame | undefined;
  #manifestEnd: ManifestEndFrame | undefined;
  #state: 'waiting' | 'opening' | 'running' | 'finishing' | 'confirming' | 'done' | 'failed' = 'waiting';

  constructor(options: ReceiverOptions) {
    this.#inbox = new Inbox(options, this.#unsettled);
  }

  handle(input: ReceiverInput): ReceiverEffect[] {
    if (this.#state === 'failed' || this.#state === 'done') return [];
    switch (input.kind) {
      case 'attached':
        return this.#inbox.attach(input.stream);
      case 'lost':
        this.#inbox.lost(input.stream);
        return [];
      case 'frame':
        return this.#frame(input.stream, input.frame);
      case 'targeted':
        this.#state = 'running';
        return [...this.#placeNext(), ...this.#finishWhenSettled()];
      case 'placed':
        this.#placement.placed();
        return [...this.#placed(input.placings), ...this.#placeNext(), ...this.#finishWhenSettled()];
      case 'compared':
        return [...this.#placed([input.placing]), ...this.#finishWhenSettled()];
      case 'opened':
        return this.#inbox.opened(input);
      case 'chunksWritten':
        return [...this.#inbox.written(input), ...this.#commitWhenWhole(input.id)];
      case 'wholeTaken':
        return this.#inbox.taken(input.arrival);
      case 'settled':
        return this.#settledBelow(input);
      case 'extras':
        return batches(input.paths, EXTRAS_PER_FRAME, textBytes).map((paths) => ({ kind: 'send', frame: { type: 'extras', paths } }));
      case 'finished':
        this.#state = 'confirming';
        return [{ kind: 'send', frame: { type: 'finished', removed: input.removed, failed: input.failed } }];
    }
  }

  #frame(stream: number, frame: Frame): ReceiverEffect[] {
    switch (frame.type) {
      case 'offer':
        return this.#offered(frame);
      case 'entries':
        return this.#entries(frame);
      case 'compare':
        return this.#compare(frame);
      case 'file':
        return this.#judged(this.#inbox.file(frame));
      case 'data':
        return this.#judged(this.#inbox.data(stream, frame));
      case 'hole':
        return this.#judged(this.#inbox.hole(stream, frame));
      case 'whole':
        return this.#judged(this.#inbox.whole(stream, frame));
      case 'fileEnd':
        return this.#fileEnd(frame);
      case 'manifestEnd':
        return this.#manifestEnded(frame);
      case 'trouble':
        return this.#peerTrouble(frame.id, errorFromPeer(frame.code, frame.message));
      case 'bye':
        return this.#bye();
      case 'failure':
        return this.#fail(errorFromPeer(frame.code, frame.message));
      default:
        return this.#violation(`a frame '${frame.type}' that only a receiver sends, or out of turn`);
    }
  }

  /* The manifest */

  #offered(offer: OfferFrame): ReceiverEffect[] {
    if (this.#state !== 'waiting') return this.#violation("a second frame 'offer'");
    this.#offer = offer;
    this.#inbox.offered(offer.root);
    this.#state = 'opening';
    return [{ kind: 'target', offer }];
  }

  #entries({ entries }: EntriesFrame): ReceiverEffect[] {
    if (this.#offer === undefined || this.#manifestEnd !== undefined) return this.#violation("a frame 'entries' out of turn");
    for (const entry of entries) {
      const single = this.#offer.root !== 'tree' && (entry.id !== PIPE_ID || entry.kind !== 'file');
      if (entry.id !== this.#unsettled.announced || single) return this.#violation(`entry ${entry.id} out of order, or of a kind that was not offered`);
      if (entry.linked === true && !this.#linked.take(entry.path)) return this.#fail(tooManyLinked());
      this.#unsettled.add(entry.id, { entry, phase: 'placing' });
    }
    this.#placement.add(entries);
    if (Math.max(this.#unsettled.size, this.#placement.queued) > ENTRIES_UNSETTLED_MAX) return this.#violation(`more than ${ENTRIES_UNSETTLED_MAX} entries at once`);
    return this.#placeNext();
  }

  /** Goes on placing, once the target is there. */
  #placeNext(): ReceiverEffect[] {
    const effects: ReceiverEffect[] = [];
    while (this.#state === 'running') {
      const step = this.#placement.next();
      if (step === undefined) break;
      effects.push(...this.#placed(step.known));
      if (step.entries.length > 0) effects.push({ kind: 'place', entries: step.entries, bytes: step.bytes });
    }
    return effects;
  }

  /** The sender is answered first of all: what follows may speak of what was answered. */
  #placed(placings: readonly Placing[]): ReceiverEffect[] {
    const answers = new AnswerRuns();
    const after: ReceiverEffect[] = [];
    for (const { id, answer, error } of placings) {
      const incoming = this.#unsettled.get(id);
      if (incoming === undefined) continue;
      if (answer === 'trouble') after.push(...this.#trouble(incoming, error ?? noSuchFile(incoming.entry)));
      else {
        answers.add(id, answer);
        after.push(...this.#placedOne(incoming, answer));
      }
      if (this.#failed()) return after;
    }
    return [...answers.frames().map((frame): ReceiverEffect => ({ kind: 'send', frame })), ...after];
  }

  #failed(): boolean {
    return this.#state === 'failed';
  }

  #placedOne(incoming: Incoming, answer: Answer): ReceiverEffect[] {
    switch (answer) {
      case 'want': {
        const more = asFile(incoming);
        return [...more, ...this.#judged(this.#inbox.want(incoming))];
      }
      case 'compare':
        incoming.phase = 'comparing';
        return asFile(incoming);
      default:
        return this.#settle(incoming, answer);
    }
  }

  #compare(frame: CompareFrame): ReceiverEffect[] {
    const incoming = this.#unsettled.get(frame.id);
    if (incoming?.phase !== 'comparing') return this.#violation("a frame 'compare' out of turn");
    incoming.phase = 'placing';
    return [{ kind: 'compare', entry: incoming.entry, chunkSize: frame.chunkSize, digest: frame.digest }];
  }

  #manifestEnded(frame: ManifestEndFrame): ReceiverEffect[] {
    if (this.#manifestEnd !== undefined || this.#offer === undefined || frame.entries !== this.#unsettled.announced) return this.#violation("a frame 'manifestEnd' out of turn");
    if (this.#offer.root !== 'tree' && frame.entries !== 1) return this.#violation('an offer without its entry');
    this.#manifestEnd = frame;
    return this.#finishWhenSettled();
  }

  /* What has arrived */

  #fileEnd(frame: FileEndFrame): ReceiverEffect[] {
    const wrong = this.#inbox.ended(frame);
    return wrong === undefined ? this.#commitWhenWhole(frame.id) : this.#fail(wrong);
  }

  #commitWhenWhole(id: number): ReceiverEffect[] {
    const incoming = this.#unsettled.get(id);
    const content = incoming?.content;
    if (incoming?.phase !== 'receiving' || content?.whole !== true || content.end === undefined) return [];
    const digest = content.digest();
    const { size, sha256 } = content.end;
    incoming.phase = 'committing';
    incoming.digest = digest;
    if (!digest.equals(content.end.digest)) {
      const error = new IntegrityError('integrity-digest', "the received file's digest is not the sent file's");
      return [{ kind: 'abandon', id, discard: true }, ...this.#trouble(incoming, error), ...this.#finishWhenSettled()];
    }
    return [{ kind: 'commit', entry: incoming.entry, size, digest, sha256 }];
  }

  /* The end of an entry, and of all */

  #settledBelow({ results }: ReceiverFact<'settled'>): ReceiverEffect[] {
    const effects: ReceiverEffect[] = [];
    const ids: number[] = [];
    for (const { id, error } of results) {
      const incoming = this.#unsettled.get(id);
      if (incoming === undefined) continue;
      if (error === undefined) {
        ids.push(id);
        effects.push(...this.#settle(incoming, 'done'));
      } else effects.push(...this.#trouble(incoming, error));
      if (this.#failed()) return effects;
    }
    const told = chunked(ids, DONE_IDS_MAX).map((some): ReceiverEffect => ({ kind: 'send', frame: { type: 'done', ids: some } }));
    return [...told, ...effects, ...this.#finishWhenSettled()];
  }

  #settle(incoming: Incoming, how: Settlement, error?: StreamerError): ReceiverEffect[] {
    const { entry, digest, content } = incoming;
    const sha256 = content?.end?.sha256;
    // A pipe's size shows at its end.
    const told = this.#offer?.root === 'pipe' && content?.end !== undefined ? { ...entry, size: content.end.size } : entry;
    const effects: ReceiverEffect[] = [{ kind: 'settled', entry: told, how, digest, sha256, ...(error === undefined ? {} : { error }) }];
    this.#unsettled.settle(entry.id);
    this.#inbox.settled(incoming);
    if (this.#placement.settled(entry, how)) effects.push(...this.#placeNext());
    return effects;
  }

  #trouble(incoming: Incoming, error: StreamerError): ReceiverEffect[] {
    if (this.#offer?.root !== 'tree') return this.#fail(error);
    const frame: ControlFrame = { type: 'trouble', id: incoming.entry.id, code: error.code, message: truncateUtf8(error.message, TEXT_MAX) };
    return [{ kind: 'send', frame }, ...this.#settle(incoming, 'failed', error)];
  }

  #peerTrouble(id: number, error: StreamerError): ReceiverEffect[] {
    const incoming = this.#unsettled.get(id);
    if (incoming === undefined) return this.#unsettled.isSettled(id) ? [] : this.#violation("a frame 'trouble' for no entry");
    if (this.#offer?.root !== 'tree') return this.#fail(error);
    // All of it is here and is what was sent: the trouble was with sending it once more, and our `done` is under way.
    if (incoming.phase === 'committing') return [];
    return [{ kind: 'abandon', id, discard: false }, ...this.#settle(incoming, 'failed', error), ...this.#finishWhenSettled()];
  }

  #finishWhenSettled(): ReceiverEffect[] {
    const end = this.#manifestEnd;
    const idle = this.#unsettled.size === 0 && this.#placement.idle;
    if (this.#state !== 'running' || end === undefined || !idle) return [];
    this.#state = 'finishing';
    return [{ kind: 'finish', complete: end.complete }];
  }

  #bye(): ReceiverEffect[] {
    if (this.#state !== 'confirming') return this.#violation("a frame 'bye' out of turn");
    this.#state = 'done';
    return [{ kind: 'done' }];
  }

  #judged(verdict: Verdict): ReceiverEffect[] {
    return verdict instanceof StreamerError ? this.#fail(verdict) : verdict;
  }

  #violation(what: string): ReceiverEffect[] {
    return this.#fail(violation(what));
  }

  #fail(error: StreamerError): ReceiverEffect[] {
    this.#state = 'failed';
    return [{ kind: 'fail', error }];
  }
}

/** A sender that counts sends the others as files of their own. */
function tooManyLinked(): LimitError {
  return new LimitError('limit-entries', `the other end announced more files with hard links than one session may hold (${formatSize(LINKED_BYTES_MAX)} of paths); send the tree in several parts`);
}

/** A hard link that cannot be one here: its content is to come. */
function asFile(incoming: Incoming): ReceiverEffect[] {
  if (incoming.entry.kind !== 'hardlink') return [];
  incoming.entry = linkAsFile(incoming.entry);
  return [{ kind: 'more', bytes: incoming.entry.size }];
}

function chunked<T>(list: readonly T[], most: number): T[][] {
  const parts: T[][] = [];
  for (let at = 0; at < list.length; at += most) parts.push(list.slice(at, at + most));
  return parts;
}
