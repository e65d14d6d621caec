/**
 * Somebody in the middle of an unencrypted way: sees the HTTP request and the answer, may change either, and keeps all that
 * crosses, for each link and way.
 *
 * @module
 */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { formatCoordinates, parseCoordinates } from '../../src/coordinates/codec.js';

/** All that crossed one link, as it came in. */
export interface Crossed {
  readonly toServer: Buffer[];
  readonly toClient: Buffer[];
}

/** What is made of a head: the text up to and with the empty line. */
export type Change = (head: string) => string;

/** See the module's head. */
export interface HeadProxy {
  readonly port: number;
  readonly links: readonly Crossed[];
  /** The same coordinates, for whoever is to come this way. */
  readonly lead: (coordinates: string) => string;
}

/** Starts one in front of a port of 127.0.0.1; it is gone with the test. */
export async function startHeadProxy(t: TestContext, targetPort: number, changes: { readonly request?: Change; readonly answer?: Change } = {}): Promise<HeadProxy> {
  const links: Crossed[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect({ host: '127.0.0.1', port: targetPort });
    const crossed: Crossed = { toServer: [], toClient: [] };
    links.push(crossed);
    for (const [from, to, kept, change] of [[near, far, crossed.toServer, changes.request], [far, near, crossed.toClient, changes.answer]] as const) {
      sockets.add(from);
      pass(from, to, kept, change);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { port, links, lead: (coordinates) => ledTo(coordinates, port) };
}

/** Coordinates with another port of 127.0.0.1 in them. */
export function ledTo(coordinates: string, port: number): string {
  const given = parseCoordinates(coordinates);
  if (given.version === 1) return formatCoordinates({ ...given, ips: ['127.0.0.1'], ports: [port, port] });
  return formatCoordinates({ ...given, candidates: given.candidates.map(({ url }) => ({ url: url.replace(/:\d+\//u, `:${port}/`) })) });
}

/** Where a head ends; -1 while it has not. */
export const headEnd = (bytes: Buffer): number => {
  const at = bytes.indexOf('\r\n\r\n');
  return at < 0 ? -1 : at + 4;
};

/** The same head without these headers. */
export const without = (...names: readonly string[]): Change => (head) =>
  head.split('\r\n').filter((line) => !names.some((name) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`))).join('\r\n');

function pass(from: Socket, to: Socket, kept: Buffer[], change: Change = (head) => head): void {
  let head: Buffer | undefined = Buffer.alloc(0);
  from.on('error', () => to.destroy());
  from.on('end', () => to.end());
  from.on('close', () => to.destroy());
  from.on('data', (bytes: Buffer) => {
    kept.push(bytes);
    if (head === undefined) {
      to.write(bytes);
      return;
    }
    head = Buffer.concat([head, bytes]);
    const end = headEnd(head);
    if (end < 0) return;
    to.write(Buffer.concat([Buffer.from(change(head.subarray(0, end).toString('latin1')), 'latin1'), head.subarray(end)]));
    head = undefined;
  });
}
