/**
 * What a transfer asks of FirecREST. `FirecrestClient` has all of it; a test may have as much of it as it needs.
 *
 * @module
 */
import type { CallOptions } from './firecrest/client-options.js';
import type { RemoteEntry, RemoteStat } from './firecrest/files.js';
import type { FirecrestJob, FirecrestJobMetadata } from './firecrest/jobs.js';
import type { JobSubmission } from './firecrest/queries.js';
import type { FirecrestService, FirecrestSystem, FirecrestTransfer } from './firecrest/systems.js';
import type { TransferJob } from './firecrest/transfers.js';

export type { CallOptions } from './firecrest/client-options.js';

/** How the site moves files, as far as it matters here. */
export type SiteTransfer = Pick<FirecrestTransfer, 'type' | 'portRange' | 'publicIps' | 'waitTimeoutSeconds' | 'inboundTransferLimit'>;

/** A system, as far as it matters here. */
export interface SiteSystem extends Pick<FirecrestSystem, 'name' | 'healthy' | 'maxOpsFileSize' | 'transferDirectives'> {
  readonly scheduler: Pick<FirecrestSystem['scheduler'], 'type'>;
  readonly services: readonly Pick<FirecrestService, 'type' | 'healthy' | 'message'>[];
  readonly fileSystems: readonly Pick<FirecrestSystem['fileSystems'][number], 'path' | 'defaultWorkDir'>[];
  readonly transfer?: SiteTransfer | undefined;
}

/** A job, as far as it matters here. */
export type SiteJob = Pick<FirecrestJob, 'jobId' | 'name' | 'state' | 'reason' | 'exitCode' | 'over' | 'start' | 'end' | 'nodes' | 'workingDirectory'>;

/** A job to submit. */
export interface SiteJobRequest extends Pick<JobSubmission, 'name' | 'workingDirectory' | 'script'> {
  readonly standardOutput: string;
  readonly account?: string;
}

/** An entry of a directory. */
export type SiteEntry = Pick<RemoteEntry, 'name' | 'lastModified'>;

/** What stat(2) says, as far as it matters here. */
export type SiteStat = Pick<RemoteStat, 'type' | 'size' | 'mtime'>;

/** A job of the site's that waits for a client. */
export type SiteTransferJob = Pick<TransferJob, 'jobId' | 'outputLog' | 'errorLog' | 'coordinates'>;

/** See the module's head. Paths are absolute. @throws StreamerError */
export interface Site {
  userInfo(system: string, options?: CallOptions): Promise<{ readonly user: string }>;
  jobs(system: string, options?: CallOptions & { readonly name?: string; readonly timeWindow?: '1h' }): Promise<readonly SiteJob[]>;
  /** Undefined for one that is not known. */
  job(system: string, jobId: string, options?: CallOptions): Promise<SiteJob | undefined>;
  submit(system: string, job: SiteJobRequest, options?: CallOptions): Promise<{ readonly jobId: string }>;
  /** What a job was submitted as; undefined for one that is not known. */
  jobMetadata(system: string, jobId: string, options?: CallOptions): Promise<FirecrestJobMetadata | undefined>;
  /** One that is over already is no error. */
  cancel(system: string, jobId: string, options?: CallOptions): Promise<unknown>;
  startTransfer(system: string, direction: 'download' | 'upload', transfer: { readonly path: string; readonly account?: string }, options?: CallOptions): Promise<SiteTransferJob>;
  /** Undefined where there is nothing. */
  stat(system: string, path: string, options?: CallOptions): Promise<SiteStat | undefined>;
  ls(system: string, path: string, options?: CallOptions): Promise<readonly SiteEntry[]>;
  /** SHA-256, hex. @throws ControlError with status 404 where there is no such file */
  checksum(system: string, path: string, options?: CallOptions): Promise<string>;
  /** Undefined where there is no such file. */
  tail(system: string, path: string, range: { readonly lines: number }, options?: CallOptions): Promise<string | undefined>;
  /** From an offset, in characters. */
  view(system: string, path: string, range: { readonly offset: number; readonly size: number }, options?: CallOptions): Promise<string>;
  readFile(system: string, path: string, options?: CallOptions): Promise<Uint8Array>;
  /** It replaces what is there. */
  writeFile(system: string, directory: string, name: string, content: Uint8Array, options?: CallOptions): Promise<unknown>;
  mkdir(system: string, path: string, options?: CallOptions & { readonly parents?: boolean }): Promise<unknown>;
  /** With all that is in it. */
  rm(system: string, path: string, options?: CallOptions): Promise<unknown>;
}

/** For a call that the caller's signal ends. */
export function callOptions(signal: AbortSignal | undefined): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
