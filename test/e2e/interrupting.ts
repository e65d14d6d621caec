/**
 * Transfers that do not come to their end at once: a slow way through a proxy, a moment chosen by chance, and what an
 * interrupted transfer leaves.
 *
 * @module
 */
import { randomInt } from 'node:crypto';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startProxy, type TcpProxy } from '../support/tcp-proxy.js';
import type { Child, RunningServer } from '../support/cli.js';
import { mulberry32 } from '../support/mulberry32.js';
import { clientFile, clientJson, HUNG_MS, MIB, opposite, serveJson, serverFile, type Action, type Place, type ServeOptions } from './moving.js';

/** Slow enough that a test finds the moment it wants, bytes a second. */
export const SLOW = 8 * MIB;
/** The header of a journal, which has no records yet. */
const JOURNAL_HEADER_BYTES = 80;

/** Chance that can be had again: set STREAMER_TEST_SEED to the seed that a failed test tells. */
export function chance(t: TestContext): () => number {
  const seed = Number(process.env['STREAMER_TEST_SEED'] ?? randomInt(2 ** 31));
  t.diagnostic(`STREAMER_TEST_SEED=${seed}`);
  return mulberry32(seed);
}

/** A transfer under way, its link through a proxy. */
export interface Running {
  readonly server: RunningServer;
  readonly client: Child;
  readonly proxy: TcpProxy;
  /** The coordinates that lead through the proxy. */
  readonly coordinates: string;
}

/** Options of {@link startSlowly}: the server's, and the client's. */
export interface SlowOptions extends ServeOptions {
  readonly bytesPerSecond?: number | undefined;
  readonly clientArgs?: readonly string[] | undefined;
  readonly clientWrap?: ServeOptions['wrap'];
  readonly clientEnv?: Readonly<Record<string, string>>;
}

/** Starts a transfer on a slow way, over one connection, and waits until its data flows. */
export async function startSlowly(
  t: TestContext,
  action: Action,
  place: Place,
  options: SlowOptions = {},
): Promise<Running> {
  const server = await serveJson(t, opposite(action), serverFile(action, place), options);
  const proxy = await startProxy(t, server.port);
  proxy.slowDown(options.bytesPerSecond ?? SLOW);
  const coordinates = proxy.lead(server.coordinates);
  const client = clientJson(t, action, coordinates, clientFile(action, place), ['--streams', '1', ...(options.clientArgs ?? [])], options.clientWrap, options.clientEnv);
  await client.waitForLine(/^\{"event":"progress"/);
  await proxy.passed(MIB);
  return { server, client, proxy, coordinates };
}

/** Where the receiver keeps what it has. */
export const journalOf = ({ target }: Pick<Place, 'target'>): string => path.join(path.dirname(target), `.${path.basename(target)}.streamer-journal`);
export const partialOf = ({ target }: Place): string => path.join(path.dirname(target), `.${path.basename(target)}.streamer-part`);

/** Waits until the receiver has vouched for something: from then on a kill does not lose everything. */
export async function journalled(place: Pick<Place, 'target'>): Promise<void> {
  const startMs = performance.now();
  while (performance.now() - startMs < HUNG_MS) {
    const length = await stat(journalOf(place)).then(({ size }) => size, () => 0);
    if (length > JOURNAL_HEADER_BYTES) return;
    await sleep(5);
  }
  throw new Error(`no journal beside ${place.target}`);
}

/** Leaves a transfer half done: its receiver was told to stop, its sender was killed. */
export async function leaveHalfDone(t: TestContext, action: Action, place: Place): Promise<void> {
  const { server, client } = await startSlowly(t, action, place);
  const [sender, receiver] = action === 'send' ? [client, server.child] : [server.child, client];
  receiver.kill('SIGTERM');
  await receiver.exitWithin(10_000);
  await sender.stop();
}
