/**
 * The reference: the Python package firecrest-streamer, in a virtual environment of the bench's own.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Command } from '../processes.js';
import { CACHE, versionOf } from '../programs.js';
import { venv } from '../venv.js';
import type { Peer, Place, Setting } from './peer.js';

/** The version that the compat wire is written against. */
export const PYTHON_VERSION = '0.0.21';
const NAME = 'streamer-python';
const PYTHON = path.join(CACHE, NAME, 'bin/python');
const ASK_VERSION = 'import importlib.metadata as m; print(m.version("firecrest-streamer"))';
/** What either server takes without being told, in bytes. */
const DEFAULT_LIMIT = 5 * 2 ** 30;

/** Both programs print this line, once they listen. The coordinates are the first group. */
export const COORDINATES = /^Use these coordinates to connect: (\S+)$/m;

async function isInstalled(): Promise<boolean> {
  return existsSync(PYTHON) && (await versionOf([PYTHON, '-c', ASK_VERSION])) === PYTHON_VERSION;
}

/** Makes the virtual environment when it is not there. Answers why it could not. */
export async function pythonAvailable(setting: Setting): Promise<string | undefined> {
  // The tests make the same environment in the same place.
  if (await isInstalled()) return undefined;
  const made = await venv(NAME, [`firecrest-streamer==${PYTHON_VERSION}`], setting);
  return 'reason' in made ? made.reason : undefined;
}

/** Versions of the package, of the library that does its work, and of Python. */
export async function pythonVersion(): Promise<string> {
  const script = 'import importlib.metadata as m, platform as p; print(m.version("websockets"), p.python_version())';
  const [websockets = '?', python = '?'] = (await versionOf([PYTHON, '-c', script])).split(' ');
  return `firecrest-streamer ${PYTHON_VERSION}, websockets ${websockets}, Python ${python}`;
}

/** The Python server's command. Its secret is on the command line: it has no other way. */
export function pythonServer(what: 'send' | 'receive', file: string, place: Place): Command {
  return command('server', '--secret', randomBytes(16).toString('hex'), ...serverOptions(place), what, '--path', file);
}

/** Options that the Python server and ours have in common. */
export function serverOptions({ serverIp, port, size }: Place): readonly string[] {
  return [
    ...['--host', serverIp, '--public-ips', serverIp, '--port-range', String(port), String(port)],
    ...(size > DEFAULT_LIMIT / 2 ? ['--inbound-transfer-limit', String(2 * size)] : []),
  ];
}

/** The Python client's command. */
export function pythonClient(what: 'send' | 'receive', file: string, coordinates: string): Command {
  return command(what, '--coordinates', coordinates, '--path', file);
}

function command(...args: readonly string[]): Command {
  // Its output would else stay in a buffer until it ends, the line that says it listens included.
  return { argv: [PYTHON, '-m', 'streamer', ...args], env: { PYTHONUNBUFFERED: '1' } };
}

/** The Python package at both ends. */
export const pythonPair: Peer = {
  id: 'python-pair',
  name: 'Python pair',
  flags: 'not encrypted, permessage-deflate (its default), verifies nothing',
  directions: ['down', 'up'],
  ours: [],
  moves: 'file',
  // Its receiver takes its own sender's last message, the digest, for data.
  appends: 98,
  available: pythonAvailable,
  version: pythonVersion,
  trial: (direction, place) => ({
    server: direction === 'down' ? pythonServer('send', place.source, place) : pythonServer('receive', place.target, place),
    ready: COORDINATES,
    client: ([, coordinates = '']) =>
      direction === 'down' ? pythonClient('receive', place.target, coordinates) : pythonClient('send', place.source, coordinates),
    serverEnds: 'by itself',
  }),
};
