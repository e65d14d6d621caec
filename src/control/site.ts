/**
 * What a transfer asks of FirecREST. `FirecrestClient` has all of it; a test may have as much of it as it needs.
 *
 * @module
 */

/** Ends a call. */
export interface CallOptions {
  readonly signal?: AbortSignal;
}

/** A system, as far as it matters here. Sizes are bytes. */
export interface SiteSystem {
  readonly name: string;
  readonly scheduler: { readonly type: string };
  readonly healthy: boolean;
  readonly services: readonly SiteService[];
  readonly fileSystems: readonly { readonly path: string; readonly defaultWorkDir: boolean }[];
  /** Most bytes of a file that goes through FirecREST itself. */
  readonly maxOpsFileSize: number;
  /** The site's own way of moving files; undefined where there is none. */
  readonly transfer?: SiteTransfer | undefined;
  /** What the site's transfer jobs are submitted with. */
  readonly transferDirectives: readonly string[];
}

/** A service of a system, as of FirecREST's last look at it. */
export interface SiteService {
  readonly type: string;
  readonly healthy: boolean;
  readonly message?: string | undefined;
}

/** See `/status/systems`. */
export interface SiteTransfer {
  /** `streamer`, `s3`, `wormhole`, or one that is not known here. */
  readonly type: string;
  readonly portRange?: readonly [first: number, last: number] | undefined;
  readonly publicIps?: readonly string[] | undefined;
  readonly waitTimeoutSeconds?: number | undefined;
  readonly inboundTransferLimit?: number | undefined;
}

/** A job. Times are seconds since 1970. */
export interface SiteJob {
  readonly jobId: string;
  readonly name: string;
  /** The scheduler's word, the first of it: `PENDING`, `RUNNING`, `COMPLETED`, `CANCELLED`. */
  readonly state: string;
  /** Why it is pending. */
  readonly reason?: string | undefined;
  readonly exitCode?: number | undefined;
  readonly over: boolean;
  /** When it began; of one that is pending, when the scheduler means to begin it. */
  readonly start?: number | undefined;
  readonly end?: number | undefined;
  readonly nodes?: string | undefined;
  readonly workingDirectory?: string | undefined;
}

/** A job to submit. */
export interface SiteJobRequest {
  readonly name: string;
  readonly workingDirectory: string;
  readonly script: string;
  readonly standardOutput: string;
  readonly account?: string;
}

/** An entry of a directory. */
export interface SiteEntry {
  readonly name: string;
  /** As `ls --full-time` has it, in the cluster's time: `2026-11-22T12:04:55`. */
  readonly lastModified: string;
}

/** What a job was submitted as. */
export interface SiteJobMetadata {
  readonly jobId: string;
  /** A transfer job of the site's has its secret in it. */
  readonly script?: string | undefined;
  readonly standardOutput?: string | undefined;
  readonly standardError?: string | undefined;
}

/** A job of the site's that waits for a client. */
export interface SiteTransferJob {
  readonly jobId: string;
  readonly outputLog: string;
  readonly errorLog: string;
  /** Secret. */
  readonly coordinates: string;
}

/** What stat(2) says. */
export interface SiteStat {
  /** Type and permissions, as in `st_mode`. */
  readonly mode: number;
  readonly size: number;
  /** Seconds since 1970. */
  readonly mtime: number;
}

/** See the module's head. Paths are absolute. @throws StreamerError */
export interface Site {
  userInfo(system: string, options?: CallOptions): Promise<{ readonly user: string }>;
  jobs(system: string, options?: CallOptions & { readonly name?: string; readonly timeWindow?: '1h' }): Promise<readonly SiteJob[]>;
  /** Undefined for one that is not known. */
  job(system: string, jobId: string, options?: CallOptions): Promise<SiteJob | undefined>;
  submit(system: string, job: SiteJobRequest, options?: CallOptions): Promise<{ readonly jobId: string }>;
  /** What a job was submitted as; undefined for one that is not known. */
  jobMetadata(system: string, jobId: string, options?: CallOptions): Promise<SiteJobMetadata | undefined>;
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
export function callOptions(signal: AbortSignal | undefined): CallOptions {
  return signal === undefined ? {} : { signal };
}
