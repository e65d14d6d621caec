/**
 * `--receipt`: what was moved, as a JSON file. Written while it happens, so that a million files take no memory, and under
 * its name only when it is whole.
 *
 * @module
 */
import { closeSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { StorageError, UsageError } from '../errors.js';
import type { ProgressEvent, ProgressListener, TransferResult } from '../transfer/progress.js';
import { VERSION } from '../version.js';

/** Version of the receipt's form. */
const RECEIPT_VERSION = 1;

/** See the module's head. */
export class Receipt {
  readonly #path: string;
  readonly #draft: string;
  readonly #startedAt = new Date();
  #fd: number | undefined;
  #first = true;
  #failure: unknown;

  /** Before anything is moved. @throws UsageError for a directory; StorageError when the file cannot be made. */
  constructor(path: string) {
    // Its name could not be given to the file when all is done.
    if (isDirectory(path)) throw new UsageError(`--receipt ${path} is a directory: name a file in it`);
    this.#path = path;
    this.#draft = `${path}.${process.pid}.draft`;
    try {
      this.#fd = openSync(this.#draft, 'wx', 0o666);
      writeSync(this.#fd, `{"receipt":${RECEIPT_VERSION},"agent":${JSON.stringify(`streamer ${VERSION}`)},"startedAt":${JSON.stringify(this.#startedAt.toISOString())},\n"entries":[`);
    } catch (cause) {
      throw new StorageError('storage-io', `cannot write the receipt ${path}: ${(cause as Error).message}`, { cause });
    }
  }

  readonly onProgress: ProgressListener = (event) => {
    if (event.type === 'entry') this.#entry(event);
    else if (event.type === 'extra') this.#line({ path: event.path, how: 'extra' });
    else if (event.type === 'skipped') this.#line({ path: event.path, how: 'skipped', why: event.what });
    else if (event.type === 'done') this.#done(event.result);
  };

  /** Ends it. What was not finished leaves no receipt. @throws StorageError when it could not be written. */
  end(): void {
    if (this.#fd !== undefined) {
      closeSync(this.#fd);
      rmSync(this.#draft, { force: true });
    }
    this.#fd = undefined;
    if (this.#failure !== undefined) throw new StorageError('storage-io', `the receipt ${this.#path} could not be written: ${(this.#failure as Error).message}`, { cause: this.#failure });
  }

  #entry({ path, kind, how, size, mtimeNs, digest, sha256, error }: Extract<ProgressEvent, { type: 'entry' }>): void {
    this.#line({ path, kind, how, size, mtime: secondsOf(mtimeNs), settledAt: new Date().toISOString(), digest, sha256, error });
  }

  #line(entry: Readonly<Record<string, unknown>>): void {
    this.#write(`${this.#first ? '\n' : ',\n'}${JSON.stringify(entry)}`);
    this.#first = false;
  }

  #done(result: TransferResult): void {
    this.#write(`\n],\n"endedAt":${JSON.stringify(new Date().toISOString())},"result":${JSON.stringify(result)}}\n`);
    if (this.#fd === undefined || this.#failure !== undefined) return;
    closeSync(this.#fd);
    this.#fd = undefined;
    try {
      renameSync(this.#draft, this.#path);
    } catch (error) {
      this.#failure = error;
      rmSync(this.#draft, { force: true });
    }
  }

  #write(text: string): void {
    if (this.#fd === undefined || this.#failure !== undefined) return;
    try {
      writeSync(this.#fd, text);
    } catch (error) {
      this.#failure = error;
    }
  }
}

/** Whether it is one, or can be nothing else. */
function isDirectory(path: string): boolean {
  try {
    return path.endsWith('/') || statSync(path).isDirectory();
  } catch {
    // What is wrong with it shows when its draft is made.
    return false;
  }
}

/** Seconds with all nine digits, which a JSON number would not keep. */
function secondsOf(nanoseconds: bigint): string {
  const digits = String(nanoseconds < 0n ? -nanoseconds : nanoseconds).padStart(10, '0');
  return `${nanoseconds < 0n ? '-' : ''}${digits.slice(0, -9)}.${digits.slice(-9)}`;
}
