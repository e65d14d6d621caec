/**
 * Transfers by a relay: the relay as a child process, a server that is nowhere but there, and coordinates that lead past
 * something on the way to it.
 *
 * @module
 */
import type { TestContext } from 'node:test';
import { formatCoordinates, parseCoordinates } from '../../src/coordinates/codec.js';
import type { RunningServer } from '../support/cli.js';
import { serveAt, startRelay, type RunningRelay } from '../support/relay.js';
import type { Action } from './moving.js';

export type { RunningRelay } from '../support/relay.js';

/** Starts `streamer relay`, open to everybody. */
export const startRelayProcess = (t: TestContext, args: readonly string[] = []): Promise<RunningRelay> => startRelay(t, ['--open', ...args]);

export const relayUrl = (port: number): string => `ws://127.0.0.1:${port}`;

/** A server that waits at a relay, and opens no port. */
export type ServerAtRelay = RunningServer;

/** Starts one that reports by `--json`, and waits until its room is open. */
export const serveAtRelay = (t: TestContext, action: Action, file: string, url: string, args: readonly string[] = []): Promise<ServerAtRelay> => serveAt(t, url, action, file, args);

/** The room of these coordinates. */
export function roomIn(coordinates: string): string {
  return parseCoordinates(coordinates).relay?.room ?? '';
}

/** The same coordinates, for whoever is to come by another URL. */
export function leadTo(coordinates: string, url: string): string {
  const given = parseCoordinates(coordinates);
  if (given.relay === undefined) throw new Error('these coordinates name no relay');
  return formatCoordinates({ ...given, relay: { ...given.relay, url } });
}
