/**
 * What a transfer by the agent is asked.
 *
 * @module
 */
import type { MoveSettings, TransferRequest } from '../method.js';
import type { AgentSettings } from './agent-settings.js';
import type { AgentSite, RunContext } from './run.js';

/** A transfer: see {@link TransferRequest}. */
export interface AgentTransfer extends Pick<TransferRequest, 'direction' | 'account' | 'signal' | 'onProgress'> {
  readonly client: AgentSite;
  readonly system: Pick<TransferRequest['system'], 'name' | 'scheduler' | 'fileSystems' | 'transfer'>;
  /** Absolute paths on the cluster: what the job sends, or the one target. */
  readonly remote: readonly string[];
  /** Paths on this machine: what is sent, or the one target; none: the sender's name, here. */
  readonly local: readonly string[];
  readonly settings: Omit<MoveSettings, 'requireEncryption'>;
  readonly agent: AgentSettings;
  /** The text of the user's identity. Without it one is made that is lost with this process, so that a killed one cannot take up its job again. */
  readonly identity?: string | undefined;
  /** A job that still runs when the transfer fails or is stopped is left for the next attempt. @default false */
  readonly keepJob?: boolean;
  readonly startTimeoutMs?: RunContext['startTimeoutMs'];
  readonly pace?: RunContext['pace'];
}
