/**
 * Certificates for 127.0.0.1, by openssl.
 *
 * @module
 */
import { execFileSync, spawnSync } from 'node:child_process';
import path from 'node:path';

/** For `node:test`'s `skip`. */
export const NO_OPENSSL = spawnSync('openssl', ['version']).status === 0 ? false : 'openssl is not installed: no certificate can be made';

/** Makes a certificate for 127.0.0.1, and its key. @param host another that it is for, too */
export function certificate(directory: string, name = 'cert', host = 'localhost'): { readonly cert: string; readonly key: string } {
  const [cert, key] = [path.join(directory, `${name}.pem`), path.join(directory, `${name}-key.pem`)];
  const words = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', `/CN=${name}`, '-addext', `subjectAltName=IP:127.0.0.1,DNS:${host}`, '-keyout', key, '-out', cert];
  execFileSync('openssl', words, { stdio: 'ignore' });
  return { cert, key };
}
