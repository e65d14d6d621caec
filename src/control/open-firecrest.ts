/**
 * The library's way to a client: with a token, with an authenticator of the caller's own, or as `streamer login` and the
 * environment say.
 *
 * @module
 */
import { UsageError } from '../errors.js';
import type { Authenticator } from './auth/authenticator.js';
import { MemoryStore } from './auth/memory-store.js';
import { BearerAuthenticator } from './auth/token-source.js';
import { createFetch } from './fetch.js';
import { FirecrestClient } from './firecrest/client.js';
import type { Profile } from './profile.js';
import { defined } from '../util/defined.js';

/** Options of {@link openFirecrest}. */
export interface OpenFirecrestOptions {
  /** FirecREST's address, such as `https://firecrest.example.org/v2`. @default FIRECREST_URL, or the profile's */
  readonly url?: string;
  /** An access token, or what gives one: it is asked for every request, and again when FirecREST has refused one. */
  readonly token?: string | (() => Promise<string>);
  /** Signs requests in a way of its own. */
  readonly authenticator?: Authenticator;
  /** The name of a profile of `streamer login`. @default STREAMER_PROFILE, or the only one */
  readonly profile?: string;
  /** @default FIRECREST_SYSTEM, or the profile's */
  readonly system?: string;
  /** Whom jobs are charged to. @default the profile's */
  readonly account?: string;
  /** With `token` or `authenticator`: certificates of authorities to trust besides the usual ones, PEM. @default none */
  readonly ca?: string;
  /** Variables. @default those of this process */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** What {@link download} and {@link upload} take. */
export interface OpenedFirecrest {
  readonly client: FirecrestClient;
  readonly profile: Profile;
  readonly system?: string;
  readonly account?: string;
}

/**
 * Opens a client. Nothing is asked of anyone yet.
 *
 * ```ts
 * import { download, openFirecrest, StreamerError } from 'firecrest-streamer-ts';
 *
 * try {
 *   // As `streamer login --profile alps` has signed in.
 *   const alps = await openFirecrest({ profile: 'alps' });
 *   await download({ ...alps, from: 'daint:/scratch/alice/run7/out.h5', to: 'out.h5' });
 * } catch (error) {
 *   if (!(error instanceof StreamerError)) throw error;
 *   console.log(`${error.code}: ${error.message}`);
 * }
 * ```
 *
 * With a token of the caller's own, here from a file that somebody keeps fresh:
 *
 * ```ts
 * import { readFile } from 'node:fs/promises';
 * import { openFirecrest } from 'firecrest-streamer-ts';
 *
 * const { client } = await openFirecrest({
 *   url: 'https://firecrest.example.org/v2',
 *   token: async () => (await readFile('token', 'utf8')).trim(),
 * });
 * console.log(client.url);
 * ```
 *
 * @throws UsageError for options that do not go together; AuthError `auth-missing` where nothing says how to sign in; StorageError
 */
export async function openFirecrest(options: OpenFirecrestOptions = {}): Promise<OpenedFirecrest> {
  const { url, token, authenticator, system, account, ca, profile, env = process.env } = options;
  if (token !== undefined && authenticator !== undefined) throw new UsageError('`token` and `authenticator` exclude each other: give one');
  const signing = authenticator ?? (token === undefined ? undefined : bearer(token));
  if (signing === undefined) {
    if (ca !== undefined) throw new UsageError('`ca` goes with `token` or `authenticator`: a profile has its own');
    const { openControl } = await import('./open.js');
    const opened = await openControl({ ...defined({ url, profile, system, account }), env });
    return { client: opened.client, profile: opened.profile, ...defined({ system: opened.system, account: opened.account }) };
  }
  if (profile !== undefined) throw new UsageError('a `profile` has a way of signing in: leave out `token` and `authenticator`');
  const where = url ?? env['FIRECREST_URL'];
  if (where === undefined || where === '') throw new UsageError('where is FirecREST? Give its `url`, or set FIRECREST_URL');
  const client = new FirecrestClient({ url: where, authenticator: signing, store: new MemoryStore(), fetch: createFetch({ ca }) });
  return { client, profile: {}, ...defined({ system, account }) };
}

function bearer(token: string | (() => Promise<string>)): Authenticator {
  if (typeof token === 'string') return new BearerAuthenticator({ token: () => Promise.resolve(token) });
  return new BearerAuthenticator({ token, refused: () => Promise.resolve(true) });
}
