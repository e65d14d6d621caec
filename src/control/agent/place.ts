/**
 * Where the agent's files are on a cluster: one directory of the user's, in it the agents, and one directory for each run.
 *
 * @module
 */
import { ControlError, UsageError } from '../../errors.js';
import { callOptions, type Site, type SiteEntry, type SiteSystem } from '../site.js';
import { AGENT_NAME } from './agent-file.js';

/** A system, as far as it matters here. */
type AgentSystem = Pick<SiteSystem, 'name' | 'fileSystems'>;

/**
 * FirecREST puts a path between single quotes, of which it minds none in the path itself, and a scheduler fills in patterns after
 * a `%`: so none of what could mean anything to either.
 */
const SAFE_PATH = /^\/[\w./@+,:-]+$/u;

/**
 * The agent's directory: as given, or `.streamer` in the user's own directory of the file system where FirecREST keeps the logs of
 * its own jobs, which ops routes reach and nodes have.
 * @throws ControlError where the system has none; UsageError for a path that FirecREST's commands cannot carry.
 */
export async function agentDirectory(client: Pick<Site, 'userInfo'>, system: AgentSystem, given: string | undefined, signal?: AbortSignal): Promise<string> {
  const directory = (given ?? (await defaultDirectory(client, system, signal))).replace(/\/+$/u, '');
  if (!SAFE_PATH.test(directory) || /\/\.{1,2}(?:\/|$)/u.test(directory)) throw new UsageError('`agent.directory` takes an absolute path of the cluster, of letters, digits and . _ / @ + , : - only, without . and ..');
  return directory;
}

async function defaultDirectory(client: Pick<Site, 'userInfo'>, { name, fileSystems }: AgentSystem, signal: AbortSignal | undefined): Promise<string> {
  const { path } = fileSystems.find(({ defaultWorkDir }) => defaultWorkDir) ?? fileSystems[0] ?? {};
  if (path === undefined) throw new ControlError('control-unsuitable', `${name} names no file system where the agent could be kept: name a directory with \`agent.directory\``);
  const { user } = await client.userInfo(name, callOptions(signal));
  return `${path.replace(/\/+$/u, '')}/${user}/.streamer`;
}

/** The directory of one run, where its log is. @param id random, hex. */
export function runDirectory(directory: string, id: string): string {
  return `${directory}/run-${id}`;
}

/** Bytes of a run's id. */
export const RUN_ID_BYTES = 8;
const RUN_NAME = /^run-[0-9a-f]{16}$/u;

/**
 * The run's directory that a job runs in, whatever the scheduler calls the way to it.
 * @param workingDirectory the job's, as the scheduler tells it.
 */
export function runDirectoryOf(directory: string, workingDirectory: string | undefined): string | undefined {
  const name = workingDirectory?.replace(/\/+$/u, '').split('/').at(-1) ?? '';
  return RUN_NAME.test(name) ? `${directory}/${name}` : undefined;
}

/** The log in a run's directory. */
export function logOf(run: string): string {
  return `${run}/job.log`;
}

/** After this nobody has any use for what is left, milliseconds: longer than a job may wait and run. */
const STALE_MS = 30 * 86_400_000;

/** What a directory holds of older versions and of runs whose client never came back: by our exact names, and old. */
export function staleNames(entries: readonly SiteEntry[], current: string, nowMs: number): readonly string[] {
  return entries
    .filter(({ name }) => name !== current && (AGENT_NAME.test(name) || RUN_NAME.test(name)))
    // A time that cannot be read is not old.
    .filter(({ lastModified }) => nowMs - Date.parse(lastModified) > STALE_MS)
    .map(({ name }) => name);
}
