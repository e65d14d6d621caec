/**
 * What is wanted and has not arrived: what of it is next, and which connection takes it. One that has room and credit is
 * given a unit: small files that go whole, a chunk of a file that is open, or a chunk of a pipe. A unit that is lost with its
 * connection, or was read for one that is gone, waits here again.
 *
 *     waiting ─ next ─▶ being read ─ send ─▶ in flight ─ credit ─▶ arrived
 *        ▲                  │                    │
 *        └──────────────────┴─ connection lost ──┘
 *
 * @module
 */
import { lengthOf } from '../util/bytes.js';
import { FILES_OPEN_MAX, WHOLE_FILE_MAX } from './constants.js';
import { costOf } from './encode.js';
import type { ContentFrame, CreditFrame, ManifestEntry } from './frame.js';
import { OutgoingFile } from './outgoing-file.js';
import type { OutgoingPipe } from './outgoing-pipe.js';
import { SendStream, type Unit } from './send-stream.js';
import type { SenderEffect, SenderFact } from './sender-steps.js';
import { WholeQueue } from './whole-queue.js';

/** See the module's head. */
export class Outbox {
  readonly pipe: OutgoingPipe | undefined;
  readonly #entryOf: (id: number) => ManifestEntry | undefined;
  readonly #streams = new Map<number, SendStream>();
  #laps = 0;
  /** Small files, and larger ones whose turn to be opened has not come. */
  readonly #wholes = new WholeQueue();
  /** Of those, which went out and were lost with their connection, until they go out again. */
  readonly #lostWholes = new Set<number>();
  readonly #toOpen: number[] = [];
  /** Chunked files that are open, in the order in which they were wanted. */
  readonly #files = new Map<number, OutgoingFile>();

  /**
   * @param pipe what goes out, when that is a pipe.
   * @param entryOf what an id stands for; undefined when it is settled by now.
   */
  constructor(pipe: OutgoingPipe | undefined, entryOf: (id: number) => ManifestEntry | undefined) {
    this.pipe = pipe;
    this.#entryOf = entryOf;
  }

  /* Connections */

  attach(stream: number): void {
    this.#streams.set(stream, new SendStream((this.#laps += 1)));
  }

  /** The lap of an attached stream: see {@link SendStream}. */
  lapOf(stream: number): number {
    return this.#streams.get(stream)?.lap ?? -1;
  }

  /** The stream for which something was read, unless it is gone, or another by now. */
  #live(stream: number, lap: number): SendStream | undefined {
    const on = this.#streams.get(stream);
    return on?.lap === lap ? on : undefined;
  }

  /** Takes a credit frame; false when it breaks the rules. */
  credit(stream: number, frame: CreditFrame): boolean {
    return this.#streams.get(stream)?.credit(frame) !== false;
  }

  /** A stream has room for so many more units. Returns false when it is gone. */
  room(stream: number, lap: number, units: number): boolean {
    const on = this.#live(stream, lap);
    if (on === undefined) return false;
    on.room += units;
    return true;
  }

  /** A unit will not be sent: its room and its credit are the stream's again. Returns false when that is gone. */
  unread(stream: number, lap: number, cost: number): boolean {
    this.#live(stream, lap)?.window.refund(cost);
    return this.room(stream, lap, 1);
  }

  /** What was in flight on a stream is to be sent again. Returns how much that is, if anything. */
  lost(stream: number): SenderEffect[] {
    const on = this.#streams.get(stream);
    this.#streams.delete(stream);
    let bytes = 0;
    let holes = 0;
    for (const unit of on?.unacked() ?? []) {
      const again = this.#again(unit);
      if (unit.kind === 'hole') holes += again;
      else bytes += again;
    }
    return bytes + holes === 0 ? [] : [{ kind: 'unsent', bytes, holes }];
  }

  /** Returns the bytes that are to be sent again. */
  #again(unit: Unit): number {
    switch (unit.kind) {
      case 'chunk':
        return this.#chunkAgain(unit.id, unit.index, false);
      case 'hole': {
        let bytes = 0;
        for (let i = 0; i < unit.count; i += 1) bytes += this.#chunkAgain(unit.id, unit.first + i, true);
        return bytes;
      }
      case 'whole':
        this.#wholes.again(unit.ids);
        for (const id of unit.ids) if (this.#entryOf(id) !== undefined) this.#lostWholes.add(id);
        return unit.ids.reduce((sum, id) => sum + (this.#entryOf(id)?.size ?? 0), 0);
      case 'pipe':
        return this.pipe?.again(unit) === true ? lengthOf(unit.payload) : 0;
    }
  }

  #chunkAgain(id: number, index: number, hole: boolean): number {
    const file = this.#files.get(id);
    file?.lost(index, hole);
    return file?.table.lengthOf(index) ?? 0;
  }

  /* Files */

  /** A file is wanted: whole, if it is small. */
  add({ id, size }: ManifestEntry): void {
    if (size <= WHOLE_FILE_MAX) this.#wholes.push(id);
    else this.addChunked(id);
  }

  /** A file will go in chunks, however small it is. */
  addChunked(id: number): void {
    this.#toOpen.push(id);
  }

  /** A chunked file that is open, or being opened. */
  fileOf(id: number): OutgoingFile | undefined {
    return this.#files.get(id);
  }

  /** All of an entry has arrived: what was told as unsent and did not go out again had arrived after all. */
  takeBack({ id, size }: ManifestEntry): SenderEffect[] {
    const { bytes, holes } = this.#files.get(id)?.owed ?? { bytes: this.pipe?.owed ?? (this.#lostWholes.has(id) ? size : 0), holes: 0 };
    return bytes + holes === 0 ? [] : [{ kind: 'unsent', bytes: -bytes, holes: -holes }];
  }

  /** An entry is settled. Returns whether a file is to be closed. */
  remove(id: number): boolean {
    this.#lostWholes.delete(id);
    this.pipe?.settle();
    return this.#files.delete(id);
  }

  /* What is next */

  /** Opens files, and gives each stream with room and credit its next unit. */
  next(): SenderEffect[] {
    const effects: SenderEffect[] = [];
    while (this.#toOpen.length > 0 && this.#files.size < FILES_OPEN_MAX) this.#openNext(effects);
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

  #openNext(effects: SenderEffect[]): void {
    const entry = this.#entryOf(this.#toOpen.shift() ?? -1);
    if (entry === undefined) return;
    this.#files.set(entry.id, new OutgoingFile(entry));
    effects.push({ kind: 'open', entry });
  }

  #nextUnit(stream: number, on: SendStream): SenderEffect | undefined {
    return this.#nextWhole(stream, on) ?? this.#nextChunk(stream, on) ?? this.#nextOfPipe(stream, on);
  }

  #nextWhole(stream: number, on: SendStream): SenderEffect | undefined {
    const { entries, cost } = this.#wholes.take(this.#entryOf, on.window);
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
    const step = stream === 0 ? this.pipe?.next(on) : undefined;
    if (step === undefined) return undefined;
    if (step.kind === 'frame') return { kind: 'content', stream, frame: step.frame, keep: true };
    return { kind: 'readPipe', stream, lap: on.lap, most: step.most };
  }

  /* What was read: each returns the frame to send, unless it has to wait for another stream */

  sendChunk(file: OutgoingFile, { stream, lap, id, index, hash, payload, zeros }: SenderFact<'chunkRead'>): SenderEffect | undefined {
    const on = this.#live(stream, lap);
    if (on === undefined) {
      file.again(index);
      return undefined;
    }
    const length = file.table.lengthOf(index);
    const offset = index * file.table.chunkSize;
    if (zeros) on.window.refund(length);
    const frame: ContentFrame = zeros ? { type: 'hole', id, first: index, count: 1 } : { type: 'data', id, offset, length, hash, payload };
    on.sent(zeros ? { kind: 'hole', id, first: index, count: 1 } : { kind: 'chunk', id, index });
    file.sent(index);
    return { kind: 'content', stream, frame, keep: false };
  }

  /** Small files that were read will go otherwise, or not at all. */
  unsendWhole({ stream, lap, cost }: SenderFact<'wholeRead'>, again: readonly number[]): void {
    this.#wholes.again(again);
    this.unread(stream, lap, cost);
  }

  /** Those that could not be read were told of one by one; when none is left, there is no frame. */
  sendWhole({ stream, lap, parts, payload, cost }: SenderFact<'wholeRead'>): SenderEffect | undefined {
    const ids = parts.map(({ id }) => id);
    const on = this.#live(stream, lap);
    if (on === undefined) {
      this.#wholes.again(ids);
      return undefined;
    }
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    on.window.refund(cost - costOf({ length, parts }));
    if (parts.length === 0) {
      on.room += 1;
      return undefined;
    }
    on.sent({ kind: 'whole', ids });
    if (this.#lostWholes.size > 0) for (const id of ids) this.#lostWholes.delete(id);
    return { kind: 'content', stream, frame: { type: 'whole', parts, payload, length }, keep: false };
  }

  sendPipe({ stream, lap, hash, payload }: SenderFact<'pipeRead'>): SenderEffect | undefined {
    const frame = this.pipe?.read(this.#live(stream, lap), hash, payload);
    return frame === undefined ? undefined : { kind: 'content', stream, frame, keep: true };
  }

  /** There is nothing more to read of the pipe. */
  endPipe(stream: number, lap: number): void {
    this.pipe?.end(this.#live(stream, lap));
  }
}
