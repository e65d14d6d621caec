/**
 * Brings the agent to a cluster, once.
 *
 * @module
 */
import { ControlError } from '../../errors.js';
import type { AgentFile } from './agent-file.js';
import type { Cluster } from './cluster.js';
import { staleNames } from './place.js';

/** Where to bring it. */
export interface InstallOptions {
  readonly cluster: Cluster;
  readonly system: string;
  /** There already. */
  readonly directory: string;
  readonly signal?: AbortSignal;
  readonly notice: (message: string) => void;
}

/**
 * Sees to it that the agent is there, whole, and uploads it where it is not. Node reads it, so that its mode does not matter.
 * @returns its path.
 * @throws ControlError `control-verify` when what was uploaded is not what arrived.
 */
export async function installAgent(file: AgentFile, options: InstallOptions): Promise<string> {
  const { cluster, system, directory, notice } = options;
  const call = options.signal === undefined ? {} : { signal: options.signal };
  const path = `${directory}/${file.name}`;
  const there = await checksumOf(path, options);
  if (there === file.sha256) return path;
  notice(there === undefined ? `bringing the agent to ${system}, ${file.content.length} bytes` : `the agent on ${system} is damaged: bringing it anew`);
  await cluster.writeFile(system, directory, file.name, file.content, call);
  const arrived = await checksumOf(path, options);
  if (arrived !== file.sha256) throw new ControlError('control-verify', `the agent that was brought to ${system}:${path} is not what arrived there: is its disk or quota full?`);
  await sweep(file.name, options);
  return path;
}

async function checksumOf(path: string, { cluster, system, signal }: InstallOptions): Promise<string | undefined> {
  try {
    return await cluster.checksum(system, path, signal === undefined ? {} : { signal });
  } catch (error) {
    if (error instanceof ControlError && error.status === 404) return undefined;
    throw error;
  }
}

/** Only when something new has come, so that other runs need not wait for it. What cannot be removed does no harm. */
async function sweep(current: string, { cluster, system, directory, signal }: InstallOptions): Promise<void> {
  const call = signal === undefined ? {} : { signal };
  try {
    for (const name of staleNames(await cluster.ls(system, directory, call), current, Date.now())) await cluster.rm(system, `${directory}/${name}`, call);
  } catch {
    // It is as it was.
  }
}
