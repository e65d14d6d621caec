/**
 * What a peer is: a way to move the file from one side to the other, ours or somebody else's. One file of this folder
 * describes each; `index.ts` lists them.
 *
 * @module
 */
import type { Side } from '../network.js';
import type { Command } from '../processes.js';

/** `down` is from the server to the client, `up` from the client to the server. */
export type Direction = 'down' | 'up';

/** What stays the same for all runs of a bench. */
export interface Setting {
  /** Address that servers listen on. */
  readonly serverIp: string;
  /** A folder of this peer's own, for keys and configuration. Removed when the bench ends. */
  readonly folder: string;
  readonly source: string;
  /** Size of the source in bytes. */
  readonly size: number;
  /** A small bench, which makes nothing that outlives it. */
  readonly smoke: boolean;
}

/** What belongs to one run. */
export interface Place extends Setting {
  /** A port that nobody listens on. */
  readonly port: number;
  /** Where the file must be afterwards. It does not exist yet. */
  readonly target: string;
}

/** One run: a server, a client, and how they end. */
export interface Trial {
  readonly server: Command;
  /** What the server prints once it takes connections. No peer is probed by connecting: some serve one client only. */
  readonly ready: RegExp;
  /** The client's command, given what matched {@link ready}. */
  client(announced: RegExpMatchArray): Command;
  /** Whether the server ends when its one client has been served, or must be stopped. */
  readonly serverEnds: 'by itself' | 'when stopped';
}

/** A peer. */
export interface Peer {
  /** Short name for `--only`, and for the comparisons in `targets.ts`. */
  readonly id: string;
  /** Name for people. */
  readonly name: string;
  /** What a reader must know to judge the figure: ciphers, options, what is not done. */
  readonly flags: string;
  readonly directions: readonly Direction[];
  /** Sides that run our own code: their memory is held against the target. */
  readonly ours: readonly Side[];
  /** `memory`: no file is read or written, so there is nothing to verify. */
  readonly moves: 'file' | 'memory';
  /** A known defect of this peer, reported in its row but no failure of the bench: bytes after the file's end. */
  readonly appends?: number;
  /** Why the peer cannot be measured here; undefined when it can. May make what it needs under node_modules/.cache. */
  available(setting: Setting): Promise<string | undefined>;
  /** Version, once available. */
  version(): Promise<string>;
  trial(direction: Direction, place: Place): Trial;
  /** The peer's own figure in bytes per second, from the client's output, where the wall clock would be unfair to it. */
  ownFigure?(clientOutput: string): number | undefined;
}
