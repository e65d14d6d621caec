/**
 * Ours: the built command line of this checkout, at one end or at both.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from '../processes.js';
import { ownVersion, ROOT } from '../programs.js';
import type { Direction, Peer, Place } from './peer.js';
import { COORDINATES, pythonAvailable, pythonClient, pythonServer, pythonVersion, serverOptions } from './python.js';

const COMMAND = path.join(ROOT, 'bin/streamer.js');
/** What the command imports; built by scripts/build.mjs. */
const BUILT = path.join(ROOT, 'dist/bundle/streamer.js');

/** Which of the two wires is asked for. */
export type Wire = 'native' | 'compat';

function available(): Promise<string | undefined> {
  const missing = [COMMAND, BUILT].find((file) => !existsSync(file));
  return Promise.resolve(missing === undefined ? undefined : `${path.relative(ROOT, missing)} is not built`);
}

function version(): Promise<string> {
  return Promise.resolve(`streamer ${ownVersion()}, node ${process.version}`);
}

function command(...args: readonly string[]): Command {
  return { argv: [process.execPath, COMMAND, ...args] };
}

/** Our server's command: its secret goes through a file, its coordinates over its standard output. */
export function ourServer(wire: Wire, what: 'send' | 'receive', file: string, place: Place): Command {
  const run = path.dirname(place.target);
  const secret = path.join(run, 'secret');
  writeFileSync(secret, `${randomBytes(16).toString('hex')}\n`, { mode: 0o600 });
  return command(
    'server',
    ...['--secret-file', secret, ...serverOptions(place)],
    ...['--wire', wire, what, '--path', file],
  );
}

/** Our client's command. */
export function ourClient(wire: Wire, what: 'send' | 'receive', file: string, place: Place, coordinates: string): Command {
  const at = path.join(path.dirname(place.target), 'client-coordinates');
  writeFileSync(at, `${coordinates}\n`, { mode: 0o600 });
  return command(what, `@${at}`, file, '-q', '--wire', wire);
}

interface Ends {
  readonly server: (what: 'send' | 'receive', file: string, place: Place) => Command;
  readonly client: (what: 'send' | 'receive', file: string, place: Place, coordinates: string) => Command;
}

function trial({ server, client }: Ends): Peer['trial'] {
  return (direction: Direction, place: Place) => ({
    server: direction === 'down' ? server('send', place.source, place) : server('receive', place.target, place),
    ready: COORDINATES,
    client: ([, coordinates = '']) =>
      direction === 'down' ? client('receive', place.target, place, coordinates) : client('send', place.source, place, coordinates),
    serverEnds: 'by itself',
  });
}

function ends(wire: Wire): Ends {
  return { server: (...rest) => ourServer(wire, ...rest), client: (...rest) => ourClient(wire, ...rest) };
}

const python: Ends = {
  server: pythonServer,
  client: (what, file, _place, coordinates) => pythonClient(what, file, coordinates),
};

function pair(wire: Wire, flags: string): Peer {
  return {
    id: wire,
    name: `ours, ${wire} wire`,
    flags,
    directions: ['down', 'up'],
    ours: ['client', 'server'],
    moves: 'file',
    available,
    version,
    trial: trial(ends(wire)),
  };
}

function mixed(id: string, name: string, ourSide: 'client' | 'server'): Peer {
  const ours = ends('compat');
  return {
    id,
    name,
    flags: 'compat wire, not encrypted, no deflate, SHA-256 checked by our end when it receives, by Python when it does',
    directions: ['down', 'up'],
    ours: [ourSide],
    moves: 'file',
    available: async (setting) => (await available()) ?? (await pythonAvailable(setting)),
    version: async () => `${await version()}; ${await pythonVersion()}`,
    trial: trial(ourSide === 'client' ? { server: python.server, client: ours.client } : { server: ours.server, client: python.client }),
  };
}

/** Ours at both ends, native wire. */
export const native = pair('native', 'encrypted, every chunk and the file verified, one connection');
/** Ours at both ends, the reference's wire. */
export const compat = pair('compat', 'not encrypted, SHA-256 of the file verified, no deflate');
/** Our client against the Python server. */
export const ourClientPythonServer = mixed('our-client-python-server', 'our client, Python server', 'client');
/** The Python client against our server. */
export const pythonClientOurServer = mixed('python-client-our-server', 'Python client, our server', 'server');
