/**
 * Credit arithmetic of the receive window. The receiver never has more than a window of payload that is not yet written,
 * so its memory is bounded however slow its disk; the sender never reads what it may not send, so its is, too.
 *
 * @module
 */

/** The receiver's side. All figures are payload bytes of one connection. */
export class ReceiveWindow {
  readonly #window: number;
  #granted: number;
  #arrived = 0;
  #released = 0;

  /** @param window most bytes in flight or waiting to be written. */
  constructor(window: number) {
    this.#window = window;
    this.#granted = window;
  }

  /** The limit that the peer has been told. */
  get limit(): number {
    return this.#granted;
  }

  /** Counts what arrived. Returns false when the peer had no credit for it. */
  arrive(bytes: number): boolean {
    this.#arrived += bytes;
    return this.#arrived <= this.#granted;
  }

  /** Counts what was written. Returns a new limit when it is worth a frame: an eighth of the window or more. */
  release(bytes: number): number | undefined {
    this.#released += bytes;
    const limit = this.#released + this.#window;
    if (limit - this.#granted < this.#window / 8) return undefined;
    this.#granted = limit;
    return limit;
  }
}

/** The sender's side. */
export class SendWindow {
  #limit = 0;
  #spent = 0;

  /** Takes a new limit. Returns false when it is lower than the last: a limit only ever grows. */
  grant(limit: number): boolean {
    if (limit < this.#limit) return false;
    this.#limit = limit;
    return true;
  }

  /** Spends credit, if there is enough. */
  spend(bytes: number): boolean {
    if (this.#spent + bytes > this.#limit) return false;
    this.#spent += bytes;
    return true;
  }
}
