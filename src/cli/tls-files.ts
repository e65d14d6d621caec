/**
 * The certificate and key that a listening command is given.
 *
 * @module
 */
import { UsageError } from '../errors.js';
import type { TlsIdentity } from '../transport/listen.js';
import { readPemFile } from './text-file.js';

/** Reads both; undefined where none is given. @throws UsageError for one without the other, or no PEM; StorageError */
export function readTlsFiles({ tlsCert, tlsKey }: { readonly tlsCert?: string; readonly tlsKey?: string }): TlsIdentity | undefined {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) throw new UsageError('TLS takes both, --tls-cert and --tls-key');
  return { cert: readPemFile(tlsCert), key: readPemFile(tlsKey) };
}
