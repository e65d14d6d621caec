/**
 * A relay in this process, and the two kinds of ends that come to it, as bare connections: no handshake, no transfer.
 *
 * @module
 */
import type { TestContext } from 'node:test';
import { ALONE } from '../../src/relay/directory.js';
import { RELAY_DEFAULTS, type RelayLimits } from '../../src/relay/limits.js';
import { RelayMetrics } from '../../src/relay/metrics.js';
import { startRelay, type Relay, type RelayOptions } from '../../src/relay/relay.js';
import { connectTo } from '../../src/transport/dial.js';
import { openAsClient, type Opening } from '../../src/transport/opening-handshake.js';
import { HOST_HEADER, JOIN_PATH, ROOM_HEADER, WAIT_PATH } from '../../src/transport/rendezvous.js';
import type { WebSocketConnection } from '../../src/transport/websocket.js';

const HOST = '127.0.0.1';
const TIMEOUT_MS = 30_000;
const MESSAGE_MAX = 8 * 1024 * 1024;

/** A relay that listens, and what it has logged. */
export interface RelayHere {
  readonly relay: Relay;
  readonly port: number;
  readonly logged: readonly (Readonly<Record<string, unknown>> & { readonly event: string })[];
}

/** Starts a relay that is open to everybody; it ends, and all its pairs, with the test. */
export async function relayHere(t: TestContext, { limits, ...options }: Partial<Omit<RelayOptions, 'limits'>> & { readonly limits?: Partial<RelayLimits> } = {}): Promise<RelayHere> {
  const logged: (Readonly<Record<string, unknown>> & { readonly event: string })[] = [];
  const relay = await startRelay({
    host: HOST,
    port: 0,
    tokens: () => undefined,
    limits: { ...RELAY_DEFAULTS, ...limits },
    trustForwarded: false,
    directory: ALONE,
    metrics: new RelayMetrics(),
    publicMetrics: true,
    log: (event, fields) => logged.push({ event, ...fields }),
    ...options,
  });
  t.after(async () => {
    for (const end of ENDS.get(t) ?? []) end.destroy();
    // Until it has noticed.
    await relay.drain(1_000);
  });
  return { relay, port: relay.port, logged };
}

/** Connections of a test, which go before its relay does. */
const ENDS = new WeakMap<TestContext, { destroy(): unknown }[]>();

async function open(t: TestContext, port: number, path: string, headers: Readonly<Record<string, string>>): Promise<Opening> {
  const socket = await connectTo({ host: HOST, port }, { timeoutMs: TIMEOUT_MS });
  const ends = ENDS.get(t) ?? [];
  ENDS.set(t, ends);
  ends.push(socket);
  const opening = await openAsClient({ url: `ws://${HOST}:${port}${path}`, headers, socket, timeoutMs: TIMEOUT_MS, connection: () => ({ masking: 'zero', maxMessageBytes: MESSAGE_MAX }) });
  if (opening.upgraded) ends.push(opening.connection);
  return opening;
}

/** A server's connection comes to wait. */
export function askToWait(t: TestContext, port: number, key: Uint8Array, headers: Readonly<Record<string, string>> = {}): Promise<Opening> {
  return open(t, port, WAIT_PATH, { [HOST_HEADER]: Buffer.from(key).toString('base64url'), ...headers });
}

/** A client's connection comes to join. */
export function askToJoin(t: TestContext, port: number, room: string, headers: Readonly<Record<string, string>> = {}): Promise<Opening> {
  return open(t, port, JOIN_PATH, { [ROOM_HEADER]: room, 'Streamer-Protocol': '2', ...headers });
}

/** The connection of a request that was granted. */
export async function granted(opening: Promise<Opening>): Promise<WebSocketConnection> {
  const outcome = await opening;
  if (!outcome.upgraded) throw new Error(`HTTP ${outcome.refusal.status}: ${outcome.refusal.text}`);
  return outcome.connection;
}

/** The refusal of one that was not. */
export async function refused(opening: Promise<Opening>): Promise<string> {
  const outcome = await opening;
  if (outcome.upgraded) throw new Error('it was let in');
  return `${outcome.refusal.status} ${outcome.refusal.text}`;
}
