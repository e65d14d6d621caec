/**
 * Waiting for what happens, in place of sleeping.
 *
 * @module
 */

/** A promise with its two ends. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

/** As `Promise.withResolvers`, which node 20 has not. */
export function deferred<T>(): Deferred<T> {
  let ends: Pick<Deferred<T>, 'resolve' | 'reject'> | undefined;
  const promise = new Promise<T>((resolve, reject) => (ends = { resolve, reject }));
  if (ends === undefined) throw new Error('a promise runs its executor at once');
  return { promise, ...ends };
}

/** A few turns of the event loop, for what must not happen in them, or must within them. */
export async function turns(count = 5): Promise<void> {
  for (let i = 0; i < count; i += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Resolves once `met` holds. It is asked each turn of the event loop; the test's own time limit is the bound. */
export async function until(met: () => boolean): Promise<void> {
  while (!met()) await turns(1);
}
