/**
 * A store that lives as long as the process: for a sign-in that is given anew with every run, by variables, or that is not known yet to be good.
 *
 * @module
 */
import type { AuthenticatorStore } from './authenticator.js';
import { inTurn } from './turns.js';

/** Keeps nothing on a disk. */
export class MemoryStore implements AuthenticatorStore {
  readonly #texts = new Map<string, string>();

  get(key: string): Promise<string | undefined> {
    return Promise.resolve(this.#texts.get(key));
  }

  set(key: string, value: string | undefined): Promise<void> {
    if (value === undefined) this.#texts.delete(key);
    else this.#texts.set(key, value);
    return Promise.resolve();
  }

  /** All that it holds. */
  get texts(): ReadonlyMap<string, string> {
    return this.#texts;
  }

  exclusively<T>(run: () => Promise<T>): Promise<T> {
    return inTurn(this, run);
  }
}
