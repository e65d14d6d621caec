/**
 * What a transfer by the agent is asked.
 *
 * @module
 */
import type { ClientOptions } from '../../client/client.js';
import type { ProgressListener } from '../../transfer/progress.js';
import type { JobRequest, ServedSettings } from './agent-job.js';
import type { AgentSystem } from './place.js';
import type { RunContext } from './run.js';

/** What both ends are told of a transfer. */
export interface AgentTransferSettings extends ServedSettings, Pick<ClientOptions, 'rate' | 'streams' | 'ca' | 'connectTimeoutMs' | 'retryTimeoutMs'> {
  /** Most bytes in flight or waiting for the disk, where the client receives. */
  readonly windowBytes?: number;
}

/** A transfer. */
export interface AgentTransfer extends Omit<JobRequest, 'sealTo' | 'program' | 'settings'>, Pick<RunContext, 'cluster' | 'pace'> {
  readonly system: AgentSystem;
  readonly account?: string;
  /** Paths of this machine: what is uploaded, or the one target of a download. */
  readonly local: readonly string[];
  readonly settings: AgentTransferSettings;
  /** The text of the user's identity. Without it one is made that is lost with this process, so that a killed one cannot take up its job again. */
  readonly identity?: string;
  /** A job that still runs when the transfer fails or is stopped is left for the next attempt. @default false */
  readonly keepJob?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress: ProgressListener;
}
