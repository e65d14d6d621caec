/**
 * A transfer by the agent, from a request to verified bytes: a job that is submitted or found again, its sealed coordinates, the
 * native wire, and nothing left behind.
 *
 * @module
 */
import { generateIdentity, publicKeyOf } from '../../coordinates/keys.js';
import { ControlError } from '../../errors.js';
import type { TransferResult } from '../../transfer/progress.js';
import { agentJob, type AgentJob } from './agent-job.js';
import { readAgentFile, type AgentFile } from './agent-file.js';
import type { AgentTransfer } from './agent-transfer.js';
import { Attempt } from './attempt.js';
import { installAgent } from './install.js';
import { agentDirectory } from './place.js';
import { callOptions, findRun, submitRun, type AgentRun, type RunContext } from './run.js';

/** Most jobs that one transfer may take, each of which has moved something. */
const JOBS_MAX = 100;

/**
 * Moves what is asked for.
 * @returns when everything is verified and durable.
 * @throws StreamerError; what has arrived is kept, and the same call goes on from there.
 */
export async function moveByAgent(transfer: AgentTransfer): Promise<TransferResult> {
  const { system, settings, onProgress } = transfer;
  const file = readAgentFile();
  const identity = transfer.identity ?? generateIdentity();
  const directory = await agentDirectory(transfer.cluster, system, transfer.agent.directory, transfer.signal);
  const job = agentJob({ ...transfer, settings, sealTo: publicKeyOf(identity), program: `${directory}/${file.name}` });
  const context: RunContext = { ...transfer, system: system.name, directory, notice: (message) => onProgress({ type: 'notice', message }) };
  const attempt = (run: AgentRun, found: boolean) => new Attempt(transfer, identity, run, context, found).run();
  const waiting = transfer.identity === undefined ? undefined : await findRun(job.name, context);
  if (waiting !== undefined) context.notice(`job ${waiting.jobId} of an earlier run still waits: going on with it`);
  let result = waiting === undefined ? undefined : await attempt(waiting, true);
  for (let jobs = 1; result === undefined; jobs += 1) {
    const run = await begun(job, file, context);
    result = await attempt(run, false);
    if (result === undefined && jobs >= JOBS_MAX) throw new ControlError('control-job', `${JOBS_MAX} jobs have not been enough; what has arrived is kept, run the same again to go on`);
  }
  return result;
}

async function begun(job: AgentJob, file: AgentFile, context: RunContext): Promise<AgentRun> {
  const { cluster, system, directory, signal } = context;
  await cluster.mkdir(system, directory, { parents: true, ...callOptions(signal) });
  await installAgent(file, context);
  return submitRun(job, context);
}
