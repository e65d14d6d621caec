/**
 * What has become of a session's entries so far, told as it happens and counted for the result.
 *
 * @module
 */
import { fileDigest } from '../crypto/checksum.js';
import { StorageError, type StreamerError } from '../errors.js';
import { WHOLE_FILE_MAX } from '../wire/constants.js';
import type { ManifestEntry, RootKind } from '../wire/frame.js';
import type { Settlement } from '../wire/settlement.js';
import { ProgressMeter, type EntryCounts, type ProgressListener } from './progress.js';
import { NO_ENTRIES } from './result.js';

/** What an end knows of an entry that is settled. */
export interface Settled {
  readonly entry: ManifestEntry;
  readonly how: Settlement;
  readonly digest?: Uint8Array | undefined;
  readonly sha256?: Uint8Array | undefined;
  /** xxh64 of a file that was sent whole. */
  readonly hash?: bigint | undefined;
  readonly error?: StreamerError;
}

/** See the module's head. */
export class Tally {
  readonly #listener: ProgressListener;
  readonly #counts = { ...NO_ENTRIES };
  #meter: ProgressMeter | undefined;
  #started = false;
  #streams = 1;
  /** The first entry that failed: its class gives the exit status. */
  firstError: StreamerError | undefined;
  /** Of the one file. */
  digest: Uint8Array | undefined;
  sha256: Uint8Array | undefined;
  /** Bytes of files that are there now; moved in this run; held from an earlier one. */
  size = 0;
  moved = 0;
  resumed = 0;

  constructor(listener: ProgressListener) {
    this.#listener = listener;
  }

  get counts(): EntryCounts {
    return { ...this.#counts };
  }

  /** The transfer begins. @param size what is known of it, in bytes. */
  start(root: RootKind, name: string, size: number, resumedBytes: number): void {
    if (this.#started) return;
    this.#started = true;
    this.#listener({ type: 'started', root, name, size, resumedBytes });
    this.#meter = new ProgressMeter(this.#listener, size, resumedBytes);
    this.#meter.streams = this.#streams;
    this.resumed += resumedBytes;
  }

  /** A file is to be moved. */
  grow(bytes: number): void {
    this.#meter?.grow(bytes);
  }

  /** Bytes of a file of a tree that need not be moved again. */
  resume(bytes: number): void {
    this.resumed += bytes;
    this.#meter?.skip(bytes);
  }

  /** Bytes that need not be moved at all: a hole. */
  pass(bytes: number): void {
    this.#meter?.skip(bytes);
  }

  add(bytes: number): void {
    this.moved += bytes;
    this.#meter?.add(bytes);
  }

  /** What was sent was lost with its connection. @param holes bytes that were passed over. */
  unsent(bytes: number, holes: number): void {
    this.moved -= bytes;
    this.#meter?.skip(-bytes - holes);
  }

  flush(): void {
    this.#meter?.flush();
  }

  streams(count: number): void {
    if (count === this.#streams) return;
    this.#streams = count;
    if (this.#meter !== undefined) this.#meter.streams = count;
    this.#listener({ type: 'streams', streams: count });
  }

  special(path: string, what: string): void {
    this.#counts.special += 1;
    this.#listener({ type: 'skipped', path, what });
  }

  /** Something that is not in the manifest, since it could not be read. */
  unread(path: string, error: StreamerError): void {
    this.#fail(error);
    this.#listener({ type: 'skipped', path, what: error.message });
  }

  /** The sender could not read all that it was to send, of which it tells its own user only. */
  incomplete(): void {
    const message = 'the other end could not read everything that it was to send, and has told there what; the rest is here';
    this.#fail(new StorageError('storage-incomplete', message));
    this.#listener({ type: 'notice', message });
  }

  /** Things that failed besides the entries. */
  failed(count: number): void {
    this.#counts.failed += count;
  }

  extra(path: string): void {
    this.#listener({ type: 'extra', path });
  }

  removed(count: number): void {
    this.#counts.removed += count;
  }

  settled({ entry, how, digest, sha256, hash, error }: Settled): void {
    const { path, kind, size, mtimeNs } = entry;
    this.#count(entry, how);
    if (error !== undefined) this.#fail(error, false);
    if (how === 'done' && this.#meter !== undefined) this.#meter.files += 1;
    else if (kind === 'file') this.#meter?.skip(size);
    this.digest = digest;
    this.sha256 = sha256;
    const event = {
      type: 'entry' as const,
      path,
      kind,
      how,
      // Its bytes are its file's.
      size: kind === 'hardlink' ? 0 : size,
      mtimeNs,
      ...(digest === undefined ? {} : { digest: Buffer.from(digest).toString('hex') }),
      ...(sha256 === undefined ? {} : { sha256: Buffer.from(sha256).toString('hex') }),
      ...(error === undefined ? {} : { error: { code: error.code, message: error.message } }),
    };
    this.#listener(digest === undefined && hash !== undefined ? withDigest(event, hash) : event);
  }

  #count({ kind, size }: ManifestEntry, how: Settlement): void {
    if (how === 'done') this.#counts.moved += 1;
    // What is neither moved nor kept as a file is in its place.
    else if (how === 'equal' && kind !== 'file') this.#counts.placed += 1;
    else this.#counts[how] += 1;
    if (kind === 'file' && (how === 'done' || how === 'equal')) this.size += size;
  }

  #fail(error: StreamerError, count = true): void {
    this.firstError ??= error;
    if (count) this.#counts.failed += 1;
  }
}

/** The digest is made for who reads it: with thousands of small files it would be a tenth of all the work. */
function withDigest<Event extends { readonly size: number }>(event: Event, hash: bigint): Event & { readonly digest: string } {
  return {
    ...event,
    get digest() {
      return wholeDigest(event.size, hash).toString('hex');
    },
  };
}

/** The digest of a file that was sent whole, from the checksum of its one chunk. */
function wholeDigest(size: number, hash: bigint): Buffer {
  const bytes = Buffer.alloc(size === 0 ? 0 : 8);
  if (size > 0) bytes.writeBigUInt64BE(hash);
  return fileDigest(size, WHOLE_FILE_MAX, bytes);
}
