/**
 * The store of a profile: a directory of mode 0700 with one file of mode 0600 for each text, and a lock.
 *
 * @module
 */
import { readdir, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StorageError, UsageError } from '../../errors.js';
import { acquireLock, type Lock } from '../../storage/lock.js';
import { makePrivateDirectory, readPrivateFile, removePrivate, writePrivateFile } from '../private-file.js';
import type { AuthenticatorStore } from './authenticator.js';
import { inTurn } from './turns.js';

/** How long one run waits for another that renews: its requests have ended by then, or it is stopped. */
const LOCK_PATIENCE_MS = 90_000;
/** Between two looks at the lock, milliseconds; a renewal takes 50 to 500. */
const LOCK_POLL_MS = 40;

/** Where the texts lie of a profile, or of what else signs in. */
export class FileStore implements AuthenticatorStore {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  async get(key: string): Promise<string | undefined> {
    return readPrivateFile(this.#fileOf(key), 'what signing in has left');
  }

  async set(key: string, value: string | undefined): Promise<void> {
    if (value === undefined) await removePrivate(this.#fileOf(key));
    else await writePrivateFile(this.#fileOf(key), value);
  }

  /** Removes all that it holds. @throws StorageError */
  async clear(): Promise<void> {
    await this.exclusively(async () => {
      const files = (await readdir(this.directory)).filter((file) => !file.startsWith('.lock'));
      await Promise.all(files.map((file) => removePrivate(path.join(this.directory, file))));
    });
    // Another run may hold the lock just now; then the directory stays, with nothing in it.
    await rmdir(this.directory).catch(() => undefined);
  }

  async exclusively<T>(run: () => Promise<T>): Promise<T> {
    return inTurn(this.directory, run, (body) => this.#locked(body));
  }

  async #locked<T>(run: () => Promise<T>): Promise<T> {
    const lock = await this.#acquire();
    try {
      return await run();
    } finally {
      await lock.release();
    }
  }

  async #acquire(): Promise<Lock> {
    const names = { lock: path.join(this.directory, '.lock'), lockNext: path.join(this.directory, '.lock-next') };
    const untilMs = performance.now() + LOCK_PATIENCE_MS;
    for (;;) {
      try {
        // Each time: a sign-out may have removed it.
        await makePrivateDirectory(this.directory);
        return await acquireLock(names, this.directory);
      } catch (cause) {
        if (!(cause instanceof StorageError) || !['storage-locked', 'storage-missing'].includes(cause.code)) throw cause;
        if (performance.now() > untilMs) throw new StorageError('storage-locked', `another run of streamer holds ${names.lock}, which names it, for more than ${LOCK_PATIENCE_MS / 1000} s: end it, then try again`, { cause });
      }
      await sleep(LOCK_POLL_MS);
    }
  }

  #fileOf(key: string): string {
    if (!/^[A-Za-z0-9][\w.-]{0,63}$/u.test(key)) throw new UsageError('the key of an authenticator\'s store has 1 to 64 letters, digits, dots, dashes and underscores, and begins with a letter or digit');
    return path.join(this.directory, key);
  }
}
