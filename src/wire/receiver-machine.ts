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
import type { Checksum } from '../crypto/checksum.js';
import { errorFromPeer, IntegrityError, LimitError, ProtocolError, StorageError, type StreamerError } from '../errors.js';
import { truncateUtf8 } from '../util/truncate.js';
import { formatSize } from '../util/units.js';
import { batches, textBytes } from './batches.js';
import type { ChunkTable } from './chunk-table.js';
import { CHUNK_SIZE_DEFAULT, CHUNKS_MAX, DONE_IDS_MAX, ENTRIES_PER_FRAME, ENTRIES_UNSETTLED_MAX, EXTRAS_PER_FRAME, HAVE_HASHES_MAX, PIPE_ID, TEXT_MAX, WHOLE_FILE_MAX } from './constants.js';
import { splitPayload } from './decode-content.js';
import { costOf } from './encode.js';
import type { Answer, CompareFrame, ControlFrame, DataFrame, EntriesFrame, FileEndFrame, FileFrame, Frame, HoleFrame, ManifestEntry, ManifestEndFrame, OfferFrame, WholeFrame } from './frame.js';
import { HardLinks } from './hard-links.js';
import { IncomingFile, IncomingPipe, type IncomingContent } from './incoming-file.js';
import { ReceiveStreams, type Arrival, type Credit } from './receive-streams.js';
import type { Settlement } from './sender-machine.js';

/** An entry as storage takes it: a hard link names its file by path. */
export type PlacedEntry = Omit<ManifestEntry, 'linkTo'> & { readonly linkTo?: string };

/** What storage says of an entry; `error` with `trouble`. */
export interface Placing {
  readonly id: number;
  readonly answer: Answer | 'trouble';
  readonly error?: StreamerError;
}

/** Facts. */
export type ReceiverInput =
  | { readonly kind: 'attached'; readonly stream: number }
  | { readonly kind: 'lost'; readonly stream: number }
  | { readonly kind: 'frame'; readonly stream: number; readonly frame: Frame }
  /** The target is there. */
  | { readonly kind: 'targeted' }
  | { readonly kind: 'placed'; readonly placings: readonly Placing[] }
  /** The content of an existing file was compared: what becomes of the entry. */
  | { readonly kind: 'compared'; readonly placing: Placing }
  /** A partial file is open; `table` says what it holds already. A pipe has none. */
  | { readonly kind: 'opened'; readonly id: number; readonly table?: ChunkTable }
  | { readonly kind: 'chunksWritten'; readonly arrival: Arrival; readonly id: number; readonly chunks: readonly { readonly index: number; readonly hash: bigint }[] }
  /** The contents of a whole frame are with the file system. */
  | { readonly kind: 'wholeTaken'; readonly arrival: Arrival }
  /** These files are durable and under their names, or failed. */
  | { readonly kind: 'settled'; readonly results: readonly { readonly id: number; readonly error?: StreamerError | undefined }[] }
  | { readonly kind: 'extras'; readonly paths: readonly string[] }
  | { readonly kind: 'finished'; readonly removed: number; readonly failed: number };

/** Wishes. */
export type ReceiverEffect =
  | { readonly kind: 'send'; readonly frame: ControlFrame }
  | { readonly kind: 'credit'; readonly credit: Credit }
  | { readonly kind: 'target'; readonly offer: OfferFrame }
  | { readonly kind: 'place'; readonly entries: readonly PlacedEntry[] }
  | { readonly kind: 'compare'; readonly entry: ManifestEntry; readonly chunkSize: number; readonly digest: Uint8Array }
  | { readonly kind: 'open'; readonly entry: ManifestEntry; readonly chunkSize: number; readonly identity: Uint8Array }
  /** A file's content begins to flow. `resumedBytes` are held from an earlier attempt. */
  | { readonly kind: 'streaming'; readonly entry: ManifestEntry; readonly resumedBytes: number }
  | { readonly kind: 'write'; readonly arrival: Arrival; readonly id: number; readonly index: number; readonly offset: number; readonly hash: bigint; readonly payload: readonly Uint8Array[]; readonly length: number }
  | { readonly kind: 'writeHole'; readonly arrival: Arrival; readonly id: number; readonly indices: readonly number[] }
  | { readonly kind: 'writeWhole'; readonly arrival: Arrival; readonly files: readonly { readonly entry: ManifestEntry; readonly hash: bigint; readonly content: readonly Uint8Array[] }[] }
  | { readonly kind: 'commit'; readonly entry: ManifestEntry; readonly size: number; readonly digest: Buffer; readonly sha256: Uint8Array | undefined }
  /** An entry failed: what is open for it is kept for another attempt, or, when its content cannot be trusted, discarded. */
  | { readonly kind: 'abandon'; readonly id: number; readonly discard: boolean }
  | { readonly kind: 'settled'; readonly entry: ManifestEntry; readonly how: Settlement; readonly digest?: Uint8Array | undefined; readonly sha256?: Uint8Array | undefined; readonly error?: StreamerError }
  | { readonly kind: 'finish'; readonly complete: boolean }
  | { readonly kind: 'done' }
  | { readonly kind: 'fail'; readonly error: StreamerError };

/** What the receiver is told before it starts. */
export interface ReceiverOptions {
  /** Most bytes of files that are accepted. */
  readonly limitBytes: number;
  /** Most bytes in flight or not yet written. */
  readonly windowBytes: number;
  readonly checksum: Pick<Checksum, 'xxh64Pieces'>;
}

type Phase = 'placing' | 'linking' | 'comparing' | 'wanted' | 'opening' | 'receiving' | 'committing';
interface Incoming {
  readonly entry: ManifestEntry;
  phase: Phase;
  /** A file frame that came before its turn. */
  file?: FileFrame;
  content?: IncomingContent;
  hash?: bigint;
  digest?: Buffer;
}

/** See the module's head. */
export class ReceiverMachine {
  readonly #options: ReceiverOptions;
  readonly #streams: ReceiveStreams;
  readonly #incoming = new Map<number, Incoming>();
  readonly #links = new HardLinks();
  /** Entries that wait for those before them to be placed. */
  readonly #toPlace: ManifestEntry[][] = [];
  #placing = false;
  #offer: OfferFrame | undefined;
  #nextId = 0;
  /** Bytes of the files that were wanted. */
  #wantedBytes = 0;
  #manifestEnd: ManifestEndFrame | undefined;
  #state: 'waiting' | 'opening' | 'running' | 'finishing' | 'confirming' | 'done' | 'failed' = 'waiting';

  constructor(options: ReceiverOptions) {
    this.#options = options;
    this.#streams = new ReceiveStreams(options.windowBytes);
  }

  /** Everything is there and was told: a sender that closes cleanly now has heard it. */
  get confirming(): boolean {
    return this.#state === 'confirming';
  }

  handle(input: ReceiverInput): ReceiverEffect[] {
    if (this.#state === 'failed' || this.#state === 'done') return [];
    switch (input.kind) {
      case 'attached':
        return [{ kind: 'credit', credit: this.#streams.attach(input.stream) }];
      case 'lost':
        this.#streams.lost(input.stream);
        return [];
      case 'frame':
        return this.#frame(input.stream, input.frame);
      case 'targeted':
        this.#state = 'running';
        return [...this.#placeNext(), ...this.#finishWhenSettled()];
      case 'placed':
        this.#placing = false;
        return [...this.#placed(input.placings), ...this.#placeNext(), ...this.#finishWhenSettled()];
      case 'compared':
        return [...this.#placed([input.placing]), ...this.#finishWhenSettled()];
      case 'opened':
        return this.#opened(input.id, input.table);
      case 'chunksWritten':
        return this.#chunksWritten(input);
      case 'wholeTaken':
        return this.#credit(input.arrival);
      case 'settled':
        return this.#settledBelow(input.results);
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
        return this.#file(frame);
      case 'data':
        return this.#data(stream, frame);
      case 'hole':
        return this.#hole(stream, frame);
      case 'whole':
        return this.#whole(stream, frame);
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
    this.#state = 'opening';
    return [{ kind: 'target', offer }];
  }

  #entries({ entries }: EntriesFrame): ReceiverEffect[] {
    if (this.#offer === undefined || this.#manifestEnd !== undefined) return this.#violation("a frame 'entries' out of turn");
    for (const entry of entries) {
      const single = this.#offer.root !== 'tree' && (entry.id !== PIPE_ID || entry.kind !== 'file');
      if (entry.id !== this.#nextId || single) return this.#violation(`entry ${entry.id} out of order, or of a kind that was not offered`);
      this.#nextId += 1;
      this.#incoming.set(entry.id, { entry, phase: 'placing' });
      this.#links.announce(entry);
    }
    if (this.#incoming.size > ENTRIES_UNSETTLED_MAX) return this.#violation(`more than ${ENTRIES_UNSETTLED_MAX} entries at once`);
    this.#toPlace.push([...entries]);
    return this.#placeNext();
  }

  /** One batch at a time, in order; a link whose file is still to come waits for it. */
  #placeNext(): ReceiverEffect[] {
    const effects: ReceiverEffect[] = [];
    while (this.#state === 'running' && !this.#placing) {
      const batch = this.#toPlace.shift();
      if (batch === undefined) break;
      effects.push(...this.#place(batch));
    }
    return effects;
  }

  #place(batch: readonly ManifestEntry[]): ReceiverEffect[] {
    const entries: PlacedEntry[] = [];
    const known: Placing[] = [];
    for (const entry of batch) {
      // Its sender may have told of trouble with it while it waited.
      if (!this.#incoming.has(entry.id)) continue;
      const { linkTo, ...rest } = entry;
      if (linkTo === undefined) {
        entries.push(rest);
        continue;
      }
      const file = this.#links.fileOf(entry);
      if (file === undefined) known.push({ id: entry.id, answer: 'trouble', error: noSuchFile(entry) });
      else if (this.#incoming.has(linkTo)) {
        this.#setPhase(entry.id, 'linking');
        this.#links.wait(entry);
      } else if (file === 'would') known.push({ id: entry.id, answer: 'would' });
      else entries.push({ ...rest, linkTo: file.path });
    }
    // First of all: an entry that is settled below may set others free, which wait for this batch.
    this.#placing = entries.length > 0;
    const place: ReceiverEffect[] = entries.length > 0 ? [{ kind: 'place', entries }] : [];
    return [...this.#placed(known), ...place];
  }

  #setPhase(id: number, phase: Phase): void {
    const incoming = this.#incoming.get(id);
    if (incoming !== undefined) incoming.phase = phase;
  }

  #placed(placings: readonly Placing[]): ReceiverEffect[] {
    const effects: ReceiverEffect[] = [];
    const run: { first: number; answers: Answer[] } = { first: 0, answers: [] };
    const flush = () => {
      if (run.answers.length > 0) effects.push({ kind: 'send', frame: { type: 'answers', first: run.first, answers: run.answers } });
      run.answers = [];
    };
    const after: ReceiverEffect[] = [];
    for (const { id, answer, error } of placings) {
      const incoming = this.#incoming.get(id);
      if (incoming === undefined) continue;
      if (answer === 'trouble') {
        flush();
        after.push(...this.#trouble(incoming, error ?? noSuchFile(incoming.entry)));
        if (this.#failed()) return after;
        continue;
      }
      if (id !== run.first + run.answers.length || run.answers.length >= ENTRIES_PER_FRAME) flush();
      if (run.answers.length === 0) run.first = id;
      run.answers.push(answer);
      after.push(...this.#placedOne(incoming, answer));
      if (this.#failed()) return after;
    }
    flush();
    return [...effects, ...after];
  }

  #failed(): boolean {
    return this.#state === 'failed';
  }

  #placedOne(incoming: Incoming, answer: Answer): ReceiverEffect[] {
    switch (answer) {
      case 'want':
        return this.#want(incoming);
      case 'compare':
        incoming.phase = 'comparing';
        return [];
      default:
        return this.#settle(incoming, answer);
    }
  }

  #want(incoming: Incoming): ReceiverEffect[] {
    const { limitBytes } = this.#options;
    this.#wantedBytes += incoming.entry.size;
    if (this.#wantedBytes > limitBytes) return this.#fail(overLimit(this.#offer?.root === 'file', this.#wantedBytes, limitBytes));
    incoming.phase = 'wanted';
    if (this.#offer?.root === 'pipe') {
      incoming.phase = 'opening';
      return [{ kind: 'open', entry: incoming.entry, chunkSize: CHUNK_SIZE_DEFAULT, identity: Buffer.alloc(32) }];
    }
    return incoming.file === undefined ? [] : this.#open(incoming, incoming.file);
  }

  #compare(frame: CompareFrame): ReceiverEffect[] {
    const incoming = this.#incoming.get(frame.id);
    if (incoming?.phase !== 'comparing') return this.#violation("a frame 'compare' out of turn");
    incoming.phase = 'placing';
    return [{ kind: 'compare', entry: incoming.entry, chunkSize: frame.chunkSize, digest: frame.digest }];
  }

  #manifestEnded(frame: ManifestEndFrame): ReceiverEffect[] {
    if (this.#manifestEnd !== undefined || this.#offer === undefined || frame.entries !== this.#nextId) return this.#violation("a frame 'manifestEnd' out of turn");
    if (this.#offer.root !== 'tree' && frame.entries !== 1) return this.#violation('an offer without its entry');
    this.#manifestEnd = frame;
    return this.#finishWhenSettled();
  }

  /* Chunked files */

  #file(frame: FileFrame): ReceiverEffect[] {
    const incoming = this.#incoming.get(frame.id);
    if (incoming === undefined) return frame.id < this.#nextId ? [] : this.#violation("a frame 'file' for no entry");
    const { entry, phase, file } = incoming;
    const chunks = Math.ceil(entry.size / frame.chunkSize);
    const early = phase === 'placing' || phase === 'comparing';
    if (entry.kind !== 'file' || file !== undefined || !(early || phase === 'wanted') || this.#offer?.root === 'pipe' || chunks > CHUNKS_MAX) {
      return this.#violation("a frame 'file' out of turn, or with too many chunks");
    }
    incoming.file = frame;
    return early ? [] : this.#open(incoming, frame);
  }

  #open(incoming: Incoming, { chunkSize, identity }: FileFrame): ReceiverEffect[] {
    incoming.phase = 'opening';
    return [{ kind: 'open', entry: incoming.entry, chunkSize, identity }];
  }

  #opened(id: number, table: ChunkTable | undefined): ReceiverEffect[] {
    const incoming = this.#incoming.get(id);
    if (incoming?.phase !== 'opening') return [];
    incoming.phase = 'receiving';
    incoming.content = table === undefined ? new IncomingPipe(CHUNK_SIZE_DEFAULT) : new IncomingFile(table);
    const effects: ReceiverEffect[] = [{ kind: 'streaming', entry: incoming.entry, resumedBytes: table?.bytes ?? 0 }];
    for (const { first, count } of table?.runs(HAVE_HASHES_MAX) ?? []) {
      const hashes = table?.hashes().subarray(first * 8, (first + count) * 8) ?? Buffer.alloc(0);
      effects.push({ kind: 'send', frame: { type: 'have', id, first, hashes } });
    }
    return [...effects, { kind: 'send', frame: { type: 'ready', id } }];
  }

  #data(stream: number, frame: DataFrame): ReceiverEffect[] {
    const arrival = this.#streams.arrive(stream, costOf(frame));
    if (arrival === undefined) return this.#violation('more data than it had credit for');
    const incoming = this.#incoming.get(frame.id);
    // What was sent again after its connection was lost may be there already.
    if (incoming === undefined && frame.id < this.#nextId) return this.#credit(arrival);
    if (incoming?.content === undefined) return this.#violation('data out of turn');
    const verdict = incoming.content.take(frame);
    if (verdict.kind === 'repeat') return this.#credit(arrival);
    if (verdict.kind === 'wrong') return this.#violation(verdict.why);
    const { limitBytes, checksum } = this.#options;
    if (this.#offer?.root === 'pipe' && incoming.content.bytes > limitBytes) return this.#fail(overLimit(true, incoming.content.bytes, limitBytes));
    if (checksum.xxh64Pieces(frame.payload) !== frame.hash) {
      return this.#fail(new IntegrityError('integrity-checksum', `the chunk at offset ${frame.offset} arrived with a wrong checksum`));
    }
    const { id, offset, hash, payload, length } = frame;
    return [{ kind: 'write', arrival, id, index: verdict.index, offset, hash, payload, length }];
  }

  #hole(stream: number, frame: HoleFrame): ReceiverEffect[] {
    const arrival = this.#streams.arrive(stream, 0);
    if (arrival === undefined) return this.#violation('more data than it had credit for');
    const content = this.#incoming.get(frame.id)?.content;
    if (content === undefined && frame.id < this.#nextId && !this.#incoming.has(frame.id)) return this.#credit(arrival);
    const indices = content instanceof IncomingFile ? content.takeHole(frame) : undefined;
    if (indices === undefined) return this.#violation('a hole out of turn or outside the file');
    return indices.length === 0 ? this.#credit(arrival) : [{ kind: 'writeHole', arrival, id: frame.id, indices }];
  }

  #chunksWritten({ arrival, id, chunks }: Extract<ReceiverInput, { kind: 'chunksWritten' }>): ReceiverEffect[] {
    const credit = this.#credit(arrival);
    const incoming = this.#incoming.get(id);
    if (incoming?.content === undefined) return credit;
    for (const { index, hash } of chunks) incoming.content.written(index, hash);
    return [...credit, ...this.#commitWhenWhole(incoming)];
  }

  #credit(arrival: Arrival): ReceiverEffect[] {
    const credit = this.#streams.written(arrival);
    return credit === undefined ? [] : [{ kind: 'credit', credit }];
  }

  #fileEnd(frame: FileEndFrame): ReceiverEffect[] {
    const incoming = this.#incoming.get(frame.id);
    if (incoming === undefined && frame.id < this.#nextId) return [];
    const sized = this.#offer?.root === 'pipe' ? frame.size >= (incoming?.content?.bytes ?? 0) : frame.size === incoming?.entry.size;
    if (incoming?.content === undefined || incoming.content.end !== undefined || !sized) return this.#violation("a frame 'fileEnd' out of turn, or with another size");
    incoming.content.end = frame;
    return this.#commitWhenWhole(incoming);
  }

  #commitWhenWhole(incoming: Incoming): ReceiverEffect[] {
    const { content, entry } = incoming;
    if (content?.whole !== true || incoming.phase !== 'receiving' || content.end === undefined) return [];
    const digest = content.digest();
    const { size, sha256 } = content.end;
    incoming.phase = 'committing';
    incoming.digest = digest;
    if (!digest.equals(content.end.digest)) {
      const error = new IntegrityError('integrity-digest', "the received file's digest is not the sent file's");
      return [{ kind: 'abandon', id: entry.id, discard: true }, ...this.#trouble(incoming, error), ...this.#finishWhenSettled()];
    }
    return [{ kind: 'commit', entry, size, digest, sha256 }];
  }

  /* Whole files */

  #whole(stream: number, frame: WholeFrame): ReceiverEffect[] {
    const arrival = this.#streams.arrive(stream, costOf(frame));
    if (arrival === undefined) return this.#violation('more data than it had credit for');
    if (this.#offer?.root !== 'tree') return this.#violation('a whole file outside a tree');
    const files: { entry: ManifestEntry; hash: bigint; content: readonly Uint8Array[] }[] = [];
    let index = 0;
    for (const content of splitPayload(frame.payload, frame.parts.map(({ length }) => length))) {
      const part = frame.parts[index];
      index += 1;
      if (part === undefined) break;
      const incoming = this.#incoming.get(part.id);
      if (incoming === undefined ? part.id < this.#nextId : incoming.phase === 'committing') continue;
      if (incoming?.phase !== 'wanted' || part.length !== incoming.entry.size || part.length > WHOLE_FILE_MAX) return this.#violation('a whole file out of turn, or of another size');
      if (this.#options.checksum.xxh64Pieces(content) !== part.hash) return this.#fail(new IntegrityError('integrity-checksum', 'a file arrived with a wrong checksum'));
      incoming.phase = 'committing';
      incoming.hash = part.hash;
      files.push({ entry: incoming.entry, hash: part.hash, content });
    }
    return files.length === 0 ? this.#credit(arrival) : [{ kind: 'writeWhole', arrival, files }];
  }

  /** The xxh64 of a file that came whole, for its digest. */
  hashOf(id: number): bigint | undefined {
    return this.#incoming.get(id)?.hash;
  }

  /* The end of an entry, and of all */

  #settledBelow(results: readonly { readonly id: number; readonly error?: StreamerError | undefined }[]): ReceiverEffect[] {
    const effects: ReceiverEffect[] = [];
    const ids: number[] = [];
    for (const { id, error } of results) {
      const incoming = this.#incoming.get(id);
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
    this.#incoming.delete(entry.id);
    const links = this.#links.settled(entry.id, how);
    if (links.length > 0) {
      this.#toPlace.unshift([...links]);
      effects.push(...this.#placeNext());
    }
    return effects;
  }

  #trouble(incoming: Incoming, error: StreamerError): ReceiverEffect[] {
    if (this.#offer?.root !== 'tree') return this.#fail(error);
    const frame: ControlFrame = { type: 'trouble', id: incoming.entry.id, code: error.code, message: truncateUtf8(error.message, TEXT_MAX) };
    return [{ kind: 'send', frame }, ...this.#settle(incoming, 'failed', error)];
  }

  #peerTrouble(id: number, error: StreamerError): ReceiverEffect[] {
    const incoming = this.#incoming.get(id);
    if (incoming === undefined) return id < this.#nextId ? [] : this.#violation("a frame 'trouble' for no entry");
    if (this.#offer?.root !== 'tree') return this.#fail(error);
    // All of it is here and is what was sent: the trouble was with sending it once more, and our `done` is under way.
    if (incoming.phase === 'committing') return [];
    return [{ kind: 'abandon', id, discard: false }, ...this.#settle(incoming, 'failed', error), ...this.#finishWhenSettled()];
  }

  #finishWhenSettled(): ReceiverEffect[] {
    const end = this.#manifestEnd;
    const idle = this.#incoming.size === 0 && this.#toPlace.length === 0 && !this.#placing;
    if (this.#state !== 'running' || end === undefined || !idle) return [];
    this.#state = 'finishing';
    return [{ kind: 'finish', complete: end.complete }];
  }

  #bye(): ReceiverEffect[] {
    if (this.#state !== 'confirming') return this.#violation("a frame 'bye' out of turn");
    this.#state = 'done';
    return [{ kind: 'done' }];
  }

  #violation(what: string): ReceiverEffect[] {
    return this.#fail(new ProtocolError('protocol-violation', `the other end sent ${what}`));
  }

  #fail(error: StreamerError): ReceiverEffect[] {
    this.#state = 'failed';
    return [{ kind: 'fail', error }];
  }
}

function overLimit(single: boolean, bytes: number, limit: number): LimitError {
  const what = single ? `the file has ${bytes} bytes` : `the files have ${bytes} bytes or more`;
  return new LimitError('limit-inbound', `${what}, over the inbound transfer limit of ${limit} (${formatSize(limit)})${single ? '; nothing was moved' : '; what has arrived is kept'}`);
}

function noSuchFile({ path }: ManifestEntry): StorageError {
  return new StorageError('storage-missing', `${path.replace(/\p{Cc}+/gu, ' ')}: the file that it is another name of is not there`);
}

function chunked<T>(list: readonly T[], most: number): T[][] {
  const parts: T[][] = [];
  for (let at = 0; at < list.length; at += most) parts.push(list.slice(at, at + most));
  return parts;
}
