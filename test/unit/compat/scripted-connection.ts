/**
 * A connection whose other end is the test: it says when bytes come, when what was sent has left, and how it ends.
 *
 * @module
 */
import type { CloseInfo, Connection, MessageHandler, MessageKind } from '../../../src/transport/connection.js';

/** What was sent. Its bytes are the sender's until it is told that they are written. */
class Sent {
  readonly kind: MessageKind;
  readonly #parts: readonly Uint8Array[];
  readonly #tell: () => void;
  #taken: Buffer | undefined;

  constructor(parts: readonly Uint8Array[], kind: MessageKind, tell: () => void) {
    this.#parts = parts;
    this.kind = kind;
    this.#tell = tell;
  }

  get bytes(): Buffer {
    return this.#taken ?? Buffer.concat(this.#parts);
  }

  /** The operating system has it, as it is now. */
  written(): void {
    this.#taken ??= this.bytes;
    this.#tell();
  }
}

/** See the module's head. */
export class ScriptedConnection implements Connection {
  readonly sent: Sent[] = [];
  readonly closes: { readonly code: number; readonly reason: string }[] = [];
  readonly wireBytes = { received: 0, sent: 0 };
  readonly buffered = 0;
  readonly lastHeardMs = 0;
  readonly remote = 'scripted:1';
  /** Answers the ping that is waiting, if any. */
  pong: () => void = () => undefined;
  #paused = false;
  #handler: MessageHandler | undefined;
  #peerHasClosed = false;

  attach(handler: MessageHandler): void {
    this.#handler = handler;
  }

  send(parts: readonly Uint8Array[], kind: MessageKind, written: () => void = () => undefined): boolean {
    if (this.#peerHasClosed) {
      written();
      return true;
    }
    const sent = new Sent(parts, kind, written);
    this.wireBytes.sent += sent.bytes.length;
    this.sent.push(sent);
    return true;
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
  }

  /** Whether the transfer holds the sender back. */
  isPaused(): boolean {
    return this.#paused;
  }

  ping(): Promise<number> {
    return new Promise((resolve) => (this.pong = () => resolve(1)));
  }

  close(code: number, reason: string): void {
    this.closes.push({ code, reason });
  }

  destroy(): void {
    this.closes.push({ code: 1006, reason: '' });
  }

  /** A whole message comes, in one buffer that is used again right afterwards, as the socket's is. */
  message(bytes: string | Uint8Array, kind: MessageKind = 'binary'): void {
    const buffer = Buffer.from(bytes);
    this.#handler?.piece(buffer, true, kind);
    buffer.fill(0xee);
  }

  /** The peer's close frame has come: nothing is sent any more, and the end is told later, by {@link over}. */
  peerCloses(): void {
    this.#peerHasClosed = true;
  }

  over(info: CloseInfo): void {
    this.#peerHasClosed = true;
    this.#handler?.closed(info);
  }
}

/** The ends that matter. */
export const RESET: CloseInfo = { by: 'link', code: 1006, reason: '', cause: new Error('read ECONNRESET') };
export const CLEAN: CloseInfo = { by: 'peer', code: 1000, reason: '' };

/** Waits for something that the transfer does. The test's own time-out is the limit. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** Gives what must not happen some turns of the event loop to happen in. */
export async function settle(turns = 50): Promise<void> {
  for (let i = 0; i < turns; i += 1) await new Promise((resolve) => setImmediate(resolve));
}
