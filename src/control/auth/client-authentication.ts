/**
 * How a confidential client proves who it is at the token endpoint: a secret in a header or in the form (RFC 6749 section 2.3.1), or
 * an assertion signed with its private key (RFC 7523, `private_key_jwt`). A public client proves nothing.
 *
 * @module
 */
import { createPrivateKey, webcrypto, type JsonWebKey, type KeyObject } from 'node:crypto';
import type * as OpenidClient from 'openid-client';
import { AuthError, UsageError } from '../../errors.js';
import { visible } from '../../storage/fs-error.js';
import { readPrivateFile } from '../private-file.js';
import type { AuthenticatorContext } from './authenticator.js';
import type { ClientAuthMethod } from './flows.js';
import type { SignInSettings } from './settings.js';
import { parseObject } from './tokens.js';

/** The store's names for what `login` was given on standard input. */
export const KEPT_SECRETS = { clientSecret: 'client-secret', apiKey: 'api-key' } as const;

/** @param supported the methods that the provider names; empty where it names none */
export async function clientAuthentication(library: typeof OpenidClient, settings: SignInSettings, context: AuthenticatorContext, supported: readonly string[]): Promise<OpenidClient.ClientAuth | undefined> {
  const { keyFile, clientAuthMethod } = settings.profile;
  if (clientAuthMethod === 'private_key_jwt' || (clientAuthMethod === undefined && keyFile !== undefined)) {
    if (keyFile === undefined) throw new UsageError(`${settings.from}: \`clientAuthMethod\` private_key_jwt needs \`keyFile\``);
    return library.PrivateKeyJwt(await readKey(keyFile));
  }
  const secret = await keptSecret('clientSecret', settings, context);
  if (secret === undefined && clientAuthMethod !== undefined) throw new AuthError('auth-missing', `${settings.from} has no secret for \`clientAuthMethod\` ${clientAuthMethod}: give \`clientSecretFile\``);
  if (secret === undefined) return undefined;
  return (clientAuthMethod ?? chosenMethod(supported)) === 'client_secret_post' ? library.ClientSecretPost(secret) : library.ClientSecretBasic(secret);
}

/** What every provider must know (RFC 6749 section 2.3.1), unless it says that it knows only the other. */
function chosenMethod(supported: readonly string[]): ClientAuthMethod {
  return !supported.includes('client_secret_basic') && supported.includes('client_secret_post') ? 'client_secret_post' : 'client_secret_basic';
}

/** A secret: from a variable, the profile's file, or what `login` has kept. It is never part of a message. */
export async function keptSecret(name: keyof typeof KEPT_SECRETS, { profile, given }: SignInSettings, { store }: AuthenticatorContext): Promise<string | undefined> {
  const file = name === 'clientSecret' ? profile.clientSecretFile : profile.apiKeyFile;
  if (given[name] !== undefined) return given[name];
  if (file === undefined) return store.get(KEPT_SECRETS[name]);
  const secret = (await readPrivateFile(file, 'the secret'))?.trim();
  if (secret === undefined || secret === '') throw new AuthError('auth-missing', `the file ${visible(file)} of the secret is not there or empty: name another one`);
  return secret;
}

/** A private key in PEM (PKCS #8, PKCS #1 or SEC 1, not encrypted) or as a JWK, whose `kid` is sent along. */
async function readKey(file: string): Promise<OpenidClient.PrivateKey> {
  const text = await readPrivateFile(file, 'the private key');
  const wrong = new UsageError(`${visible(file)} (\`keyFile\`) holds no private key that can sign: PEM without a password, or a JWK; RSA, P-256, P-384, P-521 or Ed25519`);
  if (text === undefined) throw new AuthError('auth-missing', `the private key ${visible(file)} (\`keyFile\`) is not there: name another one`);
  const jwk = parseObject(text);
  try {
    const key = jwk === undefined ? createPrivateKey(text) : createPrivateKey({ key: jwk as JsonWebKey, format: 'jwk' });
    const imported = await webcrypto.subtle.importKey('pkcs8', key.export({ format: 'der', type: 'pkcs8' }), algorithmOf(key, jwk?.['alg'], wrong), false, ['sign']);
    return typeof jwk?.['kid'] === 'string' ? { key: imported, kid: jwk['kid'] } : { key: imported };
  } catch {
    // OpenSSL's words are of no use here, and the parser's would quote the key.
    throw wrong;
  }
}

const CURVES: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' };

function algorithmOf(key: KeyObject, alg: unknown, wrong: UsageError): webcrypto.RsaHashedImportParams | webcrypto.EcKeyImportParams | webcrypto.Algorithm {
  if (key.asymmetricKeyType === 'ed25519') return { name: 'Ed25519' };
  if (key.asymmetricKeyType === 'rsa') {
    const [, kind = 'RS', bits = '256'] = /^(RS|PS)(256|384|512)$/u.exec(String(alg)) ?? [];
    return { name: kind === 'PS' ? 'RSA-PSS' : 'RSASSA-PKCS1-v1_5', hash: `SHA-${bits}` };
  }
  const namedCurve = CURVES[key.asymmetricKeyDetails?.namedCurve ?? ''];
  if (namedCurve === undefined) throw wrong;
  return { name: 'ECDSA', namedCurve };
}
