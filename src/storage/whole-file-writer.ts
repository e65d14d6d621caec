/**
 * Writes small files whole: each under a name of ours, with its mode and time, durable, and then under its own.
 *
 * Thousands of them are what this is for. In memory (tmpfs) nothing can be made durable, so everything is done when the
 * call returns. On a local disk the contents are written at once and synced many at a time. On a network every call is
 * asynchronous, for {@link FILES} files at a time.
 *
 * @module
 */
import { IntegrityError, type StreamerError } from '../errors.js';
import { lengthOf } from '../util/bytes.js';
import { MemoryWriter } from './memory-writer.js';
import { publishWhole } from './publish-whole.js';
import { splitPath } from './root-directory.js';
import { run, Slots, type Step } from './steps.js';
import { syncStep } from './sync-step.js';
import { sys } from './system-calls.js';
import type { TargetContext } from './target-context.js';
import type { WholeFile, WholeWrites } from './tree.js';
import { WholeFileContent } from './whole-file-content.js';

const FILES = 32;

type Outcome = StreamerError | undefined;

/** The files of one call. */
class Batch {
  /** Directories that have new names to be synced. */
  readonly directories = new Set<string>();
  #untaken: number;
  #allTaken: (() => void) | undefined;

  constructor(count: number) {
    this.#untaken = count;
  }

  /** One file's pieces are the caller's again. */
  noteTaken(): void {
    this.#untaken -= 1;
    if (this.#untaken === 0) this.#allTaken?.();
  }

  /** See {@link WholeWrites.taken}. */
  get taken(): Promise<void> | undefined {
    if (this.#untaken === 0) return undefined;
    return new Promise((resolve) => {
      this.#allTaken = resolve;
    });
  }
}

/** Writes the whole files of one tree. */
export class WholeFileWriter {
  readonly #context: TargetContext;
  readonly #content: WholeFileContent;
  readonly #memory: MemoryWriter | undefined;
  readonly #files = new Slots(FILES);

  constructor(context: TargetContext) {
    this.#context = context;
    this.#content = new WholeFileContent(context);
    this.#memory = MemoryWriter.for(context);
  }

  /** See {@link TreeTarget.writeWhole}. */
  write(files: readonly WholeFile[]): WholeWrites {
    const batch = new Batch(files.length);
    const outcomes = files.map((file) => (this.#memory?.isWritten(file) === true ? noted(batch) : run(this.#one(file, batch), this.#context.io)));
    const { taken } = batch;
    if (batch.directories.size === 0 && outcomes.every(isDone)) return { taken, settled: outcomes };
    return { taken, settled: this.#context.track(this.#settle(files, batch, outcomes)) };
  }

  /** A file has its name when its directory is on the disk. */
  async #settle(files: readonly WholeFile[], batch: Batch, started: readonly (Outcome | Promise<Outcome>)[]): Promise<readonly Outcome[]> {
    const outcomes = await Promise.all(started.map((one) => Promise.resolve(one)));
    const unsynced = new Map<string, Outcome>();
    await Promise.all([...batch.directories].map(async (path) => unsynced.set(path, await run(this.#syncDirectory(path), this.#context.io))));
    return outcomes.map((outcome, index) => outcome ?? unsynced.get(splitPath(files[index]?.entry.path ?? '')[0]));
  }

  *#one(file: WholeFile, batch: Batch): Step<Outcome> {
    const gated = !this.#context.io.sync;
    let taken = false;
    const noteTaken = () => {
      if (!taken) batch.noteTaken();
      taken = true;
    };
    if (gated) yield* this.#files.take();
    try {
      this.#assertMayWrite(file);
      yield* this.#write(file, batch, noteTaken);
      return undefined;
    } catch (cause) {
      return this.#context.error(cause, 'write', file.entry.path);
    } finally {
      noteTaken();
      if (gated) this.#files.give();
    }
  }

  *#write(file: WholeFile, batch: Batch, noteTaken: () => void): Step<void> {
    const { entry } = file;
    const [parent, name] = splitPath(entry.path);
    const directory = yield* this.#context.root.enter(parent);
    const temporary = this.#context.temporary.next();
    const path = `${directory.base}/${temporary}`;
    const toDisk = this.#context.needsSync(directory);
    try {
      if (toDisk) yield* this.#content.onDisk(file, path, noteTaken);
      else yield* this.#content.inMemory(file, path);
      this.#context.assertGoesOn();
      yield* publishWhole(this.#context, { entry, directory, name, at: `${directory.base}/${name}` }, temporary);
      if (toDisk) batch.directories.add(parent);
    } catch (cause) {
      yield* removeIfThere(path);
      throw cause;
    } finally {
      directory.release();
    }
  }

  #assertMayWrite({ entry, content }: WholeFile): void {
    this.#context.assertGoesOn();
    if (this.#context.seen.flags(entry.path) === undefined || this.#context.options.dryRun) throw new RangeError(`${entry.path} was not asked for`);
    const length = lengthOf(content);
    if (length !== entry.size) throw new IntegrityError('integrity-size', `${this.#context.shown(entry.path)}: ${length} of ${entry.size} bytes were received`);
  }

  *#syncDirectory(path: string): Step<Outcome> {
    try {
      const directory = yield* this.#context.root.enter(path);
      try {
        yield* syncStep(directory.base, this.#context.root.shown(path));
      } finally {
        directory.release();
      }
      return undefined;
    } catch (cause) {
      return this.#context.error(cause, 'store', path);
    }
  }
}

/** The outcome of a file that is written. */
function noted(batch: Batch): undefined {
  batch.noteTaken();
  return undefined;
}

function isDone(outcome: Outcome | Promise<Outcome>): outcome is Outcome {
  return !(outcome instanceof Promise);
}

/** The error that led here is the one to show. */
function* removeIfThere(path: string): Step<void> {
  try {
    yield* sys.unlink(path);
  } catch {
    // Not made, or gone.
  }
}
