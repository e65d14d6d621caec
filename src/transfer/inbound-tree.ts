/**
 * A directory as what a tree is received into.
 *
 * @module
 */
import { PathFilter, type FilterRule } from '../storage/path-filter.js';
import { SeenPaths } from '../storage/seen-paths.js';
import type { Sink } from '../storage/sink.js';
import type { Source } from '../storage/source.js';
import type { TreeTarget, Verdict, WholeFile, WholeWrites } from '../storage/tree.js';
import type { PlacedEntry, Placing } from '../wire/receiver-steps.js';
import { sha256Of } from './file-hashes.js';
import type { Inbound, Leftover } from './inbound.js';

/** See the module's head. */
export class TreeInbound implements Inbound {
  readonly target: string;
  readonly #tree: TreeTarget;
  readonly #dryRun: boolean;
  /** What this end leaves out. */
  readonly #filter: PathFilter;
  /** What either end leaves out is not removed either. */
  readonly #spared: PathFilter;
  /** Directories that this end leaves out, at a few bytes each: the other end says how many there are. */
  readonly #excluded = new SeenPaths();

  /** @param theirs the sender's rules. */
  constructor(tree: TreeTarget, options: { readonly dryRun: boolean; readonly rules: readonly FilterRule[]; readonly theirs: readonly FilterRule[] }) {
    this.target = tree.root;
    this.#tree = tree;
    this.#dryRun = options.dryRun;
    this.#filter = new PathFilter(options.rules);
    this.#spared = new PathFilter(options.theirs);
  }

  place(entries: readonly PlacedEntry[]): readonly Placing[] | Promise<readonly Placing[]> {
    const taken = entries.filter((entry) => this.#takes(entry));
    const verdicts = this.#tree.place(taken);
    if (verdicts instanceof Promise) return verdicts.then((all) => this.#placings(entries, taken, all));
    return this.#placings(entries, taken, verdicts);
  }

  /** What is in a directory that is left out is left out with it, and comes after it. */
  #takes({ path, kind }: PlacedEntry): boolean {
    const above = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    const takes = this.#excluded.flags(above) === undefined && (path === '' || this.#filter.takes(path, kind === 'directory'));
    if (!takes && kind === 'directory') this.#excluded.add(path);
    return takes;
  }

  #placings(entries: readonly PlacedEntry[], taken: readonly PlacedEntry[], verdicts: readonly Verdict[]): Placing[] {
    const byId = new Map(taken.map(({ id }, index) => [id, verdicts[index]]));
    return entries.map(({ id }): Placing => {
      const verdict = byId.get(id);
      if (verdict === undefined) return { id, answer: 'kept' };
      if (verdict.kind === 'failed') return { id, answer: 'trouble', error: verdict.error };
      const would = this.#dryRun && (verdict.kind === 'want' || verdict.kind === 'placed');
      return { id, answer: would ? 'would' : verdict.kind };
    });
  }

  writeWhole(files: readonly WholeFile[]): WholeWrites {
    return this.#tree.writeWhole(files);
  }

  open(entry: PlacedEntry, _size: number | undefined, chunkSize: number, identity: Uint8Array): Promise<Sink> {
    return this.#tree.openChunked(entry, chunkSize, identity);
  }

  sha256(file: Sink, size: number, beat: () => void): Promise<Buffer> {
    return sha256Of({ size, read: (offset, into) => file.read(offset, into) }, beat);
  }

  openExisting(entry: PlacedEntry): Promise<Source> {
    return this.#tree.openExisting(entry);
  }

  differs(entry: PlacedEntry): Placing {
    const verdict = this.#tree.differs(entry);
    return verdict.kind === 'failed' ? { id: entry.id, answer: 'trouble', error: verdict.error } : { id: entry.id, answer: verdict.kind };
  }

  touch(entry: PlacedEntry): Promise<void> {
    return this.#dryRun ? Promise.resolve() : this.#tree.touch(entry);
  }

  async *extras(): AsyncGenerator<readonly string[], void> {
    const holders = new Set<string>();
    for await (const paths of this.#tree.extras()) {
      const extra = paths.filter((path) => this.#goes(path, holders));
      if (extra.length > 0) yield extra;
    }
  }

  /**
   * Whether an extra is to be removed: not what is spared, nor what that lies in, which comes after it.
   * @param holders directories with something in them that is spared.
   */
  #goes(path: string, holders: Set<string>): boolean {
    if (!holders.delete(path) && !this.#isSpared(path)) return true;
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) holders.add(path.slice(0, end));
    return false;
  }

  /** A name that was left out as a file and as a directory alike: which it is here is not told. */
  #isSpared(path: string): boolean {
    const parts = path.split('/');
    for (let depth = 1; depth <= parts.length; depth += 1) {
      const above = parts.slice(0, depth).join('/');
      const directory = depth < parts.length;
      for (const filter of [this.#filter, this.#spared]) {
        if (!filter.takes(above, directory) || (!directory && !filter.takes(above, true))) return true;
      }
    }
    return false;
  }

  removeExtras(paths: readonly string[]): Promise<readonly Leftover[]> {
    return this.#tree.removeExtras(paths);
  }

  finish(step: () => void): Promise<readonly Leftover[]> {
    return this.#tree.finish(step);
  }

  close(): Promise<void> {
    return this.#tree.close();
  }
}

