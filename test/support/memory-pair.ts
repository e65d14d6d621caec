/**
 * Two connected ends in memory, with what a real link does to its users: latency, messages in pieces, back-pressure,
 * and a cut after so many messages or bytes. Like a socket it never calls back in the turn in which it was called.
 *
 * @module
 */
import { ConnectError } from '../../src/errors.js';
import type { CloseInfo, Connection, MessageHandler, MessageKind } from '../../src/transport/connection.js';

/** What the link is like. */
export interface MemoryLink {
  /** One way, milliseconds. Default 0: the next turn of the event loop. */
  readonly latencyMs?: number;
  /** Most bytes of one piece. Default: a message is one piece. */
  readonly pieceBytes?: number;
  /** Bytes waiting at an end at which `send` says no. Default 256 KiB; `drained` resolves at a quarter. */
  readonly highWaterBytes?: number;
  /** Bytes that are under way, as in the kernel's buffers: a message more is taken when they are fewer. Default 64 KiB. */
  readonly wireBytes?: number;
  /** The link breaks once so many messages have been delivered, both ways together. */
  readonly cutAfterMessages?: number;
  /** The link breaks once so many bytes have been delivered, be it within a message. */
  readonly cutAfterBytes?: number;
  /** How long an end waits for the answer to its close. Default 2,000 ms. */
  readonly closeTimeoutMs?: number;
}

/** Something on its way to the other end. */
type Item =
  | { readonly what: 'message'; readonly parts: readonly Uint8Array[]; readonly kind: MessageKind; readonly written: (() => void) | undefined }
  | { readonly what: 'ping' | 'pong'; readonly id: number }
  | { readonly what: 'close'; readonly code: number; readonly reason: string }
  | { readonly what: 'end' };
type Travelling = { readonly item: Item; readonly bytes: Buffer; readonly dueMs: number };

/** Counts what both ends have been given, and cuts. */
class Link {
  readonly options: Required<MemoryLink>;
  readonly ends: MemoryConnection[] = [];
  #messages = 0;
  #bytes = 0;

  constructor(options: MemoryLink) {
    const unlimited = { pieceBytes: Infinity, cutAfterMessages: Infinity, cutAfterBytes: Infinity };
    this.options = { ...unlimited, latencyMs: 0, highWaterBytes: 256 * 1024, wireBytes: 64 * 1024, closeTimeoutMs: 2_000, ...options };
  }

  get bytesLeft(): number {
    return this.options.cutAfterBytes - this.#bytes;
  }

  delivered(bytes: number, messages: number): void {
    this.#bytes += bytes;
    this.#messages += messages;
    if (this.#messages >= this.options.cutAfterMessages || this.bytesLeft <= 0) this.cut();
  }

  cut(): void {
    for (const end of this.ends) end.breakOff();
  }
}

/** One end. `a` and `b` of {@link memoryPair}. */
export class MemoryConnection implements Connection {
  readonly remote: string;
  readonly wireBytes = { received: 0, sent: 0 };
  lastHeardMs = performance.now();
  readonly #link: Link;
  #peer: MemoryConnection | undefined;
  #handler: MessageHandler | undefined;
  #state: 'open' | 'closing' | 'closed' = 'open';
  #paused = false;
  /** Not taken by the link yet, and taken but not delivered. */
  #outbox: Item[] = [];
  #inbox: Travelling[] = [];
  #buffered = 0;
  #underWay = 0;
  #drainWaiters: (() => void)[] = [];
  readonly #pings = new Map<number, { sentMs: number; answered: (ms: number) => void; failed: (error: Error) => void }>();
  #pingCount = 0;
  #info: CloseInfo | undefined;
  #peerSaidClose = false;
  #sentClose = false;
  #closeTimer: NodeJS.Timeout | undefined;
  #told = false;
  #shipping = false;
  #delivering = false;

  constructor(link: Link, remote: string) {
    this.#link = link;
    this.remote = remote;
  }

  /** Joins two ends. */
  static join(a: MemoryConnection, b: MemoryConnection): void {
    a.#peer = b;
    b.#peer = a;
  }

  get buffered(): number {
    return this.#buffered;
  }

  /** Whether this end reads. */
  get paused(): boolean {
    return this.#paused;
  }

  attach(handler: MessageHandler): void {
    const first = this.#handler === undefined;
    this.#handler = handler;
    if (first && this.#state === 'closed') queueMicrotask(() => this.#tellClosed());
    else this.#deliverSoon();
  }

  send(parts: readonly Uint8Array[], kind: MessageKind, written?: () => void): boolean {
    if (this.#state === 'open') {
      const length = parts.reduce((sum, part) => sum + part.length, 0);
      this.#buffered += length;
      this.wireBytes.sent += length;
      this.#put({ what: 'message', parts, kind, written });
    } else written?.();
    return this.#buffered < this.#link.options.highWaterBytes;
  }

  drained(): Promise<void> {
    if (this.#state !== 'open' || this.#buffered <= this.#lowWater) return Promise.resolve();
    return new Promise((resolve) => this.#drainWaiters.push(resolve));
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#deliverSoon();
  }

  ping(): Promise<number> {
    if (this.#state !== 'open') return Promise.reject(new ConnectError('connect-lost', 'the connection is closed'));
    const id = (this.#pingCount += 1);
    return new Promise((answered, failed) => {
      this.#pings.set(id, { sentMs: performance.now(), answered, failed });
      this.#put({ what: 'ping', id });
    });
  }

  close(code: number, reason: string): void {
    if (this.#state !== 'open') return;
    this.#info = { by: 'us', code, reason };
    this.#startClosing(code, reason);
    this.resume();
  }

  destroy(): void {
    if (this.#state === 'closed') return;
    this.#info ??= { by: 'us', code: 1006, reason: '' };
    this.#drop();
    this.#put({ what: 'end' });
    this.#over();
  }

  /** The link is gone, for this end. */
  breakOff(): void {
    if (this.#state === 'closed') return;
    this.#drop();
    this.#over();
  }

  get #lowWater(): number {
    return this.#link.options.highWaterBytes / 4;
  }

  #startClosing(code: number, reason: string): void {
    this.#put({ what: 'close', code, reason });
    this.#state = 'closing';
    this.#wakeDrainWaiters();
    this.#closeTimer = setTimeout(() => this.destroy(), this.#link.options.closeTimeoutMs);
    this.#closeTimer.unref();
  }

  #put(item: Item): void {
    if (this.#state === 'closed') return;
    this.#outbox.push(item);
    this.#shipSoon();
  }

  #shipSoon(): void {
    if (this.#shipping) return;
    this.#shipping = true;
    setImmediate(() => {
      this.#shipping = false;
      this.#ship();
    });
  }

  /** The operating system takes what it has room for. */
  #ship(): void {
    const { wireBytes, latencyMs } = this.#link.options;
    while (this.#outbox.length > 0 && this.#underWay < wireBytes) {
      const item = this.#outbox.shift();
      if (item === undefined) return;
      const bytes = item.what === 'message' ? Buffer.concat(item.parts) : Buffer.alloc(0);
      this.#underWay += bytes.length;
      this.#buffered -= bytes.length;
      this.#sentClose ||= item.what === 'close';
      this.#peer?.takeIn({ item, bytes, dueMs: latencyMs === 0 ? 0 : performance.now() + latencyMs });
      if (item.what === 'message') giveBack(item);
    }
    if (this.#buffered <= this.#lowWater) this.#wakeDrainWaiters();
    if (this.#peerSaidClose && this.#sentClose) this.#over();
  }

  /** The other end's part of the link. */
  takeIn(travelling: Travelling): void {
    if (this.#state === 'closed') return;
    this.#inbox.push(travelling);
    this.#deliverSoon();
  }

  #deliverSoon(): void {
    const [next] = this.#inbox;
    if (next === undefined || this.#delivering || this.#paused || this.#handler === undefined) return;
    this.#delivering = true;
    const waitMs = next.dueMs - performance.now();
    const deliver = () => {
      this.#delivering = false;
      this.#deliver();
      this.#deliverSoon();
    };
    if (waitMs <= 0) setImmediate(deliver);
    else setTimeout(deliver, waitMs);
  }

  /** One item, or a piece of one. */
  #deliver(): void {
    const [next] = this.#inbox;
    if (next === undefined || this.#paused || this.#state === 'closed') return;
    const { item } = next;
    this.lastHeardMs = performance.now();
    if (item.what === 'message') {
      this.#deliverPiece(next, item.kind);
      return;
    }
    this.#inbox.shift();
    switch (item.what) {
      case 'ping':
        this.#put({ what: 'pong', id: item.id });
        break;
      case 'pong':
        this.#pong(item.id);
        break;
      case 'close':
        this.#closeArrived(item.code, item.reason);
        break;
      case 'end':
        this.#over();
        break;
    }
  }

  #deliverPiece(next: Travelling, kind: MessageKind): void {
    const size = Math.min(next.bytes.length, this.#link.options.pieceBytes, Math.max(0, this.#link.bytesLeft));
    const last = size === next.bytes.length;
    // A copy that is spoilt after the call: whoever keeps it finds out.
    const piece = Buffer.from(next.bytes.subarray(0, size));
    if (last) this.#inbox.shift();
    else this.#inbox[0] = { ...next, bytes: next.bytes.subarray(size) };
    this.wireBytes.received += size;
    this.#peer?.takenIn(size);
    if (this.#state === 'open' && (size > 0 || last)) this.#handler?.piece(piece, last, kind);
    piece.fill(0xdb);
    this.#link.delivered(size, last ? 1 : 0);
  }

  /** The other end has read so much. */
  takenIn(bytes: number): void {
    this.#underWay -= bytes;
    this.#shipSoon();
  }

  #pong(id: number): void {
    const ping = this.#pings.get(id);
    this.#pings.delete(id);
    ping?.answered(performance.now() - ping.sentMs);
  }

  #closeArrived(code: number, reason: string): void {
    this.#peerSaidClose = true;
    this.#info ??= { by: 'peer', code, reason };
    if (this.#state === 'open') this.#startClosing(code, '');
    else this.#shipSoon();
  }

  #wakeDrainWaiters(): void {
    const waiters = this.#drainWaiters;
    this.#drainWaiters = [];
    for (const wake of waiters) wake();
  }

  /** Nobody will take what is waiting here. */
  #drop(): void {
    const dropped = this.#outbox;
    this.#outbox = [];
    this.#buffered = 0;
    for (const item of dropped) if (item.what === 'message') giveBack(item);
  }

  #over(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#inbox = [];
    clearTimeout(this.#closeTimer);
    this.#wakeDrainWaiters();
    for (const ping of this.#pings.values()) ping.failed(new ConnectError('connect-lost', 'the connection ended'));
    this.#pings.clear();
    setImmediate(() => this.#tellClosed());
  }

  #tellClosed(): void {
    if (this.#told || this.#handler === undefined) return;
    this.#told = true;
    this.#handler.closed(this.#info ?? { by: 'link', code: 1006, reason: '' });
  }
}

/** The parts were the connection's until now, and masking may have changed them: whoever still needs them finds out. */
function giveBack({ parts, written }: Extract<Item, { what: 'message' }>): void {
  for (const part of parts) part.fill(0xdb);
  written?.();
}

/** Both ends, and the scissors. */
export interface MemoryPair {
  readonly a: MemoryConnection;
  readonly b: MemoryConnection;
  readonly cut: () => void;
}

/** See the module's head. */
export function memoryPair(options: MemoryLink = {}): MemoryPair {
  const link = new Link(options);
  const [a, b] = [new MemoryConnection(link, 'memory:1'), new MemoryConnection(link, 'memory:2')];
  MemoryConnection.join(a, b);
  link.ends.push(a, b);
  return { a, b, cut: () => link.cut() };
}
