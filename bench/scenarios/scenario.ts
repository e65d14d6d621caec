/**
 * What a scenario is given, and what it answers.
 *
 * @module
 */
import type { Network } from '../network.js';
import type { Node } from '../nodes.js';
import type { Options } from '../options.js';
import type { Payload } from '../payloads/payload.js';
import type { Setting } from '../peers/peer.js';
import type { Row, Skipped } from '../results.js';
import type { ScenarioName } from './names.js';

/** What all scenarios of a bench share. */
export interface Context {
  readonly options: Options;
  /** Two hosts and a fast link. */
  readonly network: Network;
  /** Folder in memory, where there is room. */
  readonly folder: string;
  /** Versions of node to run ours with, the bench's own first. */
  readonly nodes: readonly Node[];
  /** A random file of some size, made once. */
  file(size: number): Promise<Payload>;
  /** A folder for a peer in a scenario, and the address on this network. */
  setting(network: Network, name: string): Setting;
  say(text: string): void;
}

/** What came of it. */
export interface Outcome {
  readonly rows: readonly Row[];
  readonly skipped: readonly Skipped[];
}

/** A scenario. */
export interface Scenario {
  readonly name: ScenarioName;
  run(context: Context): Promise<Outcome>;
}

/** Whether `--only` asks for a row. */
export function isChosen({ only }: Options, id: string, direction: string): boolean {
  return only.length === 0 || only.some((text) => `${id} ${direction}`.includes(text));
}

/** An error's words. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
