/**
 * Ours: the built command line of this checkout, at one end or at both.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { OWN_NODE, type Node } from '../nodes.js';
import type { Command } from '../processes.js';
import { ownVersion, ROOT, run } from '../programs.js';
import type { Direction, Peer, Place, Trial } from './peer.js';
import { COORDINATES, pythonAvailable, pythonClient, pythonServer, pythonVersion, serverOptions } from './python.js';

/** The command that is measured. */
export const COMMAND = path.join(ROOT, 'bin/streamer.cjs');
/** What the command imports; built by scripts/build.mjs. */
const BUILT = path.join(ROOT, 'dist/bundle/streamer.cjs');

/** Which of the two wires is asked for. */
export type Wire = 'native' | 'compat';

/** One way to run ours. */
export interface Variant {
  readonly wire: Wire;
  /** Connections, as `--streams` takes them; the command's own default when it is left out. */
  readonly streams?: string;
  /** A tree is moved, which older builds cannot. */
  readonly tree?: boolean;
  /** Through a relay on the server's side, and no other way. */
  readonly relay?: boolean;
  readonly node?: Node;
}

const helpTexts = new Map<string, Promise<string>>();

/** What this build's command says about itself, asked once. A bench of an older build skips what it lacks. */
function helpOf(...words: readonly string[]): Promise<string> {
  const key = words.join(' ');
  const known = helpTexts.get(key) ?? run([process.execPath, COMMAND, ...words, '--help']).then(({ output }) => output);
  helpTexts.set(key, known);
  return known;
}

/** Why ours cannot be run this way; undefined when it can. */
export async function obstacle({ streams, tree, relay }: Variant): Promise<string | undefined> {
  const missing = [COMMAND, BUILT].find((file) => !existsSync(file));
  if (missing !== undefined) return `${path.relative(ROOT, missing)} is not built`;
  if (streams !== undefined && !(await helpOf('receive')).includes('--streams')) return 'this build has no --streams';
  if (relay === true && !(await hasCommand('relay'))) return 'this build has no relay';
  if (tree === true && !(await helpOf('send')).includes('--exclude')) return 'this build moves no trees';
  return undefined;
}

/** Whether this build has a command or an option. */
export async function hasCommand(name: string): Promise<boolean> {
  return new RegExp(`^ {2}${name}\\b`, 'm').test(await helpOf());
}

function version({ node = OWN_NODE }: Pick<Variant, 'node'>): Promise<string> {
  return Promise.resolve(`streamer ${ownVersion()}, node ${node.version}`);
}

/** Our command on some node. */
export function streamer(node: Node, ...args: readonly string[]): Command {
  return { argv: [node.path, COMMAND, ...args] };
}

/** Our server's command: its secret goes through a file, its coordinates over its standard output. */
export function ourServer({ wire, relay, node = OWN_NODE }: Variant, what: 'send' | 'receive', file: string, place: Place): Command {
  if (relay === true) return streamer(node, 'server', '--relay', `ws://${place.serverIp}:${place.helperPort}`, '--inbound-transfer-limit', String(2 * place.size), what, '--path', file);
  const secret = path.join(path.dirname(place.target), 'secret');
  writeFileSync(secret, `${randomBytes(16).toString('hex')}\n`, { mode: 0o600 });
  return streamer(node, 'server', '--secret-file', secret, ...serverOptions(place), '--wire', wire, what, '--path', file);
}

/** Our client's command. */
export function ourClient(variant: Variant, what: 'send' | 'receive', file: string, place: Place, coordinates: string): Command {
  const { wire, streams, node = OWN_NODE } = variant;
  const at = path.join(path.dirname(place.target), 'client-coordinates');
  writeFileSync(at, `${coordinates}\n`, { mode: 0o600 });
  return streamer(node, what, `@${at}`, file, '-q', '--wire', wire, ...(streams === undefined ? [] : ['--streams', streams]));
}

interface Ends {
  readonly server: (what: 'send' | 'receive', file: string, place: Place) => Command;
  readonly client: (what: 'send' | 'receive', file: string, place: Place, coordinates: string) => Command;
  readonly helper?: (place: Place) => NonNullable<Trial['helper']>;
}

/** A relay on a place's other port. */
export function ourRelay({ node = OWN_NODE }: Pick<Variant, 'node'>, { serverIp, helperPort }: Place): NonNullable<Trial['helper']> {
  return { command: streamer(node, 'relay', '--open', '-q', '--max-address-connections', '10000', '--listen', `${serverIp}:${helperPort}`), ready: 'listens', carries: true };
}

function trial({ server, client, helper }: Ends): Peer['trial'] {
  return (direction: Direction, place: Place): Trial => ({
    ...(helper === undefined ? {} : { helper: helper(place) }),
    server: direction === 'down' ? server('send', place.source, place) : server('receive', place.target, place),
    ready: COORDINATES,
    client: ([, coordinates = '']) =>
      direction === 'down' ? client('receive', place.target, place, coordinates) : client('send', place.source, place, coordinates),
    serverEnds: 'by itself',
  });
}

function ends(variant: Variant): Ends {
  const relay = variant.relay === true ? { helper: (place: Place) => ourRelay(variant, place) } : {};
  return { server: (...rest) => ourServer(variant, ...rest), client: (...rest) => ourClient(variant, ...rest), ...relay };
}

const FLAGS: Readonly<Record<Wire, string>> = {
  native: 'encrypted, every chunk and the file verified',
  compat: 'not encrypted, SHA-256 of the file verified, no deflate',
};

/** Ours at both ends. Ids: `native`, `compat`, `native-s8` for eight connections, `native-node24.1.0` for another node. */
export function ours(variant: Variant): Peer {
  const { wire, streams, relay, node = OWN_NODE } = variant;
  const way = relay === true ? ', through a relay' : '';
  const connections = streams === undefined ? '' : `, --streams ${streams}`;
  return {
    id: `${wire}${relay === true ? '-relay' : ''}${streams === undefined ? '' : `-s${streams}`}${node.suffix}`,
    name: `ours, ${wire} wire${way}${connections}${node.suffix === '' ? '' : `, node ${node.version}`}`,
    flags: `${FLAGS[wire]}${way}${connections}`,
    directions: ['down', 'up'],
    ours: ['client', 'server'],
    moves: 'file',
    available: () => obstacle(variant),
    version: () => version(variant),
    trial: trial(ends(variant)),
  };
}

const python: Ends = {
  server: pythonServer,
  client: (what, file, _place, coordinates) => pythonClient(what, file, coordinates),
};

function mixed(id: string, name: string, ourSide: 'client' | 'server'): Peer {
  const own = ends({ wire: 'compat' });
  return {
    id,
    name,
    flags: 'compat wire, not encrypted, no deflate, SHA-256 checked by our end when it receives, by Python when it does',
    directions: ['down', 'up'],
    ours: [ourSide],
    moves: 'file',
    available: async (setting) => (await obstacle({ wire: 'compat' })) ?? (await pythonAvailable(setting)),
    version: async () => `${await version({})}; ${await pythonVersion()}`,
    trial: trial(ourSide === 'client' ? { server: python.server, client: own.client } : { server: own.server, client: python.client }),
  };
}

/** Our client against the Python server. */
export const ourClientPythonServer = mixed('our-client-python-server', 'our client, Python server', 'client');
/** The Python client against our server. */
export const pythonClientOurServer = mixed('python-client-our-server', 'Python client, our server', 'server');
