/**
 * What a peer is: a way to move a file or a tree from one side to the other, ours or somebody else's. One file of this
 * folder describes each; the scenarios say which of them they set side by side.
 *
 * @module
 */
import type { Side } from '../network.js';
import type { Payload } from '../payloads/payload.js';
import type { Command } from '../processes.js';

/** `down` is from the server to the client, `up` from the client to the server. */
export type Direction = 'down' | 'up';

/** What stays the same for all runs of a peer in one scenario. */
export interface Setting {
  /** Address that servers listen on. */
  readonly serverIp: string;
  /** A folder of this peer's own, for keys and configuration. Removed when the bench ends. */
  readonly folder: string;
  /** A small bench, which makes nothing that outlives it. */
  readonly smoke: boolean;
}

/** What belongs to one run. */
export interface Place extends Setting {
  readonly kind: Payload['kind'];
  readonly source: string;
  /** Bytes of the source's content. */
  readonly size: number;
  /** A port that nobody listens on. */
  readonly port: number;
  /** Another one, for a {@link Trial.helper}. */
  readonly helperPort: number;
  /** Where the file must be afterwards, or the tree's root. It does not exist yet; the folder it is to be in does. */
  readonly target: string;
}

/** How a server tells that it takes connections: a line it prints, or else the kernel, which lists its port. */
export type Ready = RegExp | 'listens';

/** One run: a server, a client, and how they end. */
export interface Trial {
  /**
   * What both ends need between or beside them, such as a relay: started first, on the server's side. What it uses is told
   * apart from both sides', where it carries the file.
   */
  readonly helper?: { readonly command: Command; readonly ready: Ready; readonly carries?: boolean };
  readonly server: Command;
  /** No peer is probed by connecting: some serve one client only. */
  readonly ready: Ready;
  /** The client's command, given what matched {@link ready}. */
  client(announced: readonly string[]): Command;
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
