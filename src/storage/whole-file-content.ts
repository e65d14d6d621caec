/**
 * What is in a small file, under a temporary name: content, mode, time, and where that means something, a sync.
 *
 * @module
 */
import { constants } from 'node:fs';
import { unlessNotKept } from './attributes.js';
import { afterBytes } from './open-file.js';
import { Slots, type Step } from './steps.js';
import { sys } from './system-calls.js';
import type { TargetContext } from './target-context.js';
import type { WholeFile } from './tree.js';
import { modeHere } from './umask.js';

/** Syncs at once: a disk is quicker with many. */
const SYNCS = 16;
/** Files that wait for their sync stay open up to this many: a process may often have no more than 1024. */
const HELD_OPEN = 256;
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const AGAIN = constants.O_WRONLY | constants.O_NOFOLLOW;
/** A block of most file systems, of which a hole is made. */
const BLOCK = Buffer.alloc(4096);
/** Nobody else's to read until it has the mode that the sender wants. */
const WRITING_MODE = 0o600;

/** Makes the temporary files of one tree. Failures are the system's own errors; what was begun is left. */
export class WholeFileContent {
  readonly #context: TargetContext;
  readonly #syncs = new Slots(SYNCS);
  #held = 0;

  constructor(context: TargetContext) {
    this.#context = context;
  }

  /** Where nothing can be made durable. */
  *inMemory(file: WholeFile, path: string): Step<void> {
    const { entry } = file;
    const fd = yield* sys.open(path, CREATE, modeHere(entry.mode));
    try {
      yield* writeContent(fd, file);
      yield* unlessNotKept(this.#context.times.setOpen(fd, entry.mtimeNs));
    } finally {
      yield* sys.close(fd);
    }
  }

  /** @param written called when the content is with the file system. */
  *onDisk(file: WholeFile, path: string, written: () => void): Step<void> {
    let fd: number | undefined = yield* sys.open(path, CREATE, WRITING_MODE);
    this.#held += 1;
    try {
      yield* writeContent(fd, file);
      written();
      if (this.#held > HELD_OPEN) fd = yield* closed(fd);
      yield* this.#syncs.take();
      try {
        this.#context.assertGoesOn();
        fd ??= yield* sys.open(path, AGAIN);
        yield* this.#store(file, fd);
      } finally {
        this.#syncs.give();
      }
    } finally {
      this.#held -= 1;
      if (fd !== undefined) yield* sys.close(fd);
    }
  }

  *#store({ entry }: WholeFile, fd: number): Step<void> {
    yield* unlessNotKept(sys.fchmod(fd, modeHere(entry.mode)));
    yield* unlessNotKept(this.#context.times.setOpen(fd, entry.mtimeNs));
    yield* sys.fsync(fd);
  }
}

function* closed(fd: number): Step<undefined> {
  yield* sys.close(fd);
  return undefined;
}

/** Into a new file, in which there is nothing yet: so the holes of one that had some at its source need no more than its length. */
function* writeContent(fd: number, { entry, content }: WholeFile): Step<void> {
  if (entry.sparse !== true) {
    yield* writeAll(fd, content, 0);
    return;
  }
  const bytes = Buffer.concat(content);
  for (const [from, to] of dataOf(bytes)) yield* writeAll(fd, [bytes.subarray(from, to)], from);
  yield* sys.ftruncate(fd, bytes.length);
}

/** Where there is anything but zeros, in whole blocks. */
function* dataOf(bytes: Buffer): Generator<readonly [from: number, to: number], void, undefined> {
  let from: number | undefined;
  for (let at = 0; at < bytes.length; at += BLOCK.length) {
    const block = bytes.subarray(at, at + BLOCK.length);
    if (block.equals(BLOCK.subarray(0, block.length))) {
      if (from !== undefined) yield [from, at];
      from = undefined;
    } else from ??= at;
  }
  if (from !== undefined) yield [from, bytes.length];
}

function* writeAll(fd: number, pieces: readonly Uint8Array[], offset: number): Step<void> {
  let at = offset;
  for (let rest = afterBytes(pieces, 0); rest.length > 0; ) {
    const wrote = yield* sys.writev(fd, rest, at);
    // POSIX lets write(2) answer 0; asking for ever would be a hang.
    if (wrote === 0) throw Object.assign(new Error('EIO: the file system takes no more bytes'), { code: 'EIO' });
    at += wrote;
    rest = afterBytes(rest, wrote);
  }
}
