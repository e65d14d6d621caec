/**
 * An HPC centre on this machine, for `npm run demo`: an OpenID provider, FirecREST's stand-in with two systems, and its users.
 * One system has this repository's command in the site's job script, the other offers no transfer service at all.
 *
 * @module
 */
import type { TestContext } from 'node:test';
import { freePort } from './cli.js';
import { runGateway } from './gateway/gateway.js';
import { startProvider } from './provider.js';
import { UserAgent } from './user-agent.js';

/** What the demo needs to know of it. */
export interface DemoSite {
  /** FirecREST's address. */
  readonly url: string;
  readonly issuer: string;
  readonly clientId: string;
  /** A port of this machine for the browser to come back to. */
  readonly redirectPort: number;
  /** Plays the user in front of the browser that a sign-in opens. */
  signIn(link: string): Promise<void>;
  /** Jobs that are not over. */
  live(): Promise<number>;
  stop(): Promise<void>;
}

/** Starts it, with its files in a directory. */
export async function startSite(directory: string): Promise<DemoSite> {
  const ends: (() => unknown)[] = [];
  const life = { after: (end: () => unknown) => ends.unshift(end) } as unknown as TestContext;
  const provider = await startProvider(life);
  const gateway = await runGateway(directory, {
    issuer: provider.issuer,
    systems: [{ name: 'daint', streamer: 'ours' }, { name: 'eiger', streamer: 'none' }],
  });
  return {
    url: gateway.url,
    issuer: provider.issuer,
    clientId: 'streamer-cli',
    redirectPort: await freePort(),
    signIn: async (link) => {
      await new UserAgent().signIn(link, 'alice');
    },
    live: async () => (await gateway.jobs()).filter(({ state }) => state === 'PENDING' || state === 'RUNNING').length,
    stop: async () => {
      await gateway.stop();
      for (const end of ends) await end();
    },
  };
}
