/**
 * The identity that an agent's coordinates are sealed to: the user's, made when there is none.
 *
 * @module
 */
import { generateIdentity, publicKeyOf } from '../coordinates/keys.js';
import { StorageError, UsageError } from '../errors.js';
import { identityFile, identityText, readIdentity, writeIdentity } from './identity.js';

/**
 * @param given the option's value: what it names must be there.
 * @param notice told where one was made, or that none can be kept.
 * @returns its text; undefined where none can be kept, so that the job of a run that is killed is lost with it
 * @throws StorageError, UsageError
 */
export async function agentIdentity(given: string | undefined, env: NodeJS.ProcessEnv, notice: (message: string) => void): Promise<string | undefined> {
  const file = placeOf(given, env, notice);
  if (file === undefined) return undefined;
  const missing = new StorageError('storage-missing', `there is no identity at ${file}: "streamer keygen" makes one`);
  try {
    return readIdentity(file, () => missing);
  } catch (error) {
    if (error !== missing || given !== undefined) throw error;
  }
  const identity = generateIdentity();
  try {
    await writeIdentity(file, identityText(identity, publicKeyOf(identity)));
    notice(`made you an identity, for which a job of our own seals its coordinates: ${file}; keep it secret`);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    // Another run was quicker: its identity is as good.
    if (error.code !== 'storage-exists') {
      notice(`${error.message}; without it, the job of a run that is killed cannot be gone on with`);
      return undefined;
    }
  }
  return readIdentity(file, () => missing);
}

function placeOf(given: string | undefined, env: NodeJS.ProcessEnv, notice: (message: string) => void): string | undefined {
  try {
    return identityFile(given, env);
  } catch (error) {
    if (given !== undefined || !(error instanceof UsageError) || (env['STREAMER_IDENTITY'] ?? '') !== '') throw error;
    notice(`${error.message}; without it, the job of a run that is killed cannot be gone on with`);
    return undefined;
  }
}
