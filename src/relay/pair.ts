/**
 * Two ends that have found each other: what one sends the other gets, untouched and in order, as fast as it takes it.
 *
 * Pieces are passed on as they come, never gathered to a message: what is held of a message is what one read brought and
 * the other end's socket has not taken. While that is behind, nothing is read from the end that sends.
 *
 * @module
 */
import type { CloseInfo, ForwardingConnection, MessageKind } from '../transport/connection.js';
import type { BlockPool } from './block-pool.js';
import type { Budget } from './budget.js';

/** Which way something goes. */
export type Way = 'to-client' | 'to-server';

/** Why a pair has ended: an end closed or was lost, or what it broke. */
export type PairEnd = 'closed' | 'lost' | 'handshake' | 'idle' | 'text' | 'bytes' | 'lifetime' | 'drained';

/** Close codes of the relay's own (src/relay/PROTOCOL.md, "Close codes"). */
const CLOSE = {
  closed: 1000,
  lost: 4005,
  handshake: 4010,
  idle: 4010,
  text: 1003,
  bytes: 4009,
  lifetime: 4009,
  drained: 1012,
} as const satisfies Record<PairEnd, number>;

/** Pings of one end that may wait for the other's answer at once. */
const PINGS_UNANSWERED_MAX = 64;

/**
 * Pieces that may be on their way to one end: each costs some memory besides its bytes, so that bytes alone do not bound a
 * flood of tiny ones. A transfer has a handful.
 */
const PIECES_MAX = 256;

/** Options of a pair. */
export interface PairOptions {
  readonly server: ForwardingConnection;
  readonly client: ForwardingConnection;
  readonly handshakeMs: number;
  readonly idleMs: number;
  /** Of the room; none for a pair that another instance counts. */
  readonly budget: Budget | undefined;
  readonly blocks: BlockPool;
  /** Told of each piece. */
  readonly moved: (way: Way, bytes: number) => void;
  readonly ended: (why: PairEnd) => void;
  /** Told when both connections are gone: after their close frames, or what came instead. */
  readonly gone: () => void;
}

/** One end, and what keeps it from being read. */
interface Side {
  readonly from: ForwardingConnection;
  readonly to: ForwardingConnection;
  readonly way: Way;
  /** The next piece begins a message. */
  first: boolean;
  spoken: boolean;
  /** Reasons not to read: the other end is behind, the room's rate. */
  holds: number;
  /** Pieces that the other end's socket has not taken, and what waits for them to be few. */
  pieces: number;
  fewer: (() => void) | undefined;
  /** Its pings that were passed on and are not answered yet, as latin1, in order. */
  readonly asked: string[];
}

/** See the module's head. */
export class Pair {
  readonly #options: PairOptions;
  readonly #sides: readonly Side[];
  readonly #beganMs = performance.now();
  readonly #timers = new Set<NodeJS.Timeout>();
  #movedMs = this.#beganMs;
  #over = false;
  #gone = 0;

  constructor(options: PairOptions) {
    this.#options = options;
    const { server, client } = options;
    const side = (from: ForwardingConnection, to: ForwardingConnection, way: Way): Side => ({ from, to, way, first: true, spoken: false, holds: 0, pieces: 0, fewer: undefined, asked: [] });
    this.#sides = [side(client, server, 'to-server'), side(server, client, 'to-client')];
  }

  /** @param first the client's first message, where it came with its request. */
  start(first: Buffer | undefined): void {
    const [fromClient] = this.#sides;
    if (first !== undefined && fromClient !== undefined) this.#piece(fromClient, first, true, 'binary');
    for (const side of this.#sides) {
      side.from.carryPings({ ping: (payload) => this.#ping(side, payload), pong: (payload) => this.#pong(side, payload) });
      side.from.attach({
        piece: (bytes, last, kind) => this.#piece(side, bytes, last, kind),
        closed: (info) => this.#closed(side, info),
      });
    }
  }

  /** Bytes that an end has sent and the other has not taken. */
  get buffered(): number {
    return this.#options.server.buffered + this.#options.client.buffered;
  }

  /** Looks at the clock. */
  tick(nowMs: number): void {
    if (nowMs - this.#beganMs > this.#options.handshakeMs && this.#sides.some(({ spoken }) => !spoken)) this.end('handshake');
    else if (nowMs - this.#movedMs > this.#options.idleMs) this.end('idle');
  }

  /** Ends it: both ends are told why by the close code. */
  end(why: PairEnd): void {
    if (!this.#finish(why)) return;
    for (const { from } of this.#sides) from.close(CLOSE[why], '');
  }

  #piece(side: Side, bytes: Buffer, last: boolean, kind: MessageKind): void {
    if (this.#over) return;
    // The relay's own word is text, and nobody else's may pass for it.
    if (kind === 'text') {
      this.end('text');
      return;
    }
    const { budget, blocks } = this.#options;
    const nowMs = performance.now();
    const { first } = side;
    side.first = last;
    side.spoken = true;
    this.#movedMs = nowMs;
    const block = blocks.copy(bytes);
    side.pieces += 1;
    const ready = side.to.sendPiece(block, { first, last }, () => {
      blocks.put(block);
      this.#taken(side);
    });
    this.#options.moved(side.way, bytes.length);
    const restMs = budget?.take(bytes.length, nowMs) ?? 0;
    if (budget?.spent === true) {
      this.end('bytes');
      return;
    }
    if (!ready) this.#hold(side, side.to.drained());
    if (side.pieces >= PIECES_MAX && side.fewer === undefined) this.#hold(side, new Promise((resolve) => (side.fewer = resolve)));
    if (restMs > 0) this.#hold(side, this.#rest(restMs));
  }

  #taken(side: Side): void {
    side.pieces -= 1;
    if (side.pieces > PIECES_MAX / 4) return;
    side.fewer?.();
    side.fewer = undefined;
  }

  /**
   * However far the other end is behind: that is when a round trip is measured, or asked whether it lives. Of a flood no
   * more are passed on than may wait there.
   */
  #ping({ asked, to }: Side, payload: Buffer): void {
    if (asked.length >= PINGS_UNANSWERED_MAX) return;
    asked.push(payload.toString('latin1'));
    to.sendControl('ping', payload);
  }

  /** Whoever has many pings to answer may answer the latest of them alone (RFC 6455 section 5.5.3). */
  #pong(side: Side, payload: Buffer): void {
    const other = this.#sides.find((one) => one !== side);
    const place = other?.asked.lastIndexOf(payload.toString('latin1')) ?? -1;
    if (place === -1) return;
    other?.asked.splice(0, place + 1);
    side.to.sendControl('pong', payload);
  }

  #hold(side: Side, until: Promise<void>): void {
    side.holds += 1;
    side.from.pause();
    void until.then(() => {
      side.holds -= 1;
      if (side.holds === 0) side.from.resume();
    });
  }

  #rest(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        resolve();
      }, milliseconds);
      this.#timers.add(timer);
    });
  }

  /** What one end says at its end the other is told. */
  #closed(side: Side, { by, code, reason }: CloseInfo): void {
    const told = by === 'peer' && code !== 1006;
    if (this.#finish(told ? 'closed' : 'lost')) side.to.close(told ? code : CLOSE.lost, told ? reason : '');
    this.#gone += 1;
    if (this.#gone === this.#sides.length) this.#options.gone();
  }

  #finish(why: PairEnd): boolean {
    if (this.#over) return false;
    this.#over = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#options.ended(why);
    return true;
  }
}
