/**
 * A sender by itself, and a receiver that may say anything: see `machine-alone.ts`.
 *
 * @module
 */
import { ANSWERS, type Answer, type Frame } from '../../src/wire/frame.js';
import { Alone, pick, type Saying } from './machine-alone.js';
import { ENTRY, type Plan, type PlannedEntry } from './machine-plan.js';
import { SendingEnd } from './machine-sending.js';

/** Ids of which something may be said now. */
type Known = Readonly<Record<'asked' | 'comparing' | 'open' | 'sent', ReadonlySet<number>>>;

/** What a receiver may say of an entry. */
function answersTo({ kind }: PlannedEntry, root: Plan['root']): readonly Answer[] {
  if (kind === 'file') return ['want', 'want', 'want', 'want', root === 'pipe' ? 'want' : 'compare', 'kept'];
  return kind === 'hardlink' ? ['placed', 'want', 'compare', 'placed', 'kept', 'want'] : ['placed'];
}

/** See the module's head. */
export class AloneSender extends Alone<SendingEnd> {
  /** Chunks that the receiver has said to hold. */
  readonly haves = new Map<number, Set<number>>();
  /** Ids: announced; asked to be compared; of which a file frame has come, or all that there is to come. */
  readonly #announced: number[] = [];
  readonly #told = new Set<number>();
  readonly #comparing = new Set<number>();
  readonly #offered = new Set<number>();
  readonly #sent = new Set<number>();
  #answered = 0;
  #ended = false;

  constructor(plan: Plan) {
    super(plan, (stage) => new SendingEnd(stage));
  }

  protected hear(frame: Frame): void {
    if (frame.type === 'entries') this.#announced.push(...frame.entries.map(({ id }) => id));
    if (frame.type === 'file') this.#offered.add(frame.id);
    if (frame.type === 'fileEnd') this.#sent.add(frame.id);
    if (frame.type === 'whole') for (const { id } of frame.parts) this.#sent.add(id);
    if (frame.type === 'manifestEnd') this.#ended = true;
  }

  protected say(what: string, which: number, index: number, bend: number, stream: number): Saying | undefined {
    const known = this.#known();
    const frame = bend === 0 ? this.#frame(what, which, index, bend, stream) : this.#polite(what, which, index, bend, stream);
    if (frame === undefined) return undefined;
    if (frame.type === 'answers') this.#told.add(frame.first);
    return { stream: frame.type === 'credit' ? stream : 0, frames: [frame], wrong: this.#isWrong(frame, known) };
  }

  /** What may be said of each entry now. */
  #known(): Known {
    const settled = [...this.end.settled.keys()];
    return {
      asked: new Set(this.#announced.filter((id) => !settled.includes(id) && (!this.#told.has(id) || this.#comparing.has(id)))),
      comparing: new Set(this.#comparing),
      open: new Set([...this.#offered, ...settled]),
      sent: new Set([...this.#sent, ...settled]),
    };
  }

  #isWrong(frame: Frame, { asked, comparing, open, sent }: Known): boolean {
    switch (frame.type) {
      case 'answers': {
        const [answer] = frame.answers;
        const { kind } = this.plan.entries[frame.first] ?? {};
        const file = kind === 'file' || kind === 'hardlink';
        if (!asked.has(frame.first) || (answer === 'compare' && (!file || comparing.has(frame.first) || this.plan.root === 'pipe'))) return true;
        return answer === 'want' && (!file || this.plan.dryRun);
      }
      case 'done':
        return !frame.ids.every((id) => sent.has(id));
      case 'have':
        return this.plan.root !== 'pipe' && !open.has(frame.id);
      case 'ready':
        return this.plan.root !== 'pipe' && !open.has(frame.id);
      case 'extras':
      case 'finished':
        return !this.#ended || this.end.settled.size < this.plan.entries.length;
      case 'trouble':
        return !this.#announced.includes(frame.id);
      default:
        return frame.type === 'bye';
    }
  }

  /** What has its turn, for an entry that is there. */
  #polite(what: string, which: number, index: number, bend: number, stream: number): Frame | undefined {
    const { settled } = this.end;
    const open = (ids: Iterable<number>) => pick([...ids].filter((id) => !settled.has(id)), which);
    switch (what) {
      case 'answers':
        while (settled.has(this.#answered)) this.#answered += 1;
        return this.#answered < this.#announced.length ? this.#frame(what, this.#answered, index, bend, stream) : undefined;
      case 'again':
        return this.#about(open(this.#comparing), what, index, bend);
      case 'have':
      case 'ready':
        if (this.plan.root === 'pipe' && what === 'have') return undefined;
        return this.#about(open(this.#offered), what, index, bend);
      case 'done':
        return this.#about(open(this.#sent), what, index, bend);
      case 'trouble':
        return this.#about(open(this.#announced), what, index, bend);
      case 'credit':
        return this.#frame(what, which, index, bend, stream);
      default:
        return this.#ended && settled.size === this.plan.entries.length ? this.#frame(what, which, index, bend, stream) : undefined;
    }
  }

  #about(id: number | undefined, what: string, index: number, bend: number): Frame | undefined {
    return id === undefined ? undefined : this.#frame(what, id, index, bend, 0);
  }

  #frame(what: string, id: number, index: number, bend: number, stream: number): Frame {
    switch (what) {
      case 'credit': {
        const { limit = 0, frames = 0 } = this.end.ledgers.get(stream) ?? {};
        return { type: 'credit', limit: limit + index * 50_000 - (bend === 0 && limit > 0 ? 1 : 0), acked: bend === 2 ? frames + 1 : frames };
      }
      case 'answers': {
        const answer = this.plan.dryRun ? 'would' : pick(answersTo(this.plan.entries[id] ?? ENTRY, this.plan.root), index);
        return this.#answer(id, bend === 2 ? pick(ANSWERS, index) : answer);
      }
      case 'again':
        return this.#answer(id, bend === 2 ? 'compare' : pick(['want', 'equal', 'want'] as const, index));
      case 'have':
        return this.#have(id, index, bend);
      case 'ready':
        this.#offered.delete(id);
        return { type: 'ready', id };
      case 'done':
        return { type: 'done', ids: bend === 0 ? [id, index] : [id] };
      case 'trouble':
        return { type: 'trouble', id, code: 'storage-full', message: 'full' };
      case 'extras':
        return { type: 'extras', paths: ['x'] };
      default:
        return bend === 2 ? { type: 'bye' } : { type: 'finished', removed: 0, failed: 0 };
    }
  }

  #answer(first: number, answer: Answer = 'want'): Frame {
    this.#answered = Math.max(this.#answered, first + 1);
    if (answer === 'compare') this.#comparing.add(first);
    else this.#comparing.delete(first);
    if (answer === 'want' && this.plan.root === 'pipe') this.#offered.add(first);
    return { type: 'answers', first, answers: [answer] };
  }

  #have(id: number, index: number, bend: number): Frame {
    const entry = this.plan.entries[id] ?? ENTRY;
    const chunks = Math.max(1, Math.ceil(entry.size / entry.chunkSize));
    const first = bend === 0 ? index : index % chunks;
    this.haves.set(id, (this.haves.get(id) ?? new Set()).add(first));
    return { type: 'have', id, first, hashes: Buffer.alloc(8, 1) };
  }
}
