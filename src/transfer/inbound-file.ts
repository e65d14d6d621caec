/**
 * One file as what a file, or a pipe, is received into.
 *
 * @module
 */
import type { FileTarget } from '../storage/file-target.js';
import type { Sink } from '../storage/sink.js';
import type { Source } from '../storage/source.js';
import type { WholeWrites } from '../storage/tree.js';
import type { PlacedEntry, Placing } from '../wire/receiver-steps.js';
import { sha256Of } from './file-hashes.js';
import type { Inbound, Leftover } from './inbound.js';

/** See the module's head. */
export class FileInbound implements Inbound {
  readonly target: string;
  readonly #file: FileTarget;
  readonly #dryRun: boolean;

  constructor(file: FileTarget, dryRun: boolean) {
    this.target = file.path;
    this.#file = file;
    this.#dryRun = dryRun;
  }

  place(entries: readonly PlacedEntry[]): Promise<readonly Placing[]> {
    return Promise.all(
      entries.map(async (entry): Promise<Placing> => {
        const verdict = await this.#file.place(entry);
        if (verdict.kind === 'failed') return { id: entry.id, answer: 'trouble', error: verdict.error };
        // Its content and time are; its mode may not be.
        if (verdict.kind === 'equal') await this.touch(entry);
        return { id: entry.id, answer: this.#dryRun && verdict.kind === 'want' ? 'would' : verdict.kind };
      }),
    );
  }

  writeWhole(): WholeWrites {
    throw new Error('a single file comes in chunks');
  }

  open(entry: PlacedEntry, size: number | undefined, chunkSize: number, identity: Uint8Array): Promise<Sink> {
    return this.#file.open(entry, size, chunkSize, identity);
  }

  sha256(file: Sink, size: number, beat: () => void): Promise<Buffer> {
    return sha256Of({ size, read: (offset, into) => file.read(offset, into) }, beat);
  }

  openExisting(): Promise<Source> {
    return this.#file.openExisting();
  }

  differs({ id }: PlacedEntry): Placing {
    return { id, answer: 'want' };
  }

  touch(entry: PlacedEntry): Promise<void> {
    return this.#dryRun ? Promise.resolve() : this.#file.touch(entry);
  }

  extras(): AsyncIterable<readonly string[]> {
    return none();
  }

  removeExtras(): Promise<readonly Leftover[]> {
    return Promise.resolve([]);
  }

  finish(): Promise<readonly Leftover[]> {
    return Promise.resolve([]);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Nothing is extra beside a single file. */
export async function* none(): AsyncGenerator<readonly string[], void> {}
