/**
 * The identity that an agent's coordinates are sealed to: the user's, made when there is none.
 *
 * @module
 */
import { generateIdentity, publicKeyOf } from '../coordinates/keys.js';
import { StorageError } from '../errors.js';
import { identityFile, identityText, readIdentity, writeIdentity } from './identity.js';

/**
 * @param given the option's value.
 * @param notice told where one was made.
 * @returns its text
 * @throws StorageError, UsageError
 */
export async function agentIdentity(given: string | undefined, env: NodeJS.ProcessEnv, notice: (message: string) => void): Promise<string> {
  const file = identityFile(given, env);
  const missing = new StorageError('storage-missing', `there is no identity at ${file}`);
  try {
    return readIdentity(file, () => missing);
  } catch (error) {
    if (error !== missing) throw error;
  }
  try {
    const identity = generateIdentity();
    await writeIdentity(file, identityText(identity, publicKeyOf(identity)));
    notice(`made you an identity, for which the agent seals its coordinates: ${file}; keep it secret`);
  } catch (error) {
    // Another run was quicker: its identity is as good.
    if (!(error instanceof StorageError && error.code === 'storage-exists')) throw error;
  }
  return readIdentity(file, () => missing);
}
