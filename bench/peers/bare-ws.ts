/**
 * The file over one websocket of the package `ws`, and nothing else: no check, no cipher. What the framing alone costs.
 * Its two ends are `bare-ws-end.ts`.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from '../processes.js';
import { ROOT } from '../programs.js';
import type { Peer } from './peer.js';

const END = fileURLToPath(new URL('bare-ws-end.js', import.meta.url));

function end(...args: readonly string[]): Command {
  return { argv: [process.execPath, END, ...args] };
}

function wsVersion(): string {
  const parsed: unknown = JSON.parse(readFileSync(path.join(ROOT, 'node_modules/ws/package.json'), 'utf8'));
  return typeof parsed === 'object' && parsed !== null && 'version' in parsed ? String(parsed.version) : 'unknown';
}

/** ws, file to file. */
export const bareWs: Peer = {
  id: 'bare-ws',
  name: 'bare websocket (ws)',
  flags: 'file to file, messages of 1 MiB, no deflate, nothing checked or encrypted',
  directions: ['down', 'up'],
  ours: [],
  moves: 'file',
  available: () => Promise.resolve(undefined),
  version: () => Promise.resolve(`ws ${wsVersion()}, node ${process.version}`),
  trial: (direction, { serverIp, port, source, target }) => ({
    server: end('listen', serverIp, String(port), ...(direction === 'down' ? ['send', source] : ['receive', target])),
    ready: /^listening$/m,
    client: () => end('dial', serverIp, String(port), ...(direction === 'down' ? ['receive', target] : ['send', source])),
    serverEnds: 'by itself',
  }),
};
