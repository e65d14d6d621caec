/**
 * A socket that is none: what is written to it is kept, what it "receives" is pushed, and whether it takes anything is
 * the test's to say.
 *
 * @module
 */
import { Duplex } from 'node:stream';

/** See the module's head. */
export class FakeSocket extends Duplex {
  readonly wrote: Buffer[] = [];
  /** While false, writes wait as they do behind a full kernel buffer. */
  #takes = true;
  #waiting: (() => void) | undefined;
  readonly remoteAddress = '192.0.2.7';
  readonly remotePort = 4711;

  constructor() {
    super({ read: () => undefined, allowHalfOpen: true });
  }

  /** All bytes that were taken. */
  get bytes(): Buffer {
    return Buffer.concat(this.wrote);
  }

  /** The peer's bytes arrive. */
  arrive(bytes: Uint8Array): void {
    this.push(Buffer.from(bytes));
  }

  stall(): void {
    this.#takes = false;
  }

  flow(): void {
    this.#takes = true;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const take = () => {
      this.wrote.push(Buffer.from(chunk));
      done();
    };
    if (this.#takes) take();
    else this.#waiting = take;
  }
}
