/**
 * The path that is measured, and the choice of it: two network namespaces, two containers, or loopback.
 *
 * @module
 */
import { makeContainerNetwork } from './container-network.js';
import { makeNamespaceNetwork } from './namespace-network.js';
import { freePort } from './ports.js';

/** Which end of the path a process runs on. */
export type Side = 'server' | 'client';

/** Where both sides run. */
export interface Network {
  readonly kind: NetworkKind | 'wide area';
  /** Name of the device between the two, where each side has one of its own that the machine has not. */
  readonly device?: string;
  /** Address that the server listens on and the client dials. */
  readonly serverIp: string;
  /** One line for the report. When it is not what `auto` would rather have had, why. */
  readonly description: string;
  /** Puts a command onto one side. */
  command(side: Side, argv: readonly string[]): readonly [string, ...string[]];
  /** A port that nobody listens on at the server's address. */
  freePort(): Promise<number>;
  /** Takes the path down before the bench ends. */
  close?(): Promise<void>;
}

/** Why there is no such path here. */
export interface Obstacle {
  readonly reason: string;
}

/** What `auto` tries, in this order. */
const KINDS = ['namespaces', 'containers', 'loopback'] as const;
/** A kind of path between two ends on one machine. */
export type NetworkKind = (typeof KINDS)[number];

/** What may be asked for. */
export const NETWORK_CHOICES = ['auto', ...KINDS] as const;
/** One of them. */
export type NetworkChoice = (typeof NETWORK_CHOICES)[number];

/** Whether it is one of them. */
export function isNetworkChoice(text: string): text is NetworkChoice {
  return (NETWORK_CHOICES as readonly string[]).includes(text);
}

/** How each kind is made. Whatever one has made goes away when the bench ends, however it ends. */
export type Makers = Readonly<Record<NetworkKind, () => Promise<Network | Obstacle>>>;

/** Makes what is asked for. */
export function makeNetwork(choice: NetworkChoice): Promise<Network | Obstacle> {
  return chooseNetwork(choice, { namespaces: makeNamespaceNetwork, containers: makeContainerNetwork, loopback: makeLoopback });
}

/** As {@link makeNetwork}: the kind that is named and no other, or the first that can be had, which then says why. */
export async function chooseNetwork(choice: NetworkChoice, makers: Makers): Promise<Network | Obstacle> {
  const skipped: string[] = [];
  for (const kind of choice === 'auto' ? KINDS : [choice]) {
    const made = await makers[kind]();
    if ('reason' in made) skipped.push(`${kind} skipped: ${made.reason}`);
    else return skipped.length === 0 ? made : { ...made, description: `${made.description} (${skipped.join('; ')})` };
  }
  return { reason: skipped.join('; ') };
}

function makeLoopback(): Promise<Network> {
  const serverIp = '127.0.0.1';
  return Promise.resolve({
    kind: 'loopback',
    serverIp,
    description: 'loopback',
    command: (_side, argv) => {
      const [file, ...args] = argv;
      if (file === undefined) throw new Error('an empty command');
      return [file, ...args];
    },
    freePort: () => freePort(serverIp),
  });
}
