/**
 * A profile: what is to be known of a site so that a command need not say it each time. No secret is in it.
 *
 * It is JSON, and may be written by hand; `streamer login` writes it from its options.
 *
 * @module
 */
import { UsageError, peerText } from '../errors.js';
import { CLIENT_AUTH_METHODS, FLOWS, SUBJECT_FLOWS, type ClientAuthMethod, type Flow, type SubjectFlow } from './auth/flows.js';

/** Ways of moving data, as a profile allows them. */
export const TRANSFER_METHODS = ['streamer', 'agent', 'ops'] as const;
/** One of them. */
export type TransferMethod = (typeof TRANSFER_METHODS)[number];

/** How the agent's job is to be run: see `streamer job-script`. */
export interface AgentProfile {
  /** Where Node comes from: `path`, `module:NAME`, `file:PATH` or `venv`. @default path */
  readonly node?: string;
  /** Its major version, with `venv`. */
  readonly nodeVersion?: number;
  readonly partition?: string;
  /** The job's time limit, such as `1h`. */
  readonly time?: string;
  /** Further options of sbatch or qsub. */
  readonly directives?: readonly string[];
  /** Where it is kept on the cluster. */
  readonly directory?: string;
  /** How long the job waits for the client, and for its return, such as `5m`. */
  readonly waitTimeout?: string;
  /** Addresses at which its node can be reached; `@node` is its own name. */
  readonly publicIps?: readonly string[];
  /** First and last port to try there. */
  readonly portRange?: readonly [first: number, last: number];
}

/** What a profile may hold. Names of files are absolute. */
export interface Profile {
  /** FirecREST's address. */
  readonly url?: string;
  /** The OpenID provider that FirecREST trusts; what else is needed is discovered from it. */
  readonly issuer?: string;
  /** Where tokens are issued, in place of the issuer. */
  readonly tokenUrl?: string;
  readonly clientId?: string;
  /** How to sign in. */
  readonly flow?: Flow;
  /** With `token-exchange`: how to come by the token that is exchanged. */
  readonly subjectFlow?: SubjectFlow;
  /** Scopes to ask for, between spaces. */
  readonly scope?: string;
  /** Whom the token is for: an absolute URI is sent as `resource` (RFC 8707), a name as `audience`. */
  readonly audience?: string;
  /** With `browser`: where it comes back to. @default http://127.0.0.1:8888/callback */
  readonly redirectUrl?: string;
  /** In place of that: the port alone. */
  readonly redirectPort?: number;
  /** How the client proves who it is. @default client_secret_basic, or private_key_jwt with `keyFile` */
  readonly clientAuthMethod?: ClientAuthMethod;
  /** Read each time that it is wanted. @default what `login` was given on standard input, and keeps with the tokens */
  readonly clientSecretFile?: string;
  /** The client's private key, PEM (PKCS #8) or JWK. */
  readonly keyFile?: string;
  readonly apiKeyFile?: string;
  /** The header that carries the API key. @default X-API-Key */
  readonly apiKeyHeader?: string;
  /** In place of the header: the field of a form that does. */
  readonly apiKeyField?: string;
  /** With `token`: the file that holds it, read for every request. */
  readonly tokenFile?: string;
  /** With `token-command`: the command that prints it. */
  readonly tokenCommand?: string;
  /** With `custom`: the module that signs. */
  readonly authenticator?: string;
  /** PEM file of authorities to trust besides those that node knows. */
  readonly ca?: string;
  /** The system that is meant when none is named. */
  readonly system?: string;
  /** Whom jobs are charged to. */
  readonly account?: string;
  /** A relay for the agent's transfers. */
  readonly relay?: string;
  readonly relayTokenFile?: string;
  /** @default auto */
  readonly method?: TransferMethod | 'auto';
  /** Which of them `auto` may take. @default all */
  readonly allowedMethods?: readonly TransferMethod[];
  readonly agent?: AgentProfile;
}

/** The value of a field, or undefined for one that is not what it should be. */
type Reader<T> = (value: unknown) => T | undefined;
type Readers<T> = { readonly [Key in keyof T]-?: readonly [read: Reader<NonNullable<T[Key]>>, what: string] };

const text: Reader<string> = (value) => (typeof value === 'string' && value !== '' && !/\p{Cc}/u.test(value) ? value : undefined);
const count = (least: number, most: number): Reader<number> => (value) => (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most ? value : undefined);
const oneOf = <T extends string>(choices: readonly T[]): Reader<T> => (value) => choices.find((choice) => choice === value);
const list = <T>(read: Reader<T>): Reader<readonly T[]> => (value) => {
  if (!Array.isArray(value)) return undefined;
  const items = value.map((item: unknown) => read(item)).filter((item) => item !== undefined);
  return items.length === value.length ? items : undefined;
};
const ports: Reader<readonly [number, number]> = (value) => {
  const [first, last, ...more] = list(count(0, 65_535))(value) ?? [];
  return first === undefined || last === undefined || more.length > 0 ? undefined : [first, last];
};
const TEXT = [text, 'text'] as const;
const choice = <T extends string>(choices: readonly T[]) => [oneOf(choices), `one of ${choices.join(', ')}`] as const;
/** RFC 9110 section 5.6.2. */
const token: Reader<string> = (value) => (typeof value === 'string' && /^[\w!#$%&'*+.^`|~-]+$/u.test(value) ? value : undefined);
/** Where a token is sent must be as safe as the token: TLS, or this machine itself. */
const address: Reader<string> = (value) => (typeof value === 'string' && URL.canParse(value) && /^https?:$/u.test(new URL(value).protocol) ? value : undefined);
const ADDRESS = [address, 'an address such as https://example.org'] as const;

const AGENT: Readers<AgentProfile> = {
  node: TEXT,
  nodeVersion: [count(18, 99), 'a major version of Node'],
  partition: TEXT,
  time: TEXT,
  directives: [list(text), 'a list of text'],
  directory: TEXT,
  waitTimeout: TEXT,
  publicIps: [list(text), 'a list of text'],
  portRange: [ports, 'two ports, the first and the last'],
};

const PROFILE: Readers<Profile> = {
  url: ADDRESS,
  issuer: ADDRESS,
  tokenUrl: ADDRESS,
  clientId: TEXT,
  flow: choice(FLOWS),
  subjectFlow: choice(SUBJECT_FLOWS),
  scope: TEXT,
  audience: TEXT,
  redirectUrl: ADDRESS,
  redirectPort: [count(1, 65_535), 'a port'],
  clientAuthMethod: choice(CLIENT_AUTH_METHODS),
  clientSecretFile: TEXT,
  keyFile: TEXT,
  apiKeyFile: TEXT,
  apiKeyHeader: [token, "a header's name"],
  apiKeyField: TEXT,
  tokenFile: TEXT,
  tokenCommand: TEXT,
  authenticator: TEXT,
  ca: TEXT,
  system: TEXT,
  account: TEXT,
  relay: TEXT,
  relayTokenFile: TEXT,
  method: choice(['auto', ...TRANSFER_METHODS]),
  allowedMethods: [list(oneOf(TRANSFER_METHODS)), `a list of ${TRANSFER_METHODS.join(', ')}`],
  agent: [(value) => (isObject(value) ? readFields(value, AGENT, 'agent.') : undefined), 'an object'],
};

/**
 * Checks what a file or a caller gives as a profile.
 * @param what names it in messages: "the profile daint"
 * @throws UsageError that names the first field that is wrong or unknown, and does not quote its value: a secret may be misplaced
 */
export function parseProfile(value: unknown, what: string): Profile {
  if (!isObject(value)) throw new UsageError(`${what} is not a JSON object: write it anew with "streamer login"`);
  try {
    return readFields(value, PROFILE, '');
  } catch (error) {
    throw error instanceof UsageError ? new UsageError(`${what}: ${error.message}`) : error;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readFields<T extends object>(value: Readonly<Record<string, unknown>>, readers: Readers<T>, prefix: string): T {
  const fields: Partial<Record<string, unknown>> = {};
  for (const [key, given] of Object.entries(value)) {
    const name = `${prefix}${peerText(key).slice(0, 40)}`;
    if (!Object.hasOwn(readers, key)) throw new UsageError(`"${name}" is no field of a profile: see "streamer login --help"`);
    const [read, what] = readers[key as keyof T];
    const found = read(given);
    if (found === undefined) throw new UsageError(`"${name}" must be ${what}`);
    fields[key] = found;
  }
  return fields as T;
}
