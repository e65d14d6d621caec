/**
 * Files of certificates.
 *
 * @module
 */
import { StorageError, UsageError } from '../errors.js';
import { visible } from '../storage/fs-error.js';
import { readPublicFile } from './private-file.js';

/** The authorities in a file, PEM. @throws StorageError; UsageError when it holds none */
export async function readAuthorities(file: string): Promise<string> {
  const text = await readPublicFile(file, 'the authorities');
  if (text === undefined) throw new StorageError('storage-missing', `cannot read the authorities (\`ca\`) ${visible(file)}: it does not exist; check the path`);
  if (!/^-----BEGIN CERTIFICATE-----/mu.test(text)) throw new UsageError(`${visible(file)} (\`ca\`) holds no certificate in PEM: one begins with a line such as -----BEGIN CERTIFICATE-----`);
  return text;
}
