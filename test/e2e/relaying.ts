/**
 * Transfers by a relay: the relay as a child process, a server that is nowhere but there, and coordinates that lead past
 * something on the way to it.
 *
 * @module
 */
import type { TestContext } from 'node:test';
import { formatCoordinates, parseCoordinates } from '../../src/coordinates/codec.js';
import { startProgram, streamerArgv, type Child } from '../support/cli.js';
import type { Action } from './moving.js';

/** A relay that listens on 127.0.0.1. */
export interface RunningRelay {
  readonly child: Child;
  readonly port: number;
  readonly url: string;
}

/** Starts `streamer relay`, open to everybody. */
export async function startRelayProcess(t: TestContext, args: readonly string[] = []): Promise<RunningRelay> {
  const child = startProgram(t, streamerArgv(['relay', '--open', '--listen', '127.0.0.1:0', '--json', ...args]));
  const [, port = ''] = await child.waitForLine(/^\{"event":"listening","port":(\d+)/);
  return { child, port: Number(port), url: relayUrl(Number(port)) };
}

export const relayUrl = (port: number): string => `ws://127.0.0.1:${port}`;

/** A server that waits at a relay, and opens no port. */
export interface ServerAtRelay {
  readonly child: Child;
  readonly coordinates: string;
}

/** Starts one that reports by `--json`, and waits until its room is open. */
export async function serveAtRelay(t: TestContext, action: Action, file: string, url: string, args: readonly string[] = []): Promise<ServerAtRelay> {
  const child = startProgram(t, streamerArgv(['server', '--relay', url, '--json', ...args, action, '--path', file]));
  const [line] = await child.waitForLine(/^\{"event":"coordinates".*$/);
  return { child, coordinates: (JSON.parse(line) as { coordinates: string }).coordinates };
}

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
