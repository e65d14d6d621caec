/**
 * A websocket as a {@link Connection}: back-pressure both ways, pings, the closing handshake (RFC 6455 sections 5.5,
 * 7.1) and a dead peer noticed.
 *
 * @module
 */
import { randomFillSync } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { ConnectError, TimeoutError } from '../errors.js';
import type { CloseInfo, ForwardingConnection, MessageHandler, MessageKind, PingCarrier } from './connection.js';
import { closePayload, frameHeader, OPCODE, type Opcode } from './frame-header.js';
import { FrameParser } from './frame-parser.js';
import { applyMask } from './mask.js';
import { takeOverSocket } from './socket-takeover.js';

/** How a client masks what it sends (RFC 6455 section 5.3). A server never masks. */
export type Masking = 'none' | 'zero' | 'random';

/** Options of a websocket connection. */
export interface WebSocketOptions {
  /**
   * `random`: an unpredictable key for each frame, as the RFC asks. `zero`: the mask bit with a key of zeros; only
   * where every payload is ciphertext, which no third party can choose, the danger that masks exist for (section 10.3).
   */
  readonly masking: Masking;
  /** Most bytes of one incoming message. */
  readonly maxMessageBytes: number;
  /** Silence after which the peer counts as dead, in milliseconds. Default 45,000. */
  readonly idleLimitMs?: number;
  /** Bytes waiting in this process at which `send` says "behind"; `drained` at a quarter. Default 1 MiB. */
  readonly highWaterBytes?: number;
}

/**
 * Bytes waiting in this process at which {@link Connection.send} says "behind", and at which `drained` resolves. Small, so
 * that what was sealed is still in the processor's cache when the kernel copies it: 4 MiB cost 0.1 CPU s/GiB more.
 */
const HIGH_WATER_BYTES = 1024 * 1024;
/** A ping each this often, whatever else is sent: on a slow link the data that we send may hold back all answers. */
const PING_INTERVAL_MS = 15_000;
const IDLE_LIMIT_MS = 45_000;
/** How often silence is looked for. */
const TICK_MS = 5_000;
/** How long the peer has to answer a close frame. */
const CLOSE_TIMEOUT_MS = 2_000;
/** Answers to pings that may wait for the socket at once. */
const PONGS_WAITING_MAX = 64;

/** See the module's head. Made from a socket whose opening handshake is done. */
export class WebSocketConnection implements ForwardingConnection {
  readonly #socket: Duplex & Partial<Pick<Socket, 'setNoDelay' | 'setTimeout'>>;
  readonly #parser: FrameParser;
  readonly #options: WebSocketOptions;
  readonly remote: string;
  #handler: MessageHandler | undefined;
  /** What was read and is not parsed: what http had read past the opening handshake, or what came with what made us pause. */
  #head: Buffer | undefined;
  #received = 0;
  #sent = 0;
  #lastHeardMs = performance.now();
  #state: 'open' | 'closing' | 'closed' = 'open';
  #paused = false;
  #peerClose: CloseInfo | undefined;
  #ourClose: CloseInfo | undefined;
  #drainWaiters: (() => void)[] = [];
  readonly #pings = new Map<string, { sentMs: number; answered: (ms: number) => void; failed: (error: Error) => void }>();
  #pingCount = 0;
  #pongsWaiting = 0;
  #lastPing: Buffer | undefined;
  #carrier: PingCarrier | undefined;
  readonly #highWater: number;
  #ticker: NodeJS.Timeout | undefined;
  #closeTimer: NodeJS.Timeout | undefined;
  #lastTickMs = performance.now();
  #lastPingMs = performance.now();
  /** Bytes that the kernel had taken at the last tick, and whether more were waiting then. */
  #takenAtTick = 0;
  #behindAtTick = false;

  constructor(socket: Duplex, head: Buffer, options: WebSocketOptions) {
    this.#options = options;
    this.#highWater = options.highWaterBytes ?? HIGH_WATER_BYTES;
    this.remote = remoteOf(socket as Partial<Socket>);
    this.#parser = new FrameParser(
      {
        piece: (bytes, last, kind) => this.#piece(bytes, last, kind),
        ping: (payload) => this.#answer(payload),
        pong: (payload) => this.#pong(payload),
        close: (code, reason) => this.#closeFrame(code, reason),
      },
      { expectMasked: options.masking === 'none', maxMessageBytes: options.maxMessageBytes },
    );
    this.#head = head;
    this.#received = head.length;
    this.#socket = takeOverSocket(socket, (bytes) => this.#bytes(bytes));
    this.#socket.setTimeout?.(0);
    this.#socket.setNoDelay?.(true);
    let cause: unknown;
    this.#socket.on('error', (error) => (cause = error));
    this.#socket.on('end', () => this.#socket.end());
    this.#socket.on('close', () => this.#over(cause));
  }

  attach(handler: MessageHandler): void {
    const first = this.#handler === undefined;
    this.#handler = handler;
    if (this.#state === 'closed') {
      queueMicrotask(() => handler.closed(this.#closeInfo(undefined)));
      return;
    }
    if (!first) return;
    this.#lastHeardMs = this.#lastTickMs = performance.now();
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
    if (!this.#paused) this.#startReading();
  }

  #startReading(): void {
    const head = this.#head;
    this.#head = undefined;
    if (head === undefined || head.length === 0) {
      this.#socket.resume();
      return;
    }
    queueMicrotask(() => {
      this.#parse(head);
      if (!this.#paused) this.#socket.resume();
    });
  }

  send(parts: readonly Uint8Array[], kind: MessageKind, written?: () => void): boolean {
    if (this.#state === 'open') this.#write(kind === 'text' ? OPCODE.text : OPCODE.binary, parts, written);
    else written?.();
    return this.#socket.writableLength < this.#highWater;
  }

  sendPiece(bytes: Uint8Array, { first, last }: { readonly first: boolean; readonly last: boolean }, written?: () => void): boolean {
    this.#write(first ? OPCODE.binary : OPCODE.continuation, [bytes], written, last);
    return this.#socket.writableLength < this.#highWater;
  }

  carryPings(carrier: PingCarrier): void {
    this.#carrier = carrier;
  }

  sendControl(kind: 'ping' | 'pong', payload: Uint8Array): void {
    this.#write(OPCODE[kind], [payload]);
  }

  drained(): Promise<void> {
    if (this.#state !== 'open' || this.#socket.writableLength <= this.#lowWater) return Promise.resolve();
    return new Promise((resolve) => this.#drainWaiters.push(resolve));
  }

  get #lowWater(): number {
    return this.#highWater / 4;
  }

  get buffered(): number {
    return this.#socket.writableLength;
  }

  get wireBytes(): { received: number; sent: number } {
    return { received: this.#received, sent: this.#sent };
  }

  get lastHeardMs(): number {
    return this.#lastHeardMs;
  }

  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    // Nothing could be heard while we were not listening.
    this.#lastHeardMs = performance.now();
    if (this.#state !== 'closed') this.#startReading();
  }

  ping(): Promise<number> {
    if (this.#state !== 'open') return Promise.reject(new ConnectError('connect-lost', 'the connection is closed'));
    const id = String((this.#pingCount += 1));
    return new Promise((answered, failed) => {
      this.#pings.set(id, { sentMs: performance.now(), answered, failed });
      this.#write(OPCODE.ping, [Buffer.from(id)]);
    });
  }

  close(code: number, reason: string): void {
    if (this.#state !== 'open') return;
    this.#ourClose = { by: 'us', code, reason };
    this.#startClosing(code, reason);
  }

  destroy(): void {
    if (this.#peerClose === undefined) this.#ourClose ??= { by: 'us', code: 1006, reason: '' };
    this.#socket.destroy();
  }

  #startClosing(code: number, reason: string): void {
    this.#write(OPCODE.close, [code === 1005 ? Buffer.alloc(0) : closePayload(code, reason)]);
    // It waits behind data that is not sent yet. A peer that takes none of it is not waited for longer.
    if (!this.#socket.destroyed) this.#closeTimer ??= setTimeout(() => this.#socket.destroy(), CLOSE_TIMEOUT_MS);
    this.#state = 'closing';
    this.#wakeDrainWaiters();
    // Read on, so that the peer's close frame is seen even when the transfer had paused reading.
    if (this.#paused) this.resume();
  }

  #write(opcode: Opcode, parts: readonly Uint8Array[], written?: () => void, fin = true): void {
    // Nothing may follow a close frame (section 5.5.1).
    if (this.#state !== 'open' || this.#socket.destroyed || this.#socket.writableEnded) {
      written?.();
      return;
    }
    let length = 0;
    for (const part of parts) length += part.length;
    const { masking } = this.#options;
    const key = masking === 'none' ? undefined : Buffer.alloc(4);
    if (key !== undefined && masking === 'random') randomFillSync(key);
    const header = frameHeader(opcode, length, key, fin);
    if (key !== undefined && masking === 'random') maskInPlace(parts, key);
    const chunks = [header, ...parts];
    this.#socket.cork();
    chunks.forEach((chunk, index) => {
      if (index < chunks.length - 1) this.#socket.write(chunk);
      else this.#socket.write(chunk, () => this.#written(written));
    });
    this.#socket.uncork();
    this.#sent += header.length + length;
  }

  #written(callback: (() => void) | undefined): void {
    callback?.();
    if (this.#drainWaiters.length > 0 && this.#socket.writableLength <= this.#lowWater) this.#wakeDrainWaiters();
  }

  #wakeDrainWaiters(): void {
    const waiters = this.#drainWaiters;
    this.#drainWaiters = [];
    for (const wake of waiters) wake();
  }

  #bytes(bytes: Buffer): void {
    this.#received += bytes.length;
    this.#lastHeardMs = performance.now();
    this.#parse(bytes);
  }

  /**
   * Who passes messages on pauses when the far end is behind, and wants no more then: one read may hold forty thousand of them,
   * and each costs far more than its bytes.
   */
  readonly #halts = (): boolean => this.#paused && this.#carrier !== undefined && this.#state === 'open';

  #parse(bytes: Buffer): void {
    if (this.#peerClose !== undefined || this.#state === 'closed') return;
    try {
      const taken = this.#parser.push(bytes, this.#halts);
      if (taken < bytes.length) this.#head = Buffer.from(bytes.subarray(taken));
    } catch (error) {
      const code = (error as { closeCode?: number }).closeCode ?? 1011;
      this.#ourClose ??= { by: 'us', code, reason: '', cause: error };
      if (this.#state === 'open') this.#startClosing(code, error instanceof Error ? error.message : '');
      // The parser has lost its place: nothing more can be read.
      this.#peerClose ??= this.#ourClose;
      this.#socket.end();
    }
  }

  #piece(bytes: Buffer, last: boolean, kind: MessageKind): void {
    if (this.#state === 'open' && !this.#socket.destroyed) this.#handler?.piece(bytes, last, kind);
  }

  /**
   * Answers a ping. Of more pings than may wait for the socket only the latest is answered, as section 5.5.3 allows: a
   * peer that pings and never reads would otherwise have us keep an answer for each.
   */
  #answer(ping: Buffer): void {
    if (this.#carrier !== undefined && ping.length > 0) {
      this.#carrier.ping(ping);
      return;
    }
    if (this.#pongsWaiting >= PONGS_WAITING_MAX) {
      this.#lastPing = ping;
      return;
    }
    this.#pongsWaiting += 1;
    this.#write(OPCODE.pong, [ping], () => {
      this.#pongsWaiting -= 1;
      const next = this.#lastPing;
      this.#lastPing = undefined;
      if (next !== undefined) this.#answer(next);
    });
  }

  #pong(payload: Buffer): void {
    const id = payload.toString('latin1');
    const ping = this.#pings.get(id);
    this.#pings.delete(id);
    if (ping !== undefined) ping.answered(performance.now() - ping.sentMs);
    else if (payload.length > 0) this.#carrier?.pong(payload);
  }

  #closeFrame(code: number, reason: string): void {
    this.#peerClose = { by: 'peer', code, reason };
    if (this.#state === 'open') this.#startClosing(code, '');
    this.#socket.end();
  }

  #over(cause: unknown): void {
    this.#state = 'closed';
    clearInterval(this.#ticker);
    clearTimeout(this.#closeTimer);
    this.#wakeDrainWaiters();
    for (const ping of this.#pings.values()) ping.failed(new ConnectError('connect-lost', 'the connection ended'));
    this.#pings.clear();
    this.#handler?.closed(this.#closeInfo(cause));
    this.#closeCause = cause;
  }

  #closeCause: unknown;

  #closeInfo(cause: unknown): CloseInfo {
    if (this.#ourClose?.cause !== undefined) return this.#ourClose;
    // Ours comes first when it is there: then the peer's close frame was the answer to it.
    const info = this.#ourClose ?? this.#peerClose ?? { by: 'link', code: 1006, reason: '' };
    const why = cause ?? this.#closeCause;
    return why === undefined ? info : { ...info, cause: why };
  }

  /** Looks for a dead peer: nothing heard, and nothing taken off our hands, for the whole idle limit. */
  #tick(): void {
    const now = performance.now();
    const waiting = this.#socket.writableLength;
    const taken = this.#sent - waiting;
    // Bytes that were waiting and have gone prove that the peer still acknowledges, however slow the link.
    const moving = this.#behindAtTick && taken > this.#takenAtTick;
    this.#takenAtTick = taken;
    this.#behindAtTick = waiting > 0;
    // A tick that comes late means that we slept, not the peer.
    const slept = now - this.#lastTickMs > TICK_MS * 3;
    this.#lastTickMs = now;
    if (moving || slept || (this.#paused && this.#state === 'open')) this.#lastHeardMs = now;
    const limit = this.#options.idleLimitMs ?? IDLE_LIMIT_MS;
    if (now - this.#lastHeardMs > limit) {
      this.#socket.destroy(new TimeoutError('timeout-idle', `the other end has been silent for ${limit / 1000} s`));
      return;
    }
    if (now - this.#lastPingMs < PING_INTERVAL_MS) return;
    this.#lastPingMs = now;
    this.#write(OPCODE.ping, [Buffer.alloc(0)]);
  }
}

function maskInPlace(parts: readonly Uint8Array[], key: Uint8Array): void {
  let offset = 0;
  for (const part of parts) {
    applyMask(part, key, offset);
    offset += part.length;
  }
}

function remoteOf(socket: Partial<Socket>): string {
  const host = socket.remoteAddress ?? 'unknown';
  return `${host.includes(':') ? `[${host}]` : host}:${socket.remotePort ?? 0}`;
}
