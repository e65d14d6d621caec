/**
 * Files that may be replaced while they are in use: certificates, tokens.
 *
 * @module
 */
import { unwatchFile, watchFile } from 'node:fs';

/** How often they are looked at. Polled, since a file that is renamed into place, or is on a network, gives no event. */
const EVERY_MS = 2_000;

/** Calls back when one of them has changed. */
export class FileWatch {
  readonly #files: readonly string[];
  readonly #changed: () => void;

  constructor(files: readonly string[], changed: () => void) {
    this.#files = files;
    this.#changed = changed;
    for (const file of files) watchFile(file, { interval: EVERY_MS, persistent: false }, changed);
  }

  close(): void {
    for (const file of this.#files) unwatchFile(file, this.#changed);
  }
}
