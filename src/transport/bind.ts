/**
 * The first free port of a range.
 *
 * @module
 */
import type { AddressInfo, Server } from 'node:net';
import { ConnectError } from '../errors.js';

/** Where to listen. */
export interface BindOptions {
  /** Interface to bind: a host name or an address. */
  readonly host: string;
  /** First and last port to try, in order; `[0, 0]` takes any free one. */
  readonly ports: readonly [first: number, last: number];
  /** Told of each port that is taken. */
  readonly portTaken?: (port: number) => void;
}

/**
 * Has a server listen, and returns the port.
 * @throws ConnectError 'connect-listen' when no port of the range can be bound.
 */
export async function bind(server: Server, options: BindOptions): Promise<number> {
  const [first, last] = options.ports;
  let lastError: unknown;
  for (let port = first; port <= last; port += 1) {
    try {
      return await bindOne(server, options.host, port);
    } catch (error) {
      lastError = error;
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EADDRINUSE' && code !== 'EACCES') break;
      options.portTaken?.(port);
    }
  }
  const range = first === last ? `port ${first}` : `a port of ${first}-${last}`;
  const why = lastError instanceof Error ? lastError.message : 'unknown';
  throw new ConnectError('connect-listen', `cannot listen on ${options.host}, ${range}: ${why}; choose another \`host\` or \`portRange\``, {
    cause: lastError,
    retryable: false,
  });
}

function bindOne(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    // Both are taken away: a listener of each port that is taken would be left for the next, in a range of thousands.
    const listening = () => {
      server.removeListener('error', failed);
      resolve((server.address() as AddressInfo).port);
    };
    const failed = (error: Error) => {
      server.removeListener('listening', listening);
      reject(error);
    };
    server.once('error', failed);
    server.once('listening', listening);
    server.listen({ host, port });
  });
}
