/**
 * The receiver's states on the reference wire: inputs in, effects out; no IO, no clock.
 *
 *     init ── first message ──▶ data ── exactly file_size bytes ──▶ eof ── hash equal ──▶ committing ── committed ──▶ done
 *
 * Exactly `file_size` bytes are the file, and the message after them is the eof, TEXT or binary: the Python sender's own
 * eof is binary, which its receiver takes for data and appends to the file.
 *
 * @module
 */
import { ConnectError, IntegrityError, LimitError, StreamerError } from '../errors.js';
import { CONTROL_MESSAGE_MAX, errorFromClose, isEof, notInPlace, parseEof, parseInit } from './messages.js';
import type { CompatClosed, RunningHash } from './sender-machine.js';

/** Facts. */
export type CompatReceiverInput =
  /** A piece of a message, as it arrives. `bytes` is only looked at, and passed on in a `write`, during the call. */
  | { readonly kind: 'piece'; readonly bytes: Uint8Array; readonly last: boolean; readonly text: boolean }
  | { readonly kind: 'committed' }
  | CompatClosed;

/** Wishes. */
export type CompatReceiverEffect =
  | { readonly kind: 'started'; readonly size: number }
  | { readonly kind: 'write'; readonly offset: number; readonly bytes: Uint8Array }
  /** Once all that was written is durable: publish the file. */
  | { readonly kind: 'commit'; readonly sha256: string }
  | { readonly kind: 'done'; readonly sha256: string }
  | { readonly kind: 'fail'; readonly error: StreamerError };

type State =
  | { readonly name: 'init' | 'eof' | 'done' | 'failed' }
  | { readonly name: 'data'; readonly size: number; offset: number }
  | { readonly name: 'committing'; readonly sha256: string };

/** See the module's head. */
export class CompatReceiverMachine {
  readonly #limitBytes: number;
  readonly #hash: RunningHash;
  #state: State = { name: 'init' };
  #control: Uint8Array[] = [];
  #controlBytes = 0;

  /** @param limitBytes most bytes of a file that are accepted. */
  constructor(limitBytes: number, hash: RunningHash) {
    this.#limitBytes = limitBytes;
    this.#hash = hash;
  }

  handle(input: CompatReceiverInput): CompatReceiverEffect[] {
    if (this.#state.name === 'failed' || this.#state.name === 'done') return [];
    try {
      switch (input.kind) {
        case 'piece':
          return this.#piece(input);
        case 'committed':
          return this.#committed();
        case 'closed':
          return this.#closed(input);
      }
    } catch (error) {
      if (!(error instanceof StreamerError)) throw error;
      this.#state = { name: 'failed' };
      return [{ kind: 'fail', error }];
    }
  }

  #piece({ bytes, last, text }: Extract<CompatReceiverInput, { kind: 'piece' }>): CompatReceiverEffect[] {
    const state = this.#state;
    if (state.name === 'data') return this.#data(state, bytes, last, text);
    // The file is whole and verified: as to the reference, nothing after its eof matters.
    if (state.name === 'committing') return [];
    this.#controlBytes += bytes.length;
    if (this.#controlBytes > CONTROL_MESSAGE_MAX) throw state.name === 'eof' && !text ? tooMuch() : notInPlace(state.name === 'eof' ? 'eof' : 'init');
    this.#control.push(Buffer.from(bytes));
    if (!last) return [];
    const message = Buffer.concat(this.#control);
    this.#control = [];
    this.#controlBytes = 0;
    return state.name === 'init' ? this.#init(message, text) : this.#eof(message, text);
  }

  #init(message: Uint8Array, text: boolean): CompatReceiverEffect[] {
    // The reference fails on a TEXT init, with 1011.
    if (text) throw notInPlace('init');
    const { size } = parseInit(message);
    if (size > this.#limitBytes) {
      const text = `Inbound transfer limit exceeded, max allowed transfer size: ${this.#limitBytes} bytes.`;
      throw new LimitError('limit-inbound', `${text} The file has ${size}.`);
    }
    this.#state = size === 0 ? { name: 'eof' } : { name: 'data', size, offset: 0 };
    return [{ kind: 'started', size }];
  }

  #data(state: Extract<State, { name: 'data' }>, bytes: Uint8Array, last: boolean, text: boolean): CompatReceiverEffect[] {
    if (text) throw new IntegrityError('integrity-size', `the other end ended the file after ${state.offset} of ${state.size} bytes`);
    const { offset } = state;
    if (offset + bytes.length > state.size) throw tooMuch();
    this.#hash.update(bytes);
    state.offset += bytes.length;
    // Not before the message ends: what else it holds would be too much, and no eof.
    if (last && state.offset === state.size) this.#state = { name: 'eof' };
    return bytes.length === 0 ? [] : [{ kind: 'write', offset, bytes }];
  }

  #eof(message: Uint8Array, text: boolean): CompatReceiverEffect[] {
    // A binary message here is an eof or data: no bytes of it are no harm, and any would be too many in the last
    // message, too. How a stream is split into messages must not matter.
    if (!text && message.length === 0) return [];
    if (!text && !isEof(message)) throw tooMuch();
    const announced = parseEof(message);
    const sha256 = this.#hash.hex();
    if (announced !== sha256) throw new IntegrityError('integrity-digest', "the received file's SHA-256 is not the sent file's");
    this.#state = { name: 'committing', sha256 };
    return [{ kind: 'commit', sha256 }];
  }

  #committed(): CompatReceiverEffect[] {
    if (this.#state.name !== 'committing') return [];
    const { sha256 } = this.#state;
    this.#state = { name: 'done' };
    return [{ kind: 'done', sha256 }];
  }

  #closed({ by, code, reason, error }: CompatClosed): CompatReceiverEffect[] {
    // The sender may go, in whatever way, as soon as it has sent its eof: the file is whole and verified.
    if (this.#state.name === 'committing') return [];
    if (error !== undefined) throw error;
    const told = by === 'peer' ? errorFromClose(code, reason, 'sender') : undefined;
    const what = by === 'peer' ? 'the other end left' : 'the link was lost';
    throw told ?? new ConnectError('connect-lost', `${what} before the whole file had come; the compat wire cannot resume: start again`);
  }
}

function tooMuch(): IntegrityError {
  return new IntegrityError('integrity-size', 'the other end sent more bytes than it announced');
}
