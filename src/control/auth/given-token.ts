/**
 * A token as it is: given as text, or in a file that somebody else keeps fresh. It is not ours to renew.
 *
 * @module
 */
import { AuthError } from '../../errors.js';
import { visible } from '../../storage/fs-error.js';
import { readPrivateFile } from '../private-file.js';
import { readClaims } from './claims.js';
import { checkToken, type TokenSource } from './token-source.js';

/** By how much this machine's clock may be wrong before a token is called expired without asking FirecREST, milliseconds. */
const CLOCK_TOLERANCE_MS = 5 * 60_000;

/** A token that was given as text. @param from names where: "FIRECREST_TOKEN" */
export function givenToken(text: string, from: string): TokenSource {
  const token = checkToken(text, from);
  return {
    token: () => {
      assertUnexpired(token, from, Date.now());
      return Promise.resolve(token);
    },
  };
}

/** The token in a file, which is read for every request, for it may be a new one. Others must not be able to read it. */
export function tokenFile(file: string): TokenSource {
  const from = `the token file ${visible(file)}`;
  let used: string | undefined;
  const read = async (): Promise<string> => {
    const text = await readPrivateFile(file, 'the token');
    if (text === undefined) throw new AuthError('auth-missing', `${from} is not there: write a token to it, or name another one`);
    return checkToken(text, from);
  };
  return {
    token: async () => {
      const token = await read();
      assertUnexpired(token, from, Date.now());
      used = token;
      return token;
    },
    refused: async () => (await read()) !== used,
  };
}

/** @throws AuthError `auth-token` for one that is over even if this machine's clock is fast. */
export function assertUnexpired(token: string, from: string, nowMs: number): void {
  const expiresAt = readClaims(token)?.expiresAt;
  if (expiresAt === undefined || expiresAt * 1000 > nowMs - CLOCK_TOLERANCE_MS) return;
  throw new AuthError('auth-token', `the token of ${from} has expired at ${new Date(expiresAt * 1000).toISOString()}: get a new one`);
}
