/**
 * The records that come in on one connection, in order, whoever opens them.
 *
 * @module
 */
import { TAG_BYTES, type RecordOpener } from '../crypto/record.js';
import { PieceList } from './piece-list.js';
import { recordThreads, THREAD_RECORD_MAX, THREAD_RECORD_MIN, threadsWanted, type RecordThreads } from './record-threads.js';
import { Turns } from './turns.js';

/** Bytes with the threads at which the connection is to be read no further, and half of which at which it is again. */
const OPENING_MAX = 8 * 1024 * 1024;

/** Who takes what is opened. */
export interface OpeningEvents {
  /** Takes the plaintext of a record, which is authentic. What it throws goes to `failed`. */
  opened(pieces: Uint8Array[]): void;
  /** A record has not passed. */
  failed(error: unknown): void;
  /** A thread has died with a record. */
  died(): void;
  /** `behind` has changed. */
  flow(): void;
}

/** See the module's head. */
export class OpeningLane {
  readonly #opener: RecordOpener;
  readonly #events: OpeningEvents;
  readonly #turns = new Turns();
  readonly #pieces = new PieceList();
  /** How the record in progress is opened: by a thread when all of it is there, or here as it comes. */
  #way: 'gathered' | 'here' = 'here';
  /** Where one is gathered, and how many bytes of it are there. */
  #memory: Buffer | undefined;
  #gathered = 0;
  /** The other end has proved nothing before its first record has opened, and gets no memory beforehand. */
  #first = true;
  #opening = 0;
  #behind = false;

  constructor(opener: RecordOpener, events: OpeningEvents) {
    this.#opener = opener;
    this.#events = events;
  }

  /** Whether so much is with the threads that nothing more is to come. */
  get behind(): boolean {
    return this.#behind;
  }

  /** Takes the next bytes of a record, which are not kept. */
  piece(bytes: Uint8Array, last: boolean): void {
    try {
      if (this.#way === 'gathered') this.#gather(bytes, last);
      if (this.#way === 'here') this.#open(bytes, last);
      if (last) this.#way = this.#first ? 'here' : 'gathered';
    } catch (error) {
      this.#turns.do(() => this.#events.failed(error));
    }
  }

  /** Does it when all that came is opened: at once, where no thread has any of it. */
  after(act: () => void): void {
    this.#turns.do(act);
  }

  /** Keeps it for a thread; or finds that none is to have this record, and opens what was kept. */
  #gather(bytes: Uint8Array, last: boolean): void {
    const length = this.#gathered + bytes.length;
    const fits = length <= THREAD_RECORD_MAX && (!last || length >= THREAD_RECORD_MIN);
    const threads = fits && last ? recordThreads() : undefined;
    if (!fits || (last && threads === undefined) || !threadsWanted()) {
      this.#way = 'here';
      if (this.#gathered > 0 && this.#memory !== undefined) this.#open(this.#memory.subarray(0, this.#gathered), false);
      this.#gathered = 0;
      return;
    }
    this.#memory ??= Buffer.allocUnsafeSlow(THREAD_RECORD_MAX);
    this.#memory.set(bytes, this.#gathered);
    this.#gathered = length;
    if (threads !== undefined) this.#give(threads, this.#memory.subarray(0, length));
  }

  #give(threads: RecordThreads, record: Buffer): void {
    this.#memory = undefined;
    this.#gathered = 0;
    const { length } = record;
    const key = this.#opener.next();
    const turn = this.#turns.hold();
    this.#count(length);
    threads.give('open', record, key, (opened) =>
      turn(() => {
        this.#count(-length);
        if (opened === 'died') this.#events.died();
        else if (opened === undefined) this.#events.failed(this.#opener.failed());
        else this.#deliver([opened.subarray(0, length - TAG_BYTES)]);
      }),
    );
  }

  #open(bytes: Uint8Array, last: boolean): void {
    for (const plain of this.#opener.update(bytes)) this.#pieces.push(plain);
    if (!last) return;
    for (const plain of this.#opener.finish()) this.#pieces.push(plain);
    this.#first = false;
    const pieces = this.#pieces.take();
    this.#turns.do(() => this.#deliver(pieces));
  }

  #deliver(pieces: Uint8Array[]): void {
    try {
      this.#events.opened(pieces);
    } catch (error) {
      this.#events.failed(error);
    }
  }

  #count(bytes: number): void {
    this.#opening += bytes;
    const behind = this.#opening > (this.#behind ? OPENING_MAX / 2 : OPENING_MAX);
    if (behind === this.#behind) return;
    this.#behind = behind;
    this.#events.flow();
  }
}
