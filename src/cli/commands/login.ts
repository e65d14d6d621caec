/**
 * `streamer login`: wiring only.
 *
 * @module
 */
import path from 'node:path';
import { openBrowser } from '../../control/auth/browser.js';
import type { DeviceCode, SignInPrompts } from '../../control/auth/prompts.js';
import { login, type LoginRequest, type LoginResult } from '../../control/login.js';
import { openControl } from '../../control/open.js';
import type { AgentProfile, Profile } from '../../control/profile.js';
import { StreamerError, UsageError } from '../../errors.js';
import { defined } from '../../util/defined.js';
import { formatDuration } from '../../util/units.js';
import type { Context } from '../action.js';
import type { Renderer } from '../render.js';
import { readTextFile } from '../text-file.js';
import { timeLeft } from '../time-left.js';

/** Fields of a profile that are the option of the same name. */
const SAME = ['url', 'issuer', 'tokenUrl', 'clientId', 'flow', 'subjectFlow', 'scope', 'audience', 'redirectPort', 'redirectUrl', 'clientAuthMethod', 'apiKeyHeader', 'apiKeyField', 'tokenCommand', 'system', 'account', 'relay', 'relayTokenFile', 'method'] as const;
/** And those that name a file here. */
const FILES = ['clientSecretFile', 'keyFile', 'apiKeyFile', 'tokenFile', 'authenticator', 'ca'] as const;

/** Options as commander gives them. An empty one takes its field out of the profile. */
export interface LoginCommandOptions extends Pick<Profile, (typeof SAME)[number] | (typeof FILES)[number]> {
  readonly profile?: string;
  readonly open: boolean;
  readonly check: boolean;
  readonly timeout?: number;
  readonly allowMethod?: readonly string[];
  readonly agentNode?: string;
  /** The text of one of NODE_VERSIONS. */
  readonly agentNodeVersion?: string;
  readonly agentPartition?: string;
  readonly agentTime?: string;
  readonly agentDirective?: readonly string[];
  readonly agentDirectory?: string;
  readonly agentWaitTimeout?: string;
  readonly agentPublicIps?: readonly string[];
  readonly agentPortRange?: readonly [number, number];
}

/** Signs in, and keeps the profile. @throws StreamerError */
export async function runLogin(options: LoginCommandOptions, { renderer, stopSignal }: Context): Promise<void> {
  const secrets = readSecrets(options);
  const signal = stopSignal();
  const result = await login({
    name: options.profile ?? process.env['STREAMER_PROFILE'],
    changes: changesOf(options),
    ...secrets,
    timeoutMs: options.timeout,
    env: process.env,
    prompts: promptsFor(renderer, options.open),
    signal,
  });
  tell(result, renderer);
  if (options.check && result.profile.url !== undefined) await check(result.name, renderer, signal);
}

/** How long FirecREST is waited for: one is signed in whatever it says, milliseconds. */
const CHECK_MS = 15_000;

/** Whether FirecREST takes the token, and what it has. It is no failure of the sign-in when it does not answer. */
async function check(profile: string, renderer: Renderer, signal: AbortSignal): Promise<void> {
  try {
    const { client } = await openControl({ profile, env: process.env });
    const systems = (await client.systems({ signal: AbortSignal.any([signal, AbortSignal.timeout(CHECK_MS)]) })).map(({ name }) => name);
    renderer.print(`FirecREST has ${systems.length === 0 ? 'no systems' : systems.join(', ')}`, { event: 'systems', systems });
  } catch (error) {
    if (!(error instanceof StreamerError) || signal.aborted) throw error;
    renderer.onProgress({ type: 'notice', message: `but FirecREST could not be asked: ${error.message}` });
  }
}

function readSecrets({ clientSecretFile, apiKeyFile }: LoginCommandOptions): Pick<LoginRequest, 'clientSecret' | 'apiKey'> {
  if (clientSecretFile === '-' && apiKeyFile === '-') throw new UsageError('standard input holds one secret: give the other one in a file');
  const read = (file: string | undefined) => {
    if (file !== '-') return undefined;
    const secret = readTextFile(0, 'standard input').trim();
    if (secret === '') throw new UsageError('there is no secret on standard input');
    return secret;
  };
  return { clientSecret: read(clientSecretFile), apiKey: read(apiKeyFile) };
}

function changesOf(options: LoginCommandOptions): LoginRequest['changes'] {
  const changes: Record<string, unknown> = {};
  const set = (field: string, value: unknown) => {
    if (value !== undefined) changes[field] = orNothing(value);
  };
  for (const field of SAME) set(field, options[field]);
  // A secret on standard input is kept with the tokens, in place of a file.
  for (const field of FILES) set(field, options[field] === '-' ? '' : options[field] === undefined || options[field] === '' ? options[field] : path.resolve(options[field]));
  set('allowedMethods', options.allowMethod);
  const agent = agentOf(options);
  if (Object.keys(agent).length > 0) changes['agent'] = agent;
  return changes;
}

/** What is empty takes its field out. */
function orNothing(value: unknown): unknown {
  return value === '' || (Array.isArray(value) && value.every((one) => one === '')) ? undefined : value;
}

function agentOf(options: LoginCommandOptions): Readonly<Record<string, unknown>> {
  const fields = {
    node: options.agentNode,
    nodeVersion: options.agentNodeVersion === undefined || options.agentNodeVersion === '' ? options.agentNodeVersion : Number(options.agentNodeVersion),
    partition: options.agentPartition,
    time: options.agentTime,
    directives: options.agentDirective,
    directory: options.agentDirectory,
    waitTimeout: options.agentWaitTimeout,
    publicIps: options.agentPublicIps,
    portRange: options.agentPortRange,
  } satisfies { [Key in keyof AgentProfile]-?: unknown };
  return Object.fromEntries(Object.entries(defined(fields)).map(([field, value]) => [field, orNothing(value)]));
}

function promptsFor(renderer: Renderer, open: boolean): SignInPrompts {
  const notice = (message: string) => renderer.onProgress({ type: 'notice', message });
  return {
    notice,
    link: (address) => renderer.print(`Sign in with your browser: ${address}`, { event: 'sign-in-link', url: address }),
    deviceCode: (code) => renderer.print(deviceText(code), { event: 'device-code', ...code }),
    openBrowser: (address) => (open ? openBrowser(address, process.env) : Promise.resolve(true)),
  };
}

function deviceText({ address, code, complete, expiresInSeconds }: DeviceCode): string {
  const short = complete === undefined ? '' : ` (or open ${complete})`;
  return `On any device, open ${address} and type in the code ${code}${short}. It is good for ${formatDuration(expiresInSeconds * 1000)}.`;
}

function tell({ name, profile, claims, expiresAtMs }: LoginResult, renderer: Renderer): void {
  const who = claims?.user === undefined ? '' : ` as ${claims.user}`;
  const left = expiresAtMs === undefined ? '' : `; ${timeLeft(expiresAtMs, Date.now())}`;
  renderer.print(`Signed in${who} (profile ${name}, by ${profile.flow ?? ''}${left})`, { event: 'signed-in', profile: name, flow: profile.flow, url: profile.url, user: claims?.user, expiresAtMs });
}
