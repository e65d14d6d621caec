/**
 * What the system calls an error.
 *
 * @module
 */
import { constants } from 'node:os';

/** The errno name of an error from node:fs or node:net, such as `ENOENT`; undefined for anything else. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  return 'errno' in error && error.code.startsWith('Unknown system error') ? (nameOf(error.errno) ?? error.code) : error.code;
}

/** libuv has no names for some that file systems answer, EDQUOT and ESTALE among them; node has. @param errno negative, as in node's errors. */
function nameOf(errno: unknown): string | undefined {
  return Object.entries(constants.errno).find(([, value]) => -value === errno)?.[0];
}
