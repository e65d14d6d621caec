/**
 * From what is to be moved to the job that serves it.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { UsageError } from '../../errors.js';
import type { Route } from '../../options.js';
import { JOB_DEFAULTS, SCHEDULERS, type JobScriptOptions, type Scheduler } from '../../server/job-options.js';
import { jobScript } from '../../server/job-script.js';
import { defined } from '../../util/defined.js';
import type { SiteTransfer } from '../site.js';
import { AGENT_WAIT_MS, type AgentSettings } from './agent-settings.js';
import { receiverWords, senderWords, type ServedSettings } from './server-words.js';

/** What the job depends on. */
export interface JobRequest {
  readonly direction: 'download' | 'upload';
  /** Absolute paths of the cluster. */
  readonly remote: readonly string[];
  readonly scheduler: Scheduler;
  /** Where the site says that its nodes can be reached. */
  readonly site?: Pick<SiteTransfer, 'publicIps' | 'portRange'> | undefined;
  readonly agent: AgentSettings;
  /** Public key of the user's identity. */
  readonly sealTo: string;
  /** The agent's path. */
  readonly program: string;
  readonly settings: ServedSettings;
}

/** A job that is ready to be submitted. */
export interface AgentJob {
  /** The same for the same request, so that a job of ours that still waits can be found. */
  readonly name: string;
  readonly script: string;
}

/** The scheduler that a system has; undefined for one that no script is for. */
export function schedulerOf(type: string): Scheduler | undefined {
  return SCHEDULERS.find((known) => type.toLowerCase() === known);
}

/** @throws UsageError that names the option which cannot be used. */
export function agentJob(request: JobRequest): AgentJob {
  assertAbsolute(request.remote);
  const options = scriptOptions(request);
  // The name itself is in the script, too.
  const id = createHash('sha256').update(jobScript(options)).digest('hex').slice(0, 12);
  const name = `streamer-${id}`;
  return { name, script: jobScript({ ...options, jobName: name }) };
}

function assertAbsolute(remote: readonly string[]): void {
  const relative = remote.find((path) => !path.startsWith('/'));
  if (relative !== undefined) throw new UsageError(`"${relative}" is no absolute path: on a cluster it begins with /`);
}

function scriptOptions({ direction, remote, scheduler, site, agent, sealTo, program, settings }: JobRequest): JobScriptOptions {
  const { timeMs = JOB_DEFAULTS.timeMs, waitTimeoutMs = AGENT_WAIT_MS, relay, partition, directives, node, nodeVersion } = agent;
  const publicIps = addressesOf(agent, site, settings.route);
  const portRange = agent.portRange ?? site?.portRange;
  const download = direction === 'download';
  return {
    scheduler,
    action: download ? 'send' : 'receive',
    paths: remote,
    streamerCommand: program,
    sealTo: [sealTo],
    timeMs,
    waitTimeoutMs: Math.min(waitTimeoutMs, timeMs),
    // It is the user's own file on both sides; what the site allows its own service is no matter here.
    ...(download ? {} : { inboundTransferLimit: Number.MAX_SAFE_INTEGER }),
    ...defined({ publicIps, portRange, relay: settings.route === 'direct' ? undefined : relay, partition, directives, node, nodeVersion }),
    serverOptions: download ? senderWords(settings) : receiverWords(settings),
  };
}

/** No port is opened that nobody is to come by. */
function addressesOf({ publicIps, relay }: AgentSettings, site: JobRequest['site'], route: Route | undefined): readonly string[] | undefined {
  if (route === 'relay') return undefined;
  if (publicIps !== undefined) return publicIps;
  if (site?.publicIps !== undefined && site.publicIps.length > 0) return site.publicIps;
  return relay === undefined || route === 'direct' ? ['@node'] : undefined;
}
