/**
 * `streamer keygen`: wiring only.
 *
 * @module
 */
import { generateIdentity, publicKeyOf } from '../../coordinates/keys.js';
import { StorageError } from '../../errors.js';
import { identityFile, identityText, readIdentity, writeIdentity } from '../identity.js';
import type { Context } from '../action.js';

/** Options as commander gives them. */
export interface KeygenCommandOptions {
  readonly identity?: string;
  readonly public?: boolean;
}

/** Makes an identity and prints its public key; with `--public`, prints that of the one that is there. @throws StreamerError */
export async function runKeygen(options: KeygenCommandOptions, { renderer }: Context): Promise<void> {
  const file = identityFile(options.identity, process.env);
  if (options.public === true) {
    const key = publicKeyOf(readIdentity(file, () => new StorageError('storage-missing', `there is no identity at ${file}: "streamer keygen" makes one`)));
    renderer.print(key, { event: 'key', key, file });
    return;
  }
  const identity = generateIdentity();
  const key = publicKeyOf(identity);
  await writeIdentity(file, identityText(identity, key));
  renderer.onProgress({ type: 'notice', message: `your identity is in ${file}: keep it secret; this is its public key, for --seal-to` });
  renderer.print(key, { event: 'key', key, file });
}
