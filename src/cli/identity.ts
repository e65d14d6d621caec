/**
 * The user's identity for sealed coordinates: where it is kept, and what it opens.
 *
 * @module
 */
import { closeSync, fstatSync, openSync, statSync, type Stats } from 'node:fs';
import { link, mkdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { CoordinatesError, StorageError, UsageError, type StreamerError } from '../errors.js';
import { isSealed } from '../coordinates/codec.js';
import { isSecretText } from './arguments.js';
import { publishDraft, readTextFile, textFileError } from './text-file.js';

/**
 * Where an identity is looked for: the option, STREAMER_IDENTITY, or the user's configuration (XDG Base Directory).
 * @throws UsageError when it is the identity itself, which is not quoted, or when nobody knows where the user's configuration is.
 */
export function identityFile(given: string | undefined, env: NodeJS.ProcessEnv): string {
  if (given === '') throw new UsageError('--identity is empty: name a file');
  const named = given ?? env['STREAMER_IDENTITY'] ?? '';
  if (isSecretText(named)) throw new UsageError('--identity and STREAMER_IDENTITY take the name of a file that holds the identity, not the text itself');
  if (named !== '') return named;
  const configuration = env['XDG_CONFIG_HOME'] ?? '';
  return path.join(path.isAbsolute(configuration) ? configuration : path.join(homeDirectory(), '.config'), 'streamer', 'identity');
}

/** Never a relative one: an identity would be left wherever the command is run. */
function homeDirectory(): string {
  let home = '';
  try {
    home = os.homedir();
  } catch {
    // HOME is not set, and the system does not know this user, as in a container.
  }
  if (!path.isAbsolute(home)) throw new UsageError('there is no home directory to keep an identity in (HOME): name a file with --identity or in STREAMER_IDENTITY');
  return home;
}

/**
 * Opens coordinates that are sealed; others are returned as they are.
 * @throws CoordinatesError, StorageError, UsageError
 */
export async function opened(coordinates: string, given: string | undefined, env: NodeJS.ProcessEnv): Promise<string> {
  if (!isSealed(coordinates)) return coordinates;
  const file = identityFile(given, env);
  const identity = readIdentity(file, () => new CoordinatesError('coordinates-sealed', `these coordinates are sealed, and there is no identity at ${file} to open them: name yours with --identity, or make one with "streamer keygen" and have them sealed to it`));
  // Only now: others need no such arithmetic.
  const { openCoordinates } = await import('../coordinates/sealed.js');
  return openCoordinates(coordinates, [identity]);
}

/**
 * The text of an identity file.
 * @param missing the error when there is none.
 * @throws StorageError when it cannot be read, or others may read it; UsageError when it is none.
 */
export function readIdentity(file: string, missing: () => StreamerError): string {
  const attempt = <T>(act: () => T): T => {
    try {
      return act();
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') throw missing();
      throw textFileError(cause, `cannot read the identity ${file}`);
    }
  };
  // Before it is opened, for a FIFO that somebody else put there would hold us; and after, for it may be another one by then.
  assertOwn(attempt(() => statSync(file)), file);
  const descriptor = attempt(() => openSync(file, 'r'));
  let text: string;
  try {
    assertOwn(fstatSync(descriptor), file);
    text = readTextFile(descriptor, 'the identity');
  } finally {
    closeSync(descriptor);
  }
  if (!/^\s*streamer-identity\d/mu.test(text)) throw new UsageError(`there is no identity in ${file}: "streamer keygen" makes one; name its file with --identity`);
  return text;
}

/** @throws StorageError for what is neither a file nor a FIFO (such as a shell's <(command)), or not only ours to read. */
function assertOwn(stats: Stats, file: string): void {
  if (!stats.isFile() && !stats.isFIFO()) throw new StorageError('storage-not-a-file', `the identity ${file} is not a file: name one with --identity`);
  if (process.getuid !== undefined && stats.uid !== process.getuid() && stats.uid !== 0) throw new StorageError('storage-denied', `the identity ${file} belongs to another user, who can read it: make one of your own with "streamer keygen"`);
  if ((stats.mode & 0o077) !== 0) throw new StorageError('storage-denied', `the identity ${file} is not only yours to read: chmod 600 it, or make another one with "streamer keygen"`);
}

/** What an identity's file holds. @param key its public one. */
export function identityText(identity: string, key: string): string {
  return `# an identity of streamer: keep it secret\n# its public key: ${key}\n${identity}\n`;
}

/**
 * Writes a new identity, mode 0600, in a directory of mode 0700. What is there is never replaced: coordinates that wait to be
 * opened with it would be lost.
 * @throws StorageError
 */
export async function writeIdentity(file: string, text: string): Promise<void> {
  try {
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    await publishDraft(file, text, link);
  } catch (cause) {
    throw writeError(cause as NodeJS.ErrnoException, file);
  }
}

function writeError(cause: NodeJS.ErrnoException, file: string): StorageError {
  // Only of the last step does it mean the file; of others, that a part of the path is no directory.
  const there = cause.code === 'EEXIST' && cause.syscall === 'link';
  if (!there) return textFileError(cause.code === 'EEXIST' ? Object.assign(new Error(cause.message), { code: 'ENOTDIR' }) : cause, `cannot write the identity ${file}`);
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined) return new StorageError('storage-exists', `${file} is a symbolic link that leads nowhere: remove it, or name another file with --identity`, { cause });
  if (!stats.isFile()) return new StorageError('storage-not-a-file', `${file} is there, and not a file: name another one with --identity`, { cause });
  return new StorageError('storage-exists', `there is an identity at ${file} already: "streamer keygen --public" prints its public key; name another file with --identity`, { cause });
}
