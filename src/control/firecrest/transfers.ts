/**
 * What the site's own transfer endpoints say, and the script of their jobs.
 *
 * @module
 */
import { ControlError } from '../../errors.js';
import { newIdOf, type FirecrestJob, type FirecrestJobMetadata } from './jobs.js';
import { fieldsOf, optionalFields, optionalText, textOf } from './shape.js';

/** Seen from the user's machine. */
export type TransferDirection = 'download' | 'upload';

/** A job of the site's that waits for a client. */
export interface TransferJob {
  readonly jobId: string;
  readonly system: string;
  readonly workingDirectory: string;
  /** Where its output goes; it is not there before the job begins. */
  readonly outputLog: string;
  readonly errorLog: string;
  /** Secret. The ports in it are those that the site has, and not yet the job's. */
  readonly coordinates: string;
  /** FirecREST had not told of it: it was found among the jobs. See orphans.ts. */
  readonly found?: boolean;
}

/** FirecREST's names of its transfer jobs (sic). */
export const TRANSFER_JOB_NAMES: Readonly<Record<TransferDirection, string>> = { download: 'OutgressFileTransfer', upload: 'IngressFileTransfer' };

/** Reads `POST transfer/download` and `upload`. @throws ControlError */
export function parseTransferJob(answer: unknown): TransferJob {
  const { transferJob, transferDirectives } = fieldsOf(answer, 'it');
  const job = fieldsOf(transferJob, 'transferJob');
  const logs = optionalFields(job['logs'], 'transferJob.logs') ?? {};
  const coordinates = optionalText(fieldsOf(transferDirectives, 'transferDirectives')['coordinates'], 'transferDirectives.coordinates');
  const jobId = newIdOf(job['jobId'], 'transferJob.jobId');
  if (coordinates === undefined) throw new ControlError('control-answer', `FirecREST tells no coordinates of its job ${jobId}: cancel it, and choose another \`method\``);
  return {
    jobId,
    system: textOf(job['system'], 'transferJob.system'),
    workingDirectory: optionalText(job['workingDirectory'], 'transferJob.workingDirectory') ?? '',
    outputLog: textOf(logs['outputLog'], 'transferJob.logs.outputLog'),
    errorLog: textOf(logs['errorLog'], 'transferJob.logs.errorLog'),
    coordinates,
  };
}

/** FirecREST's command in the script of its job (job_streamer.sh at 35e1d08), whatever a site has put for its program. The path goes to the line's end. */
const COMMAND = /^.*\bserver --secret (?<secret>[\w-]+) --host \S+ (?<ips>(?: *--public-ips \S+)*) *--port-range (?<first>\d+) (?<last>\d+) .*?\b(?<operation>send|receive) --path (?<path>.*?)\s*$/mu;

/** Whether a job's script is that of a transfer. Jinja has escaped the path for HTML. */
export function isScriptOf(script: string, direction: TransferDirection, path: string): boolean {
  const { operation, path: theirs } = COMMAND.exec(script)?.groups ?? {};
  return operation === (direction === 'download' ? 'send' : 'receive') && theirs === htmlOf(path);
}

/** As MarkupSafe writes it. */
function htmlOf(text: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' };
  return text.replace(/[&<>"']/gu, (character) => entities[character] ?? character);
}

/** The answer that FirecREST would have given, from what the scheduler knows of a job; undefined where the script is not its own. */
export function transferJobOf(job: FirecrestJob, { script = '', standardOutput, standardError }: FirecrestJobMetadata, system: string): TransferJob | undefined {
  const { secret, ips, first, last } = COMMAND.exec(script)?.groups ?? {};
  if (secret === undefined || ips === undefined || standardOutput === undefined || standardError === undefined) return undefined;
  const named = [...ips.matchAll(/--public-ips (\S+)/gu)].map(([, ip = '']) => ip);
  const coordinates = { ports: [Number(first), Number(last)], ips: named, secret };
  return {
    jobId: job.jobId,
    system,
    workingDirectory: job.workingDirectory ?? '',
    outputLog: standardOutput,
    errorLog: standardError,
    coordinates: Buffer.from(JSON.stringify(coordinates)).toString('base64url'),
    found: true,
  };
}
