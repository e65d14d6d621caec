/**
 * From options, variables and a profile to a client that is signed in, or can be.
 *
 * What is given as an option comes first, then the environment, then the profile:
 *
 * | what | option | variable | in the profile |
 * |---|---|---|---|
 * | FirecREST's address | `url` | FIRECREST_URL | `url` |
 * | system | `system` | FIRECREST_SYSTEM | `system` |
 * | account | `account` | – | `account` |
 * | authorities | `ca` | – | `ca` |
 * | how to sign in | `authenticator` | FIRECREST_TOKEN, …: see auth/settings.ts | `flow` and what it needs |
 * | which profile | `profile` | STREAMER_PROFILE | – |
 *
 * A profile that is named as an option counts as one: what it holds comes before the environment. So `--profile daint` means
 * daint, whatever a shell's start-up has set. What a profile signs in with is sent to that profile's own FirecREST, and nowhere else.
 *
 * @module
 */
import { AuthError, StreamerError, UsageError } from '../errors.js';
import { defined } from '../util/defined.js';
import type { Authenticator, AuthenticatorStore } from './auth/authenticator.js';
import { FileStore } from './auth/file-store.js';
import { authenticatorOf } from './auth/make.js';
import { MemoryStore } from './auth/memory-store.js';
import { settingsOfProfile, settingsOfVariables, type SignInSettings } from './auth/settings.js';
import { createFetch } from './fetch.js';
import { FirecrestClient } from './firecrest/client.js';
import { readAuthorities } from './pem-file.js';
import { chooseProfile, profileNames, tokenDirectory, type NamedProfile } from './profile-files.js';
import type { Profile } from './profile.js';

/** What a caller chooses. */
export interface ControlChoice {
  readonly profile?: string;
  /** FirecREST's address. */
  readonly url?: string;
  readonly system?: string;
  readonly account?: string;
  /** A module that signs: see auth/custom.ts. */
  readonly authenticator?: string;
  /** PEM file of authorities to trust besides those that node knows. */
  readonly ca?: string;
  readonly env: NodeJS.ProcessEnv;
}

/** What signs, and what it may use. */
export interface SignIn {
  readonly url: string;
  /** Undefined where there is none. */
  readonly profileName: string | undefined;
  readonly profile: Profile;
  readonly settings: SignInSettings;
  readonly authenticator: Authenticator;
  readonly store: AuthenticatorStore;
  readonly fetch: typeof globalThis.fetch;
}

/** What the commands work with. */
export interface OpenControl {
  readonly client: FirecrestClient;
  readonly profile: Profile;
  readonly system?: string;
  readonly account?: string;
  readonly fetch: typeof globalThis.fetch;
}

/**
 * Nothing is asked of anyone yet, and nobody is signed in: that happens with the first request.
 * @throws AuthError `auth-missing` that says how to sign in; UsageError, StorageError for what is given wrongly
 */
export async function openControl(choice: ControlChoice): Promise<OpenControl> {
  const { url, profile, authenticator, store, fetch } = await openSignIn(choice);
  const system = preferred(choice, choice.system, 'FIRECREST_SYSTEM', profile.system);
  const account = choice.account ?? profile.account;
  return {
    client: new FirecrestClient({ url, authenticator, store, fetch }),
    profile,
    fetch,
    ...defined({ system, account }),
  };
}

/** The same, for who wants to know how one is signed in. @throws as {@link openControl} */
export async function openSignIn(choice: ControlChoice): Promise<SignIn> {
  const named = await profileOf(choice);
  const profile = named?.profile ?? {};
  const url = preferred(choice, choice.url, 'FIRECREST_URL', profile.url);
  const settings = await settingsOf(choice, named);
  if (url === undefined) throw await nothingSaid(choice, 'where FirecREST is', '`url` or FIRECREST_URL');
  if (settings === undefined) throw await nothingSaid(choice, 'how to sign in', 'a token in FIRECREST_TOKEN');
  if (named !== undefined && settings.profile === profile) assertOwnSite(url, named);
  const ca = choice.ca ?? profile.ca;
  return {
    url,
    profileName: named?.name,
    profile,
    settings,
    authenticator: await authenticatorOf(settings),
    store: storeOf(choice.env, settings, named),
    fetch: createFetch({ ca: ca === undefined ? undefined : await readAuthorities(ca) }),
  };
}

/** Where variables say all that there is to say, as in a container, there need be no place for profiles. */
async function profileOf(choice: ControlChoice): Promise<NamedProfile | undefined> {
  const { env, profile, url = env['FIRECREST_URL'] ?? '', authenticator } = choice;
  const told = profile === undefined && (env['STREAMER_PROFILE'] ?? '') === '' && url !== '' && (authenticator !== undefined || settingsOfVariables(env, {}) !== undefined);
  if (told && !(await hasPlace(env))) return undefined;
  return chooseProfile(env, profile);
}

async function hasPlace(env: NodeJS.ProcessEnv): Promise<boolean> {
  return profileNames(env).then(
    () => true,
    (error: unknown) => {
      if (error instanceof StreamerError) return false;
      throw error;
    },
  );
}

async function settingsOf(choice: ControlChoice, named: NamedProfile | undefined): Promise<SignInSettings | undefined> {
  if (choice.authenticator !== undefined) {
    return { flow: 'custom', from: '`authenticator`', again: 'see its module', profile: { authenticator: choice.authenticator }, given: {} };
  }
  const ofProfile = named === undefined ? undefined : settingsOfProfile(named, choice.env);
  if (choice.profile !== undefined && ofProfile !== undefined) return ofProfile;
  return Promise.resolve(settingsOfVariables(choice.env, named?.profile ?? {}) ?? ofProfile);
}

/** An option, the environment, the profile; one that is named as an option comes before the environment. */
function preferred(choice: ControlChoice, option: string | undefined, variable: string, ofProfile: string | undefined): string | undefined {
  const value = choice.env[variable]?.trim();
  const ofEnvironment = value === '' ? undefined : value;
  return option ?? (choice.profile === undefined ? (ofEnvironment ?? ofProfile) : (ofProfile ?? ofEnvironment));
}

/** @throws UsageError before a token of one site's is sent to another */
function assertOwnSite(url: string, { name, profile }: NamedProfile): void {
  if (profile.url === undefined || originOf(profile.url) === originOf(url)) return;
  throw new UsageError(`the profile ${name} signs in to ${originOf(profile.url)}, and its tokens are not for ${originOf(url)}: leave out \`url\` and FIRECREST_URL, or name another \`profile\``);
}

function originOf(url: string): string {
  if (!URL.canParse(url)) throw new UsageError('FirecREST\'s `url` is an address such as https://firecrest.example.org');
  return new URL(url).origin;
}

/** No profile's name begins with an underscore. What variables give is not kept; but JupyterHub's refresh token changes when it is used, and the variable does not. */
function storeOf(env: NodeJS.ProcessEnv, settings: SignInSettings, named: NamedProfile | undefined): AuthenticatorStore {
  const ofProfile = named !== undefined && settings.profile === named.profile;
  if (ofProfile) return new FileStore(tokenDirectory(env, named.name));
  if (settings.flow === 'custom') return new FileStore(tokenDirectory(env, named?.name ?? '_authenticator'));
  if (settings.flow === 'jupyterhub') return new FileStore(tokenDirectory(env, '_jupyterhub'));
  return new MemoryStore();
}

async function nothingSaid({ env }: ControlChoice, what: string, or: string): Promise<AuthError | UsageError> {
  const names = await profileNames(env);
  if (names.length > 1) return new UsageError(`which \`profile\`: ${names.join(', ')}? Name it, or set STREAMER_PROFILE`);
  return new AuthError('auth-missing', `nothing says ${what}: sign in with "streamer login --url <FirecREST> --issuer <provider> --client-id <id>", or give ${or}`);
}
