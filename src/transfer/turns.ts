/**
 * Things that are to be done in order, of which some have to wait for others' work.
 *
 * @module
 */

interface Turn {
  act?: () => void;
}

/** See the module's head. */
export class Turns {
  readonly #waiting: Turn[] = [];

  /** Whether nothing waits. */
  get idle(): boolean {
    return this.#waiting.length === 0;
  }

  /** Does it when everything before it is done: at once, if nothing waits. */
  do(act: () => void): void {
    if (this.idle) act();
    else this.#waiting.push({ act });
  }

  /** Keeps a place in the line. @returns what says what is to be done there; to be called once */
  hold(): (act: () => void) => void {
    const turn: Turn = {};
    this.#waiting.push(turn);
    return (act) => {
      turn.act = act;
      this.#run();
    };
  }

  #run(): void {
    for (;;) {
      const act = this.#waiting[0]?.act;
      if (act === undefined) return;
      this.#waiting.shift();
      act();
    }
  }
}
