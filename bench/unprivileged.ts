/**
 * For servers that refuse to run as root: a user namespace, in which the bench's user has another number and may no
 * more than before. No account of the machine is needed or touched.
 *
 * @module
 */
import { findProgram, run } from './programs.js';

const NOBODY_IN_PARTICULAR = '1000';

/** The words to put before a command. */
export function unprivileged(): readonly [string, ...string[]] | readonly [] {
  if (process.getuid?.() !== 0) return [];
  return [findProgram('unshare') ?? 'unshare', '--user', `--map-user=${NOBODY_IN_PARTICULAR}`, `--map-group=${NOBODY_IN_PARTICULAR}`];
}

/** Why that cannot be done here; undefined when it can. */
export async function unprivilegedObstacle(): Promise<string | undefined> {
  const [program, ...words] = unprivileged();
  if (program === undefined) return undefined;
  return (await run([program, ...words, 'true'])).ok ? undefined : 'it does not run as root, and user namespaces are not to be had (unshare)';
}
