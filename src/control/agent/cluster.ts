/**
 * What the agent asks of FirecREST. `FirecrestClient` has all of it.
 *
 * @module
 */

interface CallOptions {
  readonly signal?: AbortSignal;
}

/** A job, as far as it matters here. */
export interface ClusterJob {
  readonly jobId: string;
  /** The first word of the scheduler's: `PENDING`, `RUNNING`, `TIMEOUT`. */
  readonly state: string;
  /** Why it is pending. */
  readonly reason?: string;
  readonly exitCode?: number;
  readonly over: boolean;
  readonly nodes?: string;
  readonly workingDirectory?: string;
}

/** An entry of a directory. */
export interface ClusterEntry {
  readonly name: string;
  readonly lastModified: string;
}

/** See the module's head. Paths are absolute. */
export interface Cluster {
  userInfo(system: string, options?: CallOptions): Promise<{ readonly user: string }>;
  jobs(system: string, options?: CallOptions & { readonly name?: string }): Promise<readonly ClusterJob[]>;
  /** Undefined for one that is not known. */
  job(system: string, jobId: string, options?: CallOptions): Promise<ClusterJob | undefined>;
  submit(system: string, job: JobToSubmit, options?: CallOptions): Promise<{ readonly jobId: string }>;
  /** One that is over already is no error. */
  cancel(system: string, jobId: string, options?: CallOptions): Promise<unknown>;
  ls(system: string, path: string, options?: CallOptions & { readonly showHidden?: boolean }): Promise<readonly ClusterEntry[]>;
  /** SHA-256, hex. @throws ControlError with status 404 where there is no such file */
  checksum(system: string, path: string, options?: CallOptions): Promise<string>;
  /** Undefined where there is no such file. */
  tail(system: string, path: string, range: { readonly lines: number }, options?: CallOptions): Promise<string | undefined>;
  /** From an offset, in characters. @throws ControlError with status 404 where there is no such file */
  view(system: string, path: string, range: { readonly offset: number; readonly size: number }, options?: CallOptions): Promise<string>;
  writeFile(system: string, directory: string, name: string, content: Uint8Array, options?: CallOptions): Promise<void>;
  mkdir(system: string, path: string, options?: CallOptions & { readonly parents?: boolean }): Promise<unknown>;
  /** Recursive. */
  rm(system: string, path: string, options?: CallOptions): Promise<unknown>;
}

/** A job to submit. */
export interface JobToSubmit {
  readonly name: string;
  readonly workingDirectory: string;
  readonly script: string;
  readonly standardOutput: string;
  readonly account?: string;
}
