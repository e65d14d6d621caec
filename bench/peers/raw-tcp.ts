/**
 * The ceiling: the same file over one plain TCP connection between two node processes, with no check, no cipher and
 * no framing. Its two ends are `raw-tcp-end.ts`.
 *
 * @module
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from '../processes.js';
import type { Peer } from './peer.js';

const END = fileURLToPath(new URL('raw-tcp-end.js', import.meta.url));

function end(...args: readonly string[]): Command {
  return { argv: [process.execPath, END, ...args] };
}

/** Raw TCP, file to file. */
export const rawTcp: Peer = {
  id: 'raw-tcp',
  name: 'raw TCP (node net)',
  flags: `file to file, nothing checked or encrypted; ${path.basename(END)}`,
  directions: ['down', 'up'],
  ours: [],
  moves: 'file',
  available: () => Promise.resolve(undefined),
  version: () => Promise.resolve(`node ${process.version}`),
  trial: (direction, { serverIp, port, source, target }) => ({
    server: end('listen', serverIp, String(port), ...(direction === 'down' ? ['send', source] : ['receive', target])),
    ready: /^listening$/m,
    client: () => end('dial', serverIp, String(port), ...(direction === 'down' ? ['receive', target] : ['send', source])),
    serverEnds: 'by itself',
  }),
};
