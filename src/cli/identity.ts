/**
 * The user's identity for sealed coordinates: where it is kept, and what it opens.
 *
 * @module
 */
import { fstatSync, closeSync, openSync } from 'node:fs';
import { link, mkdir, open, rm } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import os from 'node:os';
import path from 'node:path';
import { CoordinatesError, StorageError } from '../errors.js';
import { readTextFile } from './text-file.js';

const SEALED = /(?:^|\s)streamer2s\./u;

/** Where an identity is looked for: the option, STREAMER_IDENTITY, or the user's configuration (XDG Base Directory). */
export function identityFile(given: string | undefined, env: NodeJS.ProcessEnv): string {
  const named = given ?? env['STREAMER_IDENTITY'];
  if (named !== undefined && named !== '') return named;
  const home = env['XDG_CONFIG_HOME'];
  return path.join(home === undefined || !path.isAbsolute(home) ? path.join(os.homedir(), '.config') : home, 'streamer', 'identity');
}

/**
 * Opens coordinates that are sealed; others are returned as they are.
 * @throws CoordinatesError, StorageError, UsageError
 */
export async function opened(coordinates: string, given: string | undefined, env: NodeJS.ProcessEnv): Promise<string> {
  if (!SEALED.test(coordinates)) return coordinates;
  const file = identityFile(given, env);
  // Only now: others need no such arithmetic.
  const { openCoordinates } = await import('../coordinates/sealed.js');
  return openCoordinates(coordinates, [readIdentity(file)]);
}

/** The text of an identity file. @throws CoordinatesError when there is none; StorageError when others may read it. */
export function readIdentity(file: string): string {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw new StorageError('storage-denied', `cannot read the identity ${file}: ${(cause as Error).message}`, { cause });
    throw new CoordinatesError('coordinates-sealed', `these coordinates are sealed, and there is no identity at ${file} to open them: name yours with --identity, or make one with "streamer keygen" and have them sealed to it`);
  }
  try {
    const { mode, uid } = fstatSync(descriptor);
    if ((mode & 0o077) !== 0 || (process.getuid !== undefined && uid !== process.getuid() && uid !== 0)) {
      throw new StorageError('storage-denied', `the identity ${file} is not only yours to read: chmod 600 it, or make another one with "streamer keygen"`);
    }
  } finally {
    closeSync(descriptor);
  }
  return readTextFile(file, 'the identity');
}

/**
 * Writes a new identity, mode 0600, in a directory of mode 0700. What is there is never replaced: coordinates that wait to be
 * opened with it would be lost.
 * @throws StorageError
 */
export async function writeIdentity(file: string, text: string): Promise<void> {
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    const handle = await open(draft, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await link(draft, file);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') throw new StorageError('storage-exists', `there is an identity at ${file} already: "streamer keygen --public" prints its public key; name another file with --identity`, { cause });
    throw new StorageError('storage-io', `cannot write the identity ${file}: ${(cause as Error).message}`, { cause });
  } finally {
    await rm(draft, { force: true }).catch(() => undefined);
  }
}
