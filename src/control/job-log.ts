/**
 * What a site's transfer job has written, for a message: its own words on how it ended, and never its secret.
 *
 * @module
 */
import { ControlError, peerText } from '../errors.js';
import { CLEANING_MS } from './job.js';
import type { Site, SiteJob } from './site.js';

/** Where a job writes. */
export interface JobLogs {
  readonly outputLog: string;
  readonly errorLog: string;
}

/** Lines of a log that are read. */
const LINES_READ = 40;
/** Lines that a message quotes. */
const LINES_TOLD = 3;

/** Lines that say nothing of an end: pip's, what is done for every job, and the coordinates, which are secret. */
const NO_NEWS = /Use these coordinates|^eyJ|Clean up temp env|^(?:Requirement|Collecting|Downloading|Using cached|Installing collected|Successfully installed|Looking in|\[notice\]|WARNING: You are using pip)|^\s*[\d.]+%|━|█|\d+%\|/u;

/** The lines of a log that are worth telling, the last ones. */
export function tellingLines(log: string): readonly string[] {
  const lines = log.split(/[\r\n]+/u).map((line) => peerText(line)).filter((line) => line !== '' && !NO_NEWS.test(line));
  return lines.slice(-LINES_TOLD);
}

/** Both logs; what cannot be read is empty, since it is only to explain something else. */
export async function readLogs({ outputLog, errorLog }: JobLogs, client: Pick<Site, 'tail'>, system: string): Promise<{ readonly output: string; readonly error: string }> {
  const read = async (path: string) => (await client.tail(system, path, { lines: LINES_READ }, { signal: AbortSignal.timeout(CLEANING_MS) }).catch(() => undefined)) ?? '';
  const [output, error] = await Promise.all([read(outputLog), read(errorLog)]);
  return { output, error };
}

/**
 * The error that a job's end is, when it came too soon.
 * @param when such as "before it could be reached".
 */
export async function endedTooSoon(job: SiteJob, when: string, logs: JobLogs, client: Pick<Site, 'tail'>, system: string): Promise<ControlError> {
  const { output, error } = await readLogs(logs, client, system);
  // Slurm's own words, such as CANCELLED or a time limit, say more than what was printed on the way.
  const lines = [...tellingLines(error), ...tellingLines(output)];
  const said = lines.length === 0 ? 'it has written nothing' : `it says: ${lines.join(' | ')}`;
  const exit = job.exitCode === undefined || job.exitCode === 0 ? '' : `, exit status ${job.exitCode}`;
  return new ControlError('control-job', `job ${job.jobId} ended (${peerText(job.state)}${exit}) ${when}; ${said} (${system}:${logs.outputLog})`);
}

/**
 * Whether the reference's receiver says that its hash is the sender's: a line of its own, which is not there when none was compared,
 * besides "File PATH received successfully.", which always is. Its log is written when it ends.
 */
export function receiverVouches(output: string): boolean {
  const lines = output.split(/[\r\n]+/u);
  return lines.includes('File received successfully.') && !lines.some((line) => line.includes('Hash mismatch'));
}
