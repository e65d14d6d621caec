/**
 * An authenticator of the user's own, from a module: its default export is one, or a function that returns one.
 *
 * ```js
 * // mine.mjs, for --authenticator ./mine.mjs
 * export default () => ({
 *   async sign({ url, headers }, { store, fetch, signal }) {
 *     headers.set('authorization', `Bearer ${await store.get('token')}`);
 *   },
 *   async refused() {
 *     return false;
 *   },
 * });
 * ```
 *
 * @module
 */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { AuthError, StreamerError, UsageError, peerText } from '../../errors.js';
import { visible } from '../../storage/fs-error.js';
import type { Authenticator } from './authenticator.js';

/** What the command's launcher gives its script. */
interface Launched {
  readonly import?: (url: string) => Promise<unknown>;
}

/**
 * import(), which the bundled command, one script of node:vm, has none of: its launcher's then. (node:vm's own way to have one,
 * USE_MAIN_CONTEXT_DEFAULT_LOADER, warns the user that it is experimental.)
 */
function importModule(url: string): Promise<unknown> {
  const launched: Launched = typeof module === 'undefined' ? {} : (module as Launched);
  return launched.import === undefined ? import(url) : launched.import(url);
}

/**
 * Loads it. It runs with all that the user may do: name only what you trust.
 * @param file its path, relative to the working directory
 * @throws UsageError when it cannot be loaded or is no authenticator
 */
export async function loadAuthenticator(file: string): Promise<Authenticator> {
  const where = `the module ${visible(file)} of \`authenticator\``;
  const module = await attempt(() => importModule(pathToFileURL(path.resolve(file)).href), `${where} cannot be loaded`);
  const exported = isObject(module) ? module['default'] : undefined;
  const made: unknown = typeof exported === 'function' ? await attempt(() => (exported as () => unknown)(), `${where} fails`) : exported;
  if (!isAuthenticator(made)) throw new UsageError(`${where} has no authenticator as its default export: an object with sign(request, context), or a function that returns one`);
  return checked(made, where);
}

/** Its own errors are one line for the user, and the header that it set is held to what a header may be. */
function checked(made: Authenticator, where: string): Authenticator {
  const guarded = <T>(run: () => T) => attempt(run, `${where} could not sign`, (message) => new AuthError('auth-missing', message));
  return {
    sign: async (request, context) => {
      const { origin } = request.url;
      await guarded(() => made.sign(request, context));
      if (request.url.origin !== origin) throw new UsageError(`${where} has changed where the request goes: it may change its query and headers`);
    },
    refused: async (context) => (await guarded(() => made.refused?.(context))) === true,
  };
}

async function attempt<T>(run: () => T, what: string, errorOf: (message: string) => StreamerError = (message) => new UsageError(message)): Promise<Awaited<T>> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof StreamerError) throw error;
    // Its words are the module's own; a cause is left out, for nobody knows what it holds.
    throw errorOf(`${what}: ${peerText(error instanceof Error ? error.message : String(error))}`);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isAuthenticator(value: unknown): value is Authenticator {
  if (!isObject(value) || typeof value['sign'] !== 'function') return false;
  return value['refused'] === undefined || typeof value['refused'] === 'function';
}
