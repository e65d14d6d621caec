/**
 * Writes small files whole: each under a name of ours, with its mode and time, durable, and then under its own.
 *
 * Thousands of them are what this is for. In memory (tmpfs) nothing can be made durable, so everything is done when the
 * call returns. On a local disk the contents are written at once and synced {@link SYNCS} at a time, since a disk
 * is quicker with many. On a network every call is asynchronous, {@link FILES} files at a time.
 *
 * @module
 */
import { constants } from 'node:fs';
import { AbortError, IntegrityError, type StreamerError } from '../errors.js';
import { unlessNotKept } from './attributes.js';
import { assertReplaceable, type Place } from './clearing.js';
import { isErrno } from './fs-error.js';
import { afterBytes } from './open-file.js';
import { NO_LINKS, syncDirectory } from './publish.js';
import { type Directory, splitPath } from './root-directory.js';
import { REPLACE, VARIANT } from './seen-paths.js';
import { call, run, Slots, type Step } from './steps.js';
import { sys } from './system-calls.js';
import type { TargetContext } from './target-context.js';
import type { WholeFile, WholeWrites } from './tree.js';
import { modeHere } from './umask.js';

const SYNCS = 16;
const FILES = 32;
/** Files that wait for their sync stay open up to this many: a process may often have no more than 1024. */
const HELD_OPEN = 256;
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const AGAIN = constants.O_WRONLY | constants.O_NOFOLLOW;
/** Nobody else's to read until it has the mode that the sender wants. */
const WRITING_MODE = 0o600;

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
  readonly #files = new Slots(FILES);
  readonly #syncs = new Slots(SYNCS);
  #held = 0;

  constructor(context: TargetContext) {
    this.#context = context;
  }

  /** See {@link TreeTarget.writeWhole}. */
  write(files: readonly WholeFile[]): WholeWrites {
    const batch = new Batch(files.length);
    const outcomes = files.map((file) => run(this.#one(file, batch), this.#context.io));
    const { taken } = batch;
    if (batch.directories.size === 0 && outcomes.every(isDone)) return { taken, settled: outcomes };
    return { taken, settled: this.#context.track(this.#settle(files, batch, outcomes)) };
  }

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
    this.#assertMayWrite(file);
    const [parent, name] = splitPath(entry.path);
    const directory = yield* this.#context.root.enter(parent);
    try {
      const place = { entry, directory, name, at: `${directory.base}/${name}` };
      const temporary = `${directory.base}/${this.#context.temporary.next()}`;
      yield* this.#fill(file, temporary, directory, noteTaken);
      yield* orRemove(temporary, this.#publish(place, temporary));
      if (this.#context.needsSync(directory)) batch.directories.add(parent);
    } finally {
      directory.release();
    }
  }

  /** Makes a temporary file that is whole and durable; none when that fails. */
  *#fill(file: WholeFile, temporary: string, directory: Directory, noteTaken: () => void): Step<void> {
    const fd = yield* sys.open(temporary, CREATE, WRITING_MODE);
    yield* orRemove(temporary, this.#contents(file, fd, noteTaken));
    if (this.#context.needsSync(directory)) yield* orRemove(temporary, this.#durable(file, fd, temporary));
    else yield* orRemove(temporary, this.#finished(file, fd));
  }

  *#contents({ content }: WholeFile, fd: number, noteTaken: () => void): Step<void> {
    try {
      yield* writeAll(fd, content);
    } catch (cause) {
      yield* sys.close(fd);
      throw cause;
    }
    noteTaken();
  }

  *#durable(file: WholeFile, fd: number, temporary: string): Step<void> {
    let open: number | undefined = fd;
    this.#held += 1;
    try {
      if (this.#held > HELD_OPEN) open = yield* this.#closed(fd);
      yield* this.#syncs.take();
      try {
        this.#assertGoesOn();
        const now: number = open ?? (yield* sys.open(temporary, AGAIN));
        open = undefined;
        yield* this.#finished(file, now, true);
      } finally {
        this.#syncs.give();
      }
    } finally {
      this.#held -= 1;
      if (open !== undefined) yield* sys.close(open);
    }
  }

  *#closed(fd: number): Step<undefined> {
    yield* sys.close(fd);
    return undefined;
  }

  /** Mode, time and, where it is asked for, a sync; the file is closed in any case. */
  *#finished({ entry }: WholeFile, fd: number, sync = false): Step<void> {
    try {
      yield* unlessNotKept(sys.fchmod(fd, modeHere(entry.mode)));
      yield* unlessNotKept(this.#context.times.setOpen(fd, entry.mtimeNs));
      if (sync) yield* sys.fsync(fd);
    } finally {
      yield* sys.close(fd);
    }
  }

  /**
   * Renames over what was found there when the entry was placed; where nothing was, link(2) refuses what has come since.
   * @throws StorageError `storage-exists`.
   */
  *#publish(place: Place, temporary: string): Step<void> {
    this.#assertGoesOn();
    const flags = this.#context.seen.flags(place.entry.path) ?? 0;
    if ((flags & REPLACE) === 0) {
      yield* this.#publishNew(place, temporary);
      return;
    }
    if ((flags & VARIANT) !== 0 || this.#context.options.existing === 'update') yield* assertReplaceable(this.#context, place);
    yield* this.#renamed(place, temporary);
  }

  *#publishNew(place: Place, temporary: string): Step<void> {
    try {
      yield* sys.link(temporary, place.at);
    } catch (cause) {
      if (isErrno(cause, 'EEXIST')) throw this.#context.cameMeanwhile(place.entry.path);
      if (!isErrno(cause, ...NO_LINKS)) throw cause;
      if ((yield* sys.lstat(place.at)) !== undefined) throw this.#context.cameMeanwhile(place.entry.path);
      yield* this.#renamed(place, temporary);
      return;
    }
    yield* sys.unlink(temporary);
  }

  *#renamed({ entry, at }: Place, temporary: string): Step<void> {
    try {
      yield* sys.rename(temporary, at);
    } catch (cause) {
      throw isErrno(cause, 'EISDIR', 'ENOTEMPTY', 'EEXIST') ? this.#context.inTheWay(entry.path, 'a directory') : cause;
    }
  }

  #assertMayWrite({ entry, content }: WholeFile): void {
    this.#assertGoesOn();
    if (this.#context.seen.flags(entry.path) === undefined || this.#context.options.dryRun) throw new RangeError(`${entry.path} was not asked for`);
    const length = content.reduce((sum, piece) => sum + piece.length, 0);
    if (length !== entry.size) throw new IntegrityError('integrity-size', `${this.#context.shown(entry.path)}: ${length} of ${entry.size} bytes were received`);
  }

  #assertGoesOn(): void {
    if (this.#context.closed) throw new AbortError('the transfer was stopped; run the command again');
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

function isDone(outcome: Outcome | Promise<Outcome>): outcome is Outcome {
  return !(outcome instanceof Promise);
}

/** fsync(2) of a directory waits for a disk: never synchronously. */
export function* syncStep(base: string, shown: string): Step<void> {
  yield* call(undefined, () => syncDirectory(base, shown));
}

/** Runs `step`; when it fails, the temporary file goes. */
function* orRemove(temporary: string, step: Step<void>): Step<void> {
  try {
    yield* step;
  } catch (cause) {
    try {
      yield* sys.unlink(temporary);
    } catch {
      // The error that led here is the one to show.
    }
    throw cause;
  }
}

function* writeAll(fd: number, pieces: readonly Uint8Array[]): Step<void> {
  let at = 0;
  for (let rest = afterBytes(pieces, 0); rest.length > 0; ) {
    const wrote = yield* sys.writev(fd, rest, at);
    if (wrote === 0) throw Object.assign(new Error('EIO: the file system takes no more bytes'), { code: 'EIO' });
    at += wrote;
    rest = afterBytes(rest, wrote);
  }
}
