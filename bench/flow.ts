/**
 * How the data came in over time, as the device of the receiving side tells: the same way for every peer, ours or not.
 *
 * @module
 */
import { carried, type Curve } from './usage.js';

/** What was seen of one run's traffic. */
export interface Flow {
  /** Bytes per second that arrived, over intervals of {@link INTERVAL_MS}, by seconds since the first packet. */
  readonly rate: Curve;
  /** Seconds from the client's first packet to the arrival of {@link FIRST_DATA} bytes. */
  readonly firstDataSeconds: number | undefined;
}

/** Milliseconds between two readings of the counters. */
const READ_MS = 5;
/** Milliseconds that one point of the curve covers. */
export const INTERVAL_MS = 500;
/** Bytes that have come in when the transfer's data has: more than a handshake (ours takes 1 KiB, ssh's 3 KiB). */
export const FIRST_DATA = 4096;

/** Watches a device's counters until {@link stop}. */
export class FlowWatch {
  readonly #timer: NodeJS.Timeout;
  readonly #read: () => void;
  readonly #rate: [number, number][] = [];
  #sentBefore: number | undefined;
  #received: number | undefined;
  #startMs: number | undefined;
  #firstDataMs: number | undefined;
  #mark = { atMs: 0, bytes: 0 };

  /** `client` and `receiver` are processes in the two sides' namespaces; they may be one and the same. */
  constructor(device: string, client: number, receiver: number) {
    this.#read = () => {
      const sent = carried(client, device)?.sentPackets;
      const received = carried(receiver, device)?.receivedBytes;
      if (sent !== undefined && received !== undefined) this.#take(sent, received, performance.now());
    };
    this.#timer = setInterval(this.#read, READ_MS);
  }

  /** Answers what was seen. */
  stop(): Flow {
    clearInterval(this.#timer);
    const since = (ms: number | undefined) => (ms === undefined || this.#startMs === undefined ? undefined : (ms - this.#startMs) / 1000);
    return { rate: this.#rate, firstDataSeconds: since(this.#firstDataMs) };
  }

  #take(sent: number, received: number, nowMs: number): void {
    this.#sentBefore ??= sent;
    this.#received ??= received;
    if (this.#startMs === undefined) {
      if (sent === this.#sentBefore) return;
      this.#startMs = nowMs;
      this.#mark = { atMs: nowMs, bytes: received };
    }
    if (received - this.#received >= FIRST_DATA) this.#firstDataMs ??= nowMs;
    const passedMs = nowMs - this.#mark.atMs;
    if (passedMs < INTERVAL_MS) return;
    this.#rate.push([(nowMs - this.#startMs) / 1000, ((received - this.#mark.bytes) / passedMs) * 1000]);
    this.#mark = { atMs: nowMs, bytes: received };
  }
}

/** Mean bytes per second from `fromSeconds` to just before the end, whose last interval is not whole. */
export function rateAfter(rate: Curve, fromSeconds: number): number | undefined {
  const later = rate.slice(0, -1).filter(([seconds]) => seconds > fromSeconds);
  return later.length === 0 ? undefined : later.reduce((sum, [, value]) => sum + value, 0) / later.length;
}
