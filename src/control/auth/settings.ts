/**
 * How to sign in, put together from a profile or from variables, before anything is asked or read.
 *
 * @module
 */
import { UsageError } from '../../errors.js';
import type { NamedProfile } from '../profile-files.js';
import type { Profile } from '../profile.js';
import { CLIENT_AUTH_METHODS, type Flow } from './flows.js';

/** What may be given as it is, by variables. None of it is kept. */
export interface GivenSecrets {
  readonly token?: string;
  readonly clientSecret?: string;
  readonly apiKey?: string;
  /** The name of a file with JupyterHub's authentication state. */
  readonly authStateFile?: string;
  readonly accessToken?: string;
  readonly refreshToken?: string;
}

/** One way of signing in, with all that it needs. */
export interface SignInSettings {
  readonly flow: Flow;
  /** Where this is said, in the words of a message: "the profile daint", "FIRECREST_TOKEN". */
  readonly from: string;
  /** What to do when it has ended: goes on after "sign in again:". */
  readonly again: string;
  readonly profile: Profile;
  readonly given: GivenSecrets;
}

/** The way of a profile; undefined when it has none. */
export function settingsOfProfile({ name, profile }: NamedProfile, env: NodeJS.ProcessEnv): SignInSettings | undefined {
  const { flow, subjectFlow } = profile;
  if (flow === undefined) return undefined;
  const given = flow === 'jupyterhub' || subjectFlow === 'jupyterhub' ? hubState(valuesOf(env)) : {};
  return { flow, from: `the profile ${name}`, again: `"streamer login --profile ${name}"`, profile, given };
}

/** A row is a way of signing in by variables: the first that is set says which. */
interface Way {
  readonly flow: Flow;
  readonly variable: string;
  readonly settings: (value: string, env: Variables, profile: Profile) => { readonly profile?: Profile; readonly given?: GivenSecrets };
}
type Variables = (name: string) => string | undefined;

const WAYS: readonly Way[] = [
  { flow: 'token', variable: 'FIRECREST_TOKEN', settings: (token) => ({ given: { token } }) },
  { flow: 'token', variable: 'FIRECREST_TOKEN_FILE', settings: (file) => ({ profile: { tokenFile: file } }) },
  { flow: 'token-command', variable: 'FIRECREST_TOKEN_COMMAND', settings: (command) => ({ profile: { tokenCommand: command } }) },
  { flow: 'api-key', variable: 'FIRECREST_API_KEY', settings: (apiKey, env, profile) => ({ given: { apiKey }, profile: apiKeyProfile(env, profile) }) },
  { flow: 'client-credentials', variable: 'FIRECREST_CLIENT_SECRET', settings: (clientSecret, env, profile) => ({ given: { clientSecret }, profile: clientProfile(env, profile) }) },
];

/** Last: a hub sets these for all its users, who may well mean another way. */
const HUB_WAYS: readonly Way[] = [
  { flow: 'jupyterhub', variable: 'STREAMER_AUTH_STATE_FILE', settings: hubSettings },
  { flow: 'jupyterhub', variable: 'STREAMER_ACCESS_TOKEN', settings: hubSettings },
  { flow: 'jupyterhub', variable: 'STREAMER_REFRESH_TOKEN', settings: hubSettings },
];

/**
 * The way that variables name; undefined when none does. Those of pyfirecrest's command line mean what they mean there.
 * @param profile fills in what the variables leave out, such as the issuer
 * @throws UsageError when they name two, or half of one
 */
export function settingsOfVariables(env: NodeJS.ProcessEnv, profile: Profile): SignInSettings | undefined {
  const value = valuesOf(env);
  const found = WAYS.filter(({ variable }) => value(variable) !== undefined);
  const [way, other] = found.length > 0 ? found : HUB_WAYS.filter(({ variable }) => value(variable) !== undefined);
  if (way === undefined) return undefined;
  if (other !== undefined && WAYS.includes(other)) throw new UsageError(`${way.variable} and ${other.variable} are both set: which is meant? Unset one`);
  const settings = way.settings(value(way.variable) ?? '', value, profile);
  return { flow: way.flow, from: way.variable, again: `give a new one in ${way.variable}`, profile: settings.profile ?? {}, given: settings.given ?? {} };
}

function clientProfile(env: Variables, profile: Profile): Profile {
  const clientId = env('FIRECREST_CLIENT_ID') ?? profile.clientId;
  const place = providerPlace(env, profile);
  if (clientId === undefined) throw new UsageError('FIRECREST_CLIENT_SECRET is set without FIRECREST_CLIENT_ID: set both, or neither');
  if (place === undefined) throw new UsageError('FIRECREST_CLIENT_SECRET is set, but not where tokens are issued: set AUTH_TOKEN_URL');
  const given = env('FIRECREST_CLIENT_AUTH_METHOD');
  // As pyfirecrest has it; RFC 6749 section 2.3.1 would have it the other way round.
  const clientAuthMethod = given === undefined ? 'client_secret_post' : CLIENT_AUTH_METHODS.find((method) => method === given && method !== 'private_key_jwt');
  if (clientAuthMethod === undefined) throw new UsageError('FIRECREST_CLIENT_AUTH_METHOD is client_secret_post or client_secret_basic');
  return { ...place, clientId, clientAuthMethod, ...scopesOf(profile) };
}

function apiKeyProfile(env: Variables, profile: Profile): Profile {
  const apiKeyHeader = env('FIRECREST_API_KEY_HEADER') ?? profile.apiKeyHeader;
  const { apiKeyField } = profile;
  const place = providerPlace(env, profile);
  return { ...place, ...(apiKeyHeader === undefined ? {} : { apiKeyHeader }), ...(apiKeyField === undefined ? {} : { apiKeyField }) };
}

function hubProfile(env: Variables, profile: Profile): Profile {
  const clientId = env('FIRECREST_CLIENT_ID') ?? profile.clientId;
  const { clientSecretFile, clientAuthMethod } = profile;
  return {
    ...providerPlace(env, profile),
    ...(clientId === undefined ? {} : { clientId }),
    ...(clientSecretFile === undefined ? {} : { clientSecretFile }),
    ...(clientAuthMethod === undefined ? {} : { clientAuthMethod }),
    ...scopesOf(profile),
  };
}

function providerPlace(env: Variables, { issuer, tokenUrl }: Profile): Profile | undefined {
  const given = env('AUTH_TOKEN_URL') ?? tokenUrl;
  if (given !== undefined) return { tokenUrl: given };
  return issuer === undefined ? undefined : { issuer };
}

function scopesOf({ scope, audience }: Profile): Profile {
  return { ...(scope === undefined ? {} : { scope }), ...(audience === undefined ? {} : { audience }) };
}

function hubSettings(_value: string, env: Variables, profile: Profile): ReturnType<Way['settings']> {
  return { given: hubState(env), profile: hubProfile(env, profile) };
}

function hubState(env: Variables): GivenSecrets {
  const authStateFile = env('STREAMER_AUTH_STATE_FILE');
  if (authStateFile !== undefined) return { authStateFile };
  const [accessToken, refreshToken] = [env('STREAMER_ACCESS_TOKEN'), env('STREAMER_REFRESH_TOKEN')];
  return { ...(accessToken === undefined ? {} : { accessToken }), ...(refreshToken === undefined ? {} : { refreshToken }) };
}

/** A variable that is empty is as one that is not set. */
function valuesOf(env: NodeJS.ProcessEnv): Variables {
  return (name) => (env[name]?.trim() === '' ? undefined : env[name]?.trim());
}
