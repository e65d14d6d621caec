/**
 * What an issuing endpoint answers (RFC 6749 section 5.1), and its text in the store.
 *
 * @module
 */
import { AuthError } from '../../errors.js';
import { readClaims } from './claims.js';
import type { Lifetime } from './freshness.js';
import { checkToken } from './token-source.js';

/** An access token, how long it lasts, and what renews it. */
export interface Tokens extends Lifetime {
  readonly accessToken: string;
  readonly refreshToken?: string;
  /** Says who has signed in, where the access token does not. */
  readonly idToken?: string;
}

/** Longest life that is believed, seconds: a year. */
const LONGEST_LIFE_SECONDS = 366 * 86_400;
/** How long a token is thought to last that does not say so, seconds. */
const UNKNOWN_LIFE_SECONDS = 300;

/** The part of an answer that is looked at. */
export interface TokenAnswer {
  readonly access_token: string;
  readonly expires_in?: number | undefined;
  readonly refresh_token?: string | undefined;
  readonly id_token?: string | undefined;
}

/**
 * Its life is counted by this machine's clock from when it was asked for: so a clock that is wrong does no harm.
 * @throws AuthError `auth-token` for what could be no header's
 * @param before what the new ones take the place of: a refresh token that is not replaced stays good (RFC 6749 section 6)
 */
export function tokensOf(answer: TokenAnswer, askedAtMs: number, before?: Tokens): Tokens {
  const refreshToken = answer.refresh_token ?? before?.refreshToken;
  const idToken = answer.id_token ?? before?.idToken;
  return {
    accessToken: checkToken(answer.access_token, 'what the provider gives as an access token'),
    obtainedAtMs: askedAtMs,
    expiresAtMs: askedAtMs + lifeSecondsOf(answer) * 1000,
    ...(refreshToken === undefined ? {} : { refreshToken }),
    ...(idToken === undefined ? {} : { idToken }),
  };
}

function lifeSecondsOf({ access_token: token, expires_in: said }: TokenAnswer): number {
  if (said !== undefined && Number.isFinite(said) && said > 0) return Math.min(said, LONGEST_LIFE_SECONDS);
  const { issuedAt, expiresAt } = readClaims(token) ?? {};
  return issuedAt !== undefined && expiresAt !== undefined && expiresAt > issuedAt ? Math.min(expiresAt - issuedAt, LONGEST_LIFE_SECONDS) : UNKNOWN_LIFE_SECONDS;
}

/** The life of a token that was issued to someone else, at some time before: by what it says of itself. */
export function lifetimeOf(token: string, seenAtMs: number): Lifetime {
  const { issuedAt, expiresAt } = readClaims(token) ?? {};
  const expiresAtMs = expiresAt === undefined ? seenAtMs + UNKNOWN_LIFE_SECONDS * 1000 : expiresAt * 1000;
  const obtainedAtMs = issuedAt === undefined ? expiresAtMs - UNKNOWN_LIFE_SECONDS * 1000 : issuedAt * 1000;
  return { obtainedAtMs: Math.min(seenAtMs, obtainedAtMs), expiresAtMs };
}

/** For the store. */
export function formatTokens(tokens: Tokens): string {
  return JSON.stringify(tokens);
}

/** @throws AuthError `auth-sign-in` for what is none, whose text is not quoted */
export function parseTokens(text: string, again: string): Tokens {
  const value = parseObject(text);
  const { accessToken, obtainedAtMs, expiresAtMs, refreshToken, idToken } = value ?? {};
  const times = typeof obtainedAtMs === 'number' && typeof expiresAtMs === 'number';
  if (typeof accessToken !== 'string' || !times || !isOptionalText(refreshToken) || !isOptionalText(idToken)) {
    throw new AuthError('auth-sign-in', `what signing in had left is not readable any more; sign in again: ${again}`);
  }
  return { accessToken, obtainedAtMs, expiresAtMs, ...(refreshToken === undefined ? {} : { refreshToken }), ...(idToken === undefined ? {} : { idToken }) };
}

function isOptionalText(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}

/** A JSON object, or undefined for any other text. */
export function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
