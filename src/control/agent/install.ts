/**
 * Brings the agent to a cluster, once.
 *
 * @module
 */
import { ControlError } from '../../errors.js';
import { formatSize } from '../../util/units.js';
import { callOptions } from '../site.js';
import type { AgentFile } from './agent-file.js';
import { staleNames } from './place.js';
import type { RunContext } from './run.js';

/**
 * Sees to it that the agent is there, whole, and uploads it where it is not. Node reads it, so that its mode does not matter.
 * There must be the directory.
 * @returns its path.
 * @throws ControlError `control-verify` when what was uploaded is not what arrived.
 */
export async function installAgent(file: AgentFile, context: RunContext): Promise<string> {
  const { client, system, directory, signal, onProgress } = context;
  const path = `${directory}/${file.name}`;
  const there = await checksumOf(path, context);
  if (there === file.sha256) return path;
  const message = there === undefined ? `bringing the agent to ${system} (${formatSize(file.content.length)})` : `the agent on ${system} is damaged: bringing it anew`;
  onProgress({ type: 'phase', phase: 'asking', message });
  await client.writeFile(system, directory, file.name, file.content, callOptions(signal));
  const arrived = await checksumOf(path, context);
  if (arrived !== file.sha256) throw new ControlError('control-verify', `the agent that was brought to ${system}:${path} is not what arrived there: is its disk or quota full?`);
  await sweep(file.name, context);
  return path;
}

async function checksumOf(path: string, { client, system, signal }: RunContext): Promise<string | undefined> {
  try {
    return await client.checksum(system, path, callOptions(signal));
  } catch (error) {
    if (error instanceof ControlError && error.status === 404) return undefined;
    throw error;
  }
}

/** Only when something new has come, so that other runs need not wait for it. What cannot be removed does no harm. */
async function sweep(current: string, { client, system, directory, signal }: RunContext): Promise<void> {
  const call = callOptions(signal);
  try {
    for (const name of staleNames(await client.ls(system, directory, call), current, Date.now())) await client.rm(system, `${directory}/${name}`, call);
  } catch {
    // It is as it was.
  }
}
