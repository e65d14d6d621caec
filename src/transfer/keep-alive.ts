/**
 * Records at a lull, where both ends have said that they send them: a message that somebody in between has dropped shows in
 * the next record's tag, so there must be a next one; and who answers pings in the other end's place cannot make these.
 *
 * @module
 */
import { ConnectError } from '../errors.js';
import { ALIVE_EVERY_MS, ALIVE_SILENCE_MS } from '../wire/constants.js';

/** What it watches over. */
export interface KeepAliveOptions {
  /** Sends a record that says nothing else. */
  readonly send: () => void;
  /** Nothing but answers to pings has come for too long. */
  readonly silent: (error: ConnectError) => void;
  /** Whether nothing can be heard, since we do not read. */
  readonly deaf: () => boolean;
}

/** How often the clock is looked at. */
const TICK_MS = 5_000;

/** See the module's head. It begins at once. */
export class KeepAlive {
  readonly #options: KeepAliveOptions;
  readonly #timer: NodeJS.Timeout;
  #sentMs = performance.now();
  #heardMs = this.#sentMs;
  #lookedMs = this.#sentMs;

  constructor(options: KeepAliveOptions) {
    this.#options = options;
    // Unreferenced: the connection keeps the process, not this.
    this.#timer = setInterval(() => this.#look(), TICK_MS).unref();
  }

  /** A record is on its way. */
  sent(): void {
    this.#sentMs = performance.now();
  }

  /** A piece of one has come. It need not have opened yet: a large one takes its time on a slow link. */
  heard(): void {
    this.#heardMs = performance.now();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const nowMs = performance.now();
    // One that comes late means that we slept, not the other end.
    const slept = nowMs - this.#lookedMs > TICK_MS * 3;
    this.#lookedMs = nowMs;
    if (slept || this.#options.deaf()) this.#heardMs = nowMs;
    if (nowMs - this.#heardMs > ALIVE_SILENCE_MS) {
      this.stop();
      this.#options.silent(new ConnectError('connect-lost', `the link was lost: it answers, but nothing of the other end has come for ${ALIVE_SILENCE_MS / 1000} s`));
    } else if (nowMs - this.#sentMs >= ALIVE_EVERY_MS) this.#options.send();
  }
}
