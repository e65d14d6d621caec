/**
 * One end of a pair at a relay, as the relay sees it: what it is told is kept, what it "says" is the test's to say.
 *
 * @module
 */
import type { CloseInfo, ForwardingConnection, MessageHandler, MessageKind, PingCarrier } from '../../src/transport/connection.js';
import { deferred, type Deferred } from './fake-events.js';

/** See the module's head. */
export class FakeForwarding implements ForwardingConnection {
  /** A line for each thing that it was sent: `[abc]` a whole message, `[ab` its first piece, `c` a further one, `d]` its last. */
  readonly sent: string[] = [];
  readonly closes: string[] = [];
  readonly remote: string;
  readonly wireBytes = { received: 0, sent: 0 };
  readonly lastHeardMs = 0;
  buffered = 0;
  /** Where there is a list, what tells that a piece is written goes there, and is the test's to call. */
  unwritten: (() => void)[] | undefined;
  paused = false;
  destroyed = false;
  handler: MessageHandler | undefined;
  #carrier: PingCarrier | undefined;
  #behind: Deferred<undefined> | undefined;

  constructor(remote = '192.0.2.7:4711') {
    this.remote = remote;
  }

  attach(handler: MessageHandler): void {
    this.handler = handler;
  }

  send(parts: readonly Uint8Array[], kind: MessageKind, written?: () => void): boolean {
    this.sent.push(`${kind} ${Buffer.concat(parts).toString('latin1')}`);
    written?.();
    return this.#behind === undefined;
  }

  sendPiece(bytes: Uint8Array, { first, last }: { readonly first: boolean; readonly last: boolean }, written?: () => void): boolean {
    this.sent.push(`${first ? '[' : ''}${Buffer.from(bytes).toString('latin1')}${last ? ']' : ''}`);
    if (this.unwritten === undefined || written === undefined) written?.();
    else this.unwritten.push(written);
    return this.#behind === undefined;
  }

  carryPings(carrier: PingCarrier): void {
    this.#carrier = carrier;
  }

  sendControl(kind: 'ping' | 'pong', payload: Uint8Array): void {
    this.sent.push(`${kind} ${Buffer.from(payload).toString('latin1')}`);
  }

  drained(): Promise<undefined> {
    return this.#behind?.promise ?? Promise.resolve(undefined);
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  ping(): Promise<number> {
    return Promise.resolve(0);
  }

  close(code: number, reason: string): void {
    this.closes.push(`${code} ${reason}`);
    // As the real one: an end that is closed is read on.
    this.paused = false;
  }

  destroy(): void {
    this.destroyed = true;
  }

  /** Takes nothing any more, or again. */
  fallBehind(): void {
    this.#behind = deferred();
  }

  catchUp(): void {
    this.#behind?.resolve(undefined);
    this.#behind = undefined;
  }

  /** Bytes of it arrive. */
  says(text: string, last = true, kind: MessageKind = 'binary'): void {
    this.handler?.piece(Buffer.from(text, 'latin1'), last, kind);
  }

  pings(payload: string): void {
    this.#carrier?.ping(Buffer.from(payload, 'latin1'));
  }

  pongs(payload: string): void {
    this.#carrier?.pong(Buffer.from(payload, 'latin1'));
  }

  isClosed(info: CloseInfo): void {
    this.handler?.closed(info);
  }
}
