/**
 * The connections as the receiver's machine sees them: a window each, which share what may be in flight.
 *
 * @module
 */
import { WINDOW_MIN } from './constants.js';
import { ReceiveWindow } from './window.js';

/** What to tell a stream's other end. */
export interface Credit {
  readonly stream: number;
  readonly limit: number;
  readonly acked: number;
}

/** A content frame that has arrived: which connection brought it, and its number there. */
export interface Arrival {
  readonly stream: number;
  readonly lap: number;
  readonly frame: number;
}

/** See the module's head. */
export class ReceiveStreams {
  readonly #total: number;
  readonly #streams = new Map<number, { readonly lap: number; readonly window: ReceiveWindow }>();
  #laps = 0;

  /** @param windowBytes most bytes in flight over all streams, as long as each has room for the largest frame. */
  constructor(windowBytes: number) {
    this.#total = windowBytes;
  }

  attach(stream: number): Credit {
    const window = new ReceiveWindow(this.#share(this.#streams.size + 1));
    this.#streams.set(stream, { lap: (this.#laps += 1), window });
    this.#resize();
    return { stream, limit: window.limit, acked: 0 };
  }

  lost(stream: number): void {
    this.#streams.delete(stream);
    this.#resize();
  }

  /** Counts a content frame; undefined when there was no credit for it. */
  arrive(stream: number, cost: number): Arrival | undefined {
    const on = this.#streams.get(stream);
    const frame = on?.window.arrive(cost);
    return on === undefined || frame === undefined ? undefined : { stream, lap: on.lap, frame };
  }

  /** A frame's content is written. Returns what to tell, unless that can wait or the connection is gone. */
  written({ stream, lap, frame }: Arrival): Credit | undefined {
    const on = this.#streams.get(stream);
    if (on?.lap !== lap) return undefined;
    const due = on.window.written(frame);
    return due === undefined ? undefined : { stream, ...due };
  }

  #share(streams: number): number {
    return Math.max(WINDOW_MIN, Math.floor(this.#total / streams));
  }

  #resize(): void {
    const share = this.#share(Math.max(1, this.#streams.size));
    for (const { window } of this.#streams.values()) window.resize(share);
  }
}
