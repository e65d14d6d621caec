/**
 * Our command and a hostile peer, greeted: the one as client and the other as server, or the other way round.
 *
 * @module
 */
import type { TestContext } from 'node:test';
import { formatCoordinates, parseCoordinates } from '../../src/coordinates/codec.js';
import { coordinatesSecretBytes } from '../../src/coordinates/coordinates.js';
import type { Action } from '../../src/wire/frame.js';
import { startServer, startStreamer, type Child } from '../support/cli.js';
import { dialServer, startHostileServer, type HostilePeer } from './hostile-peer.js';
import { opposite } from './moving.js';

/** The secret of a hostile server. */
export const SECRET = Buffer.alloc(32, 0x42);

/** Coordinates of a hostile server that does `action`. */
export const coordinatesOf = (port: number, action: Action): string =>
  formatCoordinates({ version: 2, candidates: [{ url: `ws://127.0.0.1:${port}/streamer/2` }], secret: SECRET, direction: action });

/** Our end, the hostile one, and how that joins a second connection. */
export interface Meeting {
  readonly child: Child;
  readonly peer: HostilePeer;
  readonly join: () => Promise<HostilePeer>;
}

/** Our end, whichever it is, and the hostile one. `ours` is what our end does. */
export async function meet(t: TestContext, ours: Action, who: 'client' | 'server', file: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<Meeting> {
  if (who === 'server') {
    const server = await startServer(t, ours, file, { args, env });
    const dial = async (stream: number): Promise<HostilePeer> => {
      const peer = await dialServer(t, server.port, coordinatesSecretBytes(parseCoordinates(server.coordinates)));
      peer.send({ type: 'hello', client: Buffer.alloc(16, 1), stream, action: opposite(ours), received: 0, agent: 'hostile' });
      await peer.until('welcome');
      return peer;
    };
    return { child: server.child, peer: await dial(0), join: () => dial(1) };
  }
  const { port, accept } = await startHostileServer(t, SECRET);
  const child = startStreamer(t, [ours, coordinatesOf(port, opposite(ours)), file, '--streams', '2', ...args], { env });
  const greet = async (): Promise<HostilePeer> => {
    const peer = await accept();
    await peer.until('hello');
    peer.send({ type: 'welcome', action: opposite(ours), received: 0, streams: 2, agent: 'hostile' });
    return peer;
  };
  return { child, peer: await greet(), join: greet };
}
