/**
 * A gateway, a user who is signed in to it, and the command that moves data by it.
 *
 * @module
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { runStreamer, startStreamer, tempDir, type Child, type Finished } from '../support/cli.js';
import { startGateway, type Gateway, type GatewayOptions } from '../support/gateway/gateway.js';
import type { SystemOptions } from '../support/gateway/system.js';

/** A gateway and a user. */
export interface Site {
  readonly gateway: Gateway;
  /** A directory of this machine's. */
  readonly here: string;
  /** The user's directory on the cluster: {@link Gateway.home}. */
  readonly there: string;
  /** What the command finds in its environment: where FirecREST is, a token, and a home of its own. */
  readonly env: Readonly<Record<string, string>>;
}

/** Transfers with jobs take their time, milliseconds: the Python environment is made for each. */
export const MOVE_MS = 120_000;

/** Starts one. @param system of the gateway's one system */
export async function startSite(t: TestContext, system: SystemOptions = {}, options: Omit<GatewayOptions, 'systems'> = {}): Promise<Site> {
  const gateway = await startGateway(t, { ...options, systems: [system] });
  const here = await tempDir(t);
  const env = { FIRECREST_URL: gateway.url, FIRECREST_TOKEN: gateway.tokenFor('alice'), XDG_CONFIG_HOME: path.join(here, '.config'), NO_PROXY: '*' };
  return { gateway, here, there: gateway.home, env };
}

/** Runs `streamer` to its end. */
export function run(t: TestContext, site: Site, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Finished> {
  return runStreamer(t, args, { cwd: site.here, env: { ...site.env, ...env }, timeoutMs: MOVE_MS });
}

/** Starts it. */
export function begin(t: TestContext, site: Site, args: readonly string[]): Child {
  return startStreamer(t, args, { cwd: site.here, env: site.env });
}

/** The states of all jobs, in order. */
export async function jobStates({ gateway }: Site): Promise<string[]> {
  return (await gateway.jobs()).map(({ state }) => state);
}

/** How many jobs wait or run. */
export async function jobsLeft(site: Site): Promise<number> {
  return (await jobStates(site)).filter((state) => state === 'PENDING' || state === 'RUNNING').length;
}

/** A job that is cancelled ends soon, not at once. Fails when one is left. */
export async function noJobsLeft(site: Site): Promise<void> {
  for (let looks = 0; looks < 100 && (await jobsLeft(site)) > 0; looks += 1) await sleep(100);
  assert.equal(await jobsLeft(site), 0, 'jobs are left');
}

/** What `--json` has printed, by the event's name. */
export function eventsOf({ stdout }: Pick<Finished, 'stdout'>): readonly Readonly<Record<string, unknown>>[] {
  return stdout.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
}
