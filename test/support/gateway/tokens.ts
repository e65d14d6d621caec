/**
 * The tokens that the gateway takes: JSON Web Tokens whose signature, expiry and user name it checks as FirecREST does.
 * It signs with a key of its own, or trusts an OpenID provider's.
 *
 * @module
 */
import { createHash, createPublicKey, generateKeyPairSync, randomUUID, sign, verify, type JsonWebKey, type KeyObject } from 'node:crypto';
import { ApiError } from './errors.js';

/** A token with less than this left is refused, seconds. */
const LEAST_LEFT_SECONDS = 30;

/** Who may come in. */
export interface TokenOptions {
  /** An OpenID provider's issuer URL: its keys, read once at the start, are trusted besides the gateway's own. */
  readonly issuer?: string | undefined;
  /** Claim that names the user. @default 'preferred_username' */
  readonly usernameClaim?: string | undefined;
  /** How far the gateway's clock is ahead, milliseconds. @default 0 */
  readonly clockAheadMs?: number | undefined;
}

/** What {@link Tokens.issue} may be told besides the user. */
export interface IssueOptions {
  /** @default one hour */
  readonly expiresInSeconds?: number;
  /** Another key's name, which nobody knows. */
  readonly kid?: string;
  /** Claims to add, or to take away with undefined. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** Issues and checks tokens. */
export class Tokens {
  readonly #keys = new Map<string, KeyObject>();
  readonly #own = generateKeyPairSync('rsa', { modulusLength: 2048 });
  readonly #ownKid = 'gateway';
  readonly #claim: string;
  readonly #aheadMs: number;
  /** Every token that was issued or shown up to now, by its hash. */
  readonly #known = new Set<string>();
  readonly #expired = new Set<string>();

  private constructor(options: TokenOptions) {
    this.#claim = options.usernameClaim ?? 'preferred_username';
    this.#aheadMs = options.clockAheadMs ?? 0;
    this.#keys.set(this.#ownKid, this.#own.publicKey);
  }

  /** Reads the issuer's keys, if there is one. */
  static async open(options: TokenOptions): Promise<Tokens> {
    const tokens = new Tokens(options);
    if (options.issuer !== undefined) {
      for (const [kid, key] of await issuersKeys(options.issuer)) tokens.#keys.set(kid, key);
    }
    return tokens;
  }

  /** A token for a user, signed with the gateway's own key. */
  issue(user: string, { expiresInSeconds = 3600, kid = this.#ownKid, claims = {} }: IssueOptions = {}): string {
    const nowSeconds = Math.floor(this.#nowMs() / 1000);
    const payload = { iss: 'gateway', sub: user, [this.#claim]: user, iat: nowSeconds, exp: nowSeconds + expiresInSeconds, jti: randomUUID(), ...claims };
    const signed = [{ alg: 'RS256', typ: 'JWT', kid }, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    const token = `${signed}.${sign('sha256', Buffer.from(signed), this.#own.privateKey).toString('base64url')}`;
    this.#known.add(hashOf(token));
    return token;
  }

  /** From now on every token that was issued here, or shown, up to now has expired. */
  expireAll(): void {
    for (const token of this.#known) this.#expired.add(token);
  }

  /**
   * Checks what a request brings.
   * @returns the user's name
   * @throws ApiError in FirecREST's words
   */
  check(authorization: string | undefined): string {
    const [, token] = /^Bearer +(\S.*)$/iu.exec(authorization ?? '') ?? [];
    if (token === undefined) throw new ApiError(401, 'Not authenticated', { headers: { 'www-authenticate': 'Bearer' } });
    // FirecREST repeats the token in a header of its answer.
    const refuse = (message: string) => new ApiError(401, message, { headers: { 'auth-token': token } });
    const parts = parse(token);
    if (parts === undefined) throw refuse('Access token is invalid.');
    const key = this.#keys.get(parts.kid);
    if (key === undefined) throw refuse("Token's public key not found.");
    if (!isSignedBy(key, parts)) throw refuse('Access token is invalid.');
    this.#known.add(hashOf(token));
    const leftSeconds = this.#expired.has(hashOf(token)) ? 0 : parts.exp - this.#nowMs() / 1000;
    if (leftSeconds <= 0) throw refuse('Access token expired');
    if (leftSeconds < LEAST_LEFT_SECONDS) throw refuse(`Access token expires too soon (less than ${LEAST_LEFT_SECONDS}s remaining).`);
    const user = parts.payload[this.#claim];
    if (typeof user !== 'string') throw new ApiError(400, `Authentication token '${this.#claim}' claim is missing`);
    return user;
  }

  #nowMs(): number {
    return Date.now() + this.#aheadMs;
  }
}

const hashOf = (token: string): string => createHash('sha256').update(token).digest('base64');

interface Parts {
  readonly kid: string;
  readonly alg: string;
  readonly exp: number;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly signed: Buffer;
  readonly signature: Buffer;
}

function parse(token: string): Parts | undefined {
  const [head = '', body = '', signature = '', ...more] = token.split('.');
  const header = record(head);
  const payload = record(body);
  if (more.length > 0 || header === undefined || payload === undefined) return undefined;
  const { kid = '', alg } = header;
  if (typeof kid !== 'string' || typeof alg !== 'string' || typeof payload['exp'] !== 'number') return undefined;
  return { kid, alg, exp: payload['exp'], payload, signed: Buffer.from(`${head}.${body}`), signature: Buffer.from(signature, 'base64url') };
}

function record(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}

function isSignedBy(key: KeyObject, { alg, signed, signature }: Parts): boolean {
  if (alg === 'RS256' && key.asymmetricKeyType === 'rsa') return verify('sha256', signed, key, signature);
  if (alg === 'ES256' && key.asymmetricKeyType === 'ec') return verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, signature);
  return false;
}

async function issuersKeys(issuer: string): Promise<[kid: string, key: KeyObject][]> {
  const { jwks_uri: place } = await json<{ jwks_uri: string }>(`${issuer.replace(/\/$/u, '')}/.well-known/openid-configuration`);
  const { keys } = await json<{ keys: readonly (JsonWebKey & { readonly kid?: string })[] }>(place);
  return keys.map((key) => [key.kid ?? '', createPublicKey({ key, format: 'jwk' })]);
}

async function json<T>(url: string): Promise<T> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  return (await answer.json()) as T;
}
