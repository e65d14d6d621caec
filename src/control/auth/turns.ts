/**
 * One after another, within this process: what runs under a name waits for what ran under it before.
 *
 * A run that asks for the name that it has already goes on at once: signing in by a token exchange renews, between its own
 * braces, the token that it exchanges.
 *
 * @module
 */
import { AsyncLocalStorage } from 'node:async_hooks';

/** The names that this very run has. */
const held = new AsyncLocalStorage<readonly unknown[]>();

/** The last run under each name. */
const last = new Map<unknown, Promise<unknown>>();

/**
 * Runs when it is its turn. What an earlier run throws is its own caller's to hear.
 * @param around what else is to be had first, such as a lock: once, not again within.
 */
export async function inTurn<T>(name: unknown, run: () => Promise<T>, around: (run: () => Promise<T>) => Promise<T> = (body) => body()): Promise<T> {
  const names = held.getStore() ?? [];
  if (names.includes(name)) return run();
  const turn = (last.get(name) ?? Promise.resolve()).then(() => held.run([...names, name], () => around(run)));
  const settled = turn.catch(() => undefined);
  last.set(name, settled);
  try {
    return await turn;
  } finally {
    if (last.get(name) === settled) last.delete(name);
  }
}
