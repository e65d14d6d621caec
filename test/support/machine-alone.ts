/**
 * One end by itself, and somebody who makes up the other's frames: mostly such as have their turn, and some that have not,
 * or are bent.
 *
 * @module
 */
import assert from 'node:assert/strict';
import { isControl, type Answer, type ContentFrame, type Frame } from '../../src/wire/frame.js';
import { FakeChannel, LOST, plainCodec } from './machine-network.js';
import { contentOf, digestOf, ENTRY, isContent, quickHash, shaOf, type Plan, type PlannedEntry, type Stage } from './machine-plan.js';
import { ReceivingEnd } from './machine-receiving.js';
import { manifestEntry, offerOf, type SendingEnd } from './machine-sending.js';

/** What happens next: a word for it, two numbers to choose with, and whether a frame is out of turn (0), or bent, and how. */
export type Turn = readonly [what: string, which: number, index: number, bend: number];

/** What is said: frames, on one stream. `wrong`: the end must not take it. */
export interface Saying {
  readonly stream: number;
  readonly frames: readonly Frame[];
  readonly wrong?: boolean;
}

/** What may be said on any stream: the rest goes over the first one alone. */
const ON_ANY = new Set(['data', 'hole', 'whole', 'flood', 'credit']);
const SIZES = [5, 0, 65_536, 65_541, 3 * 65_536, 2 ** 20, 2 ** 20 + 1, 8 * 2 ** 20 - 5];
const KINDS = ['file', 'file', 'file', 'file', 'directory', 'symlink', 'hardlink'] as const;
const THERE = ['nothing', 'nothing', 'nothing', 'nothing', 'same', 'other', 'equal', 'kept'] as const;
const CHUNKS = [65_536, 2 ** 18, 2 ** 20];
const SMALL = 2 ** 20;

/** One of a list, whatever the number; undefined of an empty one. */
export const pick = <T>(list: readonly T[], number: number): T | undefined => list[number % Math.max(1, list.length)];

function altered(bytes: Uint8Array): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(0) ^ 1, 0);
  return copy;
}

/** Either end. */
export abstract class Alone<End extends SendingEnd | ReceivingEnd> implements Stage {
  readonly plan: Plan;
  readonly hash = quickHash;
  readonly synchronous = false;
  readonly end: End;
  readonly #tasks: (() => void)[] = [];
  readonly #channels = new Map<number, FakeChannel>();
  #received = 0;

  constructor(plan: Plan, make: (stage: Stage) => End) {
    this.plan = plan;
    this.end = make(this);
  }

  later(_what: string, work: () => void): void {
    this.#tasks.push(work);
  }

  broken(error: unknown): void {
    throw error;
  }

  turn([what, which, index, bend]: Turn): void {
    if (this.end.over) return;
    if (what === 'work') this.#work(index);
    else if (what === 'attach') this.#attach(index % 3);
    else if (what === 'lose') this.#lose(index % 3);
    else if (this.#channels.has(0) || ON_ANY.has(what)) {
      const said = this.say(what, which, index, bend, pick([...this.#channels.keys()], index) ?? 0);
      const handler = said === undefined ? undefined : this.#channels.get(said.stream)?.handler;
      for (const frame of said?.frames ?? []) handler?.frame(frame);
      // Without stream 0 it has not been heard of late.
      if (said?.wrong === true && handler !== undefined && this.#channels.has(0)) assert.ok(this.end.over, `it takes ${what} out of turn`);
    }
    for (const { sent } of this.#channels.values()) for (const frame of sent.splice(0)) this.#hear(frame);
  }

  #hear(frame: Frame): void {
    if (isControl(frame)) this.#received += 1;
    this.hear(frame);
  }

  /** Some work that is under way is done. */
  #work(which: number): void {
    const [work] = this.#tasks.splice(which % Math.max(1, this.#tasks.length), 1);
    work?.();
  }

  #attach(stream: number): void {
    const channel = new FakeChannel(plainCodec(), () => undefined);
    this.#channels.set(stream, channel);
    this.end.session.attach(stream, channel.asLink(), this.#received);
  }

  #lose(stream: number): void {
    this.#channels.get(stream)?.handler?.closed(LOST, false);
    this.#channels.delete(stream);
  }

  /** What this end says. */
  protected abstract hear(frame: Frame): void;
  /** What is said to it; undefined when that has no turn. */
  protected abstract say(what: string, which: number, index: number, bend: number, stream: number): Saying | undefined;
}

/** What is known of an entry at a receiver: what it has asked for, or has been sent since. */
type Asked = 'placing' | 'want' | 'compare' | 'file' | 'ready' | 'ended' | 'stored' | 'settled';
const KNOWN: readonly Asked[] = ['placing', 'want', 'compare', 'file', 'ready', 'ended', 'stored', 'settled'];
/** In which of these states a frame about it has its turn; besides, in which one may come late, and is passed over. */
const RECEIVER_TURNS: Readonly<Record<string, readonly [turn: readonly Asked[], late: readonly Asked[]]>> = {
  compare: [['compare'], []],
  file: [['placing', 'want'], ['compare', 'settled']],
  data: [['ready', 'ended', 'settled'], []],
  flood: [['ready'], ['ended', 'settled']],
  hole: [['ready', 'ended'], ['settled']],
  whole: [['want', 'stored', 'settled'], []],
  fileEnd: [['ready'], ['settled']],
  trouble: [KNOWN, []],
};

/** A receiver, and a sender that may say anything. */
export class AloneReceiver extends Alone<ReceivingEnd> {
  /** Files about whose end or content it has been told something false. */
  readonly lies = new Set<number>();
  readonly #asked: Asked[] = [];
  readonly #chunkSizes = new Map<number, number>();
  /** Hard links that were asked for their content. */
  readonly #brought = new Set<number>();
  /** Entries that are settled, or too far for that: what is said of them may be right or wrong. */
  readonly #unsure = new Set<number>();
  /** Files that go whole for the first time. */
  readonly #fresh = new Set<number>();
  #ended = false;
  #finished = false;

  constructor(plan: Plan) {
    super({ ...plan, entries: [] }, (stage) => new ReceivingEnd(stage));
  }

  protected hear(frame: Frame): void {
    if (frame.type === 'answers') for (const [at, answer] of frame.answers.entries()) this.#asked[frame.first + at] = this.#askedBy(answer, frame.first + at);
    if (frame.type === 'ready') this.#asked[frame.id] = 'ready';
    if (frame.type === 'trouble') this.#asked[frame.id] = 'settled';
    if (frame.type === 'done') for (const id of frame.ids) this.#asked[id] = 'settled';
    if (frame.type === 'finished') this.#finished = true;
  }

  #askedBy(answer: Answer, id: number): Asked {
    if (answer === 'want' || answer === 'compare') this.#brought.add(id);
    if (answer === 'want') return this.#chunkSizes.has(id) || this.plan.root === 'pipe' ? 'file' : 'want';
    return answer === 'compare' ? 'compare' : 'settled';
  }

  protected say(what: string, which: number, index: number, bend: number, stream: number): Saying | undefined {
    const [turns, late] = RECEIVER_TURNS[what] ?? [];
    const ids = this.#asked.flatMap((asked, id) => (turns?.includes(asked) === true ? [id] : []));
    const id = bend === 0 ? which : pick(ids, which);
    if (turns !== undefined && id === undefined) return undefined;
    const asked = this.#asked[id ?? -1];
    // What came in chunks, all of it, is passed over when it comes whole, too: only the receiver knows when that is.
    const passedOver = what === 'whole' && this.end.begun.has(id ?? -1);
    const outOfTurn = turns !== undefined && !passedOver && (asked === undefined || ![...turns, ...(late ?? [])].includes(asked));
    const noFile = what === 'file' && asked !== 'settled' && (this.#chunkSizes.has(id ?? 0) || !this.#isFile(id ?? 0) || this.plan.root === 'pipe');
    const frames = this.#frames(what, id ?? 0, ids, index, bend);
    const [frame] = frames;
    if (frame === undefined) return undefined;
    const wrong = (outOfTurn || noFile || this.#isBent(frame, asked, bend)) && !this.#unsure.has(id ?? -1);
    return { stream: isContent(frame) ? stream : 0, frames, wrong };
  }

  #frames(what: string, id: number, ids: readonly number[], index: number, bend: number): Frame[] {
    switch (what) {
      case 'flood':
        // More than there is credit for, where the disk does not keep up.
        return Array.from({ length: 9 }, (_, at) => this.#content('data', id, at, bend));
      case 'data':
      case 'hole':
        return [this.#content(what, id, index, bend)];
      default: {
        const frame = what === 'whole' ? this.#whole(bend === 0 ? [id] : ids, index, bend) : this.#control(what, id, index, bend);
        return frame === undefined ? [] : [frame];
      }
    }
  }

  /** Whether what is bent about a frame must show at once. */
  #isBent(frame: Frame, asked: Asked | undefined, bend: number): boolean {
    const flows = asked === 'ready' || asked === 'ended';
    if (frame.type === 'data') return flows && bend === 3;
    if (frame.type === 'fileEnd') return asked === 'ready' && bend === 3 && this.plan.root !== 'pipe';
    if (frame.type !== 'whole' || (bend !== 2 && bend !== 3)) return false;
    const wanted = frame.parts.filter(({ id }) => this.#fresh.delete(id));
    return wanted.some(({ length }) => bend === 2 || length > 0);
  }

  #isFile(id: number): boolean {
    const { kind } = this.#planned(id);
    return kind === 'file' || (kind === 'hardlink' && this.#brought.has(id));
  }

  #planned(id: number): PlannedEntry {
    return { ...(this.plan.entries[id] ?? { ...ENTRY, size: 5 }), chunkSize: this.#chunkSizes.get(id) ?? (this.plan.root === 'pipe' ? SMALL : 65_536) };
  }

  #control(what: string, id: number, index: number, bend: number): Frame | undefined {
    const rude = bend === 0;
    const { entries, root } = this.plan;
    switch (what) {
      case 'offer':
        return offerOf(this.plan);
      case 'entries':
        return rude || (!this.#ended && (root === 'tree' || entries.length === 0)) ? this.#entries(id, index, bend) : undefined;
      case 'manifestEnd':
        if (!rude && (this.#ended || (root !== 'tree' && entries.length !== 1))) return undefined;
        this.#ended = true;
        return { type: 'manifestEnd', entries: entries.length + (rude ? index % 2 : 0), complete: true };
      case 'file':
        if (!rude && (root === 'pipe' || !this.#isFile(id) || this.#chunkSizes.has(id))) return undefined;
        this.#chunkSizes.set(id, this.#chunkSizes.get(id) ?? pick(CHUNKS, index) ?? SMALL);
        if (this.#asked[id] === 'want') this.#asked[id] = 'file';
        return { type: 'file', id, chunkSize: this.#planned(id).chunkSize, identity: Buffer.alloc(32) };
      case 'fileEnd':
        if (this.#asked[id] === 'ready') this.#asked[id] = 'ended';
        return this.#fileEnd(id, bend);
      case 'compare': {
        if (this.#asked[id] === 'compare') this.#asked[id] = 'placing';
        const chunkSize = pick(CHUNKS, index) ?? SMALL;
        return { type: 'compare', id, chunkSize, digest: digestOf(id, { ...this.#planned(id), chunkSize }, this.hash) };
      }
      case 'trouble':
        if (this.#asked[id] === 'stored' || this.#asked[id] === 'ended') this.#unsure.add(id);
        else this.#asked[id] = 'settled';
        return { type: 'trouble', id, code: 'storage-io', message: 'no' };
      default:
        return rude || this.#finished ? { type: 'bye' } : undefined;
    }
  }

  #fileEnd(id: number, bend: number): Frame {
    const entry = this.#planned(id);
    if (bend === 2 || bend === 3) this.lies.add(id);
    const digest = bend === 2 ? Buffer.alloc(32) : digestOf(id, entry, this.hash);
    return { type: 'fileEnd', id, size: entry.size + (bend === 3 ? 1 : 0), digest, ...(this.plan.sha256 ? { sha256: shaOf(id) } : {}) };
  }

  #entries(which: number, index: number, bend: number): Frame {
    const { entries, root } = this.plan;
    const first = entries.length;
    const some = Array.from({ length: root === 'tree' ? 1 + (index % 4) : 1 }, (_, at): PlannedEntry => {
      const kind = root === 'tree' ? pick(KINDS, index + at * which) : 'file';
      const size = pick(SIZES, which + at + index) ?? 0;
      const there = pick(THERE, index * 3 + at) ?? 'nothing';
      return { ...ENTRY, kind: kind === undefined || (kind === 'hardlink' && first + at === 0) ? 'directory' : kind, size, there, linked: index % 2 === 0, linkTo: which % Math.max(1, first + at), zeros: [] };
    });
    const announced = some.map((entry, at) => manifestEntry(this.plan, first + at + (bend === 2 ? 1 : 0), entry));
    entries.push(...some);
    this.#asked.push(...some.map(() => 'placing' as const));
    return { type: 'entries', entries: announced };
  }

  #content(what: 'data' | 'hole', id: number, index: number, bend: number): ContentFrame {
    const entry = this.#planned(id);
    const chunks = Math.max(1, Math.ceil(entry.size / entry.chunkSize));
    const first = bend === 0 ? index : index % chunks;
    if (what === 'hole') return { type: 'hole', id, first, count: bend === 2 ? chunks + 1 : 1 };
    const at = first * entry.chunkSize;
    const length = Math.max(1, Math.min(entry.chunkSize, entry.size - at) - (bend === 2 ? 1 : 0));
    const content = at + length <= entry.size ? contentOf(id, entry, at, length) : Buffer.alloc(length);
    return { type: 'data', id, offset: at + (bend === 3 ? 1 : 0), length, hash: this.hash([content]), payload: [bend === 4 ? altered(content) : content] };
  }

  #whole(ids: readonly number[], index: number, bend: number): ContentFrame | undefined {
    const some = ids.filter((id) => bend === 0 || (this.plan.root === 'tree' && this.#planned(id).size <= SMALL)).slice(0, 1 + (index % 4));
    if (some.length === 0) return undefined;
    this.#fresh.clear();
    for (const id of some) {
      if (this.#asked[id] !== 'want') continue;
      this.#fresh.add(id);
      this.#asked[id] = 'stored';
    }
    const contents = some.map((id) => {
      const size = Math.min(this.#planned(id).size, SMALL) + (bend === 2 ? 1 : 0);
      return { id, bytes: contentOf(id, { ...ENTRY, size }, 0, size) };
    });
    const payload = contents.map(({ bytes }) => (bend === 3 && bytes.length > 0 ? altered(bytes) : bytes));
    const parts = contents.map(({ id, bytes }) => ({ id, length: bytes.length, hash: this.hash([bytes]) }));
    return { type: 'whole', parts, payload, length: payload.reduce((sum, { length }) => sum + length, 0) };
  }
}
