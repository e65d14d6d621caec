/**
 * A transfer by the agent, from a request to verified bytes: a job that is submitted or found again, its sealed coordinates, the
 * native wire, and nothing left behind.
 *
 * @module
 */
import { generateIdentity, publicKeyOf } from '../../coordinates/keys.js';
import { ControlError, peerText } from '../../errors.js';
import type { Scheduler } from '../../server/job-options.js';
import type { TransferResult } from '../../transfer/progress.js';
import { callOptions } from '../site.js';
import { agentJob, schedulerOf, type AgentJob } from './agent-job.js';
import { readAgentFile, type AgentFile } from './agent-file.js';
import type { AgentTransfer } from './agent-transfer.js';
import { Attempt } from './attempt.js';
import { installAgent } from './install.js';
import { agentDirectory } from './place.js';
import { findRun, submitRun, type AgentRun, type RunContext } from './run.js';

/** Most jobs that one transfer may take, each of which has moved something. */
const JOBS_MAX = 100;

/**
 * Moves what is asked for.
 * @returns when everything is verified and durable.
 * @throws StreamerError; what has arrived is kept, and the same call goes on from there.
 */
export async function moveByAgent(transfer: AgentTransfer): Promise<TransferResult> {
  const { client, system, agent, signal, onProgress } = transfer;
  const file = readAgentFile();
  const identity = transfer.identity ?? generateIdentity();
  const directory = await agentDirectory(client, system, agent.directory, signal);
  const job = agentJob({ ...transfer, scheduler: assertScheduler(system), site: system.transfer, sealTo: publicKeyOf(identity), program: `${directory}/${file.name}` });
  const context: RunContext = { ...transfer, system: system.name, directory };
  const attempt = (run: AgentRun, found: boolean) => new Attempt(transfer, identity, run, context, found).run();
  const waiting = transfer.identity === undefined ? undefined : await findRun(job.name, context);
  if (waiting !== undefined) onProgress({ type: 'phase', phase: 'asking', message: `job ${waiting.jobId} of an earlier run still waits: going on with it`, jobId: waiting.jobId });
  let result = waiting === undefined ? undefined : await attempt(waiting, true);
  for (let jobs = 1; result === undefined; jobs += 1) {
    if (jobs > JOBS_MAX) throw new ControlError('control-job', `${JOBS_MAX} jobs have not been enough; what has arrived is kept, run the same again to go on`);
    result = await attempt(await begun(job, file, context, waiting), false);
  }
  return result;
}

/** @throws ControlError `control-unsuitable` */
function assertScheduler({ name, scheduler }: AgentTransfer['system']): Scheduler {
  const known = schedulerOf(scheduler.type);
  if (known === undefined) throw new ControlError('control-unsuitable', `${name} has the scheduler ${peerText(scheduler.type)}, for which there is no job script`);
  return known;
}

async function begun(job: AgentJob, file: AgentFile, context: RunContext, before: AgentRun | undefined): Promise<AgentRun> {
  const { client, system, directory, signal } = context;
  await client.mkdir(system, directory, { parents: true, ...callOptions(signal) });
  await installAgent(file, context);
  return submitRun(job, context, before);
}
