/**
 * A sender's machine, and short words for what it wishes.
 *
 * @module
 */
import { StorageError } from '../../../src/errors.js';
import type { Answer, Frame, ManifestEntry, OfferFrame, WholePart } from '../../../src/wire/frame.js';
import { SenderMachine } from '../../../src/wire/sender-machine.js';
import type { SenderEffect, SenderInput } from '../../../src/wire/sender-steps.js';

export const CHUNK = 65_536;
export const OFFER: OfferFrame = { type: 'offer', root: 'tree', name: 'x', existing: undefined, checksum: false, dryRun: false, delete: false, sha256: false, rules: [] };
export const hashOf = (index: number) => BigInt(index + 100);

/** A large file unless it is said otherwise. */
export function entry(id: number, more: Partial<ManifestEntry> = {}): ManifestEntry {
  return { id, kind: 'file', path: `e${id}`, size: 2 ** 21, mode: 0o644, mtimeNs: 0n, ...more };
}
export const small = (id: number, size = 5) => entry(id, { size });

export function hashes(...indices: number[]): Buffer {
  const bytes = Buffer.alloc(indices.length * 8);
  indices.forEach((index, at) => bytes.writeBigUInt64BE(hashOf(index), at * 8));
  return bytes;
}

export function word(effect: SenderEffect): string {
  switch (effect.kind) {
    case 'send':
      return `send ${effect.frame.type}${'id' in effect.frame ? ` ${effect.frame.id}` : ''}`;
    case 'content': {
      const { frame, stream } = effect;
      if (frame.type === 'whole') return `${stream}: whole ${frame.parts.map(({ id }) => id).join(',')}`;
      return `${stream}: ${frame.type} ${frame.id} ${frame.type === 'hole' ? frame.first : frame.offset / (frame.id === 0 && frame.length !== CHUNK ? 2 ** 20 : CHUNK)}`;
    }
    case 'readChunk':
      return `${effect.stream}: read ${effect.entry.id} ${effect.index}`;
    case 'readWhole':
      return `${effect.stream}: read whole ${effect.entries.map(({ id }) => id).join(',')}`;
    case 'readPipe':
      return `${effect.stream}: read pipe`;
    case 'open':
    case 'digest':
      return `${effect.kind} ${effect.entry.id}`;
    case 'close':
    case 'check':
      return `${effect.kind} ${effect.id}`;
    case 'unsent':
      return `unsent ${effect.bytes} ${effect.holes}`;
    case 'streaming':
      return `streaming ${effect.entry.id} ${effect.resumedBytes}`;
    case 'settled':
      return `${effect.entry.id} ${effect.how}`;
    case 'fail':
      return `fail ${effect.error.code}`;
    default:
      return effect.kind;
  }
}

/** See the module's head. */
export class DrivenSender {
  readonly machine: SenderMachine;
  /** Every effect so far. */
  readonly all: SenderEffect[] = [];
  /** The last `readWhole` that was wished for. */
  #whole: Extract<SenderEffect, { kind: 'readWhole' }> | undefined;

  constructor(offer: Partial<OfferFrame> = {}) {
    this.machine = new SenderMachine({ ...OFFER, ...offer });
  }

  feed(input: SenderInput): string[] {
    const effects = this.machine.handle(input);
    this.all.push(...effects);
    for (const effect of effects) if (effect.kind === 'readWhole') this.#whole = effect;
    return effects.map(word);
  }
  frame(frame: Frame, stream = 0): string[] {
    return this.feed({ kind: 'frame', stream, frame });
  }
  start(): string[] {
    return this.feed({ kind: 'start' });
  }
  /** Attaches a stream with room and credit. */
  attach(stream = 0, units = 1, limit = 2 ** 30): string[] {
    return [...this.feed({ kind: 'attached', stream }), ...this.room(stream, units), ...this.credit(limit, 0, stream)];
  }
  lose(stream = 0): string[] {
    return this.feed({ kind: 'lost', stream });
  }
  room(stream = 0, units = 1): string[] {
    return this.feed({ kind: 'room', stream, lap: this.machine.lapOf(stream), units });
  }
  credit(limit: number, acked = 0, stream = 0): string[] {
    return this.frame({ type: 'credit', limit, acked }, stream);
  }
  entries(...entries: ManifestEntry[]): string[] {
    return this.feed({ kind: 'entries', entries });
  }
  walked(entries: number): string[] {
    return this.feed({ kind: 'walked', entries, complete: true });
  }
  answers(first: number, ...answers: Answer[]): string[] {
    return this.frame({ type: 'answers', first, answers });
  }
  opened(id: number, chunkSize = CHUNK): string[] {
    return this.feed({ kind: 'opened', id, chunkSize, identity: Buffer.alloc(32) });
  }
  ready(id: number): string[] {
    return this.frame({ type: 'ready', id });
  }
  have(id: number, first: number, ...indices: number[]): string[] {
    return this.frame({ type: 'have', id, first, hashes: hashes(...indices) });
  }
  /** A chunk was read for a stream, or for one that was there under its number before. */
  read(id: number, index: number, more: { stream?: number; lap?: number; hash?: bigint; zeros?: boolean; length?: number } = {}): string[] {
    const { stream = 0, lap = this.machine.lapOf(stream), hash = hashOf(index), zeros = false, length = CHUNK } = more;
    return this.feed({ kind: 'chunkRead', stream, lap, id, index, hash, payload: [Buffer.alloc(length)], zeros });
  }
  /** What was asked for last was read, but for some files. */
  readWhole(without: readonly number[] = []): string[] {
    const asked = this.#whole;
    if (asked === undefined) throw new Error('nothing was asked for');
    const parts: WholePart[] = asked.entries.filter(({ id }) => !without.includes(id)).map(({ id, size }) => ({ id, length: size, hash: hashOf(id) }));
    return this.feed({ kind: 'wholeRead', stream: asked.stream, lap: asked.lap, parts, payload: [], cost: asked.cost });
  }
  checked(id: number): string[] {
    return this.feed({ kind: 'checked', id });
  }
  done(...ids: number[]): string[] {
    return this.frame({ type: 'done', ids });
  }
  trouble(id: number): string[] {
    return this.feed({ kind: 'trouble', id, error: new StorageError('storage-io', 'no') });
  }
  peerTrouble(id: number): string[] {
    return this.frame({ type: 'trouble', id, code: 'storage-full', message: 'full' });
  }
}
