/**
 * One transfer between two ends, each ours or the real Python package, on the reference wire.
 *
 * @module
 */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { startServer, startStreamer, tempDir, type Child, type Finished, type RunningServer } from '../support/cli.js';
import { startPythonClient, startPythonServer } from '../support/python-peer.js';

/** Which program an end is. */
export type Make = 'ours' | 'python';
/** What the client does; the server does the other. */
export type Action = 'send' | 'receive';

/** Two ends and what the client does. */
export interface Pairing {
  readonly client: Make;
  readonly server: Make;
  readonly action: Action;
}

/** A shared secret that is nothing else's name, so that it can be looked for in output. */
export const SECRET = 'uQ7_xV2-secret-kWz9';
/** No transfer of the tests takes this long: after it an end has hung, milliseconds. */
export const HUNG_MS = 30_000;

export const opposite = (action: Action): Action => (action === 'send' ? 'receive' : 'send');

/** Starts a server of either make on a free port. */
export function startServerOf(
  t: TestContext,
  make: Make,
  action: Action,
  file: string,
  { args = [], secret = SECRET }: { readonly args?: readonly string[]; readonly secret?: string } = {},
): Promise<RunningServer> {
  if (make === 'python') return startPythonServer(t, action, file, { secret, args });
  return startServer(t, action, file, { args: ['--secret', secret, ...args] });
}

/** Starts a client of either make. Ours is given `--coordinates` and `--path`, as the reference is. */
export function startClientOf(t: TestContext, make: Make, action: Action, coordinates: string, file: string, args: readonly string[] = []): Child {
  if (make === 'python') return startPythonClient(t, action, coordinates, file);
  return startStreamer(t, [action, '--coordinates', coordinates, '--path', file, ...args]);
}

/** How both ends of a transfer ended. */
export interface Ended {
  readonly client: Finished;
  readonly server: Finished;
  /** The sender's and the receiver's, of the two above. */
  readonly sender: Finished;
  readonly receiver: Finished;
}

/** Moves `source` to `target` and waits for both ends. Ours against ours is told to use the reference wire. */
export async function transfer(t: TestContext, pairing: Pairing, source: string, target: string): Promise<Ended> {
  const { action } = pairing;
  const args = pairing.client === 'ours' && pairing.server === 'ours' ? ['--wire', 'compat'] : [];
  const [clientFile, serverFile] = action === 'send' ? [source, target] : [target, source];
  const running = await startServerOf(t, pairing.server, opposite(action), serverFile, { args });
  const child = startClientOf(t, pairing.client, action, running.coordinates, clientFile, args);
  const [client, server] = await Promise.all([child.exitWithin(HUNG_MS), running.child.exitWithin(HUNG_MS)]);
  return action === 'send' ? { client, server, sender: client, receiver: server } : { client, server, sender: server, receiver: client };
}

/** A fresh directory for a target, so that what is left beside it can be seen. */
export async function targetIn(t: TestContext): Promise<{ directory: string; target: string }> {
  const directory = path.join(await tempDir(t), 'target');
  await mkdir(directory);
  return { directory, target: path.join(directory, 'received.bin') };
}
