/**
 * Jobs that FirecREST has queued and not told of. A POST that is answered 500, or that gets no answer, may have queued its job all
 * the same (recorded: `sbatch` waited for its scheduler, FirecREST did not wait for `sbatch`, and when the scheduler was back the job
 * ran with a secret that nobody had). To ask again would be a second job; so it is looked for first.
 *
 * Names do not tell: every download of a user's has the same. A job is taken for ours when its name fits, when it is not over, when
 * it did not begin before the question, by FirecREST's clock, and when its script is the one: for a job of our own the very script,
 * for a transfer of the site's the same direction and path. More than one that fits, such as when two terminals fetch the same file
 * at the same time, are told of and left alone.
 *
 * What is found is *adopted*, not cancelled: its script holds all that FirecREST's answer would have held, the secret too, which only
 * its user can read. So nothing is lost but a moment. It is cancelled only where the script is not understood, since nobody could
 * then ever connect, or where the caller has stopped meanwhile.
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { AbortError, ConnectError, ControlError, peerText, type StreamerError, TimeoutError } from '../../errors.js';
import type { FirecrestJob, FirecrestJobMetadata } from './jobs.js';

/** Where jobs are looked for, and ended. */
export interface JobDesk {
  jobs(): Promise<readonly FirecrestJob[]>;
  /** Undefined where the scheduler does not know. */
  metadata(jobId: string): Promise<FirecrestJobMetadata | undefined>;
  cancel(jobId: string): Promise<unknown>;
  /** Waits. @default as long as it says */
  readonly pause?: ((ms: number) => Promise<unknown>) | undefined;
}

/** What is looked for. */
export interface Missing<T> {
  readonly system: string;
  readonly name: string;
  /** When it was asked for, by FirecREST's clock, milliseconds since 1970. */
  readonly askedAtMs: number;
  readonly isOurs: (script: string) => boolean;
  /** What FirecREST's answer would have been; undefined where that cannot be told. */
  readonly adopt: (job: FirecrestJob, metadata: FirecrestJobMetadata) => T | undefined;
  /** The caller's. */
  readonly signal?: AbortSignal | undefined;
}

type Found = { readonly job: FirecrestJob; readonly metadata: FirecrestJobMetadata };

/**
 * When to look, milliseconds after the one before: what hangs has a while to come back. Where nothing hung, two looks that see nothing
 * are enough: what was queued is there at once.
 */
const LOOKS_MS = [500, 2_500, 5_000, 10_000];
const EMPTY_LOOKS = 2;
/** FirecREST's words for a command that did not end: `sbatch` may queue its job yet. */
const HUNG = /Channel not open|timed out|timeout|Unable to contact|Zero Bytes/iu;
/** How far Slurm's seconds and the two clocks may be apart, milliseconds. */
const CLOCKS_APART_MS = 5_000;

/**
 * Finds the job that may have been queued and takes it over.
 * @param error what the question ended with
 * @throws StreamerError that error, with what became of the job
 */
export async function adoptOrphan<T>(error: StreamerError, missing: Missing<T>, desk: JobDesk): Promise<T> {
  const hung = isHung(error);
  const finding = await findOrphans(missing, desk, hung ? LOOKS_MS.length : EMPTY_LOOKS);
  const [found, ...others] = finding ?? [];
  if (found === undefined || others.length > 0) throw withFate(error, fateOf(finding, missing.system, hung));
  const adopted = missing.signal?.aborted === true ? undefined : missing.adopt(found.job, found.metadata);
  if (adopted !== undefined) return adopted;
  const { jobId } = found.job;
  const cancelled = await desk.cancel(jobId).then(() => true, () => false);
  throw withFate(error, `its job ${peerText(jobId)} was queued all the same, and ${cancelled ? 'is cancelled' : `cannot be cancelled now: see "streamer jobs --system ${missing.system}"`}`);
}

/** Whether the question may be under way yet: it was not answered, or the answer says that something behind it was not. */
function isHung(error: StreamerError): boolean {
  // Who has stopped it does not wait for long.
  if (!(error instanceof ControlError)) return !(error instanceof AbortError);
  return error.status === 408 || error.status === 502 || error.status === 504 || HUNG.test(error.message);
}

/** @returns undefined where the queue could not be looked at */
async function findOrphans<T>(missing: Missing<T>, desk: JobDesk, emptyLooks: number): Promise<readonly Found[] | undefined> {
  let empty = 0;
  for (const ms of LOOKS_MS) {
    await (desk.pause ?? sleep)(ms);
    // Often what made the question fail is still there.
    const found = await lookOnce(missing, desk).catch(() => undefined);
    if (found === undefined) continue;
    if (found.length > 0) return found;
    empty += 1;
    if (empty === emptyLooks) break;
  }
  return empty > 0 ? [] : undefined;
}

async function lookOnce<T>({ name, askedAtMs, isOurs }: Missing<T>, desk: JobDesk): Promise<Found[]> {
  const since = askedAtMs - CLOCKS_APART_MS;
  const ours: Found[] = [];
  for (const job of await desk.jobs()) {
    const began = job.state === 'PENDING' ? Infinity : (job.start ?? Infinity) * 1000;
    if (job.name !== name || job.over || began < since) continue;
    const metadata = await desk.metadata(job.jobId);
    if (metadata?.script !== undefined && isOurs(metadata.script)) ours.push({ job, metadata });
  }
  return ours;
}

/** The same error, with what became of its job. */
function withFate(error: StreamerError, fate: string): StreamerError {
  const message = `${error.message}; ${fate}`;
  const details = { cause: error, retryable: error.retryable };
  if (error instanceof ControlError) return new ControlError(error.code as 'control-answer', message, { ...details, ...(error.status === undefined ? {} : { status: error.status }) });
  if (error instanceof TimeoutError) return new TimeoutError('timeout-idle', message, details);
  // Stopped by the caller, who is told that.
  return error instanceof ConnectError ? new ConnectError('connect-lost', message, details) : error;
}

function fateOf(finding: readonly Found[] | undefined, system: string, hung: boolean): string {
  const see = `see "streamer jobs --system ${system}"`;
  if (finding === undefined) return `whether it has queued its job all the same cannot be seen now: ${see} later, and cancel what nobody waits for`;
  if (finding.length === 0) return hung ? `no job of it is in the queue yet: ${see} later, and cancel what nobody waits for` : 'no job of it is in the queue';
  return `its job may be one of ${finding.map(({ job }) => peerText(job.jobId)).join(', ')}: ${see}, and cancel what nobody waits for`;
}
