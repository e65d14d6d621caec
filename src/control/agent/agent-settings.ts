/**
 * What a user may say about the agent's job.
 *
 * @module
 */
import type { JobRelay, NodeSource, NodeVersion } from '../../server/job-options.js';

/** Options of the agent's job. Paths are those of the cluster. */
export interface AgentSettings {
  /** The agent's own directory, absolute. @default `.streamer` in the user's directory of the default file system */
  readonly directory?: string;
  /** Where the job finds Node. @default PATH */
  readonly node?: NodeSource;
  /** For `venv`. @default 22 */
  readonly nodeVersion?: NodeVersion;
  /** Slurm's partition, PBS's queue. @default the site's */
  readonly partition?: string;
  /** The job's time limit, milliseconds; a transfer that takes longer goes on in the next job. @default 2 h */
  readonly timeMs?: number;
  /** Other options of sbatch or qsub, each one word. */
  readonly directives?: readonly string[];
  /** How long the job waits for the client, and for its return, milliseconds: the node is paid for meanwhile. @default 5 min */
  readonly waitTimeoutMs?: number;
  /** Where the node and the client meet. `tokenFile` is a file of the cluster's. @default no relay */
  readonly relay?: JobRelay;
  /** Addresses at which the node can be reached. @default the site's where it has some; else the node's own name, where there is no relay */
  readonly publicIps?: readonly string[];
  /** Ports to try on the node. @default the site's where it has some */
  readonly portRange?: readonly [first: number, last: number];
}

/** Longest a job waits for a client that was told of it already, milliseconds. A client itself tries for two minutes to have a lost link back. */
export const AGENT_WAIT_MS = 300_000;
