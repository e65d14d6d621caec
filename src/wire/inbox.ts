/**
 * The content of files that are wanted, on its way in: from where a file is opened to where all of it is here. Each content
 * frame is counted against its connection's credit, held against the file and against its checksum, and handed on to be
 * written; when it is, its credit goes back. What was sent again and is here already is passed over.
 *
 *     chunked: want ─▶ file ─▶ opened ─▶ data, hole ─▶ written ─▶ whole, once ended
 *     small:   want ─▶ whole ─▶ taken
 *
 * @module
 */
import type { Checksum } from '../crypto/checksum.js';
import { IntegrityError, LimitError, type StreamerError } from '../errors.js';
import { formatSize } from '../util/units.js';
import { CHUNK_SIZE_DEFAULT, CHUNKS_MAX, FILES_OPEN_MAX, HAVE_HASHES_MAX, WHOLE_FILE_MAX } from './constants.js';
import { splitPayload } from './decode-content.js';
import { costOf } from './encode.js';
import type { DataFrame, FileEndFrame, FileFrame, HoleFrame, ManifestEntry, RootKind, WholeFrame } from './frame.js';
import { IncomingFile, IncomingPipe } from './incoming-file.js';
import type { Incoming } from './incoming.js';
import { ReceiveStreams, type Arrival } from './receive-streams.js';
import type { ReceiverEffect, ReceiverFact } from './receiver-steps.js';
import type { Unsettled } from './unsettled.js';
import { violation } from './violation.js';

/** What follows, or what the session fails of. */
export type Verdict = ReceiverEffect[] | StreamerError;

/** What the receiver is told before it starts. */
export interface ReceiverOptions {
  /** Most bytes of files that are accepted. */
  readonly limitBytes: number;
  /** Most bytes in flight or not yet written. */
  readonly windowBytes: number;
  readonly checksum: Pick<Checksum, 'xxh64Pieces'>;
}

/** See the module's head. */
export class Inbox {
  readonly #options: ReceiverOptions;
  readonly #unsettled: Unsettled<Incoming>;
  readonly #streams: ReceiveStreams;
  /** What was offered. */
  #root: RootKind | undefined;
  /** Bytes of the files that were wanted. */
  #wantedBytes = 0;
  /** Files whose file frame has come, and which are not settled. */
  #underWay = 0;

  constructor(options: ReceiverOptions, unsettled: Unsettled<Incoming>) {
    this.#options = options;
    this.#unsettled = unsettled;
    this.#streams = new ReceiveStreams(options.windowBytes);
  }

  offered(root: RootKind): void {
    this.#root = root;
  }

  /* Connections */

  attach(stream: number): ReceiverEffect[] {
    return [{ kind: 'credit', credit: this.#streams.attach(stream) }];
  }

  lost(stream: number): void {
    this.#streams.lost(stream);
  }

  /** A content frame is done with: its credit goes back, now or with that of others. */
  taken(arrival: Arrival): ReceiverEffect[] {
    const credit = this.#streams.written(arrival);
    return credit === undefined ? [] : [{ kind: 'credit', credit }];
  }

  /* Before the content */

  want(incoming: Incoming): Verdict {
    const { limitBytes } = this.#options;
    this.#wantedBytes += incoming.entry.size;
    if (this.#wantedBytes > limitBytes) return overLimit(this.#root, this.#wantedBytes, limitBytes);
    incoming.phase = 'wanted';
    if (this.#root === 'pipe') return this.#open(incoming, CHUNK_SIZE_DEFAULT, Buffer.alloc(32));
    return incoming.file === undefined ? [] : this.#open(incoming, incoming.file.chunkSize, incoming.file.identity);
  }

  /** Takes a file frame, which may come before its file is wanted. */
  file(frame: FileFrame): Verdict {
    const incoming = this.#unsettled.get(frame.id);
    if (incoming === undefined) return this.#unsettled.isSettled(frame.id) ? [] : violation("a frame 'file' for no entry");
    const { entry, phase, file } = incoming;
    const chunks = Math.ceil(entry.size / frame.chunkSize);
    const early = phase === 'placing' || phase === 'comparing';
    if (entry.kind !== 'file' || file !== undefined || !(early || phase === 'wanted') || this.#root === 'pipe' || chunks > CHUNKS_MAX) {
      return violation("a frame 'file' out of turn, or with too many chunks");
    }
    this.#underWay += 1;
    if (this.#underWay > FILES_OPEN_MAX) return violation(`more than ${FILES_OPEN_MAX} files under way in chunks`);
    incoming.file = frame;
    return early ? [] : this.#open(incoming, frame.chunkSize, frame.identity);
  }

  /** An entry is settled, whatever became of it. */
  settled({ file }: Incoming): void {
    if (file !== undefined) this.#underWay -= 1;
  }

  #open(incoming: Incoming, chunkSize: number, identity: Uint8Array): ReceiverEffect[] {
    incoming.phase = 'opening';
    return [{ kind: 'open', entry: incoming.entry, chunkSize, identity }];
  }

  /** A partial file is open: the sender is told what it holds. */
  opened({ id, table }: ReceiverFact<'opened'>): ReceiverEffect[] {
    const incoming = this.#unsettled.get(id);
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

  /* Chunks */

  data(stream: number, frame: DataFrame): Verdict {
    const arrival = this.#streams.arrive(stream, costOf(frame));
    if (arrival === undefined) return noCredit();
    const incoming = this.#unsettled.get(frame.id);
    // What was sent again after its connection was lost may be there already.
    if (incoming === undefined && this.#unsettled.isSettled(frame.id)) return this.taken(arrival);
    if (incoming?.content === undefined) return violation('data out of turn');
    const verdict = incoming.content.take(frame);
    if (verdict.kind === 'repeat') return this.taken(arrival);
    if (verdict.kind === 'wrong') return violation(verdict.why);
    const { limitBytes, checksum } = this.#options;
    if (this.#root === 'pipe' && incoming.content.bytes > limitBytes) return overLimit('pipe', incoming.content.bytes, limitBytes);
    if (checksum.xxh64Pieces(frame.payload) !== frame.hash) {
      return new IntegrityError('integrity-checksum', `the chunk at offset ${frame.offset} arrived with a wrong checksum`);
    }
    const { id, offset, hash, payload, length } = frame;
    return [{ kind: 'write', arrival, id, index: verdict.index, offset, hash, payload, length }];
  }

  hole(stream: number, frame: HoleFrame): Verdict {
    const arrival = this.#streams.arrive(stream, 0);
    if (arrival === undefined) return noCredit();
    if (this.#unsettled.isSettled(frame.id)) return this.taken(arrival);
    const content = this.#unsettled.get(frame.id)?.content;
    const indices = content instanceof IncomingFile ? content.takeHole(frame) : undefined;
    if (indices === undefined) return violation('a hole out of turn or outside the file');
    return indices.count === 0 ? this.taken(arrival) : [{ kind: 'writeHole', arrival, id: frame.id, indices }];
  }

  written({ arrival, id, chunks }: ReceiverFact<'chunksWritten'>): ReceiverEffect[] {
    const content = this.#unsettled.get(id)?.content;
    if (content !== undefined) for (const { index, hash } of chunks) content.written(index, hash);
    return this.taken(arrival);
  }

  /** Takes the end of a file, which may come before the last of its chunks. Returns what is wrong with it. */
  ended(frame: FileEndFrame): StreamerError | undefined {
    const incoming = this.#unsettled.get(frame.id);
    if (incoming === undefined && this.#unsettled.isSettled(frame.id)) return undefined;
    const sized = this.#root === 'pipe' ? frame.size >= (incoming?.content?.bytes ?? 0) : frame.size === incoming?.entry.size;
    if (incoming?.content === undefined || incoming.content.end !== undefined || !sized) return violation("a frame 'fileEnd' out of turn, or with another size");
    incoming.content.end = frame;
    return undefined;
  }

  /* Small files */

  whole(stream: number, frame: WholeFrame): Verdict {
    const arrival = this.#streams.arrive(stream, costOf(frame));
    if (arrival === undefined) return noCredit();
    if (this.#root !== 'tree') return violation('a whole file outside a tree');
    const files: { entry: ManifestEntry; hash: bigint; content: readonly Uint8Array[] }[] = [];
    let index = 0;
    for (const content of splitPayload(frame.payload, frame.parts.map(({ length }) => length))) {
      const part = frame.parts[index];
      index += 1;
      if (part === undefined) break;
      const incoming = this.#unsettled.get(part.id);
      if (incoming === undefined ? this.#unsettled.isSettled(part.id) : incoming.phase === 'committing') continue;
      if (incoming?.phase !== 'wanted' || part.length !== incoming.entry.size || part.length > WHOLE_FILE_MAX) return violation('a whole file out of turn, or of another size');
      if (this.#options.checksum.xxh64Pieces(content) !== part.hash) return new IntegrityError('integrity-checksum', 'a file arrived with a wrong checksum');
      incoming.phase = 'committing';
      files.push({ entry: incoming.entry, hash: part.hash, content });
    }
    return files.length === 0 ? this.taken(arrival) : [{ kind: 'writeWhole', arrival, files }];
  }
}

function noCredit(): StreamerError {
  return violation('more data than it had credit for');
}

function overLimit(root: RootKind | undefined, bytes: number, limit: number): LimitError {
  const bound = `the inbound transfer limit of ${limit} (${formatSize(limit)})`;
  const texts = {
    file: `the file has ${bytes} bytes, over ${bound}; nothing was moved`,
    tree: `the files have ${bytes} bytes or more, over ${bound}; what has arrived is kept`,
    pipe: `the stream is longer than ${bound}; nothing of it is kept`,
  };
  return new LimitError('limit-inbound', texts[root ?? 'file']);
}
