/**
 * The agent as a way of moving files: ours, without any help from the site. It needs a scheduler, a directory that its nodes
 * share, and Node on them.
 *
 * @module
 */
import { UsageError, peerText } from '../../errors.js';
import { formatSize } from '../../util/units.js';
import type { TransferResult } from '../../transfer/progress.js';
import type { Method, TransferRequest } from '../method.js';
import { moveMany } from '../methods/many.js';
import { AGENT_MISSING, agentFileSize } from './agent-file.js';
import { schedulerOf } from './agent-job.js';
import { agentSettingsOf } from './agent-profile.js';
import { moveByAgent } from './move-by-agent.js';
import { settledTargets } from './target-check.js';
import { verifyItems } from './verify-items.js';

/** See the module's head. */
export const agentMethod: Method = { name: 'agent', unfit, run };

function unfit({ system, profile, settings }: TransferRequest): string | undefined {
  const { name, scheduler, fileSystems, maxOpsFileSize } = system;
  const size = agentFileSize();
  if (size === undefined) return AGENT_MISSING;
  if (schedulerOf(scheduler.type) === undefined) return `${name} has the scheduler ${peerText(scheduler.type)}, for which there is no job script`;
  if (size > maxOpsFileSize) return `${name} takes files of ${formatSize(maxOpsFileSize)} at the most, and the agent is ${formatSize(size)}`;
  if (fileSystems.length === 0 && profile.agent?.directory === undefined) return `${name} names no file system where it could be kept: name a directory with \`agent.directory\``;
  if (settings.route === 'relay' && profile.relay === undefined) return "`route: 'relay'` needs a relay: `relay.url`";
  return undefined;
}

async function run(request: TransferRequest): Promise<TransferResult> {
  const { direction, items, settings } = request;
  const [only, another] = items;
  if (only === undefined) throw new UsageError('there is nothing to move');
  const several = another !== undefined;
  // What is in the target besides them would be extra, too.
  if (several && settings.delete === true) throw new UsageError('`delete` with several paths would remove all else that is in the target: move them one by one');
  const sources = items.map(({ remote, local }) => (direction === 'download' ? remote : local));
  const target = several ? [directoryFor(request)] : [direction === 'download' ? only.local : only.remote];
  const [remote, local] = direction === 'download' ? [sources, target] : [target, sources];
  const there = await settledTargets(request);
  if (there !== undefined) return moveMany(there, request, 1, () => Promise.reject(new Error('it is there')));
  const result = await moveByAgent({ ...request, remote, local, agent: agentSettingsOf(request.profile) });
  await verifyItems(result, request);
  return result;
}

/** Several things go into one directory, where each keeps its name. */
function directoryFor({ direction, remote, local }: TransferRequest): string {
  return (direction === 'download' ? local[0] : remote[0]) ?? '.';
}
