/**
 * The command that signs in, as a user without a screen runs it.
 *
 * @module
 */
import type { TestContext } from 'node:test';
import { runStreamer, startStreamer, tempDir, type Child, type Finished } from './cli.js';
import type { TestProvider } from './provider.js';
import { UserAgent, type Page } from './user-agent.js';

/** FirecREST's address, where none answers: port 1 is nobody's. */
export const NOWHERE = 'http://127.0.0.1:1';
const HUNG_MS = 30_000;

/** A user's configuration of its own, and no browser. */
export interface Desk {
  readonly configuration: string;
  readonly env: Readonly<Record<string, string>>;
  /** Runs `streamer` with these words. */
  run(words: readonly string[], env?: Readonly<Record<string, string>>, stdin?: string): Promise<Finished>;
  start(words: readonly string[], env?: Readonly<Record<string, string>>): Child;
}

/** A fresh one. */
export async function newDesk(t: TestContext): Promise<Desk> {
  const configuration = await tempDir(t);
  const env = { XDG_CONFIG_HOME: configuration, BROWSER: 'true', SSH_CONNECTION: '', SSH_CLIENT: '', SSH_TTY: '' };
  return {
    configuration,
    env,
    run: (words, more = {}, stdin) => runStreamer(t, words, { env: { ...env, ...more }, timeoutMs: HUNG_MS, ...(stdin === undefined ? {} : { stdin }) }),
    start: (words, more = {}) => startStreamer(t, words, { env: { ...env, ...more } }),
  };
}

/** The words of a login at a provider, with any free port for the browser's return. */
export function loginWords({ issuer }: Pick<TestProvider, 'issuer'>, ...more: readonly string[]): string[] {
  return ['login', '--url', NOWHERE, '--issuer', issuer, '--client-id', 'streamer-cli', '--redirect-url', 'http://127.0.0.1:0/callback', ...more];
}

/** The link that a login has printed. */
export async function linkOf(login: Child): Promise<string> {
  const [link] = await login.waitForLine(/http:\/\/127\.0\.0\.1:\d+\/auth\?\S+/u);
  return link;
}

/** Signs a user in by browser. */
export async function signInByBrowser(desk: Desk, provider: TestProvider, user: string, ...more: readonly string[]): Promise<{ readonly end: Finished; readonly page: Page }> {
  const login = desk.start(loginWords(provider, '--flow', 'browser', ...more));
  const page = await new UserAgent().signIn(await linkOf(login), user);
  return { end: await login.exitWithin(HUNG_MS), page };
}

/** What `whoami --json` says. */
export async function whoami(desk: Desk, words: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<Readonly<Record<string, unknown>>> {
  const { stdout } = await desk.run(['whoami', '--json', ...words], env);
  return JSON.parse(stdout) as Readonly<Record<string, unknown>>;
}
