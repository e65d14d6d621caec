/**
 * What a token says of itself: the payload of a JWT (RFC 7519), for messages and for knowing when to renew. Its signature is not
 * checked here: whoever a token is meant for does that, and it came to us from whom we asked over TLS.
 *
 * @module
 */
import { defined } from '../../util/defined.js';
import { isTime } from '../../util/units.js';

/** The claims that are looked at. Times are seconds since 1970. */
export interface Claims {
  readonly issuer?: string;
  readonly subject?: string;
  /** `preferred_username`, or what else names the user. */
  readonly user?: string;
  readonly audience: readonly string[];
  /** Whom it was issued to: `azp`, or RFC 9068's `client_id`. */
  readonly authorizedParty?: string;
  readonly scope?: string;
  readonly issuedAt?: number;
  readonly expiresAt?: number;
}

/** A JWS of three parts; a longer one is no token that a header could carry. */
const JWT = /^[\w-]+\.([\w-]+)\.[\w-]*$/u;

/** The claims of a JWT; undefined for a token that is none. Never throws. */
export function readClaims(token: string): Claims | undefined {
  const payload = JWT.exec(token)?.[1];
  if (payload === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? claimsOf(value as Readonly<Record<string, unknown>>) : undefined;
}

/** The claims in an object of any origin. What is of another type than it should be is left out. */
export function claimsOf(payload: Readonly<Record<string, unknown>>): Claims {
  const text = (...names: readonly string[]) => names.map((name) => payload[name]).find((value) => typeof value === 'string' && value !== '') as string | undefined;
  const time = (name: string) => (typeof payload[name] === 'number' && isTime(payload[name]) ? payload[name] : undefined);
  return {
    audience: [payload['aud']].flat().filter((value) => typeof value === 'string'),
    ...defined({
      issuer: text('iss'),
      subject: text('sub'),
      user: text('preferred_username', 'username', 'client_id', 'azp', 'sub'),
      authorizedParty: text('azp', 'client_id'),
      scope: text('scope'),
      issuedAt: time('iat'),
      expiresAt: time('exp'),
    }),
  };
}
