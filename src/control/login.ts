/**
 * Signing in and out: what `streamer login` and `logout` do.
 *
 * Nothing is kept until it has worked: a sign-in that fails leaves the profile, its tokens and its secrets as they were.
 *
 * @module
 */
import { UsageError } from '../errors.js';
import type { AuthenticatorContext, AuthenticatorStore } from './auth/authenticator.js';
import { chooseFlow, interactiveFlow } from './auth/choose-flow.js';
import { KEPT_SECRETS } from './auth/client-authentication.js';
import { FileStore } from './auth/file-store.js';
import { findProvider } from './auth/find-issuer.js';
import { identify, type Identity } from './auth/identity.js';
import { authenticatorOf } from './auth/make.js';
import { MemoryStore } from './auth/memory-store.js';
import type { SignInPrompts } from './auth/prompts.js';
import { settingsOfProfile, type SignInSettings } from './auth/settings.js';
import { SUBJECT_KEY } from './auth/token-exchange.js';
import { formatTokens, type Tokens } from './auth/tokens.js';
import { createFetch } from './fetch.js';
import { readAuthorities } from './pem-file.js';
import { checkProfileName, DEFAULT_PROFILE, readProfile, tokenDirectory, writeProfile } from './profile-files.js';
import { parseProfile, type AgentProfile, type Profile } from './profile.js';

/** What to sign in with. */
export interface LoginRequest {
  /** @default default */
  readonly name?: string | undefined;
  /** What is to change in the profile, or to be in it; `undefined` takes a field away. */
  readonly changes: { readonly [Key in keyof Omit<Profile, 'agent'>]: Profile[Key] | undefined } & { readonly agent?: { readonly [Key in keyof AgentProfile]: AgentProfile[Key] | undefined } | undefined };
  /** Secrets that are to be kept with the tokens. */
  readonly clientSecret?: string | undefined;
  readonly apiKey?: string | undefined;
  /** How long a user may take in the browser, milliseconds. */
  readonly timeoutMs?: number | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly prompts: SignInPrompts;
  readonly signal?: AbortSignal | undefined;
}

/** Who is signed in now. */
export interface LoginResult extends Identity {
  readonly name: string;
  readonly profile: Profile;
}

/** @throws StreamerError that says what to do; then nothing has changed */
export async function login(request: LoginRequest): Promise<LoginResult> {
  const { env, signal } = request;
  const name = checkProfileName(request.name ?? DEFAULT_PROFILE);
  const before = await profileBefore(name, request);
  const wished = withVariables(merged(before ?? {}, request.changes), env);
  const fetch = createFetch({ ca: wished.ca === undefined ? undefined : await readAuthorities(wished.ca) });
  const store = new FileStore(tokenDirectory(env, name));
  // A disk that is full, or a directory that is not ours, is found before the user is asked for anything.
  const kept = await store.exclusively(() => keptBefore(store));
  const secrets = givenSecrets(request, wished, env);
  const profile = await completed(wished, request, { secretGiven: (secrets.clientSecret ?? kept.clientSecret) !== undefined, apiKeyGiven: (secrets.apiKey ?? kept.apiKey) !== undefined }, fetch);
  const settings = settingsOfProfile({ name, profile }, env);
  if (settings === undefined) throw new UsageError('a profile needs a `flow`');
  const draft = await draftStore({ ...kept, ...secrets });
  const context: AuthenticatorContext = { store: profile.flow === 'custom' ? store : draft, fetch, signal };
  const identity = await signIn(settings, context, request);
  await writeProfile(env, name, profile);
  if (profile.flow !== 'custom') await store.exclusively(() => replaceAll(store, draft));
  return { ...identity, name, profile };
}

/** One that is damaged is written anew, as the message says that it can be: what it held is not known. */
async function profileBefore(name: string, { env, prompts }: LoginRequest): Promise<Profile | undefined> {
  try {
    return await readProfile(env, name);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    prompts.notice(`${error.message}; this sign-in writes it anew`);
    return undefined;
  }
}

/** By hand where the flow has a user; and then with what results, as every command will. */
async function signIn(settings: SignInSettings, context: AuthenticatorContext, request: LoginRequest): Promise<Identity> {
  const { profile } = settings;
  const flow = settings.flow === 'token-exchange' ? profile.subjectFlow : settings.flow;
  const tokens = await byHand(flow, settings, context, request);
  const key = settings.flow === 'token-exchange' ? SUBJECT_KEY : 'tokens';
  if (tokens !== undefined) await context.store.set(key, formatTokens(tokens));
  return identify(await authenticatorOf(settings), profile.url ?? 'https://firecrest.invalid/', context);
}

async function byHand(flow: Profile['flow'], settings: SignInSettings, context: AuthenticatorContext, { prompts, timeoutMs }: LoginRequest): Promise<Tokens | undefined> {
  if (flow === 'browser') {
    const { signInWithBrowser } = await import('./auth/authorization-code.js');
    return signInWithBrowser(settings, context, prompts, timeoutMs);
  }
  if (flow !== 'device') return undefined;
  const { signInWithDevice } = await import('./auth/device.js');
  return signInWithDevice(settings, context, prompts);
}

interface Kept {
  readonly clientSecret?: string | undefined;
  readonly apiKey?: string | undefined;
}

async function keptBefore(store: AuthenticatorStore): Promise<Kept> {
  const [clientSecret, apiKey] = [await store.get(KEPT_SECRETS.clientSecret), await store.get(KEPT_SECRETS.apiKey)];
  return { ...(clientSecret === undefined ? {} : { clientSecret }), ...(apiKey === undefined ? {} : { apiKey }) };
}

/** What is given now, or by pyfirecrest's variables where the profile names no file: it is kept, since the profile is to work without. */
function givenSecrets({ clientSecret, apiKey }: LoginRequest, profile: Profile, env: NodeJS.ProcessEnv): Kept {
  const variable = (name: string) => (env[name]?.trim() === '' ? undefined : env[name]?.trim());
  const secret = clientSecret ?? (profile.clientSecretFile === undefined ? variable('FIRECREST_CLIENT_SECRET') : undefined);
  const key = apiKey ?? (profile.apiKeyFile === undefined ? variable('FIRECREST_API_KEY') : undefined);
  return { ...(secret === undefined ? {} : { clientSecret: secret }), ...(key === undefined ? {} : { apiKey: key }) };
}

async function draftStore({ clientSecret, apiKey }: Kept): Promise<MemoryStore> {
  const draft = new MemoryStore();
  await draft.set(KEPT_SECRETS.clientSecret, clientSecret);
  await draft.set(KEPT_SECRETS.apiKey, apiKey);
  return draft;
}

/** What belonged to another sign-in, such as another subject's token, goes with it. */
async function replaceAll(store: FileStore, draft: MemoryStore): Promise<void> {
  for (const [key, text] of draft.texts) await store.set(key, text);
  for (const key of ['tokens', SUBJECT_KEY, ...Object.values(KEPT_SECRETS)]) {
    if (!draft.texts.has(key)) await store.set(key, undefined);
  }
}

/** A new place of issue, or a new way for a file, takes that of the old one. */
function merged(before: Profile, changes: LoginRequest['changes']): Profile {
  const replaced: (keyof Profile)[] = [];
  if (changes.issuer !== undefined) replaced.push('tokenUrl');
  if (changes.tokenUrl !== undefined) replaced.push('issuer');
  if (changes.redirectUrl !== undefined) replaced.push('redirectPort');
  if (changes.redirectPort !== undefined) replaced.push('redirectUrl');
  const kept = Object.entries(before).filter(([field]) => !replaced.includes(field as keyof Profile));
  // Of the agent's section, what is not named stays.
  const agent = changes.agent === undefined ? {} : { agent: agentOf({ ...before.agent, ...changes.agent }) };
  const fields = Object.entries({ ...Object.fromEntries(kept), ...changes, ...agent }).filter(([, value]) => value !== undefined);
  const profile = parseProfile(Object.fromEntries(fields), 'what is to be the profile');
  const given = changes.flow;
  return given !== undefined && given !== before.flow && changes.subjectFlow === undefined && given !== 'token-exchange' ? without(profile, 'subjectFlow') : profile;
}

function agentOf(fields: Readonly<Record<string, unknown>>): unknown {
  const said = Object.entries(fields).filter(([, value]) => value !== undefined);
  return said.length === 0 ? undefined : Object.fromEntries(said);
}

function without<Key extends keyof Profile>(profile: Profile, field: Key): Omit<Profile, Key> {
  const { [field]: _left, ...others } = profile;
  return others;
}

/** pyfirecrest's variables fill in what neither an option nor the profile says. */
function withVariables(profile: Profile, env: NodeJS.ProcessEnv): Profile {
  const value = (name: string) => (env[name]?.trim() === '' ? undefined : env[name]?.trim());
  const fields = {
    url: value('FIRECREST_URL'),
    clientId: value('FIRECREST_CLIENT_ID'),
    system: value('FIRECREST_SYSTEM'),
    ...(profile.issuer === undefined ? { tokenUrl: value('AUTH_TOKEN_URL') } : {}),
  };
  const found = Object.entries(fields).filter(([, text]) => text !== undefined);
  return parseProfile({ ...Object.fromEntries(found), ...profile }, 'what is to be the profile');
}

/** The flow and the provider, where they are not said. */
async function completed(profile: Profile, { changes, env, prompts, signal }: LoginRequest, facts: { readonly secretGiven: boolean; readonly apiKeyGiven: boolean }, fetch: typeof globalThis.fetch): Promise<Profile> {
  const flow = flowOf(profile, changes, { env, ...facts });
  const subject = flow === 'token-exchange' ? { subjectFlow: profile.subjectFlow ?? interactiveFlow(env) } : {};
  const chosen: Profile = { ...profile, flow, ...subject };
  const atProvider = ['browser', 'device', 'client-credentials', 'token-exchange'].includes(flow);
  if (!atProvider || chosen.issuer !== undefined || chosen.tokenUrl !== undefined) return chosen;
  if (chosen.url === undefined) throw new UsageError('nothing says where to sign in: give `issuer`, or FirecREST\'s `url`, which may know it');
  const found = await findProvider(chosen.url, fetch, signal);
  if (found.issuer === undefined && found.tokenUrl === undefined) throw new UsageError(`${new URL(chosen.url).host} does not say where to sign in: give \`issuer\`, which the site's documentation has`);
  prompts.notice(`FirecREST names its provider: ${found.issuer ?? found.tokenUrl ?? ''}`);
  return { ...chosen, ...found };
}

function flowOf(profile: Profile, changes: LoginRequest['changes'], facts: Parameters<typeof chooseFlow>[1]): NonNullable<Profile['flow']> {
  if (changes.flow !== undefined) return changes.flow;
  // What is newly given says more than what was so before.
  const says = (['authenticator', 'apiKeyFile', 'tokenCommand', 'tokenFile', 'subjectFlow', 'clientSecretFile', 'keyFile'] as const).some((field) => changes[field] !== undefined);
  if (profile.flow === undefined || says) return chooseFlow(profile, facts);
  // A profile that was made at a desk is signed in anew over SSH.
  return profile.flow === 'browser' ? interactiveFlow(facts.env) : profile.flow;
}
