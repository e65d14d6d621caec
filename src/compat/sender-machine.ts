/**
 * The sender's states on the reference wire: inputs in, effects out; no IO, no clock.
 *
 *     idle ── start ──▶ streaming ── all read ──▶ checking ── source unchanged ──▶ ending ── eof sent ──▶ closing ── closed by the receiver ──▶ done
 *
 * The reference has no confirmation; the receiver's clean close after the eof is the most that it ever says. A clean
 * close that came before the eof could be sent must not be taken for it: `ending` tells the two apart.
 *
 * @module
 */
import { ConnectError, type StreamerError } from '../errors.js';
import { buildEof, buildInit, COMPAT_CHUNK_BYTES, errorFromClose } from './messages.js';

/** A running SHA-256, passed in: this room is pure. */
export interface RunningHash {
  update(bytes: Uint8Array): void;
  hex(): string;
}

/** The connection is over. */
export interface CompatClosed {
  readonly kind: 'closed';
  readonly by: 'peer' | 'us' | 'link';
  readonly code: number;
  readonly reason: string;
  /** What is known of it besides: a rule that the peer broke, its silence, a reset. It says more than the code. */
  readonly error?: StreamerError | undefined;
}

/** Facts. */
export type CompatSenderInput =
  | { readonly kind: 'start' }
  /** The link and our buffers have room for one more chunk. */
  | { readonly kind: 'room' }
  | { readonly kind: 'chunkRead'; readonly bytes: Uint8Array }
  | { readonly kind: 'sourceUnchanged' }
  /** The eof is on its way: the connection was still open for it. */
  | { readonly kind: 'eofSent' }
  /** The receiver has had the eof for long and has not closed. */
  | { readonly kind: 'patienceOver' }
  | CompatClosed;

/** Wishes. */
export type CompatSenderEffect =
  | { readonly kind: 'sendBinary' | 'sendText'; readonly message: Uint8Array }
  /** Send the chunk that was just read. */
  | { readonly kind: 'sendChunk'; readonly message: Uint8Array }
  | { readonly kind: 'read'; readonly offset: number; readonly length: number }
  | { readonly kind: 'checkSource' }
  /** Close cleanly, as the reference's sender does at once. */
  | { readonly kind: 'close' }
  | { readonly kind: 'done'; readonly sha256: string }
  | { readonly kind: 'fail'; readonly error: StreamerError };

type State =
  | { readonly name: 'idle' | 'checking' | 'done' | 'failed' }
  | { readonly name: 'streaming'; offset: number; reading: boolean }
  | { readonly name: 'ending' | 'closing'; readonly sha256: string };

/** See the module's head. */
export class CompatSenderMachine {
  readonly #size: number;
  readonly #hash: RunningHash;
  #state: State = { name: 'idle' };
  #room = 0;

  /** @param size bytes of the file. */
  constructor(size: number, hash: RunningHash) {
    this.#size = size;
    this.#hash = hash;
  }

  handle(input: CompatSenderInput): CompatSenderEffect[] {
    if (this.#state.name === 'failed' || this.#state.name === 'done') return [];
    switch (input.kind) {
      case 'start':
        if (this.#state.name !== 'idle') return [];
        this.#state = { name: 'streaming', offset: 0, reading: false };
        return [{ kind: 'sendBinary', message: buildInit(this.#size) }, ...this.#advance()];
      case 'room':
        this.#room += 1;
        return this.#advance();
      case 'chunkRead':
        return this.#chunkRead(input.bytes);
      case 'sourceUnchanged':
        return this.#finish();
      case 'eofSent':
        if (this.#state.name === 'ending') this.#state = { name: 'closing', sha256: this.#state.sha256 };
        return [];
      case 'patienceOver':
        return this.#leave();
      case 'closed':
        return this.#closed(input);
    }
  }

  /** One read at a time, since the hash wants them in order. */
  #advance(): CompatSenderEffect[] {
    const state = this.#state;
    if (state.name !== 'streaming' || state.reading) return [];
    if (state.offset === this.#size) {
      this.#state = { name: 'checking' };
      return [{ kind: 'checkSource' }];
    }
    if (this.#room === 0) return [];
    this.#room -= 1;
    state.reading = true;
    return [{ kind: 'read', offset: state.offset, length: Math.min(COMPAT_CHUNK_BYTES, this.#size - state.offset) }];
  }

  #chunkRead(bytes: Uint8Array): CompatSenderEffect[] {
    const state = this.#state;
    if (state.name !== 'streaming') return [];
    this.#hash.update(bytes);
    state.offset += bytes.length;
    state.reading = false;
    return [{ kind: 'sendChunk', message: bytes }, ...this.#advance()];
  }

  #finish(): CompatSenderEffect[] {
    if (this.#state.name !== 'checking') return [];
    const sha256 = this.#hash.hex();
    this.#state = { name: 'ending', sha256 };
    return [{ kind: 'sendText', message: buildEof(sha256) }];
  }

  /** A receiver that waits for the sender's close gets it: without it both would wait for ever. */
  #leave(): CompatSenderEffect[] {
    if (this.#state.name !== 'closing') return [];
    const { sha256 } = this.#state;
    this.#state = { name: 'done' };
    return [{ kind: 'close' }, { kind: 'done', sha256 }];
  }

  #closed({ by, code, reason, error }: CompatClosed): CompatSenderEffect[] {
    const state = this.#state;
    const told = error ?? (by === 'peer' ? errorFromClose(code, reason, 'receiver') : undefined);
    if (told === undefined && by === 'peer' && state.name === 'closing') {
      this.#state = { name: 'done' };
      return [{ kind: 'done', sha256: state.sha256 }];
    }
    this.#state = { name: 'failed' };
    const what = by === 'peer' ? 'the other end left' : 'the link was lost';
    const lost = `${what} before the receiver had the whole file; the compat wire cannot resume: start again`;
    return [{ kind: 'fail', error: told ?? new ConnectError('connect-lost', lost) }];
  }
}
