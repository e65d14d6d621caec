/**
 * What a relay tells of itself, in Prometheus' text format, by its own library.
 *
 * @module
 */
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { PairEnd, Way } from './pair.js';
import type { RefusalReason } from './refusals.js';

/** Counters and gauges of one relay. */
export class RelayMetrics {
  readonly #registry = new Registry();
  readonly #bytes = new Counter({ name: 'streamer_relay_bytes_total', help: 'Bytes of messages that were passed on', labelNames: ['way'], registers: [this.#registry] });
  readonly #refused = new Counter({ name: 'streamer_relay_refused_total', help: 'Requests that were refused', labelNames: ['reason'], registers: [this.#registry] });
  readonly #pairs = new Counter({ name: 'streamer_relay_pairs_ended_total', help: 'Pairs that have ended', labelNames: ['why'], registers: [this.#registry] });

  /** Has gauges ask for their values when they are told. */
  watch(sources: { readonly rooms: () => number; readonly pairs: () => number; readonly waiting: () => number; readonly buffered: () => number }): void {
    this.#gauge('streamer_relay_rooms', 'Rooms that are open', sources.rooms);
    this.#gauge('streamer_relay_pairs', 'Pairs of connections', sources.pairs);
    this.#gauge('streamer_relay_waiting', "Connections of servers that wait for a client", sources.waiting);
    this.#gauge('streamer_relay_buffered_bytes', 'Bytes that one end has sent and the other has not taken', sources.buffered);
    collectDefaultMetrics({ register: this.#registry });
  }

  moved(way: Way, bytes: number): void {
    this.#bytes.inc({ way }, bytes);
  }

  refused(reason: RefusalReason): void {
    this.#refused.inc({ reason });
  }

  ended(why: PairEnd): void {
    this.#pairs.inc({ why });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #gauge(name: string, help: string, value: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.set(value());
      },
    });
  }
}
