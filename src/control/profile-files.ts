/**
 * The profiles of a user: `profiles/NAME.json` in the user's configuration, 0600. Which one is meant, when none is named.
 *
 * @module
 */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { StorageError, UsageError } from '../errors.js';
import { isErrno, storageError } from '../storage/fs-error.js';
import { configurationDirectory } from './configuration.js';
import { readPrivateFile, removePrivate, writePrivateFile } from './private-file.js';
import { parseProfile, type Profile } from './profile.js';

/** The one that `login` writes when none is named. */
export const DEFAULT_PROFILE = 'default';

/** A profile and what it is called. */
export interface NamedProfile {
  readonly name: string;
  readonly profile: Profile;
}

/** @throws UsageError for what cannot be the name of a file everywhere */
export function checkProfileName(name: string): string {
  if (!/^[A-Za-z0-9][\w.-]{0,63}$/u.test(name)) throw new UsageError('the name of a `profile` has 1 to 64 letters, digits, dots, dashes and underscores, and begins with a letter or digit');
  return name;
}

/** The names of all, sorted. @throws StorageError */
export async function profileNames(env: NodeJS.ProcessEnv): Promise<readonly string[]> {
  const directory = path.join(configurationDirectory(env), 'profiles');
  try {
    return (await readdir(directory)).filter((file) => /^[A-Za-z0-9][\w.-]{0,63}\.json$/u.test(file)).map((file) => file.slice(0, -'.json'.length)).sort();
  } catch (cause) {
    if (isErrno(cause, 'ENOENT')) return [];
    throw storageError(cause, 'read the directory', directory);
  }
}

/** undefined when there is none of this name. @throws UsageError for one that is wrong; StorageError for one that others can read */
export async function readProfile(env: NodeJS.ProcessEnv, name: string): Promise<Profile | undefined> {
  const what = `the profile ${checkProfileName(name)}`;
  const content = await readPrivateFile(profileFile(env, name), what);
  if (content === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    // Not the parser's words: they quote the text.
    throw new UsageError(`${what} is not JSON: correct ${profileFile(env, name)}, or write it anew with "streamer login --profile ${name}"`);
  }
  return parseProfile(value, what);
}

/** Writes it over the one that is there. @throws UsageError, StorageError */
export async function writeProfile(env: NodeJS.ProcessEnv, name: string, profile: Profile): Promise<void> {
  const checked = parseProfile(profile, `the profile ${checkProfileName(name)}`);
  await writePrivateFile(profileFile(env, name), `${JSON.stringify(checked, undefined, 2)}\n`);
}

/** It need not be there. @throws StorageError */
export async function removeProfile(env: NodeJS.ProcessEnv, name: string): Promise<void> {
  await removePrivate(profileFile(env, checkProfileName(name)));
}

/** Where the tokens of a profile are. */
export function tokenDirectory(env: NodeJS.ProcessEnv, name: string): string {
  return path.join(configurationDirectory(env), 'tokens', name);
}

/**
 * The profile that is meant: the one that is named, or STREAMER_PROFILE's, or the one called "default", or the only one.
 * @returns undefined where none is named, and there is none, or several could be meant
 * @throws StorageError `storage-missing` for a name that there is none of
 */
export async function chooseProfile(env: NodeJS.ProcessEnv, given: string | undefined): Promise<NamedProfile | undefined> {
  const named = given ?? (env['STREAMER_PROFILE'] === '' ? undefined : env['STREAMER_PROFILE']);
  const names = await profileNames(env);
  const name = named ?? (names.includes(DEFAULT_PROFILE) ? DEFAULT_PROFILE : names.length === 1 ? names[0] : undefined);
  if (name === undefined) return undefined;
  const profile = await readProfile(env, name);
  if (profile === undefined) throw new StorageError('storage-missing', `there is no profile ${name}${names.length === 0 ? '' : ` (there are: ${names.join(', ')})`}: "streamer login --profile ${name}" makes one`);
  return { name, profile };
}

function profileFile(env: NodeJS.ProcessEnv, name: string): string {
  return path.join(configurationDirectory(env), 'profiles', `${name}.json`);
}
